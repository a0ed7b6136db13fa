#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#undef fail /* base/error.h has one of its own */

#include "ops/op.h"

static void rows_are_in_the_order_of_their_ids(void **state)
{
	(void)state;
	size_t count;
	const struct op *rows = op_rows(&count);
	assert_int_equal(count, OP_COUNT);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(rows[i].id, i);
}

static void words_and_paths_are_unique(void **state)
{
	(void)state;
	size_t count;
	const struct op *rows = op_rows(&count);
	for (size_t i = 0; i < count; i++)
		for (size_t other = i + 1; other < count; other++) {
			assert_string_not_equal(rows[i].words, rows[other].words);
			assert_false(strcmp(rows[i].method, rows[other].method) == 0 &&
				strcmp(rows[i].path, rows[other].path) == 0);
		}
}

static void rows_are_whole(void **state)
{
	(void)state;
	size_t count;
	const struct op *rows = op_rows(&count);
	for (size_t i = 0; i < count; i++) {
		assert_true(strlen(rows[i].means) > 10);
		assert_int_equal(strncmp(rows[i].path, "/v1/", 4), 0);
		assert_null(strstr(rows[i].words, "  "));
		assert_true((rows[i].rows == NULL) == (rows[i].columns == NULL));
		for (const struct op_column *c = rows[i].columns; c != NULL && c->key != NULL; c++)
			assert_true(strlen(c->key) > 0 && strlen(c->title) > 0);
	}
}

/* A GET changes nothing, whoever asks. */
static void only_reading_is_a_get(void **state)
{
	(void)state;
	size_t count;
	const struct op *rows = op_rows(&count);
	for (size_t i = 0; i < count; i++)
		assert_true(
			(strcmp(rows[i].method, "GET") == 0) == (rows[i].permission == OP_READ));
}

static void fields_are_unique_and_described(void **state)
{
	(void)state;
	size_t count;
	const struct op *rows = op_rows(&count);
	for (size_t i = 0; i < count; i++)
		for (const struct op_field *f = rows[i].fields; f != NULL && f->name != NULL; f++) {
			assert_ptr_equal(op_field_find(&rows[i], f->name), f);
			assert_true(strlen(f->means) > 0);
			assert_false(f->positional && !f->required);
		}
}

/* {name} in a path is a field that must be given. */
static void names_in_paths_are_required_fields(void **state)
{
	(void)state;
	size_t count;
	const struct op *rows = op_rows(&count);
	for (size_t i = 0; i < count; i++)
		for (const char *at = strchr(rows[i].path, '{'); at != NULL;
			at = strchr(at + 1, '{')) {
			char name[64];
			(void)snprintf(
				name, sizeof(name), "%.*s", (int)strcspn(at + 1, "}"), at + 1);
			const struct op_field *field = op_field_find(&rows[i], name);
			assert_non_null(field);
			assert_true(field->required);
		}
}

static void fields_that_are_not_there(void **state)
{
	(void)state;
	size_t count;
	const struct op *rows = op_rows(&count);
	assert_null(op_field_find(&rows[OP_CERT_REGEN], "name"));
	assert_null(op_field_find(&rows[OP_CERT_REGEN], ""));
	assert_null(op_field_find(&rows[OP_NODE_LIST], "node"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_in_the_order_of_their_ids),
		cmocka_unit_test(words_and_paths_are_unique),
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(only_reading_is_a_get),
		cmocka_unit_test(fields_are_unique_and_described),
		cmocka_unit_test(names_in_paths_are_required_fields),
		cmocka_unit_test(fields_that_are_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
