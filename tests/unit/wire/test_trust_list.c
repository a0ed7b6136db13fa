#include "wire/trust_list.h"

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
	static struct trust_list list, read;
	sample_list(&list);
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

static void a_list_may_be_empty(void **state)
{
	(void)state;
	static struct trust_list list;
	sample_list(&list);
	list.count = 0;
	list_accepted(list_bytes(&list));
}

static void cuts_show_except_between_records(void **state)
{
	(void)state;
	static struct trust_list list;
	sample_list(&list);
	AUTO_DONE(bytes) file = list_bytes(&list);
	assert_int_equal(every_truncation(bytes_reader(&file), list_trip), list.count);
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	static struct trust_list list;
	sample_list(&list);
	AUTO_DONE(bytes) file = list_bytes(&list);
	assert_true(every_changed_byte(bytes_reader(&file), list_trip, true) > 0);
}

static void a_refusal_leaves_the_output_alone(void **state)
{
	(void)state;
	static struct trust_list list, out;
	sample_list(&list);
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
	sample_list(&list);
	AUTO_DONE(bytes) sealed = list_bytes(&list);
	assert_true(trust_list_parse(bytes_reader(&sealed), &read, NULL));
	signed_header_covers(bytes_reader(&sealed), &read.header, parts);
	list.header.signature = (struct reader){ 0 };
	AUTO_DONE(bytes) open = list_bytes(&list);
	assert_int_equal(open.size, parts[0].left + parts[1].left);
	assert_memory_equal(open.data, parts[0].at, parts[0].left);
	assert_memory_equal(open.data + parts[0].left, parts[1].at, parts[1].left);
}

static void as_many_records_as_the_limit(void **state)
{
	(void)state;
	static struct trust_list list;
	sample_list(&list);
	list.count = LIMIT_RECORDS;
	for (size_t i = 0; i < LIMIT_RECORDS; i++)
		list.records[i] = list.records[1];
	list_accepted(list_bytes(&list));
	struct bytes file = list_bytes(&list);
	splice(&file, file.size, 0, reader_of("\1\0\2\0\5", 5));
	list_refused_for(file, FAULT_LIMIT, "more than 64 records");
	uint8_t memory[4096];
	struct writer w = writer_on(memory, sizeof(memory));
	list.count = LIMIT_RECORDS + 1;
	trust_list_write(&w, &list);
	assert_false(w.ok);
}

/* A list of exactly `size` bytes: records of 8 KiB and one of what is left. */
static void fill_list(struct trust_list *list, size_t size)
{
	sample_list(list);
	list->count = 0;
	AUTO_DONE(bytes) header = list_bytes(list);
	size_t left = size - header.size;
	while (left > 0) {
		size_t record = left > 16 * 1024 ? 8 * 1024 : left;
		size_t half = (record - 11) / 2;
		list->records[list->count++] = (struct trust_record){
			.public_key = reader_of(sample_blob, half),
			.certificate = reader_of(sample_blob, record - 11 - half),
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
	list_accepted(file);
	splice(&longer, longer.size, 0, reader_of("\1", 1));
	list_refused_for(longer, FAULT_LIMIT, "at most 65535");
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
	sample_list(&list);
	list.header = sample_encrypted_header();
	list_refused(list_bytes(&list), "never encrypted");
}

static void sameness_sees_every_field(void **state)
{
	(void)state;
	static struct trust_list a, b;
	for (int i = 0; i < 15; i++) {
		sample_list(&a);
		a.records[0].certificate_hash = reader_of(sample_blob, 20);
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
	sample_list(&a);
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
	return size == 0 ? (struct reader){ 0 } : reader_of(sample_blob, size);
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
		assert_int_equal(every_truncation(bytes_reader(&file), list_trip), list.count);
		(void)every_changed_byte(bytes_reader(&file), list_trip, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_list_may_be_empty),
		cmocka_unit_test(cuts_show_except_between_records),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(a_refusal_leaves_the_output_alone),
		cmocka_unit_test(unsigned_list_is_the_signed_one_without_its_signature),
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
