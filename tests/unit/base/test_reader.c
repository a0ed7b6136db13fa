#include "base/own.h"
#include "base/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t eight[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static void numbers_are_big_endian(void **state)
{
	(void)state;
	struct reader r = reader_of(eight, sizeof(eight));
	assert_int_equal(reader_u8(&r), 0x01);
	assert_int_equal(reader_u16(&r), 0x0203);
	assert_int_equal(reader_u32(&r), 0x04050607);
	assert_int_equal(r.left, 1);
	r = reader_of(eight, sizeof(eight));
	assert_true(reader_u64(&r) == 0x0102030405060708);
	assert_true(reader_done(&r));
}

static void the_last_byte_is_read_and_one_past_is_not(void **state)
{
	(void)state;
	struct reader r = reader_of(eight, 2);
	assert_int_equal(reader_u16(&r), 0x0102);
	assert_true(r.ok);
	assert_int_equal(reader_u8(&r), 0);
	assert_false(r.ok);
}

static void each_size_is_refused_one_byte_short(void **state)
{
	(void)state;
	struct reader one = reader_of(eight, 1);
	assert_int_equal(reader_u16(&one), 0);
	assert_false(one.ok);
	struct reader three = reader_of(eight, 3);
	assert_int_equal(reader_u32(&three), 0);
	assert_false(three.ok);
	struct reader seven = reader_of(eight, 7);
	assert_true(reader_u64(&seven) == 0);
	assert_false(seven.ok);
	struct reader none = reader_of(NULL, 0);
	assert_int_equal(reader_u8(&none), 0);
	assert_false(none.ok);
}

static void a_failure_sticks(void **state)
{
	(void)state;
	struct reader r = reader_of(eight, sizeof(eight));
	(void)reader_sub(&r, 9);
	assert_false(r.ok);
	assert_int_equal(r.left, 0);
	assert_int_equal(reader_u8(&r), 0);
	struct reader empty = reader_sub(&r, 0);
	assert_false(empty.ok);
	assert_false(reader_done(&r));
	assert_false(reader_rest(&r).ok);
}

static void a_sub_reader_cannot_see_past_its_end(void **state)
{
	(void)state;
	struct reader r = reader_of(eight, sizeof(eight));
	struct reader sub = reader_sub(&r, 3);
	assert_int_equal(sub.left, 3);
	(void)reader_u16(&sub);
	assert_int_equal(reader_u16(&sub), 0);
	assert_false(sub.ok);
	assert_true(r.ok);
	assert_int_equal(reader_u8(&r), 4);
}

static void a_size_beyond_any_memory_is_refused(void **state)
{
	(void)state;
	struct reader r = reader_of(eight, sizeof(eight));
	(void)reader_u8(&r);
	assert_false(reader_sub(&r, SIZE_MAX).ok);
	assert_false(r.ok);
}

static void the_rest_is_all_that_is_left(void **state)
{
	(void)state;
	struct reader r = reader_of(eight, sizeof(eight));
	(void)reader_u32(&r);
	struct reader rest = reader_rest(&r);
	assert_int_equal(rest.left, 4);
	assert_int_equal(rest.at[0], 5);
	assert_true(reader_done(&r));
	assert_true(reader_rest(&r).ok);
	assert_int_equal(reader_rest(&r).left, 0);
}

static void copies_are_whole_or_zero(void **state)
{
	(void)state;
	uint8_t out[4] = { 9, 9, 9, 9 };
	struct reader r = reader_of(eight, 6);
	reader_copy(&r, out, sizeof(out));
	assert_memory_equal(out, eight, 4);
	reader_copy(&r, out, sizeof(out));
	assert_memory_equal(out, "\0\0\0\0", 4);
	assert_false(r.ok);
	struct reader none = reader_of(NULL, 0);
	reader_copy(&none, NULL, 0);
	assert_true(none.ok);
}

static void done_means_at_the_end_and_whole(void **state)
{
	(void)state;
	struct reader r = reader_of(eight, 1);
	assert_false(reader_done(&r));
	(void)reader_u8(&r);
	assert_true(reader_done(&r));
	(void)reader_u8(&r);
	assert_false(reader_done(&r));
}

static void same_compares_bytes(void **state)
{
	(void)state;
	assert_true(reader_same(reader_of_text("abc"), reader_of("abcd", 3)));
	assert_false(reader_same(reader_of_text("abc"), reader_of_text("abd")));
	assert_false(reader_same(reader_of_text("abc"), reader_of_text("ab")));
	assert_true(reader_same(reader_of(NULL, 0), reader_of_text("")));
}

static void text_is_without_its_nul(void **state)
{
	(void)state;
	assert_int_equal(reader_of_text("ab").left, 2);
	assert_int_equal(reader_of_text("").left, 0);
	assert_true(reader_of_text("").ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(the_last_byte_is_read_and_one_past_is_not),
		cmocka_unit_test(each_size_is_refused_one_byte_short),
		cmocka_unit_test(a_failure_sticks),
		cmocka_unit_test(a_sub_reader_cannot_see_past_its_end),
		cmocka_unit_test(a_size_beyond_any_memory_is_refused),
		cmocka_unit_test(the_rest_is_all_that_is_left),
		cmocka_unit_test(copies_are_whole_or_zero),
		cmocka_unit_test(done_means_at_the_end_and_whole),
		cmocka_unit_test(same_compares_bytes),
		cmocka_unit_test(text_is_without_its_nul),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
