#include <stdio.h>
#include <string.h>

#include "ops/op.h"

enum { PATH_VALUE_SIZE = 256, PATH_FIELDS = 4 };

/* What the {names} of a path stood for. */
struct match {
	size_t count;
	struct matched {
		const struct op_field *field;
		char value[PATH_VALUE_SIZE];
	} fields[PATH_FIELDS];
};

static bool take_value(const char *segment, size_t size, char out[static PATH_VALUE_SIZE])
{
	if (size == 0 || size >= PATH_VALUE_SIZE)
		return false;
	(void)snprintf(out, PATH_VALUE_SIZE, "%.*s", (int)size, segment);
	return true;
}

static bool match_field(const struct op *op, const char *name, size_t size, struct match *match)
{
	struct matched *matched = &match->fields[match->count];
	for (const struct op_field *f = op->fields; f != NULL && f->name != NULL; f++)
		if (strlen(f->name) == size && strncmp(f->name, name, size) == 0) {
			matched->field = f;
			match->count++;
			return true;
		}
	return false;
}

static bool match_segment(
	const struct op *op, const char **pattern, const char **path, struct match *match)
{
	size_t wanted = strcspn(*pattern, "/"), given = strcspn(*path, "/");
	bool fits;
	if (**pattern != '{')
		fits = wanted == given && strncmp(*pattern, *path, wanted) == 0;
	else
		fits = match->count < PATH_FIELDS &&
			take_value(*path, given, match->fields[match->count].value) &&
			match_field(op, *pattern + 1, wanted - 2, match);
	*pattern += wanted;
	*path += given;
	return fits;
}

static bool match_path(const struct op *op, const char *path, struct match *match)
{
	const char *pattern = op->path;
	match->count = 0;
	while (*pattern == '/' && *path == '/') {
		pattern++;
		path++;
		if (!match_segment(op, &pattern, &path, match))
			return false;
	}
	return *pattern == '\0' && *path == '\0';
}

const struct op *op_find_path(const char *method, const char *path, op_path_field_fn *field,
	void *context, bool *other_method)
{
	size_t count;
	const struct op *row = op_rows(&count);
	struct match match;
	*other_method = false;
	for (size_t i = 0; i < count; i++) {
		if (!match_path(&row[i], path, &match))
			continue;
		if (strcmp(row[i].method, method) != 0) {
			*other_method = true;
			continue;
		}
		*other_method = false;
		for (size_t f = 0; f < match.count; f++)
			field(match.fields[f].field, match.fields[f].value, context);
		return &row[i];
	}
	return NULL;
}
