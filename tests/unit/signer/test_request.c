#include "pki/request.h"

#include <string.h>

#include "scratch_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct signer_request asked_of(const struct scratch_key *k)
{
	struct signer_request m = { .common_name = "pub.lab",
		.organization = "Lab",
		.country = "PL",
		.name_count = 1,
		.names = { "pub.lab" } };
	memcpy(m.key, k->id, sizeof(m.key));
	return m;
}

static void refused(
	struct scratch_keys *s, const struct signer_request *m, enum fault fault, const char *word)
{
	AUTO_DONE(writer) w = writer_new(1 << 16);
	signer_request_write(&w, m);
	struct expected_refusal expected = { PEER_MANAGER, SIGNER_REQUEST, writer_written(&w),
		fault, word };
	scratch_refused(s, &expected);
}

static void a_request_asks_for_what_the_row_says(void **state)
{
	struct scratch_keys *s = *state;
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++) {
		if (units[i].csr_usages == 0)
			continue;
		struct scratch_key key = scratch_make(s, units[i].name);
		struct signer_request m = asked_of(&key);
		AUTO_DONE(writer) w = writer_new(1 << 16);
		AUTO_DONE(bytes) der = { 0 };
		AUTO_DONE(request) read = { 0 };
		struct error err = { 0 };
		signer_request_write(&w, &m);
		if (!scratch_ask(s, PEER_MANAGER, SIGNER_REQUEST, writer_written(&w), &der, &err))
			fail_msg("%s: %s", units[i].name, err.text);
		assert_true(request_parse(bytes_reader(&der), &read, &err));
		assert_memory_equal(read.key_id, key.id, sizeof(key.id));
		assert_string_equal(read.subject, "CN=pub.lab;O=Lab;C=PL");
		assert_int_equal(read.facts.authority, units[i].authority);
		bool signs = (units[i].csr_usages & USAGE_CERT_SIGN) != 0;
		assert_int_equal((read.facts.usage & 1U << CERT_USAGE_CERT_SIGN) != 0, signs);
		assert_int_equal(scratch_state(s, &key), SIGNER_KEY_NEW);
		scratch_key_done(&key);
	}
}

static void only_a_new_key_asks(void **state)
{
	struct scratch_keys *s = *state;
	struct scratch_key live = scratch_make_live(s, "tomcat");
	struct scratch_key self_signed = scratch_make(s, "ITLRecovery");
	struct signer_request m = asked_of(&live);
	refused(s, &m, FAULT_REFUSED, "is live");
	m = asked_of(&self_signed);
	refused(s, &m, FAULT_REFUSED, "self-signed only");
	m.key[0] ^= 1;
	refused(s, &m, FAULT_MISSING, "has no key");
	scratch_key_done(&live);
	scratch_key_done(&self_signed);
}

static void senseless_requests_are_refused(void **state)
{
	struct scratch_keys *s = *state;
	struct scratch_key key = scratch_make(s, "tomcat");
	struct signer_request m = asked_of(&key);
	m.common_name[0] = '\0';
	refused(s, &m, FAULT_USAGE, "common name");
	m = asked_of(&key);
	m.names[0][0] = '*';
	refused(s, &m, FAULT_USAGE, "DNS name");
	m = asked_of(&key);
	m.country[0] = '1';
	refused(s, &m, FAULT_USAGE, "country");
	scratch_key_done(&key);
}

/* certify: here with the certificate that the key signed for itself, and with another key's. */
static bool certify(struct scratch_keys *s, const struct scratch_key *key, const struct cert *cert,
	struct error *err)
{
	AUTO_DONE(writer) w = writer_new(1 << 16);
	struct signer_identity m = { .certificate = cert_der(cert) };
	memcpy(m.key, key->id, sizeof(m.key));
	signer_identity_write(&w, &m);
	return scratch_ask(s, PEER_MANAGER, SIGNER_CERTIFY, writer_written(&w), NULL, err);
}

static void not_certified(struct scratch_keys *s, const struct scratch_key *key,
	const struct cert *cert, enum fault fault)
{
	struct error err = { 0 };
	assert_false(certify(s, key, cert, &err));
	assert_int_equal(err.fault, fault);
}

/* Another certificate of the same key. */
static struct cert *certificate_for(struct scratch_keys *s, const struct scratch_key *key)
{
	struct error err = { 0 };
	struct certificate_profile profile = {
		.subject = { .common_name = "certified" }, .not_before = 1700000000, .days = 7
	};
	const struct stored_key *stored = key_store_find(s->keys, key->id, &err);
	const struct key *private = key_store_private(s->keys, stored, &err);
	struct cert *cert = certificate_self_sign(&profile, private, &err);
	assert_non_null(cert);
	return cert;
}

static void a_certified_key_shows_the_new_certificate(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct scratch_key key = scratch_make(s, "TVS");
	AUTO(cert) cert = certificate_for(s, &key);
	assert_true(certify(s, &key, cert, &err));
	assert_true(certify(s, &key, cert, &err)); /* a crash may repeat it */
	assert_true(cert_same(key_store_find(s->keys, key.id, &err)->cert, cert));
	scratch_keys_reopen(s);
	assert_true(cert_same(key_store_find(s->keys, key.id, &err)->cert, cert));
	assert_int_equal(scratch_state(s, &key), SIGNER_KEY_NEW);
	assert_true(key_store_mark_live(s->keys, key.id, NULL, &err));
	not_certified(s, &key, key.cert, FAULT_REFUSED); /* never under a key in use */
	scratch_key_done(&key);
}

static void a_certificate_of_another_key_is_refused(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct scratch_key key = scratch_make(s, "TVS"), other = scratch_make(s, "TVS");
	struct scratch_key self_signed = scratch_make(s, "ITLRecovery");
	not_certified(s, &key, other.cert, FAULT_UNTRUSTED);
	not_certified(s, &self_signed, self_signed.cert, FAULT_REFUSED);
	assert_true(cert_same(key_store_find(s->keys, key.id, &err)->cert, key.cert));
	AUTO_DONE(writer) w = writer_new(1 << 10);
	struct signer_identity m = { .certificate = reader_of_text("no certificate") };
	memcpy(m.key, key.id, sizeof(m.key));
	signer_identity_write(&w, &m);
	struct expected_refusal expected = { PEER_MANAGER, SIGNER_CERTIFY, writer_written(&w),
		FAULT_MALFORMED, "" };
	scratch_refused(s, &expected);
	scratch_key_done(&key);
	scratch_key_done(&other);
	scratch_key_done(&self_signed);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_keys_open, scratch_keys_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_request_asks_for_what_the_row_says),
		CASE(only_a_new_key_asks),
		CASE(senseless_requests_are_refused),
		CASE(a_certified_key_shows_the_new_certificate),
		CASE(a_certificate_of_another_key_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
