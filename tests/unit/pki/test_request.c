#include "pki/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "unit/wire/mutation.h"

static struct key *rsa, *ec;

static struct request_profile plain(void)
{
	return (struct request_profile){
		.subject = { .common_name = "pub.lab", .organization = "Lab", .country = "PL" },
		.name_count = 2,
		.names = { "pub.lab", "phones.lab" },
		.usages = USAGE_DIGITAL_SIGNATURE | USAGE_DATA_ENCIPHERMENT | PURPOSE_SERVER |
			PURPOSE_CLIENT,
	};
}

static struct bytes made(const struct request_profile *profile, const struct key *key)
{
	struct error err = { 0 };
	struct bytes der = { 0 };
	if (!request_make(profile, key, &der, &err))
		fail_msg("%s", err.text);
	return der;
}

static void what_is_made_is_read(void **state)
{
	(void)state;
	struct key *const keys[] = { rsa, ec };
	static const char *const names[] = { "RSA-1024", "EC-P384" };
	for (size_t i = 0; i < COUNT(keys); i++) {
		uint8_t id[DIGEST_SIZE];
		struct request_profile profile = plain();
		AUTO_DONE(bytes) der = made(&profile, keys[i]);
		AUTO_DONE(request) request = { 0 };
		assert_true(request_parse(bytes_reader(&der), &request, NULL));
		assert_string_equal(request.subject, "CN=pub.lab;O=Lab;C=PL");
		assert_string_equal(request.key.name, names[i]);
		key_id(keys[i], id);
		assert_memory_equal(request.key_id, id, sizeof(id));
		assert_int_equal(request.facts.usage, 1 << 0 | 1 << 3);
		assert_int_equal(request.facts.purpose_count, 2);
		assert_string_equal(request.facts.purposes[1].name, "clientAuth");
		assert_int_equal(request.facts.alternative_count, 2);
		assert_string_equal(request.facts.alternatives[1].kind, "dns");
		assert_string_equal(request.facts.alternatives[1].text, "phones.lab");
		assert_false(request.facts.has_constraints);
	}
}

static void an_authority_says_so(void **state)
{
	(void)state;
	struct request_profile profile = plain();
	profile.authority = true;
	profile.name_count = 0;
	profile.usages = USAGE_CERT_SIGN;
	AUTO_DONE(bytes) der = made(&profile, rsa);
	AUTO_DONE(request) request = { 0 };
	assert_true(request_parse(bytes_reader(&der), &request, NULL));
	assert_true(request.facts.authority && request.facts.has_path_length);
	assert_int_equal(request.facts.usage, 1 << CERT_USAGE_CERT_SIGN);
	assert_int_equal(request.facts.alternative_count, 0);
	assert_int_equal(request.facts.purpose_count, 0);
}

static void not_made(const struct request_profile *profile, enum fault fault, const char *word)
{
	struct error err = { 0 };
	struct bytes der = { 0 };
	assert_false(request_make(profile, rsa, &der, &err));
	assert_int_equal(err.fault, fault);
	if (strstr(err.text, word) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", err.text, word);
	assert_null(der.data);
}

static void senseless_requests_are_not_made(void **state)
{
	(void)state;
	struct request_profile profile = plain();
	profile.subject.common_name[0] = '\0';
	not_made(&profile, FAULT_USAGE, "common name");
	profile = plain();
	profile.subject.country[1] = '1';
	not_made(&profile, FAULT_USAGE, "country");
	profile = plain();
	profile.names[1][0] = '*';
	not_made(&profile, FAULT_USAGE, "DNS name");
	profile = plain();
	profile.names[1][0] = '\0';
	not_made(&profile, FAULT_USAGE, "empty");
	profile = plain();
	memset(profile.names[1], 'a', REQUEST_NAME_SIZE);
	not_made(&profile, FAULT_LIMIT, "more than 255");
	profile = plain();
	memcpy(profile.names[1], "PUB.lab", sizeof("PUB.lab"));
	not_made(&profile, FAULT_USAGE, "twice");
	profile = plain();
	profile.usages |= 1U << 20;
	not_made(&profile, FAULT_USAGE, "unknown key usage");
	profile = plain();
	profile.name_count = REQUEST_NAMES_MAX + 1;
	not_made(&profile, FAULT_LIMIT, "at most 32");
}

static void as_many_names_as_there_may_be(void **state)
{
	(void)state;
	struct request_profile profile = plain();
	profile.name_count = REQUEST_NAMES_MAX;
	for (size_t i = 0; i < REQUEST_NAMES_MAX; i++) {
		memset(profile.names[i], 'a' + (int)(i % 26), i < 26 ? 255 : 254);
		profile.names[i][i < 26 ? 255 : 254] = '\0';
	}
	AUTO_DONE(bytes) der = made(&profile, ec);
	AUTO_DONE(request) request = { 0 };
	assert_true(request_parse(bytes_reader(&der), &request, NULL));
	assert_int_equal(request.facts.alternative_count, REQUEST_NAMES_MAX);
}

/* What parses has its key's signature over every byte of it. */
static bool parses(struct reader bytes, struct error *err)
{
	AUTO_DONE(request) request = { 0 };
	return request_parse(bytes, &request, err);
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	struct request_profile profile = plain();
	AUTO_DONE(bytes) der = made(&profile, rsa);
	assert_int_equal(every_truncation(bytes_reader(&der), parses), 0);
}

static void no_changed_byte_goes_unseen(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct request_profile profile = plain();
	AUTO_DONE(bytes) der = made(&profile, rsa);
	assert_memory_equal(der.data, "\x30\x82", 2);
	assert_memory_equal(der.data + 4, "\x30\x82", 2);
	size_t end = 8U + ((size_t)der.data[6] << 8 | der.data[7]); /* of what is signed */
	size_t unseen = 0; /* behind it OpenSSL lets the algorithm's empty parameters be */
	for (size_t i = 0; i < der.size; i++) {
		der.data[i] ^= 1;
		err = (struct error){ 0 };
		bool parsed = parses(bytes_reader(&der), &err);
		der.data[i] ^= 1;
		if (parsed && i < end)
			fail_msg("byte %zu may be changed", i);
		unseen += parsed ? 1 : 0;
		assert_true(parsed || err.fault == FAULT_MALFORMED ||
			err.fault == FAULT_UNTRUSTED || err.fault == FAULT_REFUSED);
		assert_true(parsed || strlen(err.text) > 10);
	}
	assert_true(unseen <= 2);
}

static void what_is_no_request_is_refused(void **state)
{
	(void)state;
	struct error err = { 0 };
	static const uint8_t zeros[REQUEST_BYTES_MAX + 1];
	AUTO_DONE(request) request = { 0 };
	assert_false(request_parse(reader_of(zeros, sizeof(zeros)), &request, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_false(request_parse(reader_of(zeros, REQUEST_BYTES_MAX), &request, &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_false(request_parse(reader_of(zeros, 0), &request, &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	struct request_profile profile = plain();
	AUTO_DONE(bytes) der = made(&profile, rsa);
	AUTO_DONE(writer) longer = writer_new(REQUEST_BYTES_MAX);
	writer_bytes(&longer, bytes_reader(&der));
	writer_u8(&longer, 0);
	assert_false(request_parse(writer_written(&longer), &request, &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_null(request.subject);
}

static void pem_is_written(void **state)
{
	(void)state;
	char *pem = NULL;
	struct request_profile profile = plain();
	AUTO_DONE(bytes) der = made(&profile, rsa);
	assert_true(request_pem(bytes_reader(&der), &pem, NULL));
	assert_ptr_equal(strstr(pem, "-----BEGIN CERTIFICATE REQUEST-----\n"), pem);
	assert_non_null(strstr(pem, "\n-----END CERTIFICATE REQUEST-----\n"));
	free(pem);
}

static int make_keys(void **state)
{
	(void)state;
	rsa = key_generate(KEY_RSA_1024, NULL);
	ec = key_generate(KEY_EC_384, NULL);
	return rsa != NULL && ec != NULL ? 0 : -1;
}

static int free_keys(void **state)
{
	(void)state;
	key_free(rsa);
	key_free(ec);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_is_read),
		cmocka_unit_test(an_authority_says_so),
		cmocka_unit_test(senseless_requests_are_not_made),
		cmocka_unit_test(as_many_names_as_there_may_be),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(no_changed_byte_goes_unseen),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(pem_is_written),
	};
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
