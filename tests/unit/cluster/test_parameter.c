#include "cluster/parameter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void every_named_parameter_has_a_row(void **state)
{
	(void)state;
	static const char *const names[] = { PARAMETER_ERA, PARAMETER_ITL_SIGNER,
		PARAMETER_FILE_HASH, PARAMETER_SECURITY_MODE, PARAMETER_ROLLBACK, PARAMETER_TVS_TTL,
		PARAMETER_RESET, PARAMETER_NOTIFY_START, PARAMETER_NOTIFY_FREQUENCY };
	size_t count;
	(void)parameter_rows(&count);
	assert_int_equal(count, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_non_null(parameter_find(names[i]));
		assert_string_equal(parameter_find(names[i])->name, names[i]);
	}
}

static void rows_are_whole_and_their_defaults_allowed(void **state)
{
	(void)state;
	size_t count;
	const struct parameter *rows = parameter_rows(&count);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(rows[i].values);
		assert_true(strlen(rows[i].means) > 0);
		assert_non_null(rows[i].consequence);
		assert_int_equal(rows[i].consequence[strlen(rows[i].consequence) - 1], '.');
		assert_true((rows[i].check != NULL) == (rows[i].type == PARAMETER_NUMBER));
		assert_true(strlen(parameter_type_name(rows[i].type)) > 0);
		assert_true(parameter_check(&rows[i], rows[i].fallback, NULL));
		assert_ptr_equal(parameter_find(rows[i].name), &rows[i]);
	}
}

static void assert_refused(const char *name, const char *value)
{
	struct error err = { 0 };
	assert_false(parameter_check(parameter_find(name), value, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	assert_non_null(strstr(err.text, parameter_find(name)->values));
}

static void each_of_the_choices_is_allowed_and_nothing_else(void **state)
{
	(void)state;
	const struct parameter *hash = parameter_find(PARAMETER_FILE_HASH);
	assert_true(parameter_check(hash, "SHA-1", NULL));
	assert_true(parameter_check(hash, "SHA-512", NULL));
	static const char *const wrong[] = { "", "SHA", "SHA-", "SHA-1|SHA-512", "|", "SHA-1|",
		"sha-1", "SHA-256", "SHA-5120", " SHA-1" };
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_refused(PARAMETER_FILE_HASH, wrong[i]);
	assert_refused(PARAMETER_ERA, "D");
	assert_refused(PARAMETER_SECURITY_MODE, "2");
	assert_refused(PARAMETER_RESET, "automatic");
	static const char *const not_quite[] = { "", "true", "T", "F", "1", "True|False", "True " };
	for (size_t i = 0; i < COUNT(not_quite); i++)
		assert_refused(PARAMETER_ROLLBACK, not_quite[i]);
}

static void what_is_read_only_takes_no_value(void **state)
{
	(void)state;
	const struct parameter *mode = parameter_find(PARAMETER_SECURITY_MODE);
	static const char *const values[] = { "0", "1", "2", "" };
	for (size_t i = 0; i < COUNT(values); i++) {
		struct error err = { 0 };
		assert_false(parameter_change_check(mode, values[i], &err));
		assert_int_equal(err.fault, FAULT_REFUSED);
		assert_non_null(strstr(err.text, "read-only"));
	}
	const struct parameter *rollback = parameter_find(PARAMETER_ROLLBACK);
	assert_true(parameter_change_check(rollback, "True", NULL));
	assert_true(parameter_change_check(rollback, "False", NULL));
	assert_false(parameter_change_check(rollback, "true", NULL));
}

static void a_rollback_resets_phones_and_says_what_fails_meanwhile(void **state)
{
	(void)state;
	const struct parameter *rollback = parameter_find(PARAMETER_ROLLBACK);
	assert_string_equal(rollback->fallback, "False");
	assert_true(rollback->lists && rollback->resets && rollback->non_secure_only);
	static const char *const said[] = { "every phone is reset", "HTTPS", "does not cure" };
	for (size_t i = 0; i < COUNT(said); i++)
		assert_non_null(strstr(rollback->consequence, said[i]));
}

static void the_lifetime_is_a_number_within_its_range(void **state)
{
	(void)state;
	const struct parameter *ttl = parameter_find(PARAMETER_TVS_TTL);
	assert_true(parameter_check(ttl, "1", NULL));
	assert_true(parameter_check(ttl, "2592000", NULL));
	static const char *const wrong[] = { "", "0", "2592001", "-1", "86400 ", "1e3", "forever",
		"99999999999999999999" };
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_refused(PARAMETER_TVS_TTL, wrong[i]);
}

static void names_are_found_in_any_case_and_whole(void **state)
{
	(void)state;
	assert_ptr_equal(parameter_find("itl signer"), parameter_find(PARAMETER_ITL_SIGNER));
	assert_null(parameter_find("ITL"));
	assert_null(parameter_find(""));
	assert_null(parameter_find("ITL Signer "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_named_parameter_has_a_row),
		cmocka_unit_test(rows_are_whole_and_their_defaults_allowed),
		cmocka_unit_test(each_of_the_choices_is_allowed_and_nothing_else),
		cmocka_unit_test(what_is_read_only_takes_no_value),
		cmocka_unit_test(a_rollback_resets_phones_and_says_what_fails_meanwhile),
		cmocka_unit_test(the_lifetime_is_a_number_within_its_range),
		cmocka_unit_test(names_are_found_in_any_case_and_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
