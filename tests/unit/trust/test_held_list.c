#include "trust/held_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/key_ring.h"
#include "pki/self_signed.h"
#include "unit/pki/vector_file.h"

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

static const struct ring_list usual = {
	.signer = "recovery",
	.timestamp = 1700000100,
	.count = 4,
	.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_SAST },
		{ "callmanager", ROLE_TFTP }, { "tvs", ROLE_TVS } },
};

static void a_list_loads_with_its_certificates(void **state)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
	assert_non_null(held);
	assert_int_equal(held->list.count, 4);
	assert_true(cert_same(held->certs[3], key_ring_get(*state, "tvs")->cert));
	size_t index;
	assert_true(held_list_own_signer(held, &index, &err));
	assert_int_equal(index, 0);
	assert_true(held_list_intact(held, &err));
}

/* Every field stands on its own two feet: record tags are looked up, not offsets guessed. */
static void mend(struct bytes *file, struct trust_list *list)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_TRUST_LIST);
	trust_list_write(&w, list);
	struct bytes written;
	assert_true(writer_take(&w, &written, NULL));
	bytes_done(file);
	*file = written;
}

static void refused(struct key_ring *ring,
	void (*spoil)(struct trust_list *list, struct key_ring *ring), enum fault fault,
	const char *words)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) original = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(ring, &usual, &original);
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(&original), &list, &err));
	spoil(&list, ring);
	mend(&file, &list);
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
	assert_null(held);
	assert_int_equal(err.fault, fault);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" says nothing of \"%s\"", err.text, words);
}

static void other_subject(struct trust_list *list, struct key_ring *ring)
{
	(void)ring;
	list->records[1].subject = reader_of_text("CN=somebody;OU=Voice;O=Example, Inc.;C=DE");
}

static void other_issuer(struct trust_list *list, struct key_ring *ring)
{
	(void)ring;
	list->records[1].issuer = reader_of_text("CN=somebody;OU=Voice;O=Example, Inc.;C=DE");
}

static void other_serial(struct trust_list *list, struct key_ring *ring)
{
	(void)ring;
	list->records[1].serial = list->records[0].serial;
}

static void other_key(struct trust_list *list, struct key_ring *ring)
{
	(void)ring;
	list->records[1].public_key = list->records[0].public_key;
}

static void no_key(struct trust_list *list, struct key_ring *ring)
{
	(void)ring;
	list->records[1].public_key = reader_of(NULL, 0);
}

static void other_signature(struct trust_list *list, struct key_ring *ring)
{
	(void)ring;
	list->records[1].signature = list->records[0].signature;
}

static void no_certificate_at_all(struct trust_list *list, struct key_ring *ring)
{
	(void)ring;
	list->records[1].certificate = reader_of("\x30\x03zzz", 5);
}

static void longer_certificate(struct trust_list *list, struct key_ring *ring)
{
	static uint8_t longer[LIMIT_CERTIFICATE];
	(void)ring;
	struct reader der = list->records[1].certificate;
	size_t size = der.left;
	reader_copy(&der, longer, size);
	list->records[1].certificate = reader_of(longer, size + 1);
}

static void a_third_signer(struct trust_list *list, struct key_ring *ring)
{
	(void)ring;
	list->records[3].role = ROLE_SAST;
}

static void what_a_record_says_must_be_its_certificates(void **state)
{
	refused(*state, other_subject, FAULT_MALFORMED, "record 2 at offset ");
	refused(*state, other_subject, FAULT_MALFORMED, "the subject is not the certificate's");
	refused(*state, other_issuer, FAULT_MALFORMED, "the issuer is not");
	refused(*state, other_serial, FAULT_MALFORMED, "the serial number is not");
	refused(*state, other_key, FAULT_MALFORMED, "the public key is not");
	refused(*state, no_key, FAULT_MALFORMED, "the public key is not");
	refused(*state, other_signature, FAULT_MALFORMED, "the signature is not");
	refused(*state, no_certificate_at_all, FAULT_MALFORMED, "record 2 at offset ");
	refused(*state, longer_certificate, FAULT_MALFORMED, "record 2 at offset ");
}

static void at_most_two_records_sign_lists(void **state)
{
	refused(*state, a_third_signer, FAULT_LIMIT, "record 4 at offset ");
}

/* The same names and serial, two keys: which one is tried first would decide. */
static void two_keys_under_one_name_are_refused(void **state)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(&file), &list, &err));
	list.records[1].certificate = reader_of(NULL, 0);
	list.records[1].issuer = list.records[0].issuer;
	list.records[1].serial = list.records[0].serial;
	AUTO_DONE(bytes) clash = { 0 };
	mend(&clash, &list);
	AUTO(held_list) held = held_list_load(bytes_reader(&clash), &err);
	assert_null(held);
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_non_null(strstr(err.text, "with another key"));
}

static void neither_are_they_in_two_forms(void **state)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(&file), &list, &err));
	list.records[1].certificate = reader_of(NULL, 0);
	list.records[1].issuer =
		reader_of_text(cert_issuer(key_ring_get(*state, "recovery")->cert, NAME_BUILDER));
	list.records[1].serial = list.records[0].serial;
	AUTO_DONE(bytes) clash = { 0 };
	mend(&clash, &list);
	AUTO(held_list) held = held_list_load(bytes_reader(&clash), &err);
	assert_null(held);
	assert_non_null(strstr(err.text, "with another key"));
}

/* A phone does not find the signer, a reader of names does. */
static void a_signer_in_another_form_is_named_and_not_the_same_bytes(void **state)
{
	struct error err = { 0 };
	size_t index = 99;
	static const enum name_form forms[] = { NAME_BUILDER, NAME_BUILDER_2023 };
	for (size_t i = 0; i < COUNT(forms); i++) {
		AUTO_DONE(bytes) file = { 0 };
		key_ring_list(*state, &usual, &file);
		key_ring_reform(*state, "recovery", forms[i], &file);
		AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
		assert_non_null(held);
		assert_false(held_list_own_signer(held, &index, &err));
		assert_int_equal(err.fault, FAULT_UNTRUSTED);
		assert_true(held_list_named_signer(held, &index, &err));
		assert_int_equal(index, 0);
		assert_true(held_list_intact(held, &err));
		held->file.data[held->list.header.signature_offset + 7] ^= 1;
		assert_false(held_list_intact(held, &err));
		held->list.records[0].serial.left--;
		assert_false(held_list_named_signer(held, &index, &err));
	}
}

/* docs/formats/distinguished-name.md#cut-off: 55 bytes, no signature of the certificate's own */
static void a_list_of_tokens_is_intact(void **state)
{
	static const char name[] = "cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Example Syste";
	struct error err = { 0 };
	struct certificate_profile profile = {
		.subject = { .common_name = "SAST-ADN0054f509        ",
			.unit = "IPCBU",
			.organization = "Example Systems, Inc." },
		.days = 1,
	};
	(void)state;
	AUTO(key) key = key_generate(KEY_RSA_1024, &err);
	AUTO(cert) cert = certificate_self_sign(&profile, key, &err);
	assert_non_null(cert);
	struct list_plan plan = { .file_name = "CTLFile.tlv",
		.signer = cert,
		.hash = HASH_SHA1,
		.count = 1,
		.records = { { .cert = cert,
			.role = ROLE_SAST,
			.dns_name = "",
			.no_signature = true } } };
	AUTO_DONE(bytes) built = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(bytes) signature = { 0 };
	assert_true(list_build(&plan, &built, &err));
	struct trust_list list;
	struct reader covered[2];
	assert_true(trust_list_parse(bytes_reader(&built), &list, &err));
	list.header.signer_name = list.header.issuer_name = reader_of_text(name);
	list.records[0].subject = list.records[0].issuer = reader_of_text(name);
	mend(&file, &list);
	assert_true(trust_list_parse(bytes_reader(&file), &list, &err));
	signed_header_covers(bytes_reader(&file), &list.header, covered);
	assert_true(key_sign(key, DIGEST_SHA1, covered, 2, &signature, &err));
	assert_true(signature_insert(&file, bytes_reader(&signature), &err));
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
	if (held == NULL)
		fail_msg("%s", err.text);
	assert_true(held_list_intact(held, &err));
	/* another name than the certificate's is refused, cut off or not */
	AUTO_DONE(bytes) other = { 0 };
	list.records[0].subject =
		reader_of_text("cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Example Systt");
	mend(&other, &list);
	AUTO(held_list) none = held_list_load(bytes_reader(&other), &err);
	assert_null(none);
	assert_non_null(strstr(err.text, "subject"));
}

static void a_record_without_certificate_signs_nothing(void **state)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(&file), &list, &err));
	uint8_t digest[20] = { 1 };
	list.records[0].certificate = reader_of(NULL, 0);
	list.records[0].certificate_hash = reader_of(digest, sizeof(digest));
	list.records[0].hash = HASH_SHA1;
	AUTO_DONE(bytes) hashed = { 0 };
	mend(&hashed, &list);
	AUTO(held_list) held = held_list_load(bytes_reader(&hashed), &err);
	assert_non_null(held);
	size_t index = 77;
	assert_false(held_list_own_signer(held, &index, &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
	assert_int_equal(index, 77);
	assert_false(held_list_intact(held, &err));
}

static void a_role_that_nobody_knows_is_kept_and_grants_nothing(void **state)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(&file), &list, &err));
	list.records[0].role = 999;
	AUTO_DONE(bytes) strange = { 0 };
	mend(&strange, &list);
	AUTO(held_list) held = held_list_load(bytes_reader(&strange), &err);
	assert_non_null(held);
	assert_int_equal(held->list.records[0].role, 999);
	assert_false(held_list_intact(held, &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
}

static void a_signer_of_another_role_is_none(void **state)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(&file), &list, &err));
	list.records[0].role = ROLE_CCM;
	AUTO_DONE(bytes) demoted = { 0 };
	mend(&demoted, &list);
	key_ring_sign(*state, "recovery", &demoted);
	AUTO(held_list) held = held_list_load(bytes_reader(&demoted), &err);
	assert_non_null(held);
	assert_false(held_list_intact(held, &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
}

/* The size that the header states must be that of the signer's key. */
static void a_signature_of_another_size_does_not_fit(void **state)
{
	static const uint8_t zeros[256];
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(&file), &list, &err));
	list.header.modulus = sizeof(zeros);
	list.header.signature = reader_of(zeros, sizeof(zeros));
	AUTO_DONE(bytes) larger = { 0 };
	mend(&larger, &list);
	AUTO(held_list) held = held_list_load(bytes_reader(&larger), &err);
	assert_non_null(held);
	assert_false(held_list_intact(held, &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
	assert_non_null(strstr(err.text, "RSA-2048"));
}

/* An EC key that stands as a signer cannot have made an RSA signature. */
static void an_ec_key_signs_no_list(void **state)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(&file), &list, &err));
	assert_false(signature_fits(
		bytes_reader(&file), &list.header, key_ring_get(*state, "signer-ec")->cert, &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
}

static void size_limit(void **state)
{
	(void)state;
	static uint8_t zeros[LIMIT_TRUST_LIST + 1];
	struct error err = { 0 };
	assert_null(held_list_load(reader_of(zeros, LIMIT_TRUST_LIST), &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_null(held_list_load(reader_of(zeros, LIMIT_TRUST_LIST + 1), &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
}

static void cut_anywhere_it_does_not_load_whole(void **state)
{
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	for (size_t size = 0; size < file.size; size++) {
		struct error err = { 0 };
		AUTO(held_list) held = held_list_load(reader_of(file.data, size), &err);
		if (held != NULL) { /* cut between two records */
			assert_true(held->list.count < 4);
			assert_false(held_list_intact(held, &err));
		}
		assert_int_not_equal(err.fault, FAULT_NONE);
		assert_true(err.text[0] != '\0');
	}
}

/* Whatever byte is changed: it does not load, or the signature does not fit. */
static void one_changed_byte_is_never_intact(struct bytes *file)
{
	for (size_t at = 0; at < file->size; at++) {
		struct error err = { 0 };
		file->data[at] ^= 0x01;
		AUTO(held_list) held = held_list_load(bytes_reader(file), &err);
		if (held != NULL && held_list_intact(held, &err))
			fail_msg("byte %zu changed, and nobody noticed", at);
		assert_int_not_equal(err.fault, FAULT_NONE);
		file->data[at] ^= 0x01;
	}
}

static void a_changed_byte_shows(void **state)
{
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	one_changed_byte_is_never_intact(&file);
}

static void lists_of_other_makers_are_intact(void **state)
{
	(void)state;
	static const char *const names[] = { "itl/ITLFile-3411.tlv",
		"vectors/ITLFile-v1.0-sha1.tlv", "vectors/ITLFile-v1.1-sha512-ec.tlv",
		"vectors/CTLSEP001122334455.tlv" };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct error err = { 0 };
		AUTO_DONE(bytes) file = { 0 };
		if (!vector_read(names[i], &file))
			skip();
		AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
		if (held == NULL || !held_list_intact(held, &err))
			fail_msg("%s: %s", names[i], err.text);
	}
}

static void a_byte_changed_in_another_makers_list_shows(void **state)
{
	(void)state;
	AUTO_DONE(bytes) file = { 0 };
	if (!vector_read("itl/ITLFile-3411.tlv", &file))
		skip();
	one_changed_byte_is_never_intact(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_loads_with_its_certificates),
		cmocka_unit_test(what_a_record_says_must_be_its_certificates),
		cmocka_unit_test(at_most_two_records_sign_lists),
		cmocka_unit_test(two_keys_under_one_name_are_refused),
		cmocka_unit_test(neither_are_they_in_two_forms),
		cmocka_unit_test(a_signer_in_another_form_is_named_and_not_the_same_bytes),
		cmocka_unit_test(a_list_of_tokens_is_intact),
		cmocka_unit_test(a_record_without_certificate_signs_nothing),
		cmocka_unit_test(a_role_that_nobody_knows_is_kept_and_grants_nothing),
		cmocka_unit_test(a_signer_of_another_role_is_none),
		cmocka_unit_test(a_signature_of_another_size_does_not_fit),
		cmocka_unit_test(an_ec_key_signs_no_list),
		cmocka_unit_test(size_limit),
		cmocka_unit_test(cut_anywhere_it_does_not_load_whole),
		cmocka_unit_test(a_changed_byte_shows),
		cmocka_unit_test(lists_of_other_makers_are_intact),
		cmocka_unit_test(a_byte_changed_in_another_makers_list_shows),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}
