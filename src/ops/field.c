#include <string.h>

#include "base/hex.h"
#include "base/limits.h"
#include "base/text.h"
#include "cluster/node.h"
#include "ops/op.h"

enum { FIELD_TEXT_SIZE = 1024, FIELD_NAME_SIZE = 256 };

const struct op_field *op_field_find(const struct op *op, const char *name)
{
	for (const struct op_field *f = op->fields; f != NULL && f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static bool check_line(
	const struct op_field *field, const char *value, size_t size, struct error *err)
{
	char line[FIELD_TEXT_SIZE];
	if (value[0] == '\0')
		return fail(err, FAULT_USAGE, "%s: must not be empty", field->name);
	if (strlen(value) >= size)
		return fail(err, FAULT_USAGE, "%s: longer than %zu bytes", field->name, size - 1);
	if (!text_from(reader_of_text(value), line, sizeof(line), NULL))
		return fail(err, FAULT_USAGE, "%s: must be one line of UTF-8 text", field->name);
	return true;
}

static bool check_number(const struct op_field *field, const char *value, struct error *err)
{
	uint64_t number;
	if (!text_number(value, 0, UINT32_MAX, &number))
		return fail(
			err, FAULT_USAGE, "%s: \"%.40s\" is no whole number", field->name, value);
	return true;
}

static bool check_node(const struct op_field *field, const char *value, struct error *err)
{
	return node_name_check(value, err) || fail_in(err, "%s", field->name);
}

static bool check_unit(const struct op_field *field, const char *value, struct error *err)
{
	if (!check_line(field, value, NODE_NAME_SIZE, err))
		return false;
	const struct unit *unit = unit_find(value);
	if (unit == NULL)
		return fail(err, FAULT_MISSING,
			"there is no unit %s; `dialtrust cert list` shows those that there are",
			value);
	if (field->kind == OP_IDENTITY_UNIT && unit->trust)
		return fail(err, FAULT_REFUSED,
			"%s is a trust store: its certificates are copies or come from elsewhere; "
			"make "
			"the identity anew that they copy",
			unit->name);
	if (field->kind == OP_TRUST_STORE && !unit->trust)
		return fail(err, FAULT_REFUSED,
			"%s is an identity certificate, which no one deletes or uploads to as to a "
			"trust store; the names of trust stores end in -trust",
			unit->name);
	return true;
}

static bool check_flag(const struct op_field *field, const char *value, struct error *err)
{
	return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ||
		fail(err, FAULT_USAGE, "%s: true or false", field->name);
}

static bool check_file(const struct op_field *field, const char *value, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	if (strlen(value) > (LIMIT_UPLOAD + 2) / 3 * 4)
		return fail(err, FAULT_LIMIT, "%s: a file of more than %d bytes", field->name,
			LIMIT_UPLOAD);
	if (value[0] == '\0')
		return fail(err, FAULT_USAGE, "%s: the file is empty", field->name);
	return base64_read(value, &file, err) || fail_in(err, "%s", field->name);
}

bool op_field_check(const struct op_field *field, const char *value, struct error *err)
{
	switch (field->kind) {
	case OP_TEXT:
		return check_line(field, value, FIELD_TEXT_SIZE, err);
	case OP_NAME:
		return check_line(field, value, FIELD_NAME_SIZE, err);
	case OP_NUMBER:
		return check_number(field, value, err);
	case OP_NODE:
		return check_node(field, value, err);
	case OP_UNIT:
	case OP_IDENTITY_UNIT:
	case OP_TRUST_STORE:
		return check_unit(field, value, err);
	case OP_FLAG:
		return check_flag(field, value, err);
	case OP_FILE:
	case OP_AUTHORITIES:
		return check_file(field, value, err);
	}
	return fail(err, FAULT_USAGE, "%s: of no known kind", field->name);
}
