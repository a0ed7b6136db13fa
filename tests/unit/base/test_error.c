#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#undef fail /* cmocka has a macro of that name */

static void a_failure_has_a_kind_and_a_sentence(void **state)
{
	(void)state;
	struct error err = { 0 };
	assert_false(fail(&err, FAULT_MALFORMED, "record %d", 3));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_string_equal(err.text, "record 3");
}

static void context_goes_in_front(void **state)
{
	(void)state;
	struct error err = { 0 };
	(void)fail(&err, FAULT_MALFORMED, "not DER");
	(void)fail_in(&err, "certificate");
	assert_false(fail_in(&err, "record %d", 3));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_string_equal(err.text, "record 3: certificate: not DER");
}

static void nobody_needs_to_listen(void **state)
{
	(void)state;
	assert_false(fail(NULL, FAULT_IO, "x"));
	assert_false(fail_in(NULL, "x"));
	assert_false(fail_errno(NULL, "x"));
	assert_false(fail_memory(NULL));
}

static void long_text_is_cut(void **state)
{
	(void)state;
	struct {
		struct error err;
		char guard[8];
	} kept = { .guard = "guarded" };
	char text[1000];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)fail(&kept.err, FAULT_IO, "%s", text);
	assert_int_equal(strlen(kept.err.text), sizeof(kept.err.text) - 1);
	(void)fail_in(&kept.err, "while %s", "reading");
	assert_int_equal(strlen(kept.err.text), sizeof(kept.err.text) - 1);
	assert_memory_equal(kept.err.text, "while reading: aaa", 18);
	(void)fail_in(&kept.err, "%s", text);
	assert_int_equal(strlen(kept.err.text), sizeof(kept.err.text) - 1);
	errno = EACCES;
	(void)fail_errno(&kept.err, "%s", text);
	assert_int_equal(strlen(kept.err.text), sizeof(kept.err.text) - 1);
	assert_string_equal(kept.guard, "guarded");
}

/* Characters of two, three and four bytes, at every distance from the cut. */
static void text_is_cut_between_characters(void **state)
{
	(void)state;
	static const char *const characters[] = { "\xc4\x85", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
	for (size_t i = 0; i < COUNT(characters) * 8; i++) {
		struct error err = { 0 };
		char text[1000] = "";
		size_t used = i % 8;
		memset(text, 'a', used);
		for (size_t k = 0; k < 200; k++, used = strlen(text))
			(void)snprintf(text + used, sizeof(text) - used, "%s", characters[i / 8]);
		(void)fail(&err, FAULT_IO, "%s", text);
		assert_true(text_is_utf8(reader_of_text(err.text)));
		assert_true(strlen(err.text) + strlen(characters[i / 8]) >= sizeof(err.text));
		(void)fail_in(&err, "while reading");
		assert_true(text_is_utf8(reader_of_text(err.text)));
		assert_true(strlen(err.text) + strlen(characters[i / 8]) >= sizeof(err.text));
	}
}

static void system_errors_speak(void **state)
{
	(void)state;
	struct error err = { 0 };
	errno = EACCES;
	assert_false(fail_errno(&err, "opening %s", "key"));
	assert_int_equal(err.fault, FAULT_IO);
	assert_string_equal(err.text, "opening key: Permission denied");
	errno = ENOENT;
	assert_false(fail_errno(&err, "opening %s", "key"));
	assert_int_equal(err.fault, FAULT_MISSING);
}

static void every_kind_has_a_name_that_leads_back(void **state)
{
	(void)state;
	for (int fault = FAULT_NONE; fault <= FAULT_MEMORY; fault++) {
		enum fault back = FAULT_NONE;
		assert_string_not_equal(fault_name((enum fault)fault), "unknown");
		assert_true(fault_from_name(fault_name((enum fault)fault), &back));
		assert_int_equal(back, fault);
	}
}

static void other_names_lead_nowhere(void **state)
{
	(void)state;
	enum fault out = FAULT_BUSY;
	assert_false(fault_from_name("", &out));
	assert_false(fault_from_name("Malformed", &out));
	assert_false(fault_from_name("malformed ", &out));
	assert_int_equal(out, FAULT_BUSY);
	assert_string_equal(fault_name((enum fault)(FAULT_MEMORY + 1)), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_has_a_kind_and_a_sentence),
		cmocka_unit_test(context_goes_in_front),
		cmocka_unit_test(nobody_needs_to_listen),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(system_errors_speak),
		cmocka_unit_test(every_kind_has_a_name_that_leads_back),
		cmocka_unit_test(other_names_lead_nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
