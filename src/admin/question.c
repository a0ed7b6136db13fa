#include "admin/question.h"

#include <string.h>

static const int statuses[] = {
	[FAULT_NONE] = 200,
	[FAULT_USAGE] = 400,
	[FAULT_MALFORMED] = 400,
	[FAULT_UNTRUSTED] = 422,
	[FAULT_REFUSED] = 409,
	[FAULT_MISSING] = 404,
	[FAULT_LIMIT] = 413,
	[FAULT_BUSY] = 503,
	[FAULT_IO] = 500,
	[FAULT_STORE] = 500,
	[FAULT_CRYPTO] = 500,
	[FAULT_MEMORY] = 500,
};

int question_status(enum fault fault)
{
	return (size_t)fault < COUNT(statuses) ? statuses[fault] : 500;
}

static void path_field(const struct op_field *field, const char *value, void *context)
{
	(void)json_object_set_new(context, field->name, json_string(value));
}

/* Numbers and booleans may come as such; they travel on as text. */
static json_t *as_text(const json_t *value)
{
	if (json_is_integer(value))
		return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return json_is_string(value) ? json_string(json_string_value(value)) : NULL;
}

static bool body_fields(const struct question_source *from, const struct op *op, json_t *arguments,
	struct error *err)
{
	json_error_t where;
	const char *name;
	json_t *value;
	if (from->body.size == 0)
		return true;
	json_auto_t *body =
		json_loadb(from->body.at, from->body.size, JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(body))
		return fail(err, FAULT_MALFORMED, "the body is no JSON object: %s, line %d",
			body == NULL ? where.text : "another value", body == NULL ? where.line : 1);
	json_object_foreach(body, name, value) {
		json_t *text = as_text(value);
		if (op_field_find(op, name) == NULL || text == NULL ||
			json_object_get(arguments, name) != NULL) {
			json_decref(text);
			return fail(err, FAULT_USAGE, "%s does not take \"%.40s\" there",
				op->words, name);
		}
		(void)json_object_set_new(arguments, name, text);
	}
	return true;
}

static bool query_fields(const struct question_source *from, const struct op *op,
	json_t *arguments)
{
	for (const struct op_field *f = op->fields; f != NULL && f->name != NULL; f++) {
		const char *value = from->query(f->name, from->context);
		if (value != NULL && json_object_get(arguments, f->name) == NULL &&
			json_object_set_new(arguments, f->name, json_string(value)) != 0)
			return false;
	}
	return true;
}

static bool check_fields(const struct op *op, const json_t *arguments, struct error *err)
{
	for (const struct op_field *f = op->fields; f != NULL && f->name != NULL; f++) {
		const char *value = json_string_value(json_object_get(arguments, f->name));
		if (value == NULL && f->required)
			return fail(err, FAULT_USAGE, "%s: %s is missing: %s", op->words, f->name,
				f->means);
		if (value != NULL && !op_field_check(f, value, err))
			return fail_in(err, "%s", op->words);
	}
	return true;
}

bool question_read(const struct question_source *from, struct question *out, struct error *err)
{
	bool other_method = false;
	json_auto_t *arguments = json_object();
	const struct op *op =
		op_find_path(from->method, from->path, path_field, arguments, &other_method);
	if (op == NULL)
		return other_method ? fail(err, FAULT_USAGE, "%s is not for %s", from->path,
					      from->method)
				    : fail(err, FAULT_MISSING, "there is no %s here", from->path);
	if (strcmp(from->method, "GET") == 0 && !query_fields(from, op, arguments))
		return fail_memory(err);
	if (!body_fields(from, op, arguments, err) || !check_fields(op, arguments, err))
		return false;
	*out = (struct question){ op, json_incref(arguments) };
	return true;
}

void question_done(struct question *q)
{
	json_decref(q->arguments);
	q->arguments = NULL;
}
