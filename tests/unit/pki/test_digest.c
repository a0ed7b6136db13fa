#include "pki/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/hex.h"

/* FIPS 180-4 and RFC 1321: "abc" and the empty message. */
static const struct known {
	enum digest_kind kind;
	const char *name;
	size_t size;
	const char *abc;
	const char *nothing;
} known[] = {
	{ DIGEST_MD5, "MD5", 16, "900150983cd24fb0d6963f7d28e17f72",
		"d41d8cd98f00b204e9800998ecf8427e" },
	{ DIGEST_SHA1, "SHA-1", 20, "a9993e364706816aba3e25717850c26c9cd0d89d",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ DIGEST_SHA256, "SHA-256", 32,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ DIGEST_SHA384, "SHA-384", 48,
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		"8086072ba1e7cc2358baeca134c825a7",
		"38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
		"274edebfe76f65fbd51ad2f14898b95b" },
	{ DIGEST_SHA512, "SHA-512", 64,
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
		"47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e" },
};

static void known_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		uint8_t out[DIGEST_MAX];
		char hex[2 * DIGEST_MAX + 1];
		struct reader abc = reader_of_text("abc");
		assert_int_equal(digest_size(known[i].kind), known[i].size);
		assert_string_equal(digest_name(known[i].kind), known[i].name);
		assert_true(digest_of(known[i].kind, &abc, 1, out, NULL));
		assert_string_equal(hex_write(reader_of(out, known[i].size), hex), known[i].abc);
		assert_true(digest_of(known[i].kind, NULL, 0, out, NULL));
		assert_string_equal(
			hex_write(reader_of(out, known[i].size), hex), known[i].nothing);
	}
}

static void parts_follow_one_another(void **state)
{
	(void)state;
	struct reader parts[] = { reader_of_text("a"), reader_of(NULL, 0), reader_of_text("bc") };
	uint8_t split[DIGEST_SIZE];
	uint8_t whole[DIGEST_SIZE];
	assert_true(digest_of(DIGEST_SHA256, parts, COUNT(parts), split, NULL));
	assert_true(digest_sha256(reader_of_text("abc"), whole, NULL));
	assert_memory_equal(split, whole, DIGEST_SIZE);
	assert_true(digest_of(DIGEST_SHA256, parts, 2, split, NULL));
	assert_memory_not_equal(split, whole, DIGEST_SIZE);
}

static void nothing_is_written_behind_the_digest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		uint8_t out[DIGEST_MAX + 1];
		memset(out, 0xA5, sizeof(out));
		assert_true(digest_of(known[i].kind, NULL, 0, out, NULL));
		for (size_t at = known[i].size; at < sizeof(out); at++)
			assert_int_equal(out[at], 0xA5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(parts_follow_one_another),
		cmocka_unit_test(nothing_is_written_behind_the_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
