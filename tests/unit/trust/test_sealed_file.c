#include "trust/sealed_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "lib/key_ring.h"
#include "pki/envelope.h"
#include "pki/vector_file.h"
#include "trust/held_list.h"

static const char name[] = "SEP001122334455.cnf.xml.enc.sgn";
static const char clear_text[] = "<device><secret>0123456789</secret></device>";

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

static struct sealed_plan usual(struct key_ring *ring)
{
	return (struct sealed_plan){ .file_name = name,
		.signer = key_ring_get(ring, "callmanager")->cert,
		.device = key_ring_get(ring, "device")->cert,
		.hash = HASH_SHA1,
		.timestamp = 1700000000 };
}

static void sealed(struct key_ring *ring, const struct sealed_plan *plan, struct reader clear,
	struct bytes *out)
{
	struct error err = { 0 };
	if (!sealed_file_build(plan, clear, out, &err))
		fail_msg("%s", err.text);
	key_ring_sign(ring, "callmanager", out);
}

/* What `file decrypt` does: parse, then open. */
static bool opened(
	struct reader file, const struct key *key, struct unsealed_file *out, struct error *err)
{
	struct signed_header header;
	struct reader rest = file;
	return signed_header_parse(&rest, &header, err) &&
		sealed_file_open(file, &header, key, out, err);
}

static void refused(struct reader file, const struct key *key, const char *where, size_t at)
{
	struct error err = { 0 };
	struct unsealed_file out = { 0 };
	if (opened(file, key, &out, &err))
		fail_msg("%s at %zu: it opens", where, at);
	if (err.fault == FAULT_NONE || err.text[0] == '\0' || out.clear.data != NULL)
		fail_msg("%s at %zu: no reason, or something given", where, at);
}

static void what_is_sealed_opens_again(void **state)
{
	struct sealed_plan plan = usual(*state);
	const struct key *key = key_ring_get(*state, "device")->key;
	for (size_t size = 0; size < sizeof(clear_text); size++) {
		struct error err = { 0 };
		struct unsealed_file out = { 0 };
		struct signed_header header;
		AUTO_DONE(bytes) file = { 0 };
		plan.hash = size % 2 == 0 ? HASH_SHA1 : HASH_SHA512;
		sealed(*state, &plan, reader_of(clear_text, size), &file);
		struct reader body = bytes_reader(&file);
		assert_true(signed_header_parse(&body, &header, &err));
		assert_int_equal(header.version.major, 2);
		assert_int_equal(header.encryption.padding, 16 - size % 16);
		assert_int_equal(body.left, size + header.encryption.padding);
		assert_true(signature_fits(bytes_reader(&file), &header, plan.signer, &err));
		assert_true(opened(bytes_reader(&file), key, &out, &err));
		assert_false(out.odd_padding);
		assert_int_equal(out.clear.size, size);
		if (size > 0)
			assert_memory_equal(out.clear.data, clear_text, size);
		bytes_wipe(&out.clear);
	}
}

static void two_sealings_share_nothing(void **state)
{
	struct sealed_plan plan = usual(*state);
	struct signed_header a, b;
	AUTO_DONE(bytes) one = { 0 };
	AUTO_DONE(bytes) other = { 0 };
	sealed(*state, &plan, reader_of_text(clear_text), &one);
	sealed(*state, &plan, reader_of_text(clear_text), &other);
	struct reader body = bytes_reader(&one), second = bytes_reader(&other);
	assert_true(signed_header_parse(&body, &a, NULL) && signed_header_parse(&second, &b, NULL));
	assert_false(reader_same(a.encryption.iv, b.encryption.iv));
	assert_false(reader_same(a.encryption.wrapped_key, b.encryption.wrapped_key));
	assert_false(reader_same(body, second));
}

static void another_key_opens_nothing(void **state)
{
	struct sealed_plan plan = usual(*state);
	AUTO_DONE(bytes) file = { 0 };
	sealed(*state, &plan, reader_of_text(clear_text), &file);
	refused(bytes_reader(&file), key_ring_get(*state, "stranger")->key, "key", 0);
	refused(bytes_reader(&file), key_ring_get(*state, "device-2048")->key, "size", 0);
	refused(bytes_reader(&file), key_ring_get(*state, "device-ec")->key, "curve", 0);
}

/* One sentence for all that goes wrong inside: no oracle. */
static void every_failure_inside_sounds_the_same(void **state)
{
	struct sealed_plan plan = usual(*state);
	struct signed_header header;
	struct unsealed_file out = { 0 };
	struct error wrong_key = { 0 }, wrong_blob = { 0 }, wrong_body = { 0 };
	const struct key *key = key_ring_get(*state, "device")->key;
	AUTO_DONE(bytes) file = { 0 };
	sealed(*state, &plan, reader_of_text(clear_text), &file);
	struct reader body = bytes_reader(&file);
	assert_true(signed_header_parse(&body, &header, NULL));
	assert_false(opened(
		bytes_reader(&file), key_ring_get(*state, "stranger")->key, &out, &wrong_key));
	file.data[header.encryption.wrapped_key.at - file.data + 9] ^= 1;
	assert_false(opened(bytes_reader(&file), key, &out, &wrong_blob));
	file.data[header.encryption.wrapped_key.at - file.data + 9] ^= 1;
	file.data[file.size - 1] ^= 1;
	file.data[header.size] ^= 1;
	assert_false(opened(bytes_reader(&file), key, &out, &wrong_body));
	assert_int_equal(wrong_key.fault, FAULT_UNTRUSTED);
	assert_string_equal(wrong_key.text, wrong_blob.text);
	assert_string_equal(wrong_key.text, wrong_body.text);
}

/* From tag 16 on every changed byte is refused, in the header and behind it; but for the bytes that
 * are cut off, which are only told. The signature is not even looked at here. */
static void change_every_byte(struct bytes *file, const struct key *key)
{
	struct signed_header header;
	struct reader body = bytes_reader(file);
	assert_true(signed_header_parse(&body, &header, NULL));
	size_t first = (size_t)(header.encryption.iv.at - file->data) - 13;
	assert_int_equal(file->data[first], 16);
	for (size_t i = first; i < file->size; i++) {
		uint8_t kept = file->data[i];
		for (unsigned bit = 0; bit < 8; bit += i < header.size ? 1 : 3) {
			file->data[i] = (uint8_t)(kept ^ 1u << bit);
			refused(bytes_reader(file), key, "changed byte", i);
		}
		file->data[i] = kept;
	}
	for (size_t size = first; size < file->size; size++)
		refused(reader_of(file->data, size), key, "cut", size);
}

static void every_changed_byte_is_refused(void **state)
{
	struct sealed_plan plan = usual(*state);
	AUTO_DONE(bytes) file = { 0 };
	sealed(*state, &plan, reader_of(clear_text, 31), &file); /* pad count 1 */
	change_every_byte(&file, key_ring_get(*state, "device")->key);
}

/* docs/formats/encrypted-file.md#strictness, by the offset of each value from tag 16. */
static const struct mutation {
	const char *what;
	size_t at;
	uint8_t bytes[2];
	size_t size;
} mutations[] = {
	{ "tag 16 too short", 1, { 0, 177 }, 2 },
	{ "tag 16 too long", 1, { 0, 179 }, 2 },
	{ "tag 17 too short", 4, { 0, 27 }, 2 },
	{ "tag 17 too long", 4, { 0, 29 }, 2 },
	{ "tag 18 not 0", 9, { 1 }, 1 },
	{ "IV of 15 bytes", 11, { 0, 15 }, 2 },
	{ "IV of 17 bytes", 11, { 0, 17 }, 2 },
	{ "pad count 0", 32, { 0, 0 }, 2 },
	{ "pad count 17", 32, { 0, 17 }, 2 },
	{ "pad count 65535", 32, { 0xff, 0xff }, 2 },
	{ "pad count one more", 32, { 0, 5 }, 2 },
	{ "pad count one less", 32, { 0, 3 }, 2 },
	{ "tag 21 too short", 35, { 0, 143 }, 2 },
	{ "tag 21 too long", 35, { 0, 145 }, 2 },
	{ "tag 22 not 0", 40, { 1 }, 1 },
	{ "wrapped key bits 0", 44, { 0, 0 }, 2 },
	{ "wrapped key bits in bytes", 44, { 0, 128 }, 2 },
	{ "wrapped key bits doubled", 44, { 8, 0 }, 2 },
	{ "tag 24 not 1", 49, { 0 }, 1 },
	{ "wrapped key of 127 bytes", 51, { 0, 127 }, 2 },
	{ "wrapped key of 129 bytes", 51, { 0, 129 }, 2 },
	{ "clear hash 0", 184, { 0 }, 1 },
	{ "clear hash SHA-256", 184, { 2 }, 1 },
	{ "clear hash SHA-512", 184, { 3 }, 1 },
	{ "clear hash 4", 184, { 4 }, 1 },
	{ "clear digest of 19 bytes", 186, { 0, 19 }, 2 },
	{ "clear digest of 21 bytes", 186, { 0, 21 }, 2 },
	{ "a second tag 18", 10, { 18 }, 1 },
	{ "a second tag 26", 185, { 26 }, 1 },
	{ "no tag 27", 185, { 28 }, 1 },
};

static void every_named_mutation_is_refused(void **state)
{
	struct sealed_plan plan = usual(*state);
	struct signed_header header;
	AUTO_DONE(bytes) file = { 0 };
	const struct key *key = key_ring_get(*state, "device")->key;
	sealed(*state, &plan, reader_of_text(clear_text), &file);
	struct reader body = bytes_reader(&file);
	assert_true(signed_header_parse(&body, &header, NULL));
	size_t first = (size_t)(header.encryption.iv.at - file.data) - 13;
	assert_int_equal(header.encryption.padding, 4);
	for (size_t i = 0; i < COUNT(mutations); i++) {
		const struct mutation *m = &mutations[i];
		AUTO_DONE(bytes) other = { 0 };
		assert_true(bytes_copy(&other, bytes_reader(&file), NULL));
		memcpy(other.data + first + m->at, m->bytes, m->size);
		assert_memory_not_equal(other.data, file.data, file.size);
		refused(bytes_reader(&other), key, m->what, m->at);
	}
}

static void other_bytes_of_padding_are_told(void **state)
{
	struct sealed_plan plan = usual(*state);
	struct signed_header header;
	struct content_key k;
	struct unsealed_file out = { 0 };
	const struct key *key = key_ring_get(*state, "device")->key;
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(bytes) padded = { 0 };
	AUTO_DONE(bytes) again = { 0 };
	sealed(*state, &plan, reader_of_text(clear_text), &file);
	struct reader body = bytes_reader(&file);
	assert_true(signed_header_parse(&body, &header, NULL));
	memcpy(k.iv, header.encryption.iv.at, sizeof(k.iv));
	assert_true(content_key_unwrap(key, header.encryption.wrapped_key, &k, NULL));
	assert_true(content_decrypt(&k, body, &padded, NULL));
	assert_int_equal(padded.data[padded.size - 1], 0x0d);
	padded.data[padded.size - 2] = 4; /* as PKCS#7 would */
	assert_true(content_encrypt(&k, bytes_reader(&padded), &again, NULL));
	memcpy(file.data + header.size, again.data, again.size);
	assert_true(opened(bytes_reader(&file), key, &out, NULL));
	assert_true(out.odd_padding);
	assert_int_equal(out.clear.size, strlen(clear_text));
	bytes_wipe(&out.clear);
}

static void only_encrypted_files_are_opened(void **state)
{
	struct error err = { 0 };
	struct unsealed_file out = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_file(*state, "a.sgn", "callmanager", reader_of_text("text"), &file);
	assert_false(opened(bytes_reader(&file), key_ring_get(*state, "device")->key, &out, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
}

static void not_built(struct sealed_plan plan, enum fault fault, const char *words)
{
	struct error err = { 0 };
	struct bytes out = { 0 };
	assert_false(sealed_file_build(&plan, reader_of_text(clear_text), &out, &err));
	assert_int_equal(err.fault, fault);
	assert_non_null(strstr(err.text, words));
	assert_null(out.data);
}

static void what_no_phone_could_read_is_not_built(void **state)
{
	struct sealed_plan plan = usual(*state);
	plan.device = key_ring_get(*state, "device-ec")->cert;
	not_built(plan, FAULT_REFUSED, "EC-P256");
	plan = usual(*state);
	plan.signer = key_ring_get(*state, "signer-ec")->cert;
	not_built(plan, FAULT_REFUSED, "EC-P256");
	plan = usual(*state);
	plan.hash = HASH_SHA256;
	not_built(plan, FAULT_REFUSED, "SHA-1 or SHA-512");
}

static void the_largest_file_is_built_and_no_larger(void **state)
{
	struct sealed_plan plan = usual(*state);
	struct error err = { 0 };
	struct bytes none = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	uint8_t *large = calloc(1, LIMIT_SIGNED_FILE + 1);
	assert_non_null(large);
	assert_true(sealed_file_build(&plan, reader_of(large, LIMIT_SIGNED_FILE), &file, &err));
	assert_false(
		sealed_file_build(&plan, reader_of(large, LIMIT_SIGNED_FILE + 1), &none, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	free(large);
}

static struct key *vector_key(void)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) der = { 0 };
	assert_true(vector_read("vectors/device.key.der", &der));
	struct key *key = key_parse(bytes_reader(&der), &err);
	if (key == NULL)
		fail_msg("%s", err.text);
	return key;
}

static void a_file_of_others_opens(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct unsealed_file out = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(bytes) plain = { 0 };
	if (!vector_read("vectors/SEP001122334455.cnf.xml.enc.sgn", &file))
		skip();
	assert_true(vector_read("vectors/SEP001122334455.plain.xml", &plain));
	AUTO(key) key = vector_key();
	if (!opened(bytes_reader(&file), key, &out, &err))
		fail_msg("%s", err.text);
	assert_true(reader_same(bytes_reader(&out.clear), bytes_reader(&plain)));
	assert_false(out.odd_padding);
	bytes_wipe(&out.clear);
}

/* The header from tag 16 on and all of the body: a changed block garbles the clear text. */
static void changes_in_a_file_of_others_are_refused(void **state)
{
	(void)state;
	AUTO_DONE(bytes) file = { 0 };
	if (!vector_read("vectors/SEP001122334455.cnf.xml.enc.sgn", &file))
		skip();
	AUTO(key) key = vector_key();
	for (size_t i = 425; i < file.size; i++) {
		uint8_t kept = file.data[i];
		file.data[i] ^= 1;
		refused(bytes_reader(&file), key, "changed byte", i);
		file.data[i] = kept;
	}
	for (size_t size = 0; size < file.size; size += size < 764 ? 1 : 7)
		refused(reader_of(file.data, size), key, "cut", size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_opens_again),
		cmocka_unit_test(two_sealings_share_nothing),
		cmocka_unit_test(another_key_opens_nothing),
		cmocka_unit_test(every_failure_inside_sounds_the_same),
		cmocka_unit_test(every_changed_byte_is_refused),
		cmocka_unit_test(every_named_mutation_is_refused),
		cmocka_unit_test(other_bytes_of_padding_are_told),
		cmocka_unit_test(only_encrypted_files_are_opened),
		cmocka_unit_test(what_no_phone_could_read_is_not_built),
		cmocka_unit_test(the_largest_file_is_built_and_no_larger),
		cmocka_unit_test(a_file_of_others_opens),
		cmocka_unit_test(changes_in_a_file_of_others_are_refused),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}
