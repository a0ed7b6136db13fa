#include "manager/manager_impl.h"

#include <string.h>

#include "base/text.h"

const char *argument_text(const struct asked *asked, const char *name)
{
	return json_string_value(json_object_get(asked->arguments, name));
}

bool argument_number(const struct asked *asked, const char *name, uint64_t fallback, uint64_t *out,
	struct error *err)
{
	const json_t *value = json_object_get(asked->arguments, name);
	if (value == NULL) {
		*out = fallback;
		return true;
	}
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*out = (uint64_t)json_integer_value(value);
		return true;
	}
	if (json_is_string(value) && text_number(json_string_value(value), 0, UINT32_MAX, out))
		return true;
	return fail(err, FAULT_USAGE, "%s: a whole number is wanted", name);
}

bool argument_flag(const struct asked *asked, const char *name)
{
	const char *text = argument_text(asked, name);
	return text != NULL && strcmp(text, "true") == 0;
}

bool argument_copy(const struct asked *asked, const char *name, const char *fallback, char *out,
	size_t size, struct error *err)
{
	const char *text = argument_text(asked, name);
	if (text == NULL)
		text = fallback;
	if (text == NULL)
		return fail(err, FAULT_USAGE, "%s: is missing", name);
	if (strlen(text) >= size)
		return fail(err, FAULT_USAGE, "%s: longer than %zu bytes", name, size - 1);
	return text_from(reader_of_text(text), out, size, err) || fail_in(err, "%s", name);
}

json_t *result_new(void)
{
	return json_pack("{s:i}", "schema_version", 1);
}

json_t *result_of_rows(const char *key, json_t *rows)
{
	return json_pack("{s:i, s:O}", "schema_version", 1, key, rows);
}
