#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/limits.h"
#include "base/nearest.h"
#include "base/writer.h"
#include "cli/all_nodes.h"
#include "cli/authority_folder.h"
#include "cli/cli_impl.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "cluster/unit.h"
#include "run/files.h"

enum { PATH_MAX_SIZE = 1900 };

/* RFC 3986 section 2.3: all but the unreserved. */
static void write_encoded(struct writer *w, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";
	for (; *text != '\0'; text++) {
		uint8_t byte = (uint8_t)*text;
		if (strchr(plain, *text) != NULL) {
			writer_u8(w, byte);
			continue;
		}
		writer_u8(w, '%');
		writer_u8(w, (uint8_t)digits[byte >> 4]);
		writer_u8(w, (uint8_t)digits[byte & 15]);
	}
}

static const char *value_of(const struct call *call, const char *name, size_t size)
{
	const struct op *op = call->verb->context;
	for (size_t i = 0; op->fields != NULL && op->fields[i].name != NULL; i++)
		if (strlen(op->fields[i].name) == size &&
			strncmp(op->fields[i].name, name, size) == 0)
			return call->values[i];
	return NULL;
}

static bool stands_in_path(const struct op *op, const char *name)
{
	char hole[64];
	(void)snprintf(hole, sizeof(hole), "{%s}", name);
	return strstr(op->path, hole) != NULL;
}

static void write_path(struct writer *w, const struct call *call)
{
	const struct op *op = call->verb->context;
	for (const char *at = op->path; *at != '\0';) {
		if (*at != '{') {
			writer_u8(w, (uint8_t)*at++);
			continue;
		}
		size_t size = strcspn(++at, "}");
		const char *value = value_of(call, at, size);
		write_encoded(w, value == NULL ? "" : value); /* check_path has seen it */
		at += size + 1;
	}
}

static void write_query(struct writer *w, const struct call *call)
{
	const struct op *op = call->verb->context;
	char before = '?';
	for (size_t i = 0; op->fields != NULL && op->fields[i].name != NULL; i++) {
		const struct op_field *field = &op->fields[i];
		if (call->values[i] == NULL || stands_in_path(op, field->name))
			continue;
		writer_u8(w, (uint8_t)before);
		write_encoded(w, field->name);
		writer_u8(w, '=');
		write_encoded(w, field->kind == OP_FLAG ? "true" : call->values[i]);
		before = '&';
	}
}

/* The daemon gets the file itself: it may run where the path is another's. */
static json_t *file_json(const struct op_field *field, const char *path, struct error *err)
{
	char *text = NULL;
	AUTO_DONE(bytes) file = { 0 };
	bool read = field->kind == OP_AUTHORITIES ? authority_folder_read(path, &file, err)
						  : file_read(path, LIMIT_UPLOAD, &file, err);
	if (!read || !base64_write(bytes_reader(&file), &text, err)) {
		(void)fail_in(err, "%s", field->name);
		return NULL;
	}
	json_t *value = json_string(text);
	free(text);
	return value;
}

static bool is_file(const struct op_field *field)
{
	return field->kind == OP_FILE || field->kind == OP_AUTHORITIES;
}

static json_t *value_json(const struct op_field *field, const char *value, struct error *err)
{
	if (is_file(field))
		return file_json(field, value, err);
	return field->kind == OP_FLAG ? json_true() : json_string(value);
}

static json_t *body_of(const struct call *call, struct error *err)
{
	const struct op *op = call->verb->context;
	json_auto_t *body = json_object();
	for (size_t i = 0; op->fields != NULL && op->fields[i].name != NULL; i++) {
		if (call->values[i] == NULL || stands_in_path(op, op->fields[i].name))
			continue;
		json_t *value = value_json(&op->fields[i], call->values[i], err);
		if (value == NULL)
			return NULL;
		(void)json_object_set_new(body, op->fields[i].name, value);
	}
	return json_incref(body);
}

static bool fail_unit(const char *value, struct error *err)
{
	size_t count;
	const struct unit *units = unit_rows(&count);
	struct nearest near = nearest_to(value);
	for (size_t i = 0; i < count; i++)
		nearest_offer(&near, units[i].name);
	if (near.best == NULL)
		return false; /* what op_field_check said stands */
	return fail(err, FAULT_MISSING, "there is no unit %s; %s is the nearest", value, near.best);
}

/* What the command line could not know: --all-nodes does for a node. */
static bool check_path(const struct call *call, struct error *err)
{
	const struct op *op = call->verb->context;
	for (size_t i = 0; op->fields != NULL && op->fields[i].name != NULL; i++)
		if (call->values[i] == NULL && stands_in_path(op, op->fields[i].name))
			return fail(err, FAULT_USAGE, "%s needs --%s: %s", op->words,
				op->fields[i].name, op->fields[i].means);
	return true;
}

static bool check_values(const struct call *call, struct error *err)
{
	const struct op *op = call->verb->context;
	if (!check_path(call, err))
		return false;
	for (size_t i = 0; op->fields != NULL && op->fields[i].name != NULL; i++) {
		struct error why = { 0 };
		bool as_typed = op->fields[i].kind != OP_FLAG && !is_file(&op->fields[i]);
		if (call->values[i] == NULL || !as_typed ||
			op_field_check(&op->fields[i], call->values[i], &why))
			continue;
		if (err != NULL)
			*err = why;
		return why.fault == FAULT_MISSING ? fail_unit(call->values[i], err) : false;
	}
	return true;
}

static bool ask_operation(const struct call *call, json_t **out, struct error *err)
{
	const struct op *op = call->verb->context;
	bool reads = strcmp(op->method, "GET") == 0;
	char path[PATH_MAX_SIZE];
	struct writer w = writer_on(path, sizeof(path));
	if (!check_values(call, err))
		return false;
	write_path(&w, call);
	if (reads)
		write_query(&w, call);
	writer_u8(&w, '\0');
	if (!w.ok)
		return fail(err, FAULT_USAGE, "the arguments are too long");
	json_auto_t *body = reads ? NULL : body_of(call, err);
	if (!reads && body == NULL)
		return false;
	return ask_daemon(
		call->control, &(struct daemon_question){ op->method, path, body }, out, err);
}

/* telling first */

static size_t place_of_dry_run(const struct op *op)
{
	size_t i = 0;
	while (op->fields != NULL && op->fields[i].name != NULL &&
		strcmp(op->fields[i].name, "dry-run") != 0)
		i++;
	return i;
}

static bool continues(struct error *err)
{
	char line[16] = "";
	if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0)
		return true;
	(void)fputs("Continue (y/n)? ", stderr);
	bool answered = fgets(line, sizeof(line), stdin) != NULL;
	return (answered && (line[0] == 'y' || line[0] == 'Y')) ||
		fail(err, FAULT_REFUSED, "nothing was changed");
}

/* What has a dry run says what it will do before it does it, and asks where somebody can answer. */
static bool tell_first(const struct call *call, struct error *err)
{
	struct call dry = *call;
	json_t *reply = NULL;
	const struct op *op = call->verb->context;
	size_t place = place_of_dry_run(op);
	bool has_one = op->fields != NULL && op->fields[place].name != NULL;
	if (!has_one || call->json || call->values[place] != NULL)
		return true;
	dry.values[place] = "true";
	if (!ask_operation(&dry, &reply, err))
		return false;
	json_auto_t *told = reply;
	const char *consequence = json_string_value(json_object_get(told, "consequence"));
	if (consequence != NULL)
		output_message("%s", consequence);
	return continues(err);
}

bool operate(const struct call *call, struct error *err)
{
	const struct op *op = call->verb->context;
	json_t *reply = NULL;
	if (all_nodes_asked(call))
		return all_nodes_operate(call, err);
	if (!tell_first(call, err) || !ask_operation(call, &reply, err))
		return false;
	json_auto_t *result = reply;
	if (!call->json)
		return print_result(op, result, err);
	output_json(stdout, result);
	return true;
}

bool operation_ask(const char *control, enum op_id id, const struct operation_argument *arguments,
	json_t **out, struct error *err)
{
	size_t count;
	const struct op *op = &op_rows(&count)[id];
	const struct verb verb = { .words = op->words, .context = op };
	struct call call = { .verb = &verb, .control = control };
	for (const struct operation_argument *a = arguments; a != NULL && a->name != NULL; a++)
		for (size_t i = 0; op->fields != NULL && op->fields[i].name != NULL; i++)
			if (strcmp(op->fields[i].name, a->name) == 0)
				call.values[i] = a->text;
	return ask_operation(&call, out, err);
}
