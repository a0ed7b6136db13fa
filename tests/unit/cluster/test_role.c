#include "cluster/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The numbers that go over the wire, docs/formats/trust-list.md#roles. */
static void the_seventeen_numbers_are_fixed(void **state)
{
	(void)state;
	static const unsigned numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 20, 21, 22, 23, 24, 25, 26, 27,
		255 };
	size_t count;
	const struct role_row *rows = role_rows(&count);
	assert_int_equal(count, sizeof(numbers) / sizeof(numbers[0]));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(rows[i].role, numbers[i]);
	assert_int_equal(ROLE_SAST, 0);
	assert_int_equal(ROLE_TFTP, 3);
	assert_int_equal(ROLE_TVS, 21);
}

static void a_number_finds_its_row_and_no_other(void **state)
{
	(void)state;
	size_t count, found = 0;
	const struct role_row *rows = role_rows(&count);
	for (unsigned number = 0; number <= 65536; number++) {
		const struct role_row *row = role_find(number);
		if (row == NULL)
			continue;
		assert_int_equal(row->role, number);
		assert_ptr_equal(row, &rows[found]);
		found++;
	}
	assert_int_equal(found, count);
	assert_null(role_find(8));
	assert_null(role_find(254));
	assert_null(role_find(256));
}

static void list_texts_are_those_of_the_appliance(void **state)
{
	(void)state;
	assert_string_equal(role_find(0)->printed, "System Administrator Security Token");
	assert_string_equal(role_find(2)->printed, "CCM+TFTP");
	assert_string_equal(role_find(7)->printed, "APP-SERVER");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seventeen_numbers_are_fixed),
		cmocka_unit_test(a_number_finds_its_row_and_no_other),
		cmocka_unit_test(list_texts_are_those_of_the_appliance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
