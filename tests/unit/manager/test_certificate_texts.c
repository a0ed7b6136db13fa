/* What is listed of a certificate: the same as a row made anew, read once, and so many at most. */
#include "manager/manager_impl.h"

#include <stdlib.h>
#include <string.h>

#include "pki/self_signed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* last: it takes the word `fail` for itself */

static struct cert *cert_of(const char *organization)
{
	struct error err = { 0 };
	struct certificate_profile profile = {
		.usages = USAGE_DIGITAL_SIGNATURE, .not_before = 1700000000, .days = 10
	};
	(void)snprintf(profile.subject.common_name, sizeof(profile.subject.common_name), "pub");
	(void)snprintf(profile.subject.organization, sizeof(profile.subject.organization), "%s",
		organization);
	AUTO(key) key = key_generate(KEY_RSA_1024, &err);
	struct cert *cert = key == NULL ? NULL : certificate_self_sign(&profile, key, &err);
	assert_non_null(cert);
	return cert;
}

static void a_text_says_what_a_row_says(void **state)
{
	static const char *const names[] = { "Example", "Ex\"am\\ple, Inc.", "Übung GmbH" };
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct error err = { 0 };
		const char *key;
		json_t *value;
		size_t found = 0;
		AUTO(cert) cert = cert_of(names[i]);
		AUTO(certificate_texts) texts = certificate_texts_new(&err);
		struct entry entry = { .store = "tomcat", .node = "pub", .name = "tomcat.pem" };
		memcpy(entry.digest, cert_digest(cert), DIGEST_SIZE);
		json_auto_t *row = certificate_json(&entry, cert);
		const char *text = certificate_text(texts, entry.digest, cert_der(cert), &err);
		assert_non_null(text);
		json_auto_t *told = json_loads(text, 0, NULL);
		assert_int_equal(json_object_size(told), json_object_size(row) - 4);
		json_object_foreach (row, key, value)
			if (json_object_get(told, key) != NULL) {
				assert_true(json_equal(json_object_get(told, key), value));
				found++;
			}
		assert_int_equal(found, json_object_size(told));
	}
}

static void a_certificate_is_read_once(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(cert) cert = cert_of("Example");
	AUTO(certificate_texts) texts = certificate_texts_new(&err);
	const uint8_t *digest = cert_digest(cert);
	struct reader none = reader_of(NULL, 0);
	assert_null(certificate_text(texts, digest, none, &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	const char *first = certificate_text(texts, digest, cert_der(cert), &err);
	assert_non_null(first);
	assert_ptr_equal(certificate_text(texts, digest, none, &err), first);
}

static void so_many_are_kept_and_no_more(void **state)
{
	(void)state;
	struct error err = { 0 };
	uint8_t digest[DIGEST_SIZE] = { 0 };
	AUTO(cert) cert = cert_of("Example");
	AUTO(certificate_texts) texts = certificate_texts_new(&err);
	struct reader none = reader_of(NULL, 0);
	for (unsigned i = 0; i <= CERTIFICATE_TEXTS; i++) {
		digest[0] = (uint8_t)i;
		digest[1] = (uint8_t)(i >> 8);
		digest[2] = (uint8_t)(i >> 16);
		if (i == CERTIFICATE_TEXTS) { /* all others are there until this one comes */
			uint8_t zero[DIGEST_SIZE] = { 0 };
			assert_non_null(certificate_text(texts, zero, none, &err));
		}
		assert_non_null(certificate_text(texts, digest, cert_der(cert), &err));
	}
	assert_non_null(certificate_text(texts, digest, none, &err));
	memset(digest, 0, sizeof(digest));
	assert_null(certificate_text(texts, digest, none, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_says_what_a_row_says),
		cmocka_unit_test(a_certificate_is_read_once),
		cmocka_unit_test(so_many_are_kept_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
