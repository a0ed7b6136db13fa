#include "pki/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "certificate_parts.h"
#include "pki/self_signed.h"

static struct cert *cert_of(const struct key *k)
{
	struct certificate_profile profile = { .subject.common_name = "pub", .days = 1 };
	struct cert *c = certificate_self_sign(&profile, k, NULL);
	assert_non_null(c);
	return c;
}

static void a_key_and_its_certificate_are_an_identity(void **state)
{
	(void)state;
	static const enum key_kind kinds[] = { KEY_RSA_1024, KEY_EC_256, KEY_EC_384 };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct error err = { 0 };
		struct key *k = key_generate(kinds[i], &err);
		struct cert *c = cert_of(k);
		AUTO(identity) who = identity_new(c, k, &err);
		assert_non_null(who);
		assert_true(cert_same(identity_cert(who), c));
		key_free(k); /* neither was taken over */
		cert_free(c);
		assert_non_null(identity_x509(who));
		assert_non_null(identity_pkey(who));
		assert_string_equal(cert_common_name(identity_cert(who)), "pub");
	}
}

static void another_key_is_refused(void **state)
{
	(void)state;
	static const enum key_kind kinds[] = { KEY_RSA_1024, KEY_EC_256, KEY_EC_384 };
	AUTO(key) k = key_generate(KEY_EC_256, NULL);
	AUTO(cert) c = cert_of(k);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct error err = { 0 };
		AUTO(key) other = key_generate(kinds[i], NULL);
		assert_null(identity_new(c, other, &err));
		assert_int_equal(err.fault, FAULT_REFUSED);
		assert_non_null(strstr(err.text, "CN=pub"));
	}
}

static void a_certificate_of_no_known_key_is_refused(void **state)
{
	(void)state;
	uint8_t memory[4096];
	struct error err = { 0 };
	struct writer store = writer_on(memory, sizeof(memory));
	struct certificate_parts parts = certificate_parts(&store);
	AUTO_DONE(writer) unknown = writer_new(64);
	hex_bytes(&unknown, "300e300706052a030405060303000a0b");
	parts.key = writer_written(&unknown);
	AUTO(cert) c = certificate_made(&parts, NULL);
	AUTO(key) k = key_generate(KEY_EC_256, NULL);
	assert_null(identity_new(c, k, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
}

static void free_takes_nothing(void **state)
{
	(void)state;
	identity_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_and_its_certificate_are_an_identity),
		cmocka_unit_test(another_key_is_refused),
		cmocka_unit_test(a_certificate_of_no_known_key_is_refused),
		cmocka_unit_test(free_takes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
