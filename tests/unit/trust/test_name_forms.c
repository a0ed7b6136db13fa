/* pki writes the appliance's form of a name from a certificate, wire from attributes: the same. */
#include <string.h>

#include "base/text.h"
#include "pki/self_signed.h"
#include "wire/distinguished_name.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct key *key;

static void both_write(const struct certificate_subject *subject)
{
	struct error err = { 0 };
	struct certificate_profile profile = { .subject = *subject, .days = 1 };
	AUTO(cert) cert = certificate_self_sign(&profile, key, &err);
	assert_non_null(cert);
	const char *appliance = cert_subject(cert, NAME_APPLIANCE);
	const char *builder = cert_subject(cert, NAME_BUILDER);
	struct distinguished_name names[2], old;
	const char *before = cert_subject(cert, NAME_BUILDER_2023);
	assert_true(distinguished_name_parse(reader_of_text(builder), &names[0], &err));
	assert_true(distinguished_name_parse(reader_of_text(appliance), &names[1], &err));
	assert_true(distinguished_name_same(&names[0], &names[1]));
	assert_true(distinguished_name_parse(reader_of_text(before), &old, &err));
	assert_true(distinguished_name_same(&old, &names[0]));
	AUTO_DONE(writer) w = writer_new(4096);
	distinguished_name_write(&w, &names[0]);
	writer_u8(&w, 0);
	assert_true(w.ok);
	assert_string_equal((const char *)w.data, appliance);
}

static void one_form_has_one_spelling(void **state)
{
	(void)state;
	static const char *const values[] = { "plain", "Example, Inc.", "a+b=c", "a;O=b", "a,O=b",
		"<\"\\>", "\"q\"", "#1", "1#", "a b", "\\2c", "\\", "\\,", "=", ";", ",", "+",
		"O=", "Z\xc5\x82oty", "a;b", "a,b", "a\\;O=b", "a\\,O=b", "x,CN=y;OU=z" };
	for (size_t i = 0; i < COUNT(values); i++) {
		struct certificate_subject alone = { 0 };
		assert_true(
			text_copy(alone.common_name, sizeof(alone.common_name), values[i], NULL));
		both_write(&alone);
		struct certificate_subject two = alone;
		memcpy(two.organization, alone.common_name, sizeof(two.organization));
		both_write(&two);
		struct certificate_subject all = two;
		memcpy(all.unit, alone.common_name, sizeof(all.unit));
		memcpy(all.locality, alone.common_name, sizeof(alone.common_name));
		memcpy(all.state, alone.common_name, sizeof(alone.common_name));
		memcpy(all.country, "PL", 3);
		both_write(&all);
	}
}

static int make_key(void **state)
{
	(void)state;
	key = key_generate(KEY_EC_256, NULL);
	return key == NULL;
}

static int free_key(void **state)
{
	(void)state;
	key_free(key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_form_has_one_spelling),
	};
	return cmocka_run_group_tests(tests, make_key, free_key);
}
