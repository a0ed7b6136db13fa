#include "wire/trust_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/header_edit.h"
#include "wire/mutation.h"
#include "wire/trips.h"

/* The sample with a fourth record of raw bytes; RECORDLENGTH is put in front. */
static struct bytes with_record(const void *tags, size_t size)
{
	static struct trust_list list;
	sample_list(&list);
	struct bytes file = list_bytes(&list);
	AUTO_DONE(writer) w = writer_new(70000);
	tlv_write_u16(&w, 1, (uint16_t)(size + 5));
	writer_bytes(&w, reader_of(tags, size));
	splice(&file, file.size, 0, writer_written(&w));
	return file;
}

static void record_tags_ascend(void **state)
{
	(void)state;
	static struct trust_list list, read;
	sample_list(&list);
	AUTO_DONE(bytes) file = list_bytes(&list);
	assert_true(trust_list_parse(bytes_reader(&file), &read, NULL));
	struct reader record = reader_of(file.data + read.records[0].offset, read.records[0].size);
	struct tlv one;
	for (uint8_t tag = 1; tag <= 10; tag++) {
		assert_true(tlv_next(&record, &one));
		assert_int_equal(one.tag, tag);
	}
	assert_true(reader_done(&record));
}

static void record_length_must_fit(void **state)
{
	(void)state;
	static struct trust_list list, read;
	sample_list(&list);
	for (size_t record = 0; record < list.count; record++) {
		AUTO_DONE(bytes) valid = list_bytes(&list);
		assert_true(trust_list_parse(bytes_reader(&valid), &read, NULL));
		size_t at = read.records[record].offset + 3;
		size_t size = read.records[record].size;
		const size_t wrong[] = { 0, 1, 4, size - 1, size + 1, 65535 };
		for (size_t i = 0; i < COUNT(wrong); i++) {
			char words[40];
			struct bytes file = list_bytes(&list);
			set_u16(&file, at, wrong[i]);
			(void)snprintf(words, sizeof(words), "record %zu at byte %zu: ", record + 1,
				at - 3);
			list_refused(file, words);
		}
	}
	struct bytes file = list_bytes(&list);
	set_u16(&file, read.records[0].offset + 3, 0);
	list_refused(file, "record length of 0");
}

static void a_record_starts_with_its_length(void **state)
{
	(void)state;
	static struct trust_list list;
	sample_list(&list);
	static const char *const tails[] = { "\2\0\2\0\5", "\1\0\1\0\5", "\1\0\3\0\6\0",
		"\1\1\2\0\5", "\0\0\0\0\0" };
	for (size_t i = 0; i < COUNT(tails); i++) {
		struct bytes file = list_bytes(&list);
		splice(&file, file.size, 0, reader_of(tails[i], 5));
		list_refused(file, "does not start with its length");
	}
	for (size_t size = 1; size < 5; size++) {
		struct bytes file = list_bytes(&list);
		splice(&file, file.size, 0, reader_of("\1\0\2\0\5", size));
		list_refused(file, "too few for a record");
	}
	list_accepted(with_record("", 0));
}

static void record_tags_come_in_any_order(void **state)
{
	(void)state;
	/* as the public builder writes: 1, 3, 5, 6, 4, 7, 8, 9 */
	static const char builder[] = "\3\0\2A\0\5\0\2B\0\6\0\1\1\4\0\2\0\0\7\0\1k\10\0\1s\11\0\1c";
	static struct trust_list read;
	AUTO_DONE(bytes) file = with_record(builder, sizeof(builder) - 1);
	assert_true(trust_list_parse(bytes_reader(&file), &read, NULL));
	const struct trust_record *r = &read.records[3];
	assert_true(reader_same(r->subject, reader_of_text("A")));
	assert_true(reader_same(r->issuer, reader_of_text("B")));
	assert_true(reader_same(r->serial, reader_of("\1", 1)));
	assert_true(r->has_role && r->role == 0);
	assert_true(reader_same(r->public_key, reader_of_text("k")));
	assert_true(reader_same(r->signature, reader_of_text("s")));
	assert_true(reader_same(r->certificate, reader_of_text("c")));
	list_accepted(with_record(builder, sizeof(builder) - 1));
}

static void no_record_tag_comes_twice(void **state)
{
	(void)state;
	static const struct {
		const char *tag;
		size_t size;
	} tags[] = { { "\1\0\2\0\12", 5 }, { "\2\0\1\0", 4 }, { "\3\0\1\0", 4 },
		{ "\4\0\2\0\0", 5 }, { "\5\0\1\0", 4 }, { "\6\0\1\1", 4 }, { "\7\0\1\1", 4 },
		{ "\10\0\1\1", 4 }, { "\11\0\1\1", 4 }, { "\12\0\4\1\1\1\1", 7 } };
	for (size_t i = 0; i < COUNT(tags); i++) {
		char twice[16];
		struct writer w = writer_on(twice, sizeof(twice));
		writer_bytes(&w, reader_of(tags[i].tag, tags[i].size));
		if (i > 0)
			writer_bytes(&w, reader_of(tags[i].tag, tags[i].size));
		list_refused(with_record(twice, w.used), "comes a second time");
	}
}

static void unknown_record_tags_are_refused(void **state)
{
	(void)state;
	for (unsigned tag = 0; tag <= 255; tag++) {
		if (tag >= 1 && tag <= 12)
			continue;
		char words[32];
		uint8_t piece[4] = { (uint8_t)tag, 0, 1, 0 };
		(void)snprintf(words, sizeof(words), "tag %u at byte", tag);
		list_refused(with_record(piece, sizeof(piece)), words);
	}
}

static void record_values_have_their_sizes(void **state)
{
	(void)state;
	static const struct {
		const char *tags;
		size_t size;
		const char *words;
	} bad[] = {
		{ "\2\0\0", 3, "host name" },
		{ "\2\0\1a", 4, "host name" },
		{ "\2\0\3a\0\0", 6, "host name" },
		{ "\3\0\2\n\0", 5, "subject" },
		{ "\3\0\2\xff\0", 5, "subject" },
		{ "\5\0\1x", 4, "issuer" },
		{ "\4\0\1\0", 4, "role" },
		{ "\4\0\3\0\0\0", 6, "role" },
		{ "\6\0\0", 3, "serial number" },
		{ "\6\0\2\0\1", 5, "serial number" },
		{ "\6\0\1\0", 4, "serial number" },
		{ "\7\0\0", 3, "public key" },
		{ "\10\0\0", 3, "signature" },
		{ "\11\0\0", 3, "certificate" },
		{ "\12\0\3\1\1\1", 6, "address" },
		{ "\12\0\5\1\1\1\1\1", 8, "address" },
		{ "\12\0\20aaaaaaaaaaaaaaaa", 19, "address" },
		{ "\14\0\2\0\1", 5, "hash" },
		{ "\11\0\5abcd", 7, "certificate" },
		{ "\11\0", 2, "certificate" },
		{ "\11", 1, "certificate" },
	};
	for (size_t i = 0; i < COUNT(bad); i++)
		list_refused(with_record(bad[i].tags, bad[i].size), bad[i].words);
}

static void limits_hold_at_their_value_and_not_beyond(void **state)
{
	(void)state;
	static const struct {
		uint8_t tag;
		size_t max;
		bool text;
	} limits[] = { { 2, LIMIT_TEXT, true }, { 3, LIMIT_TEXT, true }, { 5, LIMIT_TEXT, true },
		{ 6, LIMIT_SERIAL, false }, { 7, LIMIT_CERTIFICATE, false },
		{ 8, LIMIT_CERTIFICATE, false }, { 9, LIMIT_CERTIFICATE, false } };
	for (size_t i = 0; i < COUNT(limits); i++)
		for (size_t size = limits[i].max; size <= limits[i].max + 1; size++) {
			static uint8_t value[LIMIT_CERTIFICATE + 1];
			memset(value, 'x', sizeof(value));
			if (limits[i].text)
				value[size - 1] = 0;
			AUTO_DONE(writer) w = writer_new(70000);
			tlv_write(&w, limits[i].tag, reader_of(value, size));
			if (size == limits[i].max)
				list_accepted(with_record(w.data, w.used));
			else
				list_refused_for(
					with_record(w.data, w.used), FAULT_LIMIT, "are allowed");
		}
}

static void hash_and_its_kind_stand_together(void **state)
{
	(void)state;
	static const struct {
		uint8_t code;
		size_t size;
	} pairs[] = { { 1, 20 }, { 2, 32 }, { 3, 64 } };
	for (uint8_t code = 0; code <= 4; code++)
		for (size_t size = 19; size <= 65; size++)
			for (int order = 0; order < 2; order++) {
				AUTO_DONE(writer) w = writer_new(100);
				if (order == 0)
					tlv_write_u8(&w, 12, code);
				tlv_write(&w, 11, reader_of(sample_blob, size));
				if (order == 1)
					tlv_write_u8(&w, 12, code);
				bool fits = code >= 1 && code <= 3 && pairs[code - 1].size == size;
				struct bytes file = with_record(w.data, w.used);
				if (fits)
					list_accepted(file);
				else
					list_refused_for(file,
						size == 65 ? FAULT_LIMIT : FAULT_MALFORMED,
						"certificate hash");
			}
	list_refused(with_record("\14\0\1\1", 4), "tags 11 and 12 stand together");
	AUTO_DONE(writer) w = writer_new(100);
	tlv_write(&w, 11, reader_of(sample_blob, 20));
	list_refused(with_record(w.data, w.used), "tags 11 and 12 stand together");
}

static void sentences_name_record_and_byte(void **state)
{
	(void)state;
	static struct trust_list list, read;
	sample_list(&list);
	AUTO_DONE(bytes) valid = list_bytes(&list);
	assert_true(trust_list_parse(bytes_reader(&valid), &read, NULL));
	size_t offset = read.records[2].offset;
	size_t certificate = (size_t)(read.records[2].certificate.at - valid.data) - 3;
	char words[80];
	(void)snprintf(words, sizeof(words),
		"record 3 at byte %zu: certificate at byte %zu: ", offset, certificate);
	set_u16(&valid, certificate + 1, 41);
	refused_with(bytes_reader(&valid), list_trip, FAULT_MALFORMED, words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_tags_ascend),
		cmocka_unit_test(record_length_must_fit),
		cmocka_unit_test(a_record_starts_with_its_length),
		cmocka_unit_test(record_tags_come_in_any_order),
		cmocka_unit_test(no_record_tag_comes_twice),
		cmocka_unit_test(unknown_record_tags_are_refused),
		cmocka_unit_test(record_values_have_their_sizes),
		cmocka_unit_test(limits_hold_at_their_value_and_not_beyond),
		cmocka_unit_test(hash_and_its_kind_stand_together),
		cmocka_unit_test(sentences_name_record_and_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
