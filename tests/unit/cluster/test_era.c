#include "cluster/era.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_era_has_a_name_that_leads_back(void **state)
{
	(void)state;
	for (int era = ERA_A; era <= ERA_C; era++) {
		enum era found;
		assert_true(era_from_name(era_name((enum era)era), &found));
		assert_int_equal(found, era);
		assert_true(IN_ALL & 1 << era);
	}
}

static void other_names_are_no_eras(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "D", "a", "AB", " A", "C " };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		enum era found = ERA_B;
		assert_false(era_from_name(wrong[i], &found));
		assert_int_equal(found, ERA_B);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_era_has_a_name_that_leads_back),
		cmocka_unit_test(other_names_are_no_eras),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
