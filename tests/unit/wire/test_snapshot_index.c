#include "wire/snapshot_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/header_edit.h"
#include "wire/mutation.h"

static struct snapshot_identity identities[] = {
	{ .unit = "CallManager", .key = { 1 }, .certificate = { 2 } },
	{ .unit = "TVS", .key = { 3 }, .certificate = { 4 } },
};
static struct snapshot_certificate certificates[] = {
	{ .digest = { 5 }, .role_count = 2, .roles = { 2, 0 } },
	{ .digest = { 6 }, .role_count = 0 },
};
static struct snapshot_file files[] = {
	{ .name = "ITLFile.tlv", .kind = SNAPSHOT_PUBLISHED, .digest = { 7 } },
	{ .name = "SEP001122334455.cnf.xml", .kind = SNAPSHOT_CONFIGURATION, .digest = { 8 } },
	{ .name = "SEP001122334456.cnf.xml", .kind = SNAPSHOT_CONFIGURATION, .digest = { 9 } },
};

static struct snapshot_index sample(void)
{
	return (struct snapshot_index){
		.number = 0x1122334455667788,
		.time = 1753722942,
		.cluster = "lab",
		.node = "pub",
		.audit_head = { 0xaa, 0xbb },
		.file_hash = 1,
		.tvs_ttl = 86400,
		.identity_count = COUNT(identities),
		.identities = identities,
		.certificate_count = COUNT(certificates),
		.certificates = certificates,
		.file_count = COUNT(files),
		.files = files,
	};
}

static struct bytes index_bytes(const struct snapshot_index *index)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_INDEX + 1024);
	struct bytes out = { 0 };
	snapshot_index_write(&w, index);
	assert_true(writer_take(&w, &out, NULL));
	return out;
}

static bool trip(struct reader bytes, struct error *err)
{
	AUTO(snapshot_index) once = snapshot_index_parse(bytes, err);
	if (once == NULL)
		return false;
	AUTO_DONE(bytes) written = index_bytes(once);
	assert_true(reader_same(bytes, bytes_reader(&written))); /* one way to write it */
	AUTO(snapshot_index) twice = snapshot_index_parse(bytes_reader(&written), err);
	assert_non_null(twice);
	assert_true(snapshot_index_same(once, twice));
	return true;
}

static void refused(struct bytes index, const char *words)
{
	refused_with(bytes_reader(&index), trip, FAULT_MALFORMED, words);
	bytes_done(&index);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	struct snapshot_index index = sample();
	AUTO_DONE(bytes) file = index_bytes(&index);
	AUTO(snapshot_index) read = snapshot_index_parse(bytes_reader(&file), NULL);
	assert_non_null(read);
	assert_true(snapshot_index_same(&index, read));
	assert_true(trip(bytes_reader(&file), NULL));
}

static void an_index_may_be_empty(void **state)
{
	(void)state;
	struct snapshot_index index = sample();
	index.identity_count = index.certificate_count = index.file_count = 0;
	AUTO_DONE(bytes) file = index_bytes(&index);
	assert_true(trip(bytes_reader(&file), NULL));
	snapshot_index_free(NULL);
}

/* Every element but the first three may be the last: seven cuts are indexes of their own. */
static void cuts_show_except_between_elements(void **state)
{
	(void)state;
	struct snapshot_index index = sample();
	AUTO_DONE(bytes) file = index_bytes(&index);
	assert_int_equal(every_truncation(bytes_reader(&file), trip), 7);
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	struct snapshot_index index = sample();
	AUTO_DONE(bytes) file = index_bytes(&index);
	assert_true(every_changed_byte(bytes_reader(&file), trip, true) > 0);
}

static void other_formats_are_refused(void **state)
{
	(void)state;
	struct snapshot_index index = sample();
	AUTO_DONE(bytes) file = index_bytes(&index);
	set_u16(&file, 3, 2);
	refused_with(bytes_reader(&file), trip, FAULT_REFUSED, "head at byte 0: format 2");
}

static size_t element(const struct bytes *file, uint8_t tag)
{
	size_t at = 0;
	while (file->data[at] != tag)
		at += 3u + get_u16(file, at + 1);
	return at;
}

static void elements_keep_order_and_number(void **state)
{
	(void)state;
	static const uint8_t once[] = { 1, 2, 3 };
	struct snapshot_index index = sample();
	for (size_t i = 0; i < COUNT(once); i++) {
		struct bytes file = index_bytes(&index);
		size_t at = element(&file, once[i]);
		size_t size = 3u + get_u16(&file, at + 1);
		AUTO_DONE(bytes) twin = { 0 };
		assert_true(bytes_copy(&twin, reader_of(file.data + at, size), NULL));
		splice(&file, at, 0, bytes_reader(&twin));
		refused(file, "must be one");
		file = index_bytes(&index);
		splice(&file, at, size, reader_of(NULL, 0));
		refused(file, "must be one");
		file = index_bytes(&index);
		splice(&file, file.size, 0, bytes_reader(&twin));
		refused(file, "after tag 6");
	}
	struct bytes file = index_bytes(&index);
	splice(&file, file.size, 0, reader_of("\7\0\0", 3));
	refused(file, "tag 7 after tag 6");
	file = index_bytes(&index);
	splice(&file, 0, 0, reader_of("\0\0\0", 3));
	refused(file, "tag 0 after tag 1");
}

static void element_sizes_are_judged(void **state)
{
	(void)state;
	static const struct {
		uint8_t tag;
		const char *words;
	} tags[] = { { 1, "head" }, { 4, "identity" }, { 5, "certificate" }, { 6, "file" } };
	struct snapshot_index index = sample();
	for (size_t i = 0; i < COUNT(tags); i++) {
		struct bytes file = index_bytes(&index);
		size_t at = element(&file, tags[i].tag);
		size_t size = get_u16(&file, at + 1);
		splice(&file, at + 3, size - 10, reader_of(NULL, 0));
		set_u16(&file, at + 1, 10);
		refused(file, tags[i].words);
	}
	struct bytes file = index_bytes(&index);
	size_t at = element(&file, 1);
	splice(&file, at + 3 + 55, 0, reader_of("\0", 1));
	set_u16(&file, at + 1, 56);
	refused(file, "head at byte 0: has a wrong length");
	file = index_bytes(&index);
	at = element(&file, 5);
	splice(&file, at + 3 + 34, 0, reader_of("0123456789abcdef", 15));
	set_u16(&file, at + 1, 34 + 15);
	refused(file, "certificate at byte");
}

static void texts_are_texts(void **state)
{
	(void)state;
	struct snapshot_index index = sample();
	for (int i = 0; i < 4; i++) {
		AUTO_DONE(bytes) file = index_bytes(&index);
		size_t at = i == 0 ? element(&file, 2) + 3
			: i == 1   ? element(&file, 3) + 3
			: i == 2   ? element(&file, 4) + 3 + 64
				   : element(&file, 6) + 3 + 33;
		file.data[at] = '\n';
		refused_with(bytes_reader(&file), trip, FAULT_MALFORMED, "control byte 0a");
		file.data[at] = 0;
		refused_with(bytes_reader(&file), trip, FAULT_MALFORMED, "control byte 00");
		file.data[at] = 0xff;
		refused_with(bytes_reader(&file), trip, FAULT_MALFORMED, "not UTF-8");
	}
}

static void kinds_and_codes_are_known(void **state)
{
	(void)state;
	struct snapshot_index index = sample();
	for (unsigned code = 0; code <= 255; code++) {
		AUTO_DONE(bytes) file = index_bytes(&index);
		file.data[3 + 50] = (uint8_t)code;
		if (code < 1 || code > 3)
			refused_with(bytes_reader(&file), trip, FAULT_MALFORMED, "hash code");
		else
			assert_true(trip(bytes_reader(&file), NULL));
		file.data[3 + 50] = 1;
		file.data[element(&file, 6) + 3] = (uint8_t)code;
		if (code < 1 || code > 2)
			refused_with(bytes_reader(&file), trip, FAULT_MALFORMED, "file kind");
	}
}

static void files_are_sorted_and_named_once(void **state)
{
	(void)state;
	struct snapshot_index index = sample();
	static const char *const orders[][2] = { { "b", "a" }, { "a", "a" }, { "ab", "a" },
		{ "a", "A" } };
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct snapshot_file two[2] = { files[0], files[0] };
		index.files = two;
		index.file_count = 1;
		(void)snprintf(two[0].name, sizeof(two[0].name), "%s", orders[i][0]);
		(void)snprintf(two[1].name, sizeof(two[1].name), "%s", orders[i][1]);
		AUTO_DONE(bytes) file = index_bytes(&index);
		AUTO_DONE(writer) w = writer_new(100);
		index.file_count = 2;
		tlv_write(&w, 6, reader_of("\1 0123456789abcdef0123456789abcdef", 33));
		writer_text(&w, orders[i][1]);
		set_u16(&(struct bytes){ w.data, w.used }, 1, 33 + strlen(orders[i][1]));
		splice(&file, file.size, 0, writer_written(&w));
		refused_with(bytes_reader(&file), trip, FAULT_MALFORMED, "not sorted by name");
		AUTO_DONE(writer) unsorted = writer_new(10000);
		snapshot_index_write(&unsorted, &index);
		assert_false(unsorted.ok);
	}
}

static void longest_texts_fit_and_longer_do_not(void **state)
{
	(void)state;
	struct snapshot_index index = sample();
	struct snapshot_file one = files[0];
	struct snapshot_identity who = identities[0];
	memset(one.name, 'x', sizeof(one.name) - 1);
	memset(who.unit, 'x', sizeof(who.unit) - 1);
	memset(index.cluster, 'x', sizeof(index.cluster) - 1);
	memset(index.node, 'x', sizeof(index.node) - 1);
	index.files = &one;
	index.file_count = 1;
	index.identities = &who;
	index.identity_count = 1;
	AUTO_DONE(bytes) file = index_bytes(&index);
	assert_true(trip(bytes_reader(&file), NULL));
	static const uint8_t tags[] = { 2, 3, 4, 6 };
	for (size_t i = 0; i < COUNT(tags); i++) {
		AUTO_DONE(bytes) longer = { 0 };
		assert_true(bytes_copy(&longer, bytes_reader(&file), NULL));
		size_t at = element(&longer, tags[i]);
		size_t size = get_u16(&longer, at + 1);
		splice(&longer, at + 3 + size, 0, reader_of("x", 1));
		set_u16(&longer, at + 1, size + 1);
		refused_with(bytes_reader(&longer), trip, FAULT_LIMIT, "snapshot index: ");
	}
}

static void an_index_has_a_limit(void **state)
{
	(void)state;
	static uint8_t huge[LIMIT_INDEX + 1];
	refused_with(reader_of(huge, sizeof(huge)), trip, FAULT_LIMIT, "at most");
	refused_with(reader_of(huge, LIMIT_INDEX), trip, FAULT_MALFORMED, "tag 0");
}

static void many_elements_are_read(void **state)
{
	(void)state;
	enum { MANY = 5000 };
	static struct snapshot_file many[MANY];
	struct snapshot_index index = sample();
	for (size_t i = 0; i < MANY; i++) {
		many[i] = files[1];
		(void)snprintf(many[i].name, sizeof(many[i].name), "SEP%012zX.cnf.xml", i);
	}
	index.files = many;
	index.file_count = MANY;
	AUTO_DONE(bytes) file = index_bytes(&index);
	AUTO(snapshot_index) read = snapshot_index_parse(bytes_reader(&file), NULL);
	assert_non_null(read);
	assert_true(snapshot_index_same(&index, read));
}

static void sameness_sees_every_field(void **state)
{
	(void)state;
	for (int i = 0; i < 16; i++) {
		struct snapshot_index a = sample();
		struct snapshot_index b = sample();
		struct snapshot_identity who[2] = { identities[0], identities[1] };
		struct snapshot_certificate certs[2] = { certificates[0], certificates[1] };
		struct snapshot_file some[3] = { files[0], files[1], files[2] };
		b.identities = who;
		b.certificates = certs;
		b.files = some;
		assert_true(snapshot_index_same(&a, &b));
		switch (i) {
		case 0:
			b.number++;
			break;
		case 1:
			b.time++;
			break;
		case 2:
			b.cluster[0]++;
			break;
		case 3:
			b.node[0]++;
			break;
		case 4:
			b.audit_head[31]++;
			break;
		case 5:
			b.file_hash++;
			break;
		case 6:
			b.tvs_ttl++;
			break;
		case 7:
			b.identity_count--;
			break;
		case 8:
			who[1].unit[0]++;
			break;
		case 9:
			who[1].key[31]++;
			break;
		case 10:
			who[1].certificate[31]++;
			break;
		case 11:
			certs[1].digest[31]++;
			break;
		case 12:
			certs[0].roles[1]++;
			break;
		case 13:
			some[2].digest[31]++;
			break;
		case 14:
			some[2].kind = SNAPSHOT_PUBLISHED;
			break;
		case 15:
			some[2].name[0]++;
			break;
		}
		assert_false(snapshot_index_same(&a, &b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(an_index_may_be_empty),
		cmocka_unit_test(cuts_show_except_between_elements),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(other_formats_are_refused),
		cmocka_unit_test(elements_keep_order_and_number),
		cmocka_unit_test(element_sizes_are_judged),
		cmocka_unit_test(texts_are_texts),
		cmocka_unit_test(kinds_and_codes_are_known),
		cmocka_unit_test(files_are_sorted_and_named_once),
		cmocka_unit_test(longest_texts_fit_and_longer_do_not),
		cmocka_unit_test(an_index_has_a_limit),
		cmocka_unit_test(many_elements_are_read),
		cmocka_unit_test(sameness_sees_every_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
