#include "pki/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/hex.h"
#include "pki/self_signed.h"

enum { MODULUS = 128 };

static const uint8_t content[CONTENT_KEY_SIZE] = "0123456789abcde";

struct device {
	struct key *key;
	struct cert *cert;
};

static struct device device_of(enum key_kind kind)
{
	struct certificate_profile profile = {
		.subject = { .organization = "Example", .common_name = "SEP001122334455" },
		.usages = USAGE_DIGITAL_SIGNATURE,
		.not_before = 1700000000,
		.days = 10,
	};
	struct device d = { .key = key_generate(kind, NULL) };
	assert_non_null(d.key);
	d.cert = certificate_self_sign(&profile, d.key, NULL);
	assert_non_null(d.cert);
	return d;
}

static void device_done(struct device *d)
{
	key_free(d->key);
	cert_free(d->cert);
}

static void a_wrapped_key_comes_out(void **state)
{
	(void)state;
	static const enum key_kind kinds[] = { KEY_RSA_1024, KEY_RSA_2048, KEY_RSA_3072 };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct error err = { 0 };
		AUTO_DONE(device) d = device_of(kinds[i]);
		AUTO_DONE(bytes) wrapped = { 0 };
		struct content_key made, out = { .iv = "untouched" };
		assert_true(content_key_make(&made, &err));
		assert_true(content_key_wrap(&made, d.cert, &wrapped, &err));
		assert_int_equal(wrapped.size, key_signature_size(d.key));
		assert_true(content_key_unwrap(d.key, bytes_reader(&wrapped), &out, &err));
		assert_memory_equal(out.key, made.key, sizeof(made.key));
		assert_string_equal((const char *)out.iv, "untouched");
	}
}

static void keys_are_never_the_same(void **state)
{
	(void)state;
	struct content_key one, other;
	assert_true(content_key_make(&one, NULL) && content_key_make(&other, NULL));
	assert_memory_not_equal(one.key, other.key, sizeof(one.key));
	assert_memory_not_equal(one.iv, other.iv, sizeof(one.iv));
	content_key_done(&one);
	assert_memory_equal(&one, &(struct content_key){ 0 }, sizeof(one));
}

/* The block as it would be after PKCS#1: 00 02, 5a…, 00, the key. */
static void lay_out(uint8_t block[static MODULUS])
{
	memset(block, 0x5a, MODULUS);
	block[0] = 0;
	block[1] = 2;
	block[MODULUS - CONTENT_KEY_SIZE - 1] = 0;
	memcpy(block + MODULUS - CONTENT_KEY_SIZE, content, CONTENT_KEY_SIZE);
}

/* The public key applied to the bare block. */
static void seal_block(
	const struct device *d, const uint8_t block[static MODULUS], uint8_t out[static MODULUS])
{
	AUTO_DONE(bytes) spki = { 0 };
	size_t size = MODULUS;
	assert_true(key_public(d->key, &spki, NULL));
	const unsigned char *at = spki.data;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.size);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_encrypt(context, out, &size, block, MODULUS), 1);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(pkey);
}

static void unwrap(const struct device *d, const uint8_t blob[static MODULUS],
	uint8_t out[static CONTENT_KEY_SIZE])
{
	struct error err = { 0 };
	struct content_key k = { 0 };
	if (!content_key_unwrap(d->key, reader_of(blob, MODULUS), &k, &err))
		fail_msg("%s", err.text);
	memcpy(out, k.key, CONTENT_KEY_SIZE);
}

/* No failure, and a key that is new every time. */
static void gives_a_random_key(const struct device *d, const uint8_t blob[static MODULUS],
	const uint8_t tail[static CONTENT_KEY_SIZE])
{
	static const uint8_t zeros[CONTENT_KEY_SIZE];
	uint8_t one[CONTENT_KEY_SIZE], other[CONTENT_KEY_SIZE];
	unwrap(d, blob, one);
	unwrap(d, blob, other);
	assert_memory_not_equal(one, other, sizeof(one));
	assert_memory_not_equal(one, tail, sizeof(one));
	assert_memory_not_equal(one, zeros, sizeof(one));
}

static void any_wrong_padding_gives_a_random_key(void **state)
{
	(void)state;
	uint8_t block[MODULUS], blob[MODULUS], out[CONTENT_KEY_SIZE];
	AUTO_DONE(device) d = device_of(KEY_RSA_1024);
	lay_out(block);
	seal_block(&d, block, blob);
	unwrap(&d, blob, out);
	assert_memory_equal(out, content, sizeof(content));
	for (size_t i = 1; i < MODULUS - CONTENT_KEY_SIZE; i++) {
		lay_out(block);
		block[i] = block[i] == 0 ? 1 : 0; /* no type 2, a key too long, one too short */
		seal_block(&d, block, blob);
		gives_a_random_key(&d, blob, content);
	}
	lay_out(block);
	block[1] = 1; /* a signature's padding */
	seal_block(&d, block, blob);
	gives_a_random_key(&d, blob, content);
}

static void a_number_beyond_the_modulus_gives_a_random_key(void **state)
{
	(void)state;
	uint8_t blob[MODULUS];
	AUTO_DONE(device) d = device_of(KEY_RSA_1024);
	memset(blob, 0xff, sizeof(blob));
	gives_a_random_key(&d, blob, content);
	memset(blob, 0, sizeof(blob));
	gives_a_random_key(&d, blob, content);
}

static void another_devices_key_gives_a_random_key(void **state)
{
	(void)state;
	uint8_t block[MODULUS], blob[MODULUS];
	AUTO_DONE(device) d = device_of(KEY_RSA_1024);
	AUTO_DONE(device) other = device_of(KEY_RSA_1024);
	lay_out(block);
	seal_block(&d, block, blob);
	gives_a_random_key(&other, blob, content);
}

static void what_anybody_sees_is_told(void **state)
{
	(void)state;
	struct error err = { 0 };
	uint8_t blob[MODULUS + 1] = { 1 };
	struct content_key k = { .key = "kept" };
	AUTO_DONE(device) d = device_of(KEY_RSA_1024);
	AUTO_DONE(device) curve = device_of(KEY_EC_256);
	AUTO_DONE(bytes) wrapped = { 0 };
	static const size_t sizes[] = { 0, 1, MODULUS - 1, MODULUS + 1 };
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_false(content_key_unwrap(d.key, reader_of(blob, sizes[i]), &k, &err));
		assert_int_equal(err.fault, FAULT_UNTRUSTED);
	}
	assert_false(content_key_unwrap(curve.key, reader_of(blob, MODULUS), &k, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_string_equal((const char *)k.key, "kept");
	assert_false(content_key_wrap(&k, curve.cert, &wrapped, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_non_null(strstr(err.text, "EC-P256"));
	assert_null(wrapped.data);
}

/* NIST SP 800-38A, F.2.1, first block. */
static void the_cipher_is_aes_128_in_cbc(void **state)
{
	(void)state;
	struct content_key k;
	uint8_t clear[16];
	char text[33];
	AUTO_DONE(bytes) sealed = { 0 };
	AUTO_DONE(bytes) back = { 0 };
	assert_true(hex_read("2b7e151628aed2a6abf7158809cf4f3c", k.key, 16));
	assert_true(hex_read("000102030405060708090a0b0c0d0e0f", k.iv, 16));
	assert_true(hex_read("6bc1bee22e409f96e93d7e117393172a", clear, 16));
	assert_true(content_encrypt(&k, reader_of(clear, 16), &sealed, NULL));
	assert_string_equal(
		hex_write(bytes_reader(&sealed), text), "7649abac8119b246cee98e9b12e9197d");
	assert_true(content_decrypt(&k, bytes_reader(&sealed), &back, NULL));
	assert_int_equal(back.size, 16);
	assert_memory_equal(back.data, clear, 16);
}

static void only_whole_blocks_are_taken(void **state)
{
	(void)state;
	struct content_key k = { 0 };
	uint8_t bytes[33] = { 0 };
	static const size_t sizes[] = { 0, 1, 15, 17, 31, 33 };
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct error err = { 0 };
		struct bytes out = { 0 };
		assert_false(content_encrypt(&k, reader_of(bytes, sizes[i]), &out, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_false(content_decrypt(&k, reader_of(bytes, sizes[i]), &out, &err));
		assert_null(out.data);
	}
}

static void secrets_are_compared_whole(void **state)
{
	(void)state;
	assert_true(secret_same(reader_of("abc", 3), reader_of("abc", 3)));
	assert_true(secret_same(reader_of("", 0), reader_of("", 0)));
	assert_false(secret_same(reader_of("abc", 3), reader_of("abd", 3)));
	assert_false(secret_same(reader_of("abc", 3), reader_of("xbc", 3)));
	assert_false(secret_same(reader_of("abc", 3), reader_of("abc", 2)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrapped_key_comes_out),
		cmocka_unit_test(keys_are_never_the_same),
		cmocka_unit_test(any_wrong_padding_gives_a_random_key),
		cmocka_unit_test(a_number_beyond_the_modulus_gives_a_random_key),
		cmocka_unit_test(another_devices_key_gives_a_random_key),
		cmocka_unit_test(what_anybody_sees_is_told),
		cmocka_unit_test(the_cipher_is_aes_128_in_cbc),
		cmocka_unit_test(only_whole_blocks_are_taken),
		cmocka_unit_test(secrets_are_compared_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
