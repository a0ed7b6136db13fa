#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void numbers_are_big_endian(void **state)
{
	(void)state;
	uint8_t memory[15];
	struct writer w = writer_on(memory, sizeof(memory));
	writer_u8(&w, 0x01);
	writer_u16(&w, 0x0203);
	writer_u32(&w, 0x04050607);
	writer_u64(&w, 0x08090a0b0c0d0e0f);
	assert_true(w.ok);
	assert_int_equal(w.used, 15);
	for (uint8_t i = 0; i < 15; i++)
		assert_int_equal(memory[i], i + 1);
}

static void fixed_memory_is_filled_and_never_overrun(void **state)
{
	(void)state;
	uint8_t memory[5] = { 0, 0, 0, 0, 0x55 };
	struct writer w = writer_on(memory, 4);
	writer_u32(&w, 0x01020304);
	assert_true(w.ok);
	writer_u8(&w, 9);
	assert_false(w.ok);
	assert_int_equal(memory[4], 0x55);
	assert_int_equal(w.used, 4);
}

static void a_failure_sticks(void **state)
{
	(void)state;
	uint8_t memory[4];
	struct writer w = writer_on(memory, sizeof(memory));
	writer_bytes(&w, reader_of("12345", 5));
	assert_false(w.ok);
	assert_int_equal(w.used, 0);
	writer_u8(&w, 1);
	assert_int_equal(w.used, 0);
	assert_false(w.ok);
}

static void growing_memory_stops_at_its_limit(void **state)
{
	(void)state;
	static const size_t limits[] = { 1, 255, 256, 257, 1000, 5000 };
	for (size_t i = 0; i < COUNT(limits); i++) {
		AUTO_DONE(writer) w = writer_new(limits[i]);
		for (size_t n = 0; n < limits[i]; n++)
			writer_u8(&w, (uint8_t)n);
		assert_true(w.ok);
		assert_int_equal(w.used, limits[i]);
		writer_u8(&w, 1);
		assert_false(w.ok);
		struct error err = { 0 };
		struct bytes out = { 0 };
		assert_false(writer_take(&w, &out, &err));
		assert_int_equal(err.fault, FAULT_LIMIT);
		assert_true(err.text[0] != '\0');
		assert_null(out.data);
	}
}

static void nothing_fits_into_a_limit_of_nothing(void **state)
{
	(void)state;
	AUTO_DONE(writer) w = writer_new(0);
	writer_bytes(&w, reader_of(NULL, 0));
	assert_true(w.ok);
	struct bytes out = { 0 };
	assert_true(writer_take(&w, &out, NULL));
	assert_int_equal(out.size, 0);
	bytes_done(&out);
	writer_u8(&w, 1);
	assert_false(w.ok);
}

static void taking_moves_the_bytes_out(void **state)
{
	(void)state;
	AUTO_DONE(writer) w = writer_new(100);
	writer_text(&w, "first");
	AUTO_DONE(bytes) out = { 0 };
	assert_true(writer_take(&w, &out, NULL));
	assert_int_equal(out.size, 5);
	assert_memory_equal(out.data, "first", 5);
	assert_int_equal(w.used, 0);
	writer_text(&w, "second");
	assert_true(w.ok);
	assert_true(reader_same(writer_written(&w), reader_of_text("second")));
	assert_memory_equal(out.data, "first", 5);
}

static void a_patch_writes_where_it_is_told(void **state)
{
	(void)state;
	uint8_t memory[4];
	struct writer w = writer_on(memory, sizeof(memory));
	writer_u32(&w, 0);
	writer_patch_u16(&w, 2, 65535);
	assert_true(w.ok);
	assert_memory_equal(memory, "\0\0\xff\xff", 4);
	writer_patch_u16(&w, 0, 0x0102);
	assert_memory_equal(memory, "\1\2\xff\xff", 4);
}

static void a_patch_over_65535_breaks_the_writer(void **state)
{
	(void)state;
	uint8_t memory[2];
	struct writer w = writer_on(memory, sizeof(memory));
	writer_u16(&w, 7);
	writer_patch_u16(&w, 0, 65536);
	assert_false(w.ok);
	assert_memory_equal(memory, "\0\7", 2);
}

static void done_copes_with_twice_and_with_borrowed_memory(void **state)
{
	(void)state;
	struct writer w = writer_new(10);
	writer_u8(&w, 1);
	writer_done(&w);
	writer_done(&w);
	uint8_t memory[1];
	struct writer borrowed = writer_on(memory, sizeof(memory));
	writer_done(&borrowed);
	assert_null(borrowed.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(fixed_memory_is_filled_and_never_overrun),
		cmocka_unit_test(a_failure_sticks),
		cmocka_unit_test(growing_memory_stops_at_its_limit),
		cmocka_unit_test(nothing_fits_into_a_limit_of_nothing),
		cmocka_unit_test(taking_moves_the_bytes_out),
		cmocka_unit_test(a_patch_writes_where_it_is_told),
		cmocka_unit_test(a_patch_over_65535_breaks_the_writer),
		cmocka_unit_test(done_copes_with_twice_and_with_borrowed_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
