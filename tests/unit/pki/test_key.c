#include "pki/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "certificate_parts.h"

static const struct expectation {
	enum key_kind kind;
	const char *name;
	size_t signature; /* bytes at most */
	bool rsa;
} expectations[] = {
	{ KEY_RSA_1024, "RSA-1024", 128, true },
	{ KEY_RSA_2048, "RSA-2048", 256, true },
	{ KEY_RSA_3072, "RSA-3072", 384, true },
	{ KEY_EC_256, "EC-P256", 72, false },
	{ KEY_EC_384, "EC-P384", 104, false },
	{ KEY_EC_521, "EC-P521", 139, false },
};

static void id_of(const struct key *k, uint8_t out[static DIGEST_SIZE])
{
	AUTO_DONE(bytes) spki = { 0 };
	assert_true(key_public(k, &spki, NULL));
	assert_true(digest_sha256(bytes_reader(&spki), out, NULL));
}

static void each_kind_is_made_written_and_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(expectations); i++) {
		struct error err = { 0 };
		AUTO(key) made = key_generate(expectations[i].kind, &err);
		assert_non_null(made);
		assert_string_equal(key_kind_name(expectations[i].kind), expectations[i].name);
		assert_int_equal(key_signature_size(made), expectations[i].signature);
		struct bytes der = { 0 };
		assert_true(key_write(made, &der, &err));
		AUTO(key) read = key_parse(bytes_reader(&der), &err);
		bytes_wipe(&der);
		assert_non_null(read);
		uint8_t ids[3][DIGEST_SIZE];
		key_id(made, ids[0]);
		key_id(read, ids[1]);
		id_of(made, ids[2]);
		assert_memory_equal(ids[0], ids[1], DIGEST_SIZE);
		assert_memory_equal(ids[0], ids[2], DIGEST_SIZE);
	}
}

static void two_keys_have_two_names(void **state)
{
	(void)state;
	AUTO(key) a = key_generate(KEY_EC_256, NULL);
	AUTO(key) b = key_generate(KEY_EC_256, NULL);
	uint8_t names[2][DIGEST_SIZE];
	key_id(a, names[0]);
	key_id(b, names[1]);
	assert_memory_not_equal(names[0], names[1], DIGEST_SIZE);
}

/* Takes the RSAPrivateKey out of the PKCS#8 that we write (RFC 5208). */
static struct reader inner_pkcs1(struct reader pkcs8)
{
	for (size_t i = 0; i + 4 < pkcs8.left; i++)
		if (pkcs8.at[i] == 0x04 && pkcs8.at[i + 1] == 0x82 && pkcs8.at[i + 4] == 0x30)
			return reader_of(pkcs8.at + i + 4, pkcs8.left - i - 4);
	return reader_of(NULL, 0);
}

static void pkcs1_is_read_too(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(key) made = key_generate(KEY_RSA_1024, &err);
	struct bytes der = { 0 };
	assert_true(key_write(made, &der, &err));
	struct reader inner = inner_pkcs1(bytes_reader(&der));
	assert_true(inner.left > 128);
	AUTO(key) read = key_parse(inner, &err);
	assert_non_null(read);
	uint8_t names[2][DIGEST_SIZE];
	key_id(made, names[0]);
	key_id(read, names[1]);
	assert_memory_equal(names[0], names[1], DIGEST_SIZE);
	struct reader shorter = reader_of(inner.at, inner.left - 1);
	assert_null(key_parse(shorter, &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	bytes_wipe(&der);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	AUTO(key) k = key_generate(KEY_EC_256, NULL);
	struct bytes der = { 0 };
	assert_true(key_write(k, &der, NULL));
	for (size_t size = 0; size < der.size; size++) {
		struct error err = { 0 };
		assert_null(key_parse(reader_of(der.data, size), &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_true(err.text[0] != '\0');
	}
	bytes_wipe(&der);
}

static void every_changed_byte_is_refused_or_another_key(void **state)
{
	(void)state;
	AUTO(key) k = key_generate(KEY_EC_256, NULL);
	struct bytes der = { 0 };
	assert_true(key_write(k, &der, NULL));
	for (size_t at = 0; at < der.size; at++) {
		struct error err = { 0 };
		struct bytes again = { 0 };
		der.data[at] ^= 0x01;
		AUTO(key) other = key_parse(bytes_reader(&der), &err);
		if (other == NULL)
			assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
		else
			assert_true(key_write(other, &again, &err));
		bytes_wipe(&again);
		der.data[at] ^= 0x01;
	}
	bytes_wipe(&der);
}

static void bytes_behind_a_key_are_refused(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(key) k = key_generate(KEY_RSA_1024, NULL);
	struct bytes der = { 0 };
	assert_true(key_write(k, &der, NULL));
	AUTO_DONE(writer) w = writer_new(1 << 16);
	writer_bytes(&w, bytes_reader(&der));
	writer_u8(&w, 0);
	assert_null(key_parse(writer_written(&w), &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	bytes_wipe(&der);
}

static void what_is_no_key_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "0", "-----BEGIN PRIVATE KEY-----\n", "\x30\x00" };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct error err = { 0 };
		assert_null(key_parse(reader_of_text(wrong[i]), &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
	}
}

static void size_is_limited(void **state)
{
	(void)state;
	struct error err = { 0 };
	uint8_t *large = calloc(1, KEY_DER_MAX + 1);
	assert_non_null(large);
	assert_null(key_parse(reader_of(large, KEY_DER_MAX), &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_null(key_parse(reader_of(large, KEY_DER_MAX + 1), &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	free(large);
}

/* The private keys of RFC 8032 section 7.1 and of a curve that no unit has. */
static void kinds_that_no_unit_has_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"302e020100300506032b657004220420"
		"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"303e020100301006072a8648ce3d020106052b8104000a042730250201010420"
		"0000000000000000000000000000000000000000000000000000000000000001",
	};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct error err = { 0 };
		AUTO_DONE(writer) w = writer_new(256);
		hex_bytes(&w, wrong[i]);
		assert_null(key_parse(writer_written(&w), &err));
		assert_int_equal(err.fault, FAULT_REFUSED);
		assert_non_null(strstr(err.text, "neither RSA nor"));
	}
}

static void rsa_signatures_are_exactly_as_long_as_the_modulus(void **state)
{
	(void)state;
	AUTO(key) k = key_generate(KEY_RSA_1024, NULL);
	struct reader message = reader_of_text("message");
	struct bytes first = { 0 };
	for (enum digest_kind kind = DIGEST_SHA1; kind <= DIGEST_SHA512; kind++) {
		AUTO_DONE(bytes) signature = { 0 };
		assert_true(key_sign(k, kind, &message, 1, &signature, NULL));
		assert_int_equal(signature.size, 128);
	}
	assert_true(key_sign(k, DIGEST_SHA1, &message, 1, &first, NULL));
	AUTO_DONE(bytes) second = { 0 };
	assert_true(key_sign(k, DIGEST_SHA1, &message, 1, &second, NULL));
	assert_true(reader_same(bytes_reader(&first), bytes_reader(&second)));
	bytes_done(&first);
}

static void nothing_is_signed_with_md5(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(key) k = key_generate(KEY_EC_256, NULL);
	struct reader message = reader_of_text("message");
	struct bytes signature = { 0 };
	assert_false(key_sign(k, DIGEST_MD5, &message, 1, &signature, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_null(signature.data);
}

static void free_takes_nothing(void **state)
{
	(void)state;
	key_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_made_written_and_read),
		cmocka_unit_test(two_keys_have_two_names),
		cmocka_unit_test(pkcs1_is_read_too),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_or_another_key),
		cmocka_unit_test(bytes_behind_a_key_are_refused),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(kinds_that_no_unit_has_are_refused),
		cmocka_unit_test(rsa_signatures_are_exactly_as_long_as_the_modulus),
		cmocka_unit_test(nothing_is_signed_with_md5),
		cmocka_unit_test(free_takes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
