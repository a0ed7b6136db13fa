/* Times as operators write them. */
#include "base/time_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void times_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{ "1970-01-01", 0 },
		{ "2026-11-23", INT64_C(1795392000) },
		{ "2026-11-23 16:04:00Z", INT64_C(1795449840) },
		{ "2026-11-23T16:04:00", INT64_C(1795449840) },
		{ "2024-02-29", INT64_C(1709164800) },
		{ "1969-12-31 23:59:59Z", -1 },
		{ "9999-12-31 23:59:59Z", INT64_C(253402300799) },
	};
	for (size_t i = 0; i < COUNT(good); i++) {
		int64_t seconds = 7;
		struct error err = { 0 };
		if (!time_words_read(good[i].text, &seconds, &err))
			fail_msg("%s", err.text);
		assert_int_equal(seconds, good[i].seconds);
	}
}

static void others_are_not(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "now", "2026", "2026-11", "2026-11-2", "2026-11-23 ",
		"2026-11-23Z", "2026-13-01", "2026-00-01", "2026-01-00", "2026-01-32", "2026-02-29",
		"2026-04-31", "2026-02-30", "1949-12-31", "26-11-23", "2026/11/23", "-026-11-23",
		"2026-11-23 16:04", "2026-11-23 24:00:00Z", "2026-11-23 16:60:00Z",
		"2026-11-23 16:04:60Z", "2026-11-23 16:04:00X", "2026-11-23 16:04:00ZZ",
		"2026-11-23_16:04:00Z", "2026-11-23 1a:04:00Z", " 2026-11-23", "+026-11-23" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		int64_t seconds = 7;
		struct error err = { 0 };
		if (time_words_read(bad[i], &seconds, &err))
			fail_msg("read: %s", bad[i]);
		assert_int_equal(err.fault, FAULT_USAGE);
		assert_int_equal(seconds, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(others_are_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
