#include "admin/question.h"

#include <string.h>

#include "base/text.h"
#include "run/memory.h"

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
	if (json_is_boolean(value))
		return json_string(json_is_true(value) ? "true" : "false");
	return json_is_string(value) ? json_string(json_string_value(value)) : NULL;
}

/* Takes text over. False: the operation has no such field, or has it already. */
static bool put(const struct op *op, json_t *arguments, const char *name, json_t *text)
{
	if (op_field_find(op, name) != NULL && json_object_get(arguments, name) == NULL)
		return json_object_set_new(arguments, name, text) == 0;
	json_decref(text);
	return false;
}

static bool not_there(const struct op *op, const char *name, struct error *err)
{
	char shown[80];
	text_escape(reader_of_text(name), shown, sizeof(shown));
	return fail(err, FAULT_USAGE, "%s does not take \"%s\" there", op->words, shown);
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
	json_object_foreach (body, name, value) {
		json_t *text = as_text(value);
		if (text == NULL || !put(op, arguments, name, text))
			return not_there(op, name, err);
	}
	return true;
}

static bool query_fields(const struct question_source *from, const struct op *op, json_t *arguments,
	struct error *err)
{
	const char *name, *value;
	bool get = strcmp(op->method, "GET") == 0;
	for (size_t i = 0; (name = from->query(i, &value, from->context)) != NULL; i++) {
		json_t *text = get ? json_string(value) : NULL; /* NULL when it is not UTF-8 */
		if (text == NULL || !put(op, arguments, name, text))
			return not_there(op, name, err);
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

static bool read_all(const struct question_source *from, struct question *out, struct error *err)
{
	bool other_method = false;
	json_auto_t *arguments = json_object();
	const struct op *op =
		op_find_path(from->method, from->path, path_field, arguments, &other_method);
	if (op == NULL)
		return other_method
			? fail(err, FAULT_USAGE, "%s is not for %s", from->path, from->method)
			: fail(err, FAULT_MISSING, "there is no %s here", from->path);
	if (!query_fields(from, op, arguments, err) || !body_fields(from, op, arguments, err) ||
		!check_fields(op, arguments, err))
		return false;
	*out = (struct question){ op, json_incref(arguments) };
	return true;
}

/* JSON that there was no memory for looks like JSON that is not there, or not good. */
bool question_read(const struct question_source *from, struct question *out, struct error *err)
{
	struct question read = { 0 };
	(void)memory_was_short();
	bool fine = read_all(from, &read, err);
	if (memory_was_short()) {
		question_done(&read);
		return fail_memory(err);
	}
	if (fine)
		*out = read;
	return fine;
}

void question_done(struct question *q)
{
	json_decref(q->arguments);
	q->arguments = NULL;
}
