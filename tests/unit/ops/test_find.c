#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#undef fail /* base/error.h has one of its own */

#include "ops/op.h"

struct seen {
	size_t count;
	char text[2000];
};

static void note(const struct op_field *field, const char *value, void *context)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);
	seen->count++;
	(void)snprintf(seen->text + used, sizeof(seen->text) - used, "%s=%s;", field->name, value);
}

static const struct op *by_path(
	const char *method, const char *path, struct seen *seen, bool *other)
{
	*seen = (struct seen){ 0 };
	return op_find_path(method, path, note, seen, other);
}

static void paths_give_their_fields(void **state)
{
	(void)state;
	struct seen seen;
	bool other = true;
	assert_int_equal(
		by_path("POST", "/v1/nodes/sub1/certificates/TVS/regenerate", &seen, &other)->id,
		OP_CERT_REGEN);
	assert_string_equal(seen.text, "node=sub1;unit=TVS;");
	assert_false(other);
	assert_int_equal(by_path("GET", "/v1/nodes", &seen, &other)->id, OP_NODE_LIST);
	assert_int_equal(seen.count, 0);
	assert_int_equal(by_path("POST", "/v1/nodes", &seen, &other)->id, OP_NODE_ADD);
}

static void every_row_is_found_by_its_path(void **state)
{
	(void)state;
	size_t count;
	const struct op *rows = op_rows(&count);
	for (size_t i = 0; i < count; i++) {
		struct seen seen;
		char path[200];
		size_t used = 0;
		bool other;
		for (const char *at = rows[i].path; *at != '\0'; at++)
			if (*at != '{' && *at != '}')
				path[used++] = *at;
		path[used] = '\0';
		assert_ptr_equal(by_path(rows[i].method, path, &seen, &other), &rows[i]);
	}
}

/* net has decoded the path: what looks encoded now is the value itself. */
static void values_are_taken_as_they_are(void **state)
{
	(void)state;
	struct seen seen;
	bool other;
	assert_non_null(by_path("PUT", "/v1/parameters/ITL Signer", &seen, &other));
	assert_string_equal(seen.text, "name=ITL Signer;");
	assert_non_null(by_path("PUT", "/v1/parameters/100%25{name}", &seen, &other));
	assert_string_equal(seen.text, "name=100%25{name};");
}

static void assert_none(const char *method, const char *path, bool other_method)
{
	struct seen seen;
	bool other = !other_method;
	assert_null(by_path(method, path, &seen, &other));
	assert_int_equal(other, other_method);
	assert_int_equal(seen.count, 0);
}

static void paths_that_are_no_operation(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "/", "/v1", "/v1/", "v1/nodes", "/v1/nodes/",
		"//v1/nodes", "/v1//nodes", "/v1/node", "/v1/nodesx", "/v2/nodes", "/v1/nodes/pub",
		"/v1/nodes//certificates/TVS", "/v1/nodes/pub/certificates/",
		"/v1/nodes/pub/certificates", "/v1/nodes/pub/certificates/TVS/",
		"/v1/nodes/pub/certificates/TVS/regenerate/x", "/v1/parameters/a/b", "/V1/nodes" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_none("GET", wrong[i], false);
		assert_none("PUT", wrong[i], false);
	}
}

static void a_wrong_method_is_told_apart(void **state)
{
	(void)state;
	assert_none("DELETE", "/v1/nodes", true);
	assert_none("get", "/v1/nodes", true);
	assert_none("", "/v1/cluster", true);
	assert_none("GET", "/v1/parameters/Era", true);
}

static void a_value_has_a_longest(void **state)
{
	(void)state;
	struct seen seen;
	bool other;
	char path[400] = "/v1/parameters/";
	size_t start = strlen(path);
	memset(path + start, 'p', 255);
	assert_non_null(by_path("PUT", path, &seen, &other));
	path[start + 255] = 'p';
	assert_none("PUT", path, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_give_their_fields),
		cmocka_unit_test(every_row_is_found_by_its_path),
		cmocka_unit_test(values_are_taken_as_they_are),
		cmocka_unit_test(paths_that_are_no_operation),
		cmocka_unit_test(a_wrong_method_is_told_apart),
		cmocka_unit_test(a_value_has_a_longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
