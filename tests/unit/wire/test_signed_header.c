#include "wire/signed_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pki/vector_file.h"
#include "wire/header_edit.h"
#include "wire/mutation.h"
#include "wire/trips.h"

static void what_is_written_is_read(void **state)
{
	(void)state;
	struct signed_header h = sample_header();
	struct signed_header out;
	AUTO_DONE(bytes) file = header_bytes(&h);
	struct reader rest = bytes_reader(&file);
	assert_true(signed_header_parse(&rest, &out, NULL));
	assert_true(signed_header_same(&h, &out));
	assert_int_equal(out.size, file.size);
	assert_int_equal(out.signature_offset, find_tag(&file, 12));
	h = sample_encrypted_header();
	AUTO_DONE(bytes) other = header_bytes(&h);
	rest = bytes_reader(&other);
	assert_true(signed_header_parse(&rest, &out, NULL));
	assert_true(signed_header_same(&h, &out));
	assert_int_equal(out.encryption.padding, 13);
}

static void tags_are_in_the_appliances_order(void **state)
{
	(void)state;
	static const uint8_t order[] = { 1, 2, 28, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15 };
	AUTO_DONE(bytes) file = sample_bytes();
	size_t last = 0;
	for (size_t i = 0; i < sizeof(order); i++) {
		size_t at = find_tag(&file, order[i]);
		assert_true(i == 0 || at > last);
		last = at;
	}
}

static void the_body_is_left_to_the_caller(void **state)
{
	(void)state;
	struct signed_header out;
	AUTO_DONE(bytes) file = sample_bytes();
	size_t end = file.size;
	splice(&file, end, 0, reader_of_text("<device/>"));
	struct reader rest = bytes_reader(&file);
	assert_true(signed_header_parse(&rest, &out, NULL));
	assert_true(reader_same(rest, reader_of_text("<device/>")));
	assert_int_equal(out.size, end);
}

static void a_refusal_leaves_everything_alone(void **state)
{
	(void)state;
	struct signed_header out = { .timestamp = 77 };
	struct error err = { 0 };
	AUTO_DONE(bytes) file = sample_bytes();
	file.data[find_tag(&file, 8) + 3] = 9;
	struct reader rest = bytes_reader(&file);
	assert_false(signed_header_parse(&rest, &out, &err));
	assert_int_equal(out.timestamp, 77);
	assert_ptr_equal(rest.at, file.data);
	assert_int_equal(rest.left, file.size);
	assert_true(rest.ok);
}

static void unsigned_header_is_the_signed_one_without_its_signature(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct signed_header h = kind == 0 ? sample_header() : sample_encrypted_header();
		struct signed_header read;
		struct reader parts[2];
		AUTO_DONE(bytes) sealed = header_bytes(&h);
		splice(&sealed, sealed.size, 0, reader_of_text("body"));
		h.signature = (struct reader){ 0 };
		AUTO_DONE(bytes) open = header_bytes(&h);
		splice(&open, open.size, 0, reader_of_text("body"));
		struct reader rest = bytes_reader(&sealed);
		assert_true(signed_header_parse(&rest, &read, NULL));
		signed_header_covers(bytes_reader(&sealed), &read, parts);
		assert_int_equal(parts[0].left + parts[1].left, open.size);
		assert_memory_equal(parts[0].at, open.data, parts[0].left);
		assert_memory_equal(parts[1].at, open.data + parts[0].left, parts[1].left);
		assert_int_equal(get_u16(&open, 8), read.size);
	}
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	AUTO_DONE(bytes) plain = sample_bytes();
	AUTO_DONE(bytes) other = encrypted_bytes();
	assert_int_equal(every_truncation(bytes_reader(&plain), header_trip), 0);
	assert_int_equal(every_truncation(bytes_reader(&other), header_trip), 0);
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	AUTO_DONE(bytes) plain = sample_bytes();
	AUTO_DONE(bytes) other = encrypted_bytes();
	assert_true(every_changed_byte(bytes_reader(&plain), header_trip, true) > 0);
	assert_true(every_changed_byte(bytes_reader(&other), header_trip, true) > 0);
}

/* Field sizes of printed lists and their header lengths: docs/formats/signed-header.md#length */
static const struct {
	bool signer_version;
	size_t signer, serial, issuer, modulus; /* texts with their NUL */
	size_t length;
} printed[] = {
	{ true, 23, 16, 23, 256, 388 },
	{ false, 76, 10, 15, 128, 296 },
	{ false, 62, 16, 62, 128, 336 },
	{ false, 56, 10, 42, 128, 304 },
};

static void lengths_are_those_of_printed_lists(void **state)
{
	(void)state;
	char text[128];
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < COUNT(printed); i++) {
		struct signed_header h = sample_header();
		h.has_signer_version = printed[i].signer_version;
		h.signer_name = reader_of(text, printed[i].signer - 1);
		h.serial = reader_of(h.serial.at, printed[i].serial);
		h.issuer_name = reader_of(text, printed[i].issuer - 1);
		h.modulus = printed[i].modulus;
		h.signature = reader_of(h.signature.at, printed[i].modulus);
		struct bytes file = header_bytes(&h);
		assert_int_equal(file.size, printed[i].length);
		assert_int_equal(get_u16(&file, 8), printed[i].length);
		header_accepted(file);
	}
	struct signed_header h = sample_encrypted_header();
	h.signer_name = reader_of(text, 31);
	h.issuer_name = reader_of(text, 31);
	h.serial = reader_of("12345678901234567890", 20);
	struct bytes file = header_bytes(&h);
	assert_int_equal(file.size, 764);
	assert_memory_equal(file.data + 761, "\r\r\r", 3);
	header_accepted(file);
}

static void a_writer_breaks_on_what_cannot_be(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 63, 65, 384, 1024 };
	uint8_t memory[2000];
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct signed_header h = sample_header();
		struct writer w = writer_on(memory, sizeof(memory));
		h.modulus = sizes[i];
		signed_header_write(&w, &h);
		assert_false(w.ok);
		h = sample_header();
		h.signature = reader_of(h.signature.at, sizes[i] == 0 ? 255 : 257);
		w = writer_on(memory, sizeof(memory));
		signed_header_write(&w, &h);
		assert_false(w.ok);
	}
	static char text[65000];
	memset(text, 'x', sizeof(text));
	struct signed_header h = sample_header();
	h.signer_name = reader_of(text, sizeof(text));
	h.issuer_name = h.signer_name;
	AUTO_DONE(writer) w = writer_new(1 << 20);
	signed_header_write(&w, &h);
	assert_false(w.ok);
	AUTO_DONE(bytes) file = sample_bytes();
	for (size_t size = 0; size < file.size; size++) {
		struct signed_header fine = sample_header();
		struct writer small = writer_on(memory, size);
		signed_header_write(&small, &fine);
		assert_false(small.ok);
	}
}

static void sameness_sees_every_field(void **state)
{
	(void)state;
	struct signed_header a = sample_encrypted_header();
	a.has_signer_version = true;
	struct signed_header others[17];
	for (size_t i = 0; i < COUNT(others); i++)
		others[i] = a;
	others[0].version.minor++;
	others[1].has_signer_version = false;
	others[2].signer_version.major++;
	others[3].signer_name = reader_of_text("CN=b");
	others[4].serial.left--;
	others[5].issuer_name = reader_of_text("CN=b");
	others[6].hash = HASH_SHA512;
	others[7].modulus = 128;
	others[8].signature.left--;
	others[9].file_name = reader_of_text("b");
	others[10].has_timestamp = false;
	others[11].timestamp++;
	others[12].has_encryption = false;
	others[13].encryption.iv.left--;
	others[14].encryption.padding--;
	others[15].encryption.wrapped_key.left--;
	others[16].encryption.digest.left--;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(signed_header_same(&a, &others[i]));
	struct signed_header elsewhere = a;
	elsewhere.size = 4;
	elsewhere.signature_offset = 9;
	assert_true(signed_header_same(&a, &elsewhere));
}

static void hashes_have_names_and_sizes(void **state)
{
	(void)state;
	assert_int_equal(hash_code_size(HASH_SHA1), 20);
	assert_int_equal(hash_code_size(HASH_SHA256), 32);
	assert_int_equal(hash_code_size(HASH_SHA512), 64);
	assert_int_equal(hash_code_size((enum hash_code)0), 0);
	assert_string_equal(hash_code_name(HASH_SHA1), "SHA-1");
	assert_string_equal(hash_code_name(HASH_SHA256), "SHA-256");
	assert_string_equal(hash_code_name(HASH_SHA512), "SHA-512");
	assert_string_equal(hash_code_name((enum hash_code)9), "unknown");
}

static const struct {
	const char *path;
	uint16_t version;
	size_t size, body;
	enum hash_code hash;
	const char *file_name;
	bool encrypted;
} files[] = {
	{ "vectors/signed-sha1.SEP001122334455.cnf.xml.sgn", 0x0100, 424, 467, HASH_SHA1,
		"SEP001122334455.cnf.xml.sgn", false },
	{ "vectors/signed-sha512.SEP001122334455.cnf.xml.sgn", 0x0100, 424, 467, HASH_SHA512,
		"SEP001122334455.cnf.xml.sgn", false },
	{ "vectors/SEP001122334455.cnf.xml.enc.sgn", 0x0200, 764, 480, HASH_SHA1,
		"SEP001122334455.cnf.xml.enc.sgn", true },
};

static void signed_files_of_others_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct signed_header h;
		AUTO_DONE(bytes) file = { 0 };
		if (!vector_read(files[i].path, &file))
			skip();
		struct reader body = bytes_reader(&file);
		assert_true(signed_header_parse(&body, &h, NULL));
		assert_int_equal(h.version.major << 8 | h.version.minor, files[i].version);
		assert_int_equal(h.size, files[i].size);
		assert_int_equal(body.left, files[i].body);
		assert_int_equal(h.hash, files[i].hash);
		assert_true(reader_same(h.file_name, reader_of_text(files[i].file_name)));
		assert_int_equal(h.has_encryption, files[i].encrypted);
		struct reader header = reader_of(file.data, h.size);
		assert_int_equal(every_truncation(header, header_trip), 0);
		(void)every_changed_byte(header, header_trip, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(tags_are_in_the_appliances_order),
		cmocka_unit_test(the_body_is_left_to_the_caller),
		cmocka_unit_test(a_refusal_leaves_everything_alone),
		cmocka_unit_test(unsigned_header_is_the_signed_one_without_its_signature),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(lengths_are_those_of_printed_lists),
		cmocka_unit_test(a_writer_breaks_on_what_cannot_be),
		cmocka_unit_test(sameness_sees_every_field),
		cmocka_unit_test(hashes_have_names_and_sizes),
		cmocka_unit_test(signed_files_of_others_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
