#include "trust/signer_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/key_ring.h"

static int ring_made(void **state)
{
	*state = key_ring_new();
	return 0;
}

static int ring_freed(void **state)
{
	key_ring_free(*state);
	return 0;
}

/* The subject is C=DE, O="Example, Inc.", OU=Voice, CN=pub in this order. */
static void every_form_of_a_name_fits(void **state)
{
	const struct cert *cert = key_ring_get(*state, "pub")->cert;
	static const char *const forms[] = {
		"CN=pub;OU=Voice;O=Example, Inc.;C=DE",
		"C=DE;O=Example, Inc.;OU=Voice;CN=pub",
		"C=DE,O=Example\\, Inc.,OU=Voice,CN=pub",
		"CN=pub,OU=Voice,O=Example\\, Inc.,C=DE",
		"cn=\"pub\";ou=\"Voice\";o=\"Example, Inc.\";c=\"DE\"",
	};
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (!subject_fits(reader_of_text(forms[i]), cert))
			fail_msg("%s", forms[i]);
		assert_true(issuer_fits(reader_of_text(forms[i]), cert));
	}
}

static void other_names_do_not_fit(void **state)
{
	const struct cert *cert = key_ring_get(*state, "pub")->cert;
	static const char *const others[] = {
		"",
		"CN=pub",
		"CN=pub;OU=Voice;O=Example, Inc.",
		"CN=Pub;OU=Voice;O=Example, Inc.;C=DE",
		"CN=pub;OU=Voice;O=Example, Inc.;C=FR",
		"CN=pub;OU=Voice;O=Example, Inc.;C=DE;L=Bonn",
		"CN=pub;OU=Voice;O=Example, Inc.;C=DE;UID=7",
		"CN=pub;CN=pub;OU=Voice;O=Example, Inc.;C=DE",
		"pub",
		"CN=pub;OU=Voice;O=\"Example, Inc.;C=DE",
	};
	for (size_t i = 0; i < COUNT(others); i++) {
		if (subject_fits(reader_of_text(others[i]), cert))
			fail_msg("%s", others[i]);
		assert_false(issuer_fits(reader_of_text(others[i]), cert));
	}
}

static void serials_fit_with_and_without_the_sign_byte(void **state)
{
	const struct cert *cert = key_ring_get(*state, "pub")->cert;
	struct reader serial = cert_serial(cert);
	uint8_t with_sign[LIMIT_SERIAL] = { 0 };
	size_t size = serial.left;
	reader_copy(&(struct reader){ serial.at, size, true }, with_sign + 1, size);
	assert_true(serial_fits(serial, cert));
	assert_true(serial_fits(reader_of(with_sign, size + 1), cert));
	assert_false(serial_fits(reader_of(with_sign + 1, size - 1), cert));
	assert_false(serial_fits(reader_of(with_sign, 0), cert));
	with_sign[size] ^= 1;
	assert_false(serial_fits(reader_of(with_sign, size + 1), cert));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_a_name_fits),
		cmocka_unit_test(other_names_do_not_fit),
		cmocka_unit_test(serials_fit_with_and_without_the_sign_byte),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}
