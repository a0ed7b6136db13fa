#include "wire/signed_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "pki/vector_file.h"
#include "wire/header_edit.h"
#include "wire/mutation.h"

static bool trip(struct reader bytes, struct error *err)
{
	struct signed_header once, twice;
	struct reader parts[2];
	struct reader body = bytes;
	if (!signed_header_parse(&body, &once, err))
		return false;
	assert_true(signed_header_recognise(bytes));
	assert_int_equal(bytes.left, once.size + body.left);
	signed_header_covers(bytes, &once, parts);
	assert_int_equal(parts[0].left + 3 + once.modulus + parts[1].left, bytes.left);
	assert_ptr_equal(bytes.at + parts[0].left + 3, once.signature.at);
	AUTO_DONE(writer) w = writer_new(70000);
	signed_header_write(&w, &once);
	assert_true(w.ok);
	struct reader again = writer_written(&w);
	assert_true(signed_header_parse(&again, &twice, err));
	assert_int_equal(again.left, 0);
	assert_true(signed_header_same(&once, &twice));
	assert_int_equal(once.size, twice.size);
	return true;
}

static void accepted(struct bytes header)
{
	struct error err = { 0 };
	if (!trip(bytes_reader(&header), &err))
		print_error("refused: %s\n", err.text);
	assert_true(trip(bytes_reader(&header), &err));
	bytes_done(&header);
}

static void refused(struct bytes header, const char *words)
{
	refused_with(bytes_reader(&header), trip, FAULT_MALFORMED, words);
	bytes_done(&header);
}

static struct bytes sample(void)
{
	struct signed_header h = sample_header();
	return header_bytes(&h);
}

static struct bytes encrypted(void)
{
	struct signed_header h = sample_encrypted_header();
	return header_bytes(&h);
}

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
	AUTO_DONE(bytes) file = sample();
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
	AUTO_DONE(bytes) file = sample();
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
	AUTO_DONE(bytes) file = sample();
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
	AUTO_DONE(bytes) plain = sample();
	AUTO_DONE(bytes) other = encrypted();
	assert_int_equal(every_truncation(bytes_reader(&plain), trip), 0);
	assert_int_equal(every_truncation(bytes_reader(&other), trip), 0);
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	AUTO_DONE(bytes) plain = sample();
	AUTO_DONE(bytes) other = encrypted();
	assert_true(every_changed_byte(bytes_reader(&plain), trip, true) > 0);
	assert_true(every_changed_byte(bytes_reader(&other), trip, true) > 0);
}

static void header_length_must_fit(void **state)
{
	(void)state;
	static const int wrong[] = { -4, 4, 1, -1, 2, -2 };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct bytes file = sample();
		set_u16(&file, 8, (size_t)((int)file.size + wrong[i]));
		refused(file, "header");
	}
	static const uint16_t absurd[] = { 0, 4, 8, 10, 65532, 65535 };
	for (size_t i = 0; i < COUNT(absurd); i++) {
		struct bytes file = sample();
		set_u16(&file, 8, absurd[i]);
		refused(file, "header: header length of");
	}
	struct bytes file = sample();
	size_t size = file.size;
	splice(&file, size, 0, reader_of_text("more, more"));
	set_u16(&file, 8, size + 4);
	refused(file, "header: tag 109 at byte");
	file = sample();
	size = file.size;
	splice(&file, size, 0, reader_of_text("\r\r\r\r"));
	set_u16(&file, 8, size + 4);
	refused(file, "padding at byte");
}

static void only_known_versions_are_read(void **state)
{
	(void)state;
	static const uint16_t known[] = { 0x0100, 0x0101, 0x0102, 0x0200 };
	static const uint16_t unknown[] = { 0x0000, 0x0001, 0x0103, 0x0201, 0x0300, 0xffff };
	for (size_t i = 0; i < COUNT(known); i++) {
		struct bytes file = sample();
		set_u16(&file, 3, known[i]);
		accepted(file);
	}
	for (size_t i = 0; i < COUNT(unknown); i++) {
		struct bytes file = sample();
		set_u16(&file, 3, unknown[i]);
		refused(file, "version");
	}
}

static void the_first_two_tags_are_fixed(void **state)
{
	(void)state;
	static const uint8_t at[] = { 0, 1, 2, 5, 6, 7 };
	for (size_t i = 0; i < COUNT(at); i++) {
		struct bytes file = sample();
		file.data[at[i]] ^= 3;
		assert_false(signed_header_recognise(bytes_reader(&file)));
		refused(file, "does not start with version and header length");
	}
	assert_false(signed_header_recognise(reader_of("\1\0\2\1\1\2\0\2\0", 9)));
	assert_true(signed_header_recognise(reader_of("\1\0\2\1\1\2\0\2\1\x90", 10)));
	assert_false(signed_header_recognise(reader_of(NULL, 0)));
}

/* The three tags of the signer as stretches of the sample. */
static void signer_may_come_in_any_order(void **state)
{
	(void)state;
	static const uint8_t orders[][3] = { { 4, 5, 6 }, { 4, 6, 5 }, { 5, 4, 6 }, { 5, 6, 4 },
		{ 6, 4, 5 }, { 6, 5, 4 } };
	struct signed_header expected = sample_header();
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct signed_header read;
		AUTO_DONE(bytes) file = sample();
		AUTO_DONE(writer) w = writer_new(1000);
		for (size_t n = 0; n < 3; n++) {
			size_t at = find_tag(&file, orders[i][n]);
			writer_bytes(
				&w, reader_of(file.data + at, 3 + (size_t)get_u16(&file, at + 1)));
		}
		splice(&file, find_tag(&file, 4), w.used, writer_written(&w));
		struct reader rest = bytes_reader(&file);
		assert_true(signed_header_parse(&rest, &read, NULL));
		assert_true(signed_header_same(&read, &expected));
	}
}

static void signer_version_may_stand_elsewhere_or_be_absent(void **state)
{
	(void)state;
	struct bytes file = sample();
	header_drop_tag(&file, 28);
	struct bytes last = { 0 };
	assert_true(bytes_copy(&last, bytes_reader(&file), NULL));
	accepted(file);
	header_insert(&last, find_tag(&last, 15) + 7, reader_of("\x1c\0\2\1\1", 5));
	accepted(last);
}

static void groups_are_filled_exactly(void **state)
{
	(void)state;
	static const uint8_t plain_groups[] = { 3, 7, 9 };
	static const uint8_t more_groups[] = { 16, 17, 21 };
	for (size_t i = 0; i < COUNT(plain_groups); i++)
		for (int by = -1; by <= 1; by += 2) {
			struct bytes file = sample();
			size_t at = find_tag(&file, plain_groups[i]) + 1;
			set_u16(&file, at, (size_t)(get_u16(&file, at) + by));
			refused(file, "header: ");
		}
	for (size_t i = 0; i < COUNT(more_groups); i++)
		for (int by = -1; by <= 1; by += 2) {
			struct bytes file = encrypted();
			size_t at = find_tag(&file, more_groups[i]) + 1;
			set_u16(&file, at, (size_t)(get_u16(&file, at) + by));
			refused(file, "header: ");
		}
}

static void no_tag_comes_twice(void **state)
{
	(void)state;
	for (uint8_t tag = 1; tag <= 28; tag++) {
		if (tag == 13)
			continue;
		struct bytes file = tag == 28 ? sample() : encrypted();
		size_t at = find_tag(&file, tag);
		size_t size = 3 + (size_t)get_u16(&file, at + 1);
		AUTO_DONE(bytes) twin = { 0 };
		assert_true(bytes_copy(&twin, reader_of(file.data + at, size), NULL));
		/* beside its twin, in the same group */
		for (uint8_t group = 3; group <= 21; group++) {
			if (group == tag || strchr("\3\7\11\20\21\25", group) == NULL || tag == 28)
				continue;
			size_t start = find_tag(&file, group);
			size_t length = get_u16(&file, start + 1);
			if (at >= start + 3 && at < start + 3 + length)
				set_u16(&file, start + 1, length + size);
		}
		header_insert(&file, at, bytes_reader(&twin));
		/* two of tags 1 and 2 spoil the opening, groups 7 and 9 have a fixed length */
		refused(file, tag <= 2 ? "header" : "header: ");
	}
	struct bytes file = sample();
	size_t at = find_tag(&file, 12);
	AUTO_DONE(bytes) twin = { 0 };
	assert_true(bytes_copy(&twin, reader_of(file.data + at, 259), NULL));
	header_insert(&file, at, bytes_reader(&twin));
	refused(file, "signature at byte 398: comes a second time");
}

static void every_tag_stays_in_its_group(void **state)
{
	(void)state;
	static const struct {
		uint8_t before; /* stands at the top */
		const char *piece;
		size_t size;
	} strays[] = {
		{ 14, "\4\0\2C\0", 5 },
		{ 14, "\5\0\1\1", 4 },
		{ 14, "\6\0\2C\0", 5 },
		{ 14, "\10\0\1\1", 4 },
		{ 14, "\11\0\10\12\0\1\0\13\0\1\2", 11 },
		{ 14, "\12\0\1\0", 4 },
		{ 14, "\13\0\1\2", 4 },
		{ 14, "\24\0\2\0\1", 5 },
		{ 14, "\27\0\2\10\0", 5 },
	};
	for (size_t i = 0; i < COUNT(strays); i++) {
		struct bytes file = sample();
		header_insert(&file, find_tag(&file, strays[i].before),
			reader_of(strays[i].piece, strays[i].size));
		refused(file, "does not belong there");
	}
	struct bytes file = sample();
	size_t at = find_tag(&file, 3);
	set_u16(&file, at + 1, get_u16(&file, at + 1) + 7u);
	header_insert(&file, at + 3, reader_of("\17\0\4\1\1\1\1", 7));
	refused(file, "timestamp at byte 18: does not belong there");
}

static void every_needed_tag_is_missed(void **state)
{
	(void)state;
	static const uint8_t needed[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14 };
	static const uint8_t encryption[] = { 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27 };
	for (size_t i = 0; i < COUNT(needed); i++) {
		struct bytes file = sample();
		header_drop_tag(&file, needed[i]);
		refused(file, "header: ");
	}
	for (size_t i = 0; i < COUNT(encryption); i++) {
		struct bytes file = encrypted();
		header_drop_tag(&file, encryption[i]);
		refused(file, "header: ");
	}
	struct bytes file = sample();
	header_drop_tag(&file, 5);
	refused(file, "serial number (tag 5) is missing");
	file = sample();
	header_drop_tag(&file, 12);
	refused(file, "signature (tag 12) is missing");
}

static void timestamp_may_be_absent(void **state)
{
	(void)state;
	struct bytes file = sample();
	header_drop_tag(&file, 15);
	accepted(file);
}

static void unknown_tags_are_refused_with_their_place(void **state)
{
	(void)state;
	static const uint8_t tags[] = { 0, 29, 31, 32, 128, 255 };
	for (size_t i = 0; i < COUNT(tags); i++) {
		struct bytes file = sample();
		uint8_t piece[4] = { tags[i], 0, 1, 0 };
		char words[40];
		(void)snprintf(words, sizeof(words), "tag %u at byte 10 is unknown", tags[i]);
		header_insert(&file, 10, reader_of(piece, 4));
		refused(file, words);
	}
}

static void padding_stands_at_the_end_alone(void **state)
{
	(void)state;
	static const uint8_t places[] = { 28, 3, 7, 12, 14, 15 };
	for (size_t i = 0; i < COUNT(places); i++)
		for (size_t count = 1; count <= 4; count++) {
			struct bytes file = sample();
			header_insert(
				&file, find_tag(&file, places[i]), reader_of("\r\r\r\r", count));
			refused(file, "padding at byte");
		}
	struct bytes file = sample();
	size_t at = find_tag(&file, 3);
	set_u16(&file, at + 1, get_u16(&file, at + 1) + 4u);
	header_insert(&file, at + 3, reader_of("\r\r\r\r", 4));
	refused(file, "padding at byte 18");
}

static void padding_is_at_most_three_bytes_of_one_kind(void **state)
{
	(void)state;
	struct signed_header h = sample_header();
	for (size_t extra = 0; extra < 4; extra++) {
		h.file_name = reader_of("ITLFile.tlv", 8 + extra);
		struct bytes file = header_bytes(&h);
		size_t pads = 0;
		while (file.data[file.size - 1 - pads] == 13)
			pads++;
		assert_int_equal(pads, 3 - extra);
		struct signed_header read;
		struct reader rest = bytes_reader(&file);
		assert_true(signed_header_parse(&rest, &read, NULL));
		assert_int_equal(read.padding, pads);
		if (pads > 0) {
			file.data[file.size - 1] = 0;
			refused(file, pads > 1 ? "padding at byte" : "tag 0 at byte");
		} else {
			splice(&file, file.size, 0, reader_of("\r\r\r\r", 4));
			set_u16(&file, 8, file.size);
			refused(file, "4 bytes, at most 3 are allowed");
		}
	}
}

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
			struct bytes file = sample();
			set_text(&file, tags[t], bad[i].text, bad[i].size);
			refused(file, bad[i].words);
		}
}

static void texts_have_a_limit(void **state)
{
	(void)state;
	static const uint8_t tags[] = { 4, 6, 14 };
	char text[LIMIT_TEXT + 1];
	memset(text, 'x', sizeof(text));
	for (size_t t = 0; t < COUNT(tags); t++) {
		struct bytes file = sample();
		text[LIMIT_TEXT - 1] = '\0';
		set_text(&file, tags[t], text, LIMIT_TEXT);
		accepted(file);
		text[LIMIT_TEXT - 1] = 'x';
		text[LIMIT_TEXT] = '\0';
		AUTO_DONE(bytes) more = sample();
		set_text(&more, tags[t], text, LIMIT_TEXT + 1);
		refused_with(bytes_reader(&more), trip, FAULT_LIMIT, "1025 bytes long");
	}
}

static void an_empty_name_is_a_name_but_no_file_name(void **state)
{
	(void)state;
	struct bytes file = sample();
	set_text(&file, 4, "", 1);
	accepted(file);
	file = sample();
	set_text(&file, 6, "", 1);
	accepted(file);
	file = sample();
	set_text(&file, 14, "", 1);
	refused(file, "file name");
}

static void file_names_stay_below(void **state)
{
	(void)state;
	static const char *const good[] = { "a", "..a", "a..", "...", "a/..b/c", ".", "a/b/c.sgn",
		"Desktops/320x196x4/List.xml.sgn", "\xc3\xb6.sgn" };
	static const char *const bad[] = { "/a", "/", "..", "../a", "a/..", "a/../b", "a\\b",
		"\\" };
	for (size_t i = 0; i < COUNT(good); i++) {
		struct bytes file = sample();
		set_text(&file, 14, good[i], strlen(good[i]) + 1);
		accepted(file);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct bytes file = sample();
		set_text(&file, 14, bad[i], strlen(bad[i]) + 1);
		refused(file, "file name");
	}
}

static void serials_are_numbers(void **state)
{
	(void)state;
	uint8_t serial[LIMIT_SERIAL + 1];
	memset(serial, 0x80, sizeof(serial));
	static const size_t good[] = { 1, 16, 20, LIMIT_SERIAL };
	for (size_t i = 0; i < COUNT(good); i++) {
		struct bytes file = sample();
		set_text(&file, 5, serial, good[i]);
		accepted(file);
	}
	AUTO_DONE(bytes) more = sample();
	set_text(&more, 5, serial, LIMIT_SERIAL + 1);
	refused_with(bytes_reader(&more), trip, FAULT_LIMIT, "serial number");
	struct bytes file = sample();
	set_text(&file, 5, serial, 0);
	refused(file, "serial number");
	serial[0] = 0;
	file = sample();
	set_text(&file, 5, serial, 16);
	refused(file, "serial number at byte 60: starts with a zero byte");
	file = sample();
	set_text(&file, 5, serial, 1);
	refused(file, "serial number");
}

static void codes_are_known_or_refused(void **state)
{
	(void)state;
	for (unsigned code = 0; code <= 255; code++) {
		struct bytes file = sample();
		file.data[find_tag(&file, 8) + 3] = (uint8_t)code;
		if (code >= 1 && code <= 3)
			accepted(file);
		else
			refused(file, "hash code");
		if (code == 0)
			continue;
		file = sample();
		file.data[find_tag(&file, 10) + 3] = (uint8_t)code;
		refused(file, "signature algorithm");
	}
	for (unsigned code = 0; code <= 255; code++) {
		struct bytes file = sample();
		file.data[find_tag(&file, 11) + 3] = (uint8_t)code;
		if (code == 2)
			accepted(file);
		else
			refused(file, code < 4 ? "but the key is said to have" : "modulus size");
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
		accepted(file);
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
		struct bytes file = encrypted();
		file.data[find_tag(&file, bytes_of[i].tag) + 3] = bytes_of[i].value;
		refused(file, bytes_of[i].words);
	}
	static const uint16_t pads[] = { 0, 17, 256, 65535 };
	for (size_t i = 0; i < COUNT(pads); i++) {
		struct bytes file = encrypted();
		set_u16(&file, find_tag(&file, 20) + 3, pads[i]);
		refused(file, "pad count");
	}
	for (uint16_t pad = 1; pad <= 16; pad++) {
		struct bytes file = encrypted();
		set_u16(&file, find_tag(&file, 20) + 3, pad);
		accepted(file);
	}
	static const uint16_t bits[] = { 0, 256, 2047, 2049, 1024, 4096 };
	for (size_t i = 0; i < COUNT(bits); i++) {
		struct bytes file = encrypted();
		set_u16(&file, find_tag(&file, 23) + 3, bits[i]);
		refused(file, "wrapped key of 256 bytes");
	}
}

static void encryption_belongs_to_version_2(void **state)
{
	(void)state;
	for (uint16_t minor = 0; minor <= 2; minor++) {
		struct bytes file = encrypted();
		set_u16(&file, 3, 0x0100u + minor);
		refused(file, "has no encryption");
	}
	struct bytes file = encrypted();
	header_drop_tag(&file, 16);
	header_drop_tag(&file, 26);
	header_drop_tag(&file, 27);
	accepted(file);
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
		accepted(file);
	}
	struct signed_header h = sample_encrypted_header();
	h.signer_name = reader_of(text, 31);
	h.issuer_name = reader_of(text, 31);
	h.serial = reader_of("12345678901234567890", 20);
	struct bytes file = header_bytes(&h);
	assert_int_equal(file.size, 764);
	assert_memory_equal(file.data + 761, "\r\r\r", 3);
	accepted(file);
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
	AUTO_DONE(bytes) file = sample();
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
		assert_int_equal(every_truncation(header, trip), 0);
		(void)every_changed_byte(header, trip, false);
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
		cmocka_unit_test(header_length_must_fit),
		cmocka_unit_test(only_known_versions_are_read),
		cmocka_unit_test(the_first_two_tags_are_fixed),
		cmocka_unit_test(signer_may_come_in_any_order),
		cmocka_unit_test(signer_version_may_stand_elsewhere_or_be_absent),
		cmocka_unit_test(groups_are_filled_exactly),
		cmocka_unit_test(no_tag_comes_twice),
		cmocka_unit_test(every_tag_stays_in_its_group),
		cmocka_unit_test(every_needed_tag_is_missed),
		cmocka_unit_test(timestamp_may_be_absent),
		cmocka_unit_test(unknown_tags_are_refused_with_their_place),
		cmocka_unit_test(padding_stands_at_the_end_alone),
		cmocka_unit_test(padding_is_at_most_three_bytes_of_one_kind),
		cmocka_unit_test(texts_are_texts),
		cmocka_unit_test(texts_have_a_limit),
		cmocka_unit_test(an_empty_name_is_a_name_but_no_file_name),
		cmocka_unit_test(file_names_stay_below),
		cmocka_unit_test(serials_are_numbers),
		cmocka_unit_test(codes_are_known_or_refused),
		cmocka_unit_test(each_modulus_size_goes_both_ways),
		cmocka_unit_test(encryption_is_exact),
		cmocka_unit_test(encryption_belongs_to_version_2),
		cmocka_unit_test(lengths_are_those_of_printed_lists),
		cmocka_unit_test(a_writer_breaks_on_what_cannot_be),
		cmocka_unit_test(sameness_sees_every_field),
		cmocka_unit_test(hashes_have_names_and_sizes),
		cmocka_unit_test(signed_files_of_others_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
