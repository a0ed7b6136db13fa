/* What clusters exchange, and where it goes. docs/bulk.md */
#include "cluster/bulk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#undef fail /* base/error.h has one of its own */

#include "cluster/unit.h"

static void each_type_is_a_unit_and_goes_into_stores(void **state)
{
	(void)state;
	size_t count;
	const struct bulk_type *types = bulk_types(&count);
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(unit_find(types[i].unit));
		assert_false(unit_find(types[i].unit)->trust);
		assert_non_null(types[i].stores[0]);
		for (size_t k = 0; k < BULK_STORES && types[i].stores[k] != NULL; k++)
			assert_true(unit_find(types[i].stores[k])->trust);
	}
}

/* Else TVS would not tell phones that another cluster may sign their list. */
static void signers_go_where_tvs_vouches_from(void **state)
{
	(void)state;
	static const char *const signers[] = { "TFTP", "ITLRecovery" };
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(bulk_type_find(signers[i])->stores[0], "Phone-SAST-trust");
	assert_true(unit_find("Phone-SAST-trust")->role_count > 0);
}

static void names_are_found_in_any_case(void **state)
{
	(void)state;
	assert_string_equal(bulk_type_find("tomcat")->name, "Tomcat");
	assert_string_equal(bulk_type_find("callmanager")->name, "TFTP");
	assert_null(bulk_type_find("TVS"));
	assert_null(bulk_type_find(""));
	assert_null(bulk_type_find("Tomcat "));
	assert_null(bulk_type_find("all"));
	assert_true(bulk_is_all("ALL"));
	assert_false(bulk_is_all("al"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_is_a_unit_and_goes_into_stores),
		cmocka_unit_test(signers_go_where_tvs_vouches_from),
		cmocka_unit_test(names_are_found_in_any_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
