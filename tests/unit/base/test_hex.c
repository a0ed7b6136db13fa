#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void bytes_become_digits_and_back(void **state)
{
	(void)state;
	uint8_t all[256];
	char text[513];
	uint8_t back[256];
	for (size_t i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	assert_ptr_equal(hex_write(reader_of(all, 256), text), text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102", 6);
	assert_true(hex_read(text, back, 256));
	assert_memory_equal(all, back, 256);
}

static void upper_case_is_read_too(void **state)
{
	(void)state;
	uint8_t out[2];
	assert_true(hex_read("AbCd", out, 2));
	assert_memory_equal(out, "\xab\xcd", 2);
	assert_true(hex_read("", out, 0));
}

static void anything_else_is_refused_and_nothing_is_written(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "a", "abc", "abcde", "abc ", "0xab", "abcg", "ab:c",
		"ab\xc3\xa9" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint8_t out[2] = { 7, 7 };
		assert_false(hex_read(bad[i], out, 2));
		assert_memory_equal(out, "\7\7", 2);
	}
}

/* RFC 4648 section 10. */
static const struct {
	const char *plain, *coded;
} pairs[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xff\xef\xbe", "/+++" },
};

static void base64_goes_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		char *text = NULL;
		assert_true(base64_write(reader_of_text(pairs[i].plain), &text, NULL));
		assert_string_equal(text, pairs[i].coded);
		AUTO_DONE(bytes) back = { 0 };
		assert_true(base64_read(text, &back, NULL));
		assert_true(reader_same(bytes_reader(&back), reader_of_text(pairs[i].plain)));
		free(text);
	}
}

static void base64_is_read_canonically(void **state)
{
	(void)state;
	static const char *const bad[] = { "Z", "Zg",
		"Zg=", "Zg==Zg==", "Zh==", "Zm9=", "====", "Z===", "=Zm9", "Zm=v", "Zm9v\n",
		"Zm9v Zm9v", "Zm-_", "Zm9vZg==Zm9v", "Zm\x80v" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error err = { 0 };
		struct bytes out = { 0 };
		assert_false(base64_read(bad[i], &out, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_null(out.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_digits_and_back),
		cmocka_unit_test(upper_case_is_read_too),
		cmocka_unit_test(anything_else_is_refused_and_nothing_is_written),
		cmocka_unit_test(base64_goes_both_ways),
		cmocka_unit_test(base64_is_read_canonically),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
