#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Each is one broken sequence: RFC 3629. */
static const char *const not_utf8[] = {
	"\x80", /* starts with a continuation */
	"\xc3", /* cut short */
	"\xe2\x82",
	"\xf0\x9f\x98",
	"\xc3(", /* continued wrongly */
	"\xe2(\xa1",
	"\xc0\xaf", /* overlong */
	"\xc1\xbf",
	"\xe0\x9f\xbf",
	"\xf0\x8f\xbf\xbf",
	"\xed\xa0\x80",     /* surrogate */
	"\xf4\x90\x80\x80", /* past U+10FFFF */
	"\xf5\x80\x80\x80",
	"\xff",
};

static const char *const is_utf8[] = {
	"",
	"plain",
	"Wien \xc3\xb6",
	"\xe2\x82\xac",
	"\xed\x9f\xbf",
	"\xee\x80\x80",
	"\xf0\x90\x80\x80",
	"\xf4\x8f\xbf\xbf",
};

static void utf8_is_told_from_the_rest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(not_utf8); i++)
		assert_false(text_is_utf8(reader_of_text(not_utf8[i])));
	for (size_t i = 0; i < COUNT(is_utf8); i++)
		assert_true(text_is_utf8(reader_of_text(is_utf8[i])));
}

static void text_is_taken_whole(void **state)
{
	(void)state;
	char out[16];
	for (size_t i = 0; i < COUNT(is_utf8); i++) {
		assert_true(text_from(reader_of_text(is_utf8[i]), out, sizeof(out), NULL));
		assert_string_equal(out, is_utf8[i]);
	}
}

static void text_or_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
	} bad[] = { { "a\0b", 3 }, { "\0", 1 }, { "a\n", 2 }, { "\x1b[2J", 4 }, { "a\x7f", 2 },
		{ "\xc2\x9b", 2 }, { "\xc2\x80", 2 }, { "a\xff", 2 } };
	for (size_t i = 0; i < COUNT(bad); i++) {
		char out[16] = "kept";
		struct error err = { 0 };
		assert_false(
			text_from(reader_of(bad[i].bytes, bad[i].size), out, sizeof(out), &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_true(err.text[0] != '\0');
		assert_string_equal(out, "kept");
	}
	char out[16];
	assert_true(text_from(reader_of_text("\xc2\xa0"), out, sizeof(out), NULL));
}

static void text_fits_or_is_refused(void **state)
{
	(void)state;
	char out[5] = "kept";
	struct error err = { 0 };
	assert_true(text_from(reader_of_text("four"), out, sizeof(out), &err));
	assert_false(text_from(reader_of_text("fivee"), out, sizeof(out), &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_string_equal(out, "four");
	assert_true(text_copy(out, sizeof(out), "abcd", &err));
	assert_string_equal(out, "abcd");
	assert_false(text_copy(out, sizeof(out), "abcde", &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_string_equal(out, "abcd");
}

static void escaped_text_is_harmless(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		const char *shown;
	} cases[] = {
		{ "", 0, "" },
		{ "plain", 5, "plain" },
		{ "a\0b", 3, "a\\x00b" },
		{ "\x1b[2J", 4, "\\x1b[2J" },
		{ "a\\b", 3, "a\\\\b" },
		{ "\xc3\xb6\xff", 3, "\xc3\xb6\\xff" },
		{ "\xc2\x9b", 2, "\\xc2\\x9b" },
		{ "\xe2\x82", 2, "\\xe2\\x82" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char out[64];
		assert_ptr_equal(
			text_escape(reader_of(cases[i].bytes, cases[i].size), out, sizeof(out)),
			out);
		assert_string_equal(out, cases[i].shown);
	}
}

static void escaped_text_is_cut_only_when_it_must_be(void **state)
{
	(void)state;
	char out[16];
	assert_string_equal(text_escape(reader_of_text("abc"), out, 4), "abc");
	assert_string_equal(text_escape(reader_of_text("abcd"), out, 4), "…");
	assert_string_equal(text_escape(reader_of_text("abcdefgh"), out, 9), "abcdefgh");
	assert_string_equal(text_escape(reader_of_text("abcdefghi"), out, 9), "abcde…");
	assert_string_equal(text_escape(reader_of("\1\2", 2), out, 9), "\\x01\\x02");
	assert_string_equal(text_escape(reader_of("\1\2\3", 3), out, 9), "\\x01…");
}

static void escaping_never_overruns(void **state)
{
	(void)state;
	struct reader bytes = reader_of("a\\\xff\xc3\xb6\x1b\xe2\x82\xac zz", 12);
	for (size_t size = 1; size < 40; size++) {
		char out[41];
		memset(out, '#', sizeof(out));
		(void)text_escape(bytes, out, size);
		assert_true(strlen(out) < size);
		assert_true(text_is_utf8(reader_of_text(out)));
		for (size_t i = size; i < sizeof(out); i++)
			assert_int_equal(out[i], '#');
	}
}

static void case_is_ignored_in_ascii(void **state)
{
	(void)state;
	assert_true(text_same_nocase("OcTet", "octet"));
	assert_true(text_same_nocase("", ""));
	assert_false(text_same_nocase("octet", "octets"));
	assert_false(text_same_nocase("octet", "octe\xd4"));
}

static void numbers_are_whole_texts(void **state)
{
	(void)state;
	uint64_t out = 0;
	assert_true(text_number("0", 0, 10, &out));
	assert_int_equal(out, 0);
	assert_true(text_number("00010", 0, 10, &out));
	assert_int_equal(out, 10);
	assert_true(text_number("18446744073709551615", 0, UINT64_MAX, &out));
	assert_true(out == UINT64_MAX);
}

static void other_numbers_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "1.0", "0x1", "a", "1a",
		"18446744073709551616", "99999999999999999999999", "\xd9\xa1" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint64_t out = 77;
		assert_false(text_number(bad[i], 0, UINT64_MAX, &out));
		assert_int_equal(out, 77);
	}
	uint64_t out = 77;
	assert_true(text_number("8", 8, 65464, &out));
	assert_true(text_number("65464", 8, 65464, &out));
	assert_false(text_number("7", 8, 65464, &out));
	assert_false(text_number("65465", 8, 65464, &out));
	assert_int_equal(out, 65464);
}

static void times_are_utc(void **state)
{
	(void)state;
	char out[TIME_TEXT_SIZE];
	assert_string_equal(text_time(0, out), "1970-01-01 00:00:00Z");
	assert_string_equal(text_time(0x6887b03e, out), "2025-07-28 17:15:42Z");
	assert_string_equal(text_time(-1, out), "1969-12-31 23:59:59Z");
	assert_string_equal(text_time(253402300799, out), "9999-12-31 23:59:59Z");
	assert_string_equal(text_time(INT64_MAX, out), "(no time)");
	assert_string_equal(text_time(INT64_MIN, out), "(no time)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_told_from_the_rest),
		cmocka_unit_test(text_is_taken_whole),
		cmocka_unit_test(text_or_nothing),
		cmocka_unit_test(text_fits_or_is_refused),
		cmocka_unit_test(escaped_text_is_harmless),
		cmocka_unit_test(escaped_text_is_cut_only_when_it_must_be),
		cmocka_unit_test(escaping_never_overruns),
		cmocka_unit_test(case_is_ignored_in_ascii),
		cmocka_unit_test(numbers_are_whole_texts),
		cmocka_unit_test(other_numbers_are_refused),
		cmocka_unit_test(times_are_utc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
