#include "talk/phone_verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void people_read_what_when_and_why(void **state)
{
	(void)state;
	char text[400];
	struct phone_verdict v = { .words = "Trust List Updated", .basis = PHONE_BY_TVS };
	(void)snprintf(v.tvs, sizeof(v.tvs), "192.0.2.1:2445");
	assert_string_equal(phone_verdict_text(&v, text, sizeof(text)),
		"Trust List Updated, asked TVS at 192.0.2.1:2445");
	v.basis = PHONE_BY_LIST;
	assert_string_equal(
		phone_verdict_text(&v, text, sizeof(text)), "Trust List Updated, by its own list");
	v = (struct phone_verdict){ .words = "Trust List Update Failed" };
	v.why = (struct error){ FAULT_IO, "no answer" };
	assert_string_equal(
		phone_verdict_text(&v, text, sizeof(text)), "Trust List Update Failed: no answer");
	assert_string_equal(phone_verdict_text(&v, text, 6), "Trust");
}

static void every_value_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int a = PHONE_CTL; a <= PHONE_FILE; a++)
		for (int b = PHONE_CTL; b < a; b++)
			assert_string_not_equal(phone_subject_name((enum phone_subject)a),
				phone_subject_name((enum phone_subject)b));
	for (int a = PHONE_INSTALLED; a <= PHONE_UNREACHED; a++)
		for (int b = PHONE_INSTALLED; b < a; b++)
			assert_string_not_equal(phone_outcome_name((enum phone_outcome)a),
				phone_outcome_name((enum phone_outcome)b));
	for (int a = PHONE_BY_NOTHING; a <= PHONE_BY_BLANK; a++)
		for (int b = PHONE_BY_NOTHING; b < a; b++)
			assert_string_not_equal(phone_basis_name((enum phone_basis)a),
				phone_basis_name((enum phone_basis)b));
	assert_string_equal(phone_transport_name(PHONE_HTTP), "HTTP");
	assert_string_equal(phone_transport_name(PHONE_TFTP), "TFTP");
}

static void only_an_orderly_boot_is_good(void **state)
{
	(void)state;
	for (int s = PHONE_CTL; s <= PHONE_FILE; s++)
		for (int o = PHONE_INSTALLED; o <= PHONE_UNREACHED; o++) {
			struct phone_verdict v = { .subject = (enum phone_subject)s,
				.outcome = (enum phone_outcome)o };
			bool good = o <= PHONE_VERIFIED ||
				(o == PHONE_TAKEN && s == PHONE_FIRMWARE) ||
				(o == PHONE_NONE && s == PHONE_CTL);
			assert_int_equal(phone_verdict_good(&v), good);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_read_what_when_and_why),
		cmocka_unit_test(every_value_has_a_name_of_its_own),
		cmocka_unit_test(only_an_orderly_boot_is_good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
