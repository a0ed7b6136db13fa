#include "wire/trust_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pki/vector_file.h"
#include "wire/header_edit.h"
#include "wire/mutation.h"

static const uint8_t blob[LIMIT_CERTIFICATE + 1] = { 0x30, 0x82, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32 };

static struct bytes list_bytes(const struct trust_list *list)
{
	AUTO_DONE(writer) w = writer_new(1 << 20);
	struct bytes out = { 0 };
	trust_list_write(&w, list);
	assert_true(writer_take(&w, &out, NULL));
	return out;
}

static bool trip(struct reader bytes, struct error *err)
{
	static struct trust_list once, twice;
	if (!trust_list_parse(bytes, &once, err))
		return false;
	size_t covered = once.header.size;
	for (size_t i = 0; i < once.count; i++) {
		assert_int_equal(once.records[i].offset, covered);
		covered += once.records[i].size;
	}
	assert_int_equal(covered, bytes.left);
	AUTO_DONE(bytes) written = list_bytes(&once);
	assert_true(trust_list_parse(bytes_reader(&written), &twice, err));
	assert_true(trust_list_same(&once, &twice));
	AUTO_DONE(bytes) again = list_bytes(&twice);
	assert_true(reader_same(bytes_reader(&written), bytes_reader(&again)));
	return true;
}

static void accepted(struct bytes list)
{
	struct error err = { 0 };
	if (!trip(bytes_reader(&list), &err))
		print_error("refused: %s\n", err.text);
	assert_true(trip(bytes_reader(&list), &err));
	bytes_done(&list);
}

static void refused_for(struct bytes list, enum fault fault, const char *words)
{
	refused_with(bytes_reader(&list), trip, fault, words);
	bytes_done(&list);
}

static void refused(struct bytes list, const char *words)
{
	refused_for(list, FAULT_MALFORMED, words);
}

static struct trust_record full_record(uint16_t role)
{
	return (struct trust_record){
		.dns_name = reader_of_text("pub.lab"),
		.has_dns_name = true,
		.subject = reader_of_text("CN=pub;OU=lab;O=dialtrust"),
		.has_role = true,
		.role = role,
		.issuer = reader_of_text("CN=pub;OU=lab;O=dialtrust"),
		.serial = reader_of(blob, 16),
		.public_key = reader_of(blob, 20),
		.signature = reader_of(blob + 1, 24),
		.certificate = reader_of(blob, 40),
		.address = reader_of("\x7f\0\12\1", 4),
	};
}

static void sample(struct trust_list *out)
{
	memset(out, 0, sizeof(*out));
	out->header = sample_header();
	out->header.modulus = 64;
	out->header.signature.left = 64;
	out->count = 3;
	out->records[0] = full_record(0);
	out->records[1] = (struct trust_record){ .dns_name = reader_of_text(""),
		.has_dns_name = true,
		.has_role = true,
		.role = 2,
		.address = reader_of("\x7f\0\12\1", 4) };
	out->records[2] = full_record(21);
	out->records[2].has_dns_name = false;
	out->records[2].dns_name = (struct reader){ 0 };
	out->records[2].address = (struct reader){ 0 };
}

/* The sample with a fourth record of raw bytes; RECORDLENGTH is put in front. */
static struct bytes with_record(const void *tags, size_t size)
{
	static struct trust_list list;
	sample(&list);
	struct bytes file = list_bytes(&list);
	AUTO_DONE(writer) w = writer_new(70000);
	tlv_write_u16(&w, 1, (uint16_t)(size + 5));
	writer_bytes(&w, reader_of(tags, size));
	splice(&file, file.size, 0, writer_written(&w));
	return file;
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	static struct trust_list list, read;
	sample(&list);
	AUTO_DONE(bytes) file = list_bytes(&list);
	assert_true(trust_list_parse(bytes_reader(&file), &read, NULL));
	assert_true(trust_list_same(&list, &read));
	assert_true(read.records[1].has_dns_name);
	assert_int_equal(read.records[1].dns_name.left, 0);
	assert_false(read.records[1].subject.ok);
	assert_false(read.records[2].has_dns_name);
	AUTO_DONE(bytes) again = list_bytes(&read);
	assert_true(reader_same(bytes_reader(&file), bytes_reader(&again)));
}

static void record_tags_ascend(void **state)
{
	(void)state;
	static struct trust_list list, read;
	sample(&list);
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

static void a_list_may_be_empty(void **state)
{
	(void)state;
	static struct trust_list list;
	sample(&list);
	list.count = 0;
	accepted(list_bytes(&list));
}

static void cuts_show_except_between_records(void **state)
{
	(void)state;
	static struct trust_list list;
	sample(&list);
	AUTO_DONE(bytes) file = list_bytes(&list);
	assert_int_equal(every_truncation(bytes_reader(&file), trip), list.count);
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	static struct trust_list list;
	sample(&list);
	AUTO_DONE(bytes) file = list_bytes(&list);
	assert_true(every_changed_byte(bytes_reader(&file), trip, true) > 0);
}

static void a_refusal_leaves_the_output_alone(void **state)
{
	(void)state;
	static struct trust_list list, out;
	sample(&list);
	AUTO_DONE(bytes) file = list_bytes(&list);
	out.count = 77;
	assert_false(trust_list_parse(reader_of(file.data, file.size - 1), &out, NULL));
	assert_int_equal(out.count, 77);
}

static void unsigned_list_is_the_signed_one_without_its_signature(void **state)
{
	(void)state;
	static struct trust_list list, read;
	struct reader parts[2];
	sample(&list);
	AUTO_DONE(bytes) sealed = list_bytes(&list);
	assert_true(trust_list_parse(bytes_reader(&sealed), &read, NULL));
	signed_header_covers(bytes_reader(&sealed), &read.header, parts);
	list.header.signature = (struct reader){ 0 };
	AUTO_DONE(bytes) open = list_bytes(&list);
	assert_int_equal(open.size, parts[0].left + parts[1].left);
	assert_memory_equal(open.data, parts[0].at, parts[0].left);
	assert_memory_equal(open.data + parts[0].left, parts[1].at, parts[1].left);
}

static void record_length_must_fit(void **state)
{
	(void)state;
	static struct trust_list list, read;
	sample(&list);
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
			refused(file, words);
		}
	}
	struct bytes file = list_bytes(&list);
	set_u16(&file, read.records[0].offset + 3, 0);
	refused(file, "record length of 0");
}

static void a_record_starts_with_its_length(void **state)
{
	(void)state;
	static struct trust_list list;
	sample(&list);
	static const char *const tails[] = { "\2\0\2\0\5", "\1\0\1\0\5", "\1\0\3\0\6\0",
		"\1\1\2\0\5", "\0\0\0\0\0" };
	for (size_t i = 0; i < COUNT(tails); i++) {
		struct bytes file = list_bytes(&list);
		splice(&file, file.size, 0, reader_of(tails[i], 5));
		refused(file, "does not start with its length");
	}
	for (size_t size = 1; size < 5; size++) {
		struct bytes file = list_bytes(&list);
		splice(&file, file.size, 0, reader_of("\1\0\2\0\5", size));
		refused(file, "too few for a record");
	}
	accepted(with_record("", 0));
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
	accepted(with_record(builder, sizeof(builder) - 1));
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
		refused(with_record(twice, w.used), "comes a second time");
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
		refused(with_record(piece, sizeof(piece)), words);
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
		refused(with_record(bad[i].tags, bad[i].size), bad[i].words);
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
				accepted(with_record(w.data, w.used));
			else
				refused_for(
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
				tlv_write(&w, 11, reader_of(blob, size));
				if (order == 1)
					tlv_write_u8(&w, 12, code);
				bool fits = code >= 1 && code <= 3 && pairs[code - 1].size == size;
				struct bytes file = with_record(w.data, w.used);
				if (fits)
					accepted(file);
				else
					refused_for(file,
						size == 65 ? FAULT_LIMIT : FAULT_MALFORMED,
						"certificate hash");
			}
	refused(with_record("\14\0\1\1", 4), "tags 11 and 12 stand together");
	AUTO_DONE(writer) w = writer_new(100);
	tlv_write(&w, 11, reader_of(blob, 20));
	refused(with_record(w.data, w.used), "tags 11 and 12 stand together");
}

static void sentences_name_record_and_byte(void **state)
{
	(void)state;
	static struct trust_list list, read;
	sample(&list);
	AUTO_DONE(bytes) valid = list_bytes(&list);
	assert_true(trust_list_parse(bytes_reader(&valid), &read, NULL));
	size_t offset = read.records[2].offset;
	size_t certificate = (size_t)(read.records[2].certificate.at - valid.data) - 3;
	char words[80];
	(void)snprintf(words, sizeof(words),
		"record 3 at byte %zu: certificate at byte %zu: ", offset, certificate);
	set_u16(&valid, certificate + 1, 41);
	refused_with(bytes_reader(&valid), trip, FAULT_MALFORMED, words);
}

static void as_many_records_as_the_limit(void **state)
{
	(void)state;
	static struct trust_list list;
	sample(&list);
	list.count = LIMIT_RECORDS;
	for (size_t i = 0; i < LIMIT_RECORDS; i++)
		list.records[i] = list.records[1];
	accepted(list_bytes(&list));
	struct bytes file = list_bytes(&list);
	splice(&file, file.size, 0, reader_of("\1\0\2\0\5", 5));
	refused_for(file, FAULT_LIMIT, "more than 64 records");
	uint8_t memory[4096];
	struct writer w = writer_on(memory, sizeof(memory));
	list.count = LIMIT_RECORDS + 1;
	trust_list_write(&w, &list);
	assert_false(w.ok);
}

/* A list of exactly `size` bytes: records of 8 KiB and one of what is left. */
static void fill_list(struct trust_list *list, size_t size)
{
	sample(list);
	list->count = 0;
	AUTO_DONE(bytes) header = list_bytes(list);
	size_t left = size - header.size;
	while (left > 0) {
		size_t record = left > 16 * 1024 ? 8 * 1024 : left;
		size_t half = (record - 11) / 2;
		list->records[list->count++] = (struct trust_record){
			.public_key = reader_of(blob, half),
			.certificate = reader_of(blob, record - 11 - half),
		};
		left -= record;
	}
}

static void as_many_bytes_as_the_limit(void **state)
{
	(void)state;
	static struct trust_list list;
	fill_list(&list, LIMIT_TRUST_LIST);
	struct bytes file = list_bytes(&list);
	assert_int_equal(file.size, LIMIT_TRUST_LIST);
	struct bytes longer = { 0 };
	assert_true(bytes_copy(&longer, bytes_reader(&file), NULL));
	accepted(file);
	splice(&longer, longer.size, 0, reader_of("\1", 1));
	refused_for(longer, FAULT_LIMIT, "at most 65535");
	fill_list(&list, LIMIT_TRUST_LIST + 1);
	AUTO_DONE(writer) w = writer_new(1 << 20);
	trust_list_write(&w, &list);
	assert_false(w.ok);
	list.header.signature = (struct reader){ 0 };
	AUTO_DONE(writer) open = writer_new(1 << 20);
	trust_list_write(&open, &list);
	assert_false(open.ok);
}

static void an_encrypted_header_opens_no_list(void **state)
{
	(void)state;
	static struct trust_list list;
	sample(&list);
	list.header = sample_encrypted_header();
	refused(list_bytes(&list), "never encrypted");
}

static void sameness_sees_every_field(void **state)
{
	(void)state;
	static struct trust_list a, b;
	for (int i = 0; i < 15; i++) {
		sample(&a);
		a.records[0].certificate_hash = reader_of(blob, 20);
		a.records[0].hash = HASH_SHA1;
		b = a;
		struct trust_record *r = &b.records[0];
		struct reader *const views[] = { &r->dns_name, &r->subject, &r->issuer, &r->serial,
			&r->public_key, &r->signature, &r->certificate, &r->address,
			&r->certificate_hash };
		if (i < 9)
			views[i]->left--;
		else if (i == 9)
			r->has_dns_name = false;
		else if (i == 10)
			r->has_role = false;
		else if (i == 11)
			r->role++;
		else if (i == 12)
			r->hash = HASH_SHA512;
		else if (i == 13)
			b.count--;
		else
			b.header.timestamp++;
		assert_false(trust_list_same(&a, &b));
		assert_true(trust_list_same(&a, &a));
	}
	sample(&a);
	b = a;
	b.records[1].subject = reader_of_text("");
	assert_false(trust_list_same(&a, &b));
	b = a;
	b.records[0].offset = 9;
	b.records[0].size = 9;
	assert_true(trust_list_same(&a, &b));
}

/* Sizes of the fields of printed lists (docs/formats/trust-list.md#sizes); 0 leaves a tag out. */
struct printed_record {
	size_t dns, subject, issuer, serial, key, signature, certificate;
	size_t size;
};
struct printed_list {
	size_t signer, serial, issuer, header;
	size_t count;
	struct printed_record records[6];
	size_t size;
};
static const struct printed_list printed[] = {
	{ 62, 16, 62, 336, 4,
		{ { 16, 62, 62, 16, 140, 128, 694, 1156 }, { 16, 62, 62, 16, 140, 128, 694, 1156 },
			{ 16, 60, 60, 16, 140, 128, 680, 1138 },
			{ 17, 63, 63, 16, 140, 128, 696, 1161 } },
		4947 },
	{ 56, 10, 42, 304, 6,
		{ { 1, 56, 42, 10, 140, 0, 902, 1186 }, { 1, 56, 42, 10, 140, 0, 902, 1186 },
			{ 13, 0, 0, 0, 0, 0, 0, 33 }, { 16, 60, 60, 16, 140, 0, 677, 1004 },
			{ 13, 0, 0, 0, 0, 0, 0, 33 } },
		3746 },
	{ 62, 16, 62, 336, 1, { { 16, 62, 62, 16, 270, 256, 955, 1675 } }, 336 + 1675 },
};

static struct reader value_of_size(size_t size)
{
	return size == 0 ? (struct reader){ 0 } : reader_of(blob, size);
}

static struct reader text_of_size(size_t size)
{
	static const char letters[] =
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	return size == 0 ? (struct reader){ 0 } : reader_of(letters, size - 1);
}

static void add_printed(struct trust_list *list, const struct printed_record *p)
{
	list->records[list->count++] = (struct trust_record){
		.dns_name = text_of_size(p->dns),
		.has_dns_name = true,
		.subject = text_of_size(p->subject),
		.has_role = true,
		.issuer = text_of_size(p->issuer),
		.serial = value_of_size(p->serial),
		.public_key = value_of_size(p->key),
		.signature = value_of_size(p->signature),
		.certificate = value_of_size(p->certificate),
		.address = value_of_size(4),
	};
}

static void sizes_are_those_of_printed_lists(void **state)
{
	(void)state;
	static struct trust_list list, read;
	for (size_t i = 0; i < COUNT(printed); i++) {
		const struct printed_list *p = &printed[i];
		memset(&list, 0, sizeof(list));
		list.header = sample_header();
		list.header.has_signer_version = false;
		list.header.signer_name = text_of_size(p->signer);
		list.header.serial = value_of_size(p->serial);
		list.header.issuer_name = text_of_size(p->issuer);
		list.header.modulus = 128;
		list.header.signature.left = 128;
		for (size_t n = 0; n < COUNT(p->records) && p->records[n].size > 0; n++)
			add_printed(&list, &p->records[n]);
		AUTO_DONE(bytes) file = list_bytes(&list);
		assert_true(trust_list_parse(bytes_reader(&file), &read, NULL));
		assert_int_equal(read.header.size, p->header);
		for (size_t n = 0; n < read.count; n++)
			assert_int_equal(read.records[n].size, p->records[n].size);
		assert_int_equal(file.size, p->size);
	}
}

static const struct {
	const char *path, *file_name;
	size_t header;
	uint32_t timestamp;
	uint16_t signer_version;
	enum hash_code hash;
	struct {
		size_t size;
		uint16_t role;
		size_t key, signature;
	} records[8];
} files[] = {
	{ "itl/ITLFile-3411.tlv", "ITLFile.tlv", 388, 0x6887b03e, 0x0100, HASH_SHA1,
		{ { 1485, 0, 270, 256 }, { 1538, 1, 270, 256 } } },
	{ "vectors/ITLFile-v1.0-sha1.tlv", "ITLFile.tlv", 412, 0x6b04322b, 0x0100, HASH_SHA1,
		{ { 1520, 0, 270, 256 }, { 1515, 1, 270, 256 }, { 1520, 3, 270, 256 },
			{ 1520, 4, 270, 256 }, { 1515, 21, 270, 256 }, { 996, 7, 140, 128 } } },
	{ "vectors/ITLFile-v1.1-sha512-ec.tlv", "ITLFile.tlv", 412, 0x6b04322b, 0x0101, HASH_SHA512,
		{ { 1520, 0, 270, 256 }, { 1515, 1, 270, 256 }, { 1520, 3, 270, 256 },
			{ 877, 3, 97, 102 }, { 1515, 21, 270, 256 } } },
	{ "vectors/CTLSEP001122334455.tlv", "CTLFile.tlv", 412, 0x6b04322b, 0x0100, HASH_SHA1,
		{ { 1520, 0, 270, 256 }, { 996, 7, 140, 128 } } },
};

static void lists_of_others_are_read(void **state)
{
	(void)state;
	static struct trust_list list;
	for (size_t i = 0; i < COUNT(files); i++) {
		AUTO_DONE(bytes) file = { 0 };
		if (!vector_read(files[i].path, &file))
			skip();
		assert_true(trust_list_parse(bytes_reader(&file), &list, NULL));
		const struct signed_header *h = &list.header;
		assert_true(reader_same(h->file_name, reader_of_text(files[i].file_name)));
		assert_int_equal(h->hash, files[i].hash);
		assert_int_equal(h->signer_version.major << 8 | h->signer_version.minor,
			files[i].signer_version);
		assert_int_equal(h->size, files[i].header);
		assert_int_equal(h->timestamp, files[i].timestamp);
		size_t count = 0;
		for (; count < list.count; count++) {
			const struct trust_record *r = &list.records[count];
			assert_int_equal(r->size, files[i].records[count].size);
			assert_int_equal(r->role, files[i].records[count].role);
			assert_int_equal(r->public_key.left, files[i].records[count].key);
			assert_int_equal(r->signature.left, files[i].records[count].signature);
		}
		assert_int_equal(files[i].records[count].size, 0);
	}
}

static void a_serial_is_without_its_sign_byte(void **state)
{
	(void)state;
	static struct trust_list list;
	AUTO_DONE(bytes) file = { 0 };
	if (!vector_read("itl/ITLFile-3411.tlv", &file))
		skip();
	assert_true(trust_list_parse(bytes_reader(&file), &list, NULL));
	assert_int_equal(list.header.serial.left, 16);
	assert_int_equal(list.header.serial.at[0], 0xd5);
	assert_true(reader_same(list.header.serial, list.records[0].serial));
}

static void lists_of_others_survive_cuts_and_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		static struct trust_list list;
		AUTO_DONE(bytes) file = { 0 };
		if (!vector_read(files[i].path, &file))
			skip();
		assert_true(trust_list_parse(bytes_reader(&file), &list, NULL));
		assert_int_equal(every_truncation(bytes_reader(&file), trip), list.count);
		(void)every_changed_byte(bytes_reader(&file), trip, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(record_tags_ascend),
		cmocka_unit_test(a_list_may_be_empty),
		cmocka_unit_test(cuts_show_except_between_records),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(a_refusal_leaves_the_output_alone),
		cmocka_unit_test(unsigned_list_is_the_signed_one_without_its_signature),
		cmocka_unit_test(record_length_must_fit),
		cmocka_unit_test(a_record_starts_with_its_length),
		cmocka_unit_test(record_tags_come_in_any_order),
		cmocka_unit_test(no_record_tag_comes_twice),
		cmocka_unit_test(unknown_record_tags_are_refused),
		cmocka_unit_test(record_values_have_their_sizes),
		cmocka_unit_test(limits_hold_at_their_value_and_not_beyond),
		cmocka_unit_test(hash_and_its_kind_stand_together),
		cmocka_unit_test(sentences_name_record_and_byte),
		cmocka_unit_test(as_many_records_as_the_limit),
		cmocka_unit_test(as_many_bytes_as_the_limit),
		cmocka_unit_test(an_encrypted_header_opens_no_list),
		cmocka_unit_test(sameness_sees_every_field),
		cmocka_unit_test(sizes_are_those_of_printed_lists),
		cmocka_unit_test(lists_of_others_are_read),
		cmocka_unit_test(a_serial_is_without_its_sign_byte),
		cmocka_unit_test(lists_of_others_survive_cuts_and_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
