#include "wire/signed_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/header_edit.h"
#include "wire/trips.h"

static void header_length_must_fit(void **state)
{
	(void)state;
	static const int wrong[] = { -4, 4, 1, -1, 2, -2 };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct bytes file = sample_bytes();
		set_u16(&file, 8, (size_t)((int)file.size + wrong[i]));
		header_refused(file, "header");
	}
	static const uint16_t absurd[] = { 0, 4, 8, 10, 65532, 65535 };
	for (size_t i = 0; i < COUNT(absurd); i++) {
		struct bytes file = sample_bytes();
		set_u16(&file, 8, absurd[i]);
		header_refused(file, "header: header length of");
	}
	struct bytes file = sample_bytes();
	size_t size = file.size;
	splice(&file, size, 0, reader_of_text("more, more"));
	set_u16(&file, 8, size + 4);
	header_refused(file, "header: tag 109 at byte");
	file = sample_bytes();
	size = file.size;
	splice(&file, size, 0, reader_of_text("\r\r\r\r"));
	set_u16(&file, 8, size + 4);
	header_refused(file, "padding at byte");
}

static void only_known_versions_are_read(void **state)
{
	(void)state;
	static const uint16_t known[] = { 0x0100, 0x0101, 0x0102, 0x0200 };
	static const uint16_t unknown[] = { 0x0000, 0x0001, 0x0103, 0x0201, 0x0300, 0xffff };
	for (size_t i = 0; i < COUNT(known); i++) {
		struct bytes file = sample_bytes();
		set_u16(&file, 3, known[i]);
		header_accepted(file);
	}
	for (size_t i = 0; i < COUNT(unknown); i++) {
		struct bytes file = sample_bytes();
		set_u16(&file, 3, unknown[i]);
		header_refused(file, "version");
	}
}

static void the_first_two_tags_are_fixed(void **state)
{
	(void)state;
	static const uint8_t at[] = { 0, 1, 2, 5, 6, 7 };
	for (size_t i = 0; i < COUNT(at); i++) {
		struct bytes file = sample_bytes();
		file.data[at[i]] ^= 3;
		assert_false(signed_header_recognise(bytes_reader(&file)));
		header_refused(file, "does not start with version and header length");
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
		AUTO_DONE(bytes) file = sample_bytes();
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
	struct bytes file = sample_bytes();
	header_drop_tag(&file, 28);
	struct bytes last = { 0 };
	assert_true(bytes_copy(&last, bytes_reader(&file), NULL));
	header_accepted(file);
	header_insert(&last, find_tag(&last, 15) + 7, reader_of("\x1c\0\2\1\1", 5));
	header_accepted(last);
}

static void groups_are_filled_exactly(void **state)
{
	(void)state;
	static const uint8_t plain_groups[] = { 3, 7, 9 };
	static const uint8_t more_groups[] = { 16, 17, 21 };
	for (size_t i = 0; i < COUNT(plain_groups); i++)
		for (int by = -1; by <= 1; by += 2) {
			struct bytes file = sample_bytes();
			size_t at = find_tag(&file, plain_groups[i]) + 1;
			set_u16(&file, at, (size_t)(get_u16(&file, at) + by));
			header_refused(file, "header: ");
		}
	for (size_t i = 0; i < COUNT(more_groups); i++)
		for (int by = -1; by <= 1; by += 2) {
			struct bytes file = encrypted_bytes();
			size_t at = find_tag(&file, more_groups[i]) + 1;
			set_u16(&file, at, (size_t)(get_u16(&file, at) + by));
			header_refused(file, "header: ");
		}
}

static void no_tag_comes_twice(void **state)
{
	(void)state;
	for (uint8_t tag = 1; tag <= 28; tag++) {
		if (tag == 13)
			continue;
		struct bytes file = tag == 28 ? sample_bytes() : encrypted_bytes();
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
		header_refused(file, tag <= 2 ? "header" : "header: ");
	}
	struct bytes file = sample_bytes();
	size_t at = find_tag(&file, 12);
	AUTO_DONE(bytes) twin = { 0 };
	assert_true(bytes_copy(&twin, reader_of(file.data + at, 259), NULL));
	header_insert(&file, at, bytes_reader(&twin));
	header_refused(file, "signature at byte 398: comes a second time");
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
		struct bytes file = sample_bytes();
		header_insert(&file, find_tag(&file, strays[i].before),
			reader_of(strays[i].piece, strays[i].size));
		header_refused(file, "does not belong there");
	}
	struct bytes file = sample_bytes();
	size_t at = find_tag(&file, 3);
	set_u16(&file, at + 1, get_u16(&file, at + 1) + 7u);
	header_insert(&file, at + 3, reader_of("\17\0\4\1\1\1\1", 7));
	header_refused(file, "timestamp at byte 18: does not belong there");
}

static void every_needed_tag_is_missed(void **state)
{
	(void)state;
	static const uint8_t needed[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14 };
	static const uint8_t encryption[] = { 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27 };
	for (size_t i = 0; i < COUNT(needed); i++) {
		struct bytes file = sample_bytes();
		header_drop_tag(&file, needed[i]);
		header_refused(file, "header: ");
	}
	for (size_t i = 0; i < COUNT(encryption); i++) {
		struct bytes file = encrypted_bytes();
		header_drop_tag(&file, encryption[i]);
		header_refused(file, "header: ");
	}
	struct bytes file = sample_bytes();
	header_drop_tag(&file, 5);
	header_refused(file, "serial number (tag 5) is missing");
	file = sample_bytes();
	header_drop_tag(&file, 12);
	header_refused(file, "signature (tag 12) is missing");
}

static void timestamp_may_be_absent(void **state)
{
	(void)state;
	struct bytes file = sample_bytes();
	header_drop_tag(&file, 15);
	header_accepted(file);
}

static void unknown_tags_are_refused_with_their_place(void **state)
{
	(void)state;
	static const uint8_t tags[] = { 0, 29, 31, 32, 128, 255 };
	for (size_t i = 0; i < COUNT(tags); i++) {
		struct bytes file = sample_bytes();
		uint8_t piece[4] = { tags[i], 0, 1, 0 };
		char words[40];
		(void)snprintf(words, sizeof(words), "tag %u at byte 10 is unknown", tags[i]);
		header_insert(&file, 10, reader_of(piece, 4));
		header_refused(file, words);
	}
}

static void padding_stands_at_the_end_alone(void **state)
{
	(void)state;
	static const uint8_t places[] = { 28, 3, 7, 12, 14, 15 };
	for (size_t i = 0; i < COUNT(places); i++)
		for (size_t count = 1; count <= 4; count++) {
			struct bytes file = sample_bytes();
			header_insert(
				&file, find_tag(&file, places[i]), reader_of("\r\r\r\r", count));
			header_refused(file, "padding at byte");
		}
	struct bytes file = sample_bytes();
	size_t at = find_tag(&file, 3);
	set_u16(&file, at + 1, get_u16(&file, at + 1) + 4u);
	header_insert(&file, at + 3, reader_of("\r\r\r\r", 4));
	header_refused(file, "padding at byte 18");
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
			header_refused(file, pads > 1 ? "padding at byte" : "tag 0 at byte");
		} else {
			splice(&file, file.size, 0, reader_of("\r\r\r\r", 4));
			set_u16(&file, 8, file.size);
			header_refused(file, "4 bytes, at most 3 are allowed");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
