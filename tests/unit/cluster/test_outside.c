/* Systems outside, and what they have to be given. */
#include "cluster/outside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#undef fail /* base/error.h has one of its own */

#include "cluster/unit.h"

static void each_needs_identities_that_there_are(void **state)
{
	(void)state;
	size_t count;
	const struct outside_system *rows = outside_systems(&count);
	assert_int_equal(count, 8);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(outside_find(rows[i].name), &rows[i]);
		assert_true(strlen(rows[i].means) > 0 && strlen(rows[i].fails) > 0);
		assert_non_null(rows[i].units[0]);
		for (size_t k = 0; k < OUTSIDE_UNITS && rows[i].units[k] != NULL; k++) {
			assert_non_null(unit_find(rows[i].units[k]));
			assert_false(unit_find(rows[i].units[k])->trust);
			assert_true(outside_needs(&rows[i], rows[i].units[k]));
		}
	}
}

static void others_need_nothing_of_it(void **state)
{
	(void)state;
	assert_true(outside_needs(outside_find("RADIUS"), "CAPF"));
	assert_false(outside_needs(outside_find("radius"), "tomcat"));
	assert_false(outside_needs(outside_find("radius"), "CAP"));
	assert_false(outside_needs(outside_find("cluster"), "TVS"));
	assert_false(outside_needs(outside_find("expressway"), ""));
	assert_null(outside_find("express"));
	assert_null(outside_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_needs_identities_that_there_are),
		cmocka_unit_test(others_need_nothing_of_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
