#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Lets malloc fail under AddressSanitizer as it does without. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void a_copy_is_a_copy(void **state)
{
	(void)state;
	char text[] = "list";
	AUTO_DONE(bytes) copy = { 0 };
	assert_true(bytes_copy(&copy, reader_of_text(text), NULL));
	text[0] = 'm';
	assert_int_equal(copy.size, 4);
	assert_memory_equal(copy.data, "list", 4);
	assert_true(reader_same(bytes_reader(&copy), reader_of_text("list")));
}

static void nothing_is_copied_without_memory(void **state)
{
	(void)state;
	struct bytes copy = { .data = NULL, .size = 7 };
	assert_true(bytes_copy(&copy, reader_of(NULL, 0), NULL));
	assert_null(copy.data);
	assert_int_equal(copy.size, 0);
	assert_true(bytes_reader(&copy).ok);
}

static void more_memory_than_there_is_fails_and_leaves_the_output(void **state)
{
	(void)state;
	struct bytes copy = { 0 };
	struct error err = { 0 };
	struct reader absurd = { .at = (const uint8_t *)"", .left = SIZE_MAX / 2, .ok = true };
	assert_false(bytes_copy(&copy, absurd, &err));
	assert_int_equal(err.fault, FAULT_MEMORY);
	assert_null(copy.data);
}

static void ending_copes_with_twice(void **state)
{
	(void)state;
	struct bytes copy = { 0 };
	assert_true(bytes_copy(&copy, reader_of_text("key"), NULL));
	bytes_wipe(&copy);
	assert_null(copy.data);
	bytes_wipe(&copy);
	bytes_done(&copy);
	bytes_done(&copy);
	assert_int_equal(copy.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_is_a_copy),
		cmocka_unit_test(nothing_is_copied_without_memory),
		cmocka_unit_test(more_memory_than_there_is_fails_and_leaves_the_output),
		cmocka_unit_test(ending_copes_with_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
