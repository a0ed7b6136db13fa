#include "base/tlv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void tags_are_taken_one_by_one(void **state)
{
	(void)state;
	static const uint8_t two[] = { 7, 0, 2, 0xaa, 0xbb, 8, 0, 0 };
	struct reader r = reader_of(two, sizeof(two));
	struct tlv one;
	assert_true(tlv_next(&r, &one));
	assert_int_equal(one.tag, 7);
	assert_int_equal(one.value.left, 2);
	assert_int_equal(one.value.at[1], 0xbb);
	assert_true(tlv_next(&r, &one));
	assert_int_equal(one.tag, 8);
	assert_int_equal(one.value.left, 0);
	assert_false(tlv_next(&r, &one));
	assert_true(reader_done(&r));
}

static void every_cut_shows(void **state)
{
	(void)state;
	static const uint8_t whole[] = { 7, 0, 2, 0xaa, 0xbb };
	for (size_t size = 1; size < sizeof(whole); size++) {
		struct reader r = reader_of(whole, size);
		struct tlv one;
		assert_false(tlv_next(&r, &one));
		assert_false(r.ok);
		assert_false(tlv_next(&r, &one));
	}
}

static void a_value_may_be_65535_bytes_and_no_more(void **state)
{
	(void)state;
	static uint8_t value[65536];
	for (size_t size = 65535; size <= 65536; size++) {
		AUTO_DONE(writer) w = writer_new(100000);
		tlv_write(&w, 1, reader_of(value, size));
		assert_int_equal(w.ok, size == 65535);
	}
	AUTO_DONE(writer) w = writer_new(100000);
	tlv_write(&w, 1, reader_of(value, 65535));
	struct reader r = writer_written(&w);
	struct tlv one;
	assert_true(tlv_next(&r, &one));
	assert_int_equal(one.value.left, 65535);
	assert_true(reader_done(&r));
}

static void lengths_are_written_last(void **state)
{
	(void)state;
	static const uint8_t expected[] = { 3, 0, 10, 4, 0, 3, 'C', 'N', 0, 5, 0, 1, 0x99 };
	AUTO_DONE(writer) w = writer_new(100);
	size_t mark = tlv_open(&w, 3);
	tlv_write_text(&w, 4, reader_of_text("CN"));
	tlv_write_u8(&w, 5, 0x99);
	tlv_close(&w, mark);
	assert_true(reader_same(writer_written(&w), reader_of(expected, sizeof(expected))));
}

static void numbers_are_big_endian(void **state)
{
	(void)state;
	static const uint8_t expected[] = { 1, 0, 2, 1, 2, 2, 0, 4, 1, 2, 3, 4 };
	AUTO_DONE(writer) w = writer_new(100);
	tlv_write_u16(&w, 1, 0x0102);
	tlv_write_u32(&w, 2, 0x01020304);
	assert_true(reader_same(writer_written(&w), reader_of(expected, sizeof(expected))));
}

static void a_broken_writer_stays_broken(void **state)
{
	(void)state;
	uint8_t memory[4];
	for (size_t size = 0; size < 7; size++) {
		struct writer w = writer_on(memory, size < 4 ? size : 4);
		size_t mark = tlv_open(&w, 1);
		writer_u32(&w, 1);
		tlv_close(&w, mark);
		assert_false(w.ok);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_are_taken_one_by_one),
		cmocka_unit_test(every_cut_shows),
		cmocka_unit_test(a_value_may_be_65535_bytes_and_no_more),
		cmocka_unit_test(lengths_are_written_last),
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(a_broken_writer_stays_broken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
