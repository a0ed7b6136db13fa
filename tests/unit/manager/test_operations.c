/* Every operation that ops/ describes has its function here, once. */
#include "manager/manager_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* last: it takes the word `fail` for itself */

static void every_operation_is_bound(void **state)
{
	(void)state;
	size_t count;
	const struct op *rows = op_rows(&count);
	assert_int_equal(count, OP_COUNT);
	for (size_t i = 0; i < count; i++) {
		const struct binding *binding = binding_find(rows[i].id);
		assert_non_null(binding);
		assert_non_null(binding->run);
	}
}

static void an_unknown_operation_is_not(void **state)
{
	(void)state;
	assert_null(binding_find(OP_COUNT));
}

static void what_changes_a_node_runs_there(void **state)
{
	(void)state;
	assert_true(binding_find(OP_CERT_REGEN)->on_its_node);
	assert_true(binding_find(OP_SERVICE_RESTART)->on_its_node);
	assert_false(binding_find(OP_CERT_LIST)->on_its_node);
}

static void arguments_are_taken_whole_or_refused(void **state)
{
	(void)state;
	json_auto_t *arguments = json_pack("{s:s, s:s, s:i, s:s}", "name", "pub", "port", "70x",
		"number", 7, "long", "0123456789");
	struct asked asked = { .arguments = arguments };
	struct error err = { 0 };
	char name[8];
	uint64_t number = 99;
	assert_true(argument_copy(&asked, "name", NULL, name, sizeof(name), &err));
	assert_string_equal(name, "pub");
	assert_true(argument_copy(&asked, "absent", "usual", name, sizeof(name), &err));
	assert_string_equal(name, "usual");
	assert_false(argument_copy(&asked, "absent", NULL, name, sizeof(name), &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	assert_false(argument_copy(&asked, "long", NULL, name, sizeof(name), &err));
	assert_string_equal(name, "usual");
	assert_false(argument_number(&asked, "port", 1, &number, &err));
	assert_int_equal(number, 99);
	assert_true(argument_number(&asked, "number", 1, &number, &err));
	assert_int_equal(number, 7);
	assert_true(argument_number(&asked, "absent", 5, &number, &err));
	assert_int_equal(number, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_is_bound),
		cmocka_unit_test(an_unknown_operation_is_not),
		cmocka_unit_test(what_changes_a_node_runs_there),
		cmocka_unit_test(arguments_are_taken_whole_or_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
