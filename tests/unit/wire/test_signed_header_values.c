#include "wire/signed_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "wire/header_edit.h"
#include "wire/mutation.h"
#include "wire/trips.h"

static void set_text(struct bytes *file, uint8_t tag, const void *text, size_t size)
{
	size_t at = find_tag(file, tag);
	size_t old = get_u16(file, at + 1);
	if (tag < 14) {
		size_t group = find_tag(file, 3);
		set_u16(file, group + 1, get_u16(file, group + 1) - old + size);
	}
	set_u16(file, at + 1, size);
	header_insert(file, at + 3, reader_of(text, size));
	header_remove(file, at + 3 + size, old);
}

static void texts_are_texts(void **state)
{
	(void)state;
	static const uint8_t tags[] = { 4, 6, 14 };
	static const struct {
		const char *text;
		size_t size;
		const char *words;
	} bad[] = {
		{ "CN=a", 4, "does not end with a zero byte" },
		{ "CN\0a", 5, "control byte 00" },
		{ "CN=a\0", 6, "control byte 00" },
		{ "CN=\n", 5, "control byte 0a" },
		{ "CN=\x1b", 5, "control byte 1b" },
		{ "CN=\xff", 5, "not UTF-8" },
		{ "CN=\xc3", 5, "not UTF-8" },
		{ "", 0, "must be" },
	};
	for (size_t t = 0; t < COUNT(tags); t++)
		for (size_t i = 0; i < COUNT(bad); i++) {
			struct bytes file = sample_bytes();
			set_text(&file, tags[t], bad[i].text, bad[i].size);
			header_refused(file, bad[i].words);
		}
}

static void texts_have_a_limit(void **state)
{
	(void)state;
	static const uint8_t tags[] = { 4, 6, 14 };
	char text[LIMIT_TEXT + 1];
	memset(text, 'x', sizeof(text));
	for (size_t t = 0; t < COUNT(tags); t++) {
		struct bytes file = sample_bytes();
		text[LIMIT_TEXT - 1] = '\0';
		set_text(&file, tags[t], text, LIMIT_TEXT);
		header_accepted(file);
		text[LIMIT_TEXT - 1] = 'x';
		text[LIMIT_TEXT] = '\0';
		AUTO_DONE(bytes) more = sample_bytes();
		set_text(&more, tags[t], text, LIMIT_TEXT + 1);
		refused_with(bytes_reader(&more), header_trip, FAULT_LIMIT, "1025 bytes long");
	}
}

static void an_empty_name_is_a_name_but_no_file_name(void **state)
{
	(void)state;
	struct bytes file = sample_bytes();
	set_text(&file, 4, "", 1);
	header_accepted(file);
	file = sample_bytes();
	set_text(&file, 6, "", 1);
	header_accepted(file);
	file = sample_bytes();
	set_text(&file, 14, "", 1);
	header_refused(file, "file name");
}

static void file_names_stay_below(void **state)
{
	(void)state;
	static const char *const good[] = { "a", "..a", "a..", "...", "a/..b/c", ".", "a/b/c.sgn",
		"Desktops/320x196x4/List.xml.sgn", "\xc3\xb6.sgn" };
	static const char *const bad[] = { "/a", "/", "..", "../a", "a/..", "a/../b", "a\\b",
		"\\" };
	for (size_t i = 0; i < COUNT(good); i++) {
		struct bytes file = sample_bytes();
		set_text(&file, 14, good[i], strlen(good[i]) + 1);
		header_accepted(file);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct bytes file = sample_bytes();
		set_text(&file, 14, bad[i], strlen(bad[i]) + 1);
		header_refused(file, "file name");
	}
}

static void serials_are_numbers(void **state)
{
	(void)state;
	uint8_t serial[LIMIT_SERIAL + 1];
	memset(serial, 0x80, sizeof(serial));
	static const size_t good[] = { 1, 16, 20, LIMIT_SERIAL };
	for (size_t i = 0; i < COUNT(good); i++) {
		struct bytes file = sample_bytes();
		set_text(&file, 5, serial, good[i]);
		header_accepted(file);
	}
	AUTO_DONE(bytes) more = sample_bytes();
	set_text(&more, 5, serial, LIMIT_SERIAL + 1);
	refused_with(bytes_reader(&more), header_trip, FAULT_LIMIT, "serial number");
	struct bytes file = sample_bytes();
	set_text(&file, 5, serial, 0);
	header_refused(file, "serial number");
	serial[0] = 0;
	file = sample_bytes();
	set_text(&file, 5, serial, 16);
	header_refused(file, "serial number at byte 60: starts with a zero byte");
	file = sample_bytes();
	set_text(&file, 5, serial, 1);
	header_refused(file, "serial number");
}

static void codes_are_known_or_refused(void **state)
{
	(void)state;
	for (unsigned code = 0; code <= 255; code++) {
		struct bytes file = sample_bytes();
		file.data[find_tag(&file, 8) + 3] = (uint8_t)code;
		if (code >= 1 && code <= 3)
			header_accepted(file);
		else
			header_refused(file, "hash code");
		if (code == 0)
			continue;
		file = sample_bytes();
		file.data[find_tag(&file, 10) + 3] = (uint8_t)code;
		header_refused(file, "signature algorithm");
	}
	for (unsigned code = 0; code <= 255; code++) {
		struct bytes file = sample_bytes();
		file.data[find_tag(&file, 11) + 3] = (uint8_t)code;
		if (code == 2)
			header_accepted(file);
		else
			header_refused(
				file, code < 4 ? "but the key is said to have" : "modulus size");
	}
}

static void each_modulus_size_goes_both_ways(void **state)
{
	(void)state;
	static const size_t sizes[] = { 64, 128, 256, 512 };
	uint8_t signature[512] = { 1 };
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct signed_header h = sample_header();
		h.modulus = sizes[i];
		h.signature = reader_of(signature, sizes[i]);
		struct bytes file = header_bytes(&h);
		assert_int_equal(file.data[find_tag(&file, 11) + 3], i);
		header_accepted(file);
	}
}

static void encryption_is_exact(void **state)
{
	(void)state;
	static const struct {
		uint8_t tag;
		uint8_t value;
		const char *words;
	} bytes_of[] = { { 18, 1, "unknown kind" }, { 22, 1, "unknown kind" },
		{ 24, 0, "unknown kind" }, { 24, 2, "unknown kind" }, { 26, 0, "clear digest" },
		{ 26, 2, "clear digest" }, { 26, 3, "clear digest" }, { 26, 4, "clear digest" } };
	for (size_t i = 0; i < COUNT(bytes_of); i++) {
		struct bytes file = encrypted_bytes();
		file.data[find_tag(&file, bytes_of[i].tag) + 3] = bytes_of[i].value;
		header_refused(file, bytes_of[i].words);
	}
	static const uint16_t pads[] = { 0, 17, 256, 65535 };
	for (size_t i = 0; i < COUNT(pads); i++) {
		struct bytes file = encrypted_bytes();
		set_u16(&file, find_tag(&file, 20) + 3, pads[i]);
		header_refused(file, "pad count");
	}
	for (uint16_t pad = 1; pad <= 16; pad++) {
		struct bytes file = encrypted_bytes();
		set_u16(&file, find_tag(&file, 20) + 3, pad);
		header_accepted(file);
	}
	static const uint16_t bits[] = { 0, 256, 2047, 2049, 1024, 4096 };
	for (size_t i = 0; i < COUNT(bits); i++) {
		struct bytes file = encrypted_bytes();
		set_u16(&file, find_tag(&file, 23) + 3, bits[i]);
		header_refused(file, "wrapped key of 256 bytes");
	}
}

static void encryption_belongs_to_version_2(void **state)
{
	(void)state;
	for (uint16_t minor = 0; minor <= 2; minor++) {
		struct bytes file = encrypted_bytes();
		set_u16(&file, 3, 0x0100u + minor);
		header_refused(file, "has no encryption");
	}
	struct bytes file = encrypted_bytes();
	header_drop_tag(&file, 16);
	header_drop_tag(&file, 26);
	header_drop_tag(&file, 27);
	header_accepted(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_texts),
		cmocka_unit_test(texts_have_a_limit),
		cmocka_unit_test(an_empty_name_is_a_name_but_no_file_name),
		cmocka_unit_test(file_names_stay_below),
		cmocka_unit_test(serials_are_numbers),
		cmocka_unit_test(codes_are_known_or_refused),
		cmocka_unit_test(each_modulus_size_goes_both_ways),
		cmocka_unit_test(encryption_is_exact),
		cmocka_unit_test(encryption_belongs_to_version_2),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
