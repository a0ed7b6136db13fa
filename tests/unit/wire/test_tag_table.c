#include "wire/tag_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"

/* clang-format off */
static const struct tag_rule rules[] = {
	[1] = { TAG_VALUE,  true,  0, 2, 4, "number" },
	[2] = { TAG_TEXT,   false, 0, 1, 8, "text" },
	[3] = { TAG_GROUP,  false, 0, 0, 99, "outer" },
	[4] = { TAG_GROUP,  true,  3, 0, 99, "inner" },
	[5] = { TAG_VALUE,  true,  4, 1, 1, "leaf" },
	[6] = { TAG_SERIAL, false, 0, 1, 4, "serial" },
	[8] = { TAG_BARE,   false, 0, 1, 2, "filler" },
};
/* clang-format on */
static const struct tag_table table = { rules, COUNT(rules) };

static void reads(const char *bytes, size_t size, struct tag_values *out)
{
	struct error err = { 0 };
	if (!tag_table_read(&table, reader_of(bytes, size), 0, out, &err))
		print_error("refused: %s\n", err.text);
	assert_int_equal(err.fault, FAULT_NONE);
}

static void refuses(const char *bytes, size_t size, enum fault fault, const char *sentence)
{
	struct tag_values out;
	memset(&out, 0x55, sizeof(out));
	struct tag_values before = out;
	struct error err = { 0 };
	assert_false(tag_table_read(&table, reader_of(bytes, size), 1000, &out, &err));
	assert_string_equal(err.text, sentence);
	assert_int_equal(err.fault, fault);
	assert_memory_equal(&out, &before, sizeof(out));
}

static void values_are_found_by_tag(void **state)
{
	(void)state;
	struct tag_values out;
	reads("\2\0\3ab\0\1\0\2\7\7", 11, &out);
	assert_true(out.of[1].ok && out.of[2].ok && !out.of[3].ok && !out.of[6].ok);
	assert_int_equal(out.of[1].left, 2);
	assert_int_equal(out.of[2].left, 2);
	assert_memory_equal(out.of[2].at, "ab", 2);
}

static void groups_hold_groups(void **state)
{
	(void)state;
	struct tag_values out;
	reads("\3\0\7\4\0\4\5\0\1x\1\0\2\1\2", 15, &out);
	assert_true(out.of[3].ok && out.of[4].ok && out.of[5].ok);
	assert_int_equal(out.of[5].at[0], 'x');
	refuses("\3\0\4\5\0\1x\1\0\2\1\2", 12, FAULT_MALFORMED,
		"leaf at byte 1003: does not belong there");
	refuses("\5\0\1x\1\0\2\1\2", 9, FAULT_MALFORMED,
		"leaf at byte 1000: does not belong there");
	refuses("\1\0\2\1\2\3\0\6\4\0\4\5\0\1x", 15, FAULT_MALFORMED,
		"inner at byte 1008: runs past the end of outer");
	refuses("\1\0\2\1\2\3\0\7\4\0\5\5\0\1x", 15, FAULT_MALFORMED,
		"inner at byte 1008: runs past the end of outer");
	refuses("\1\0\2\1\2\3\0\7\4\0\3\5\0\1x", 15, FAULT_MALFORMED,
		"leaf at byte 1011: runs past the end of inner");
}

static void children_of_an_absent_group_are_not_missed(void **state)
{
	(void)state;
	struct tag_values out;
	reads("\1\0\2\1\2", 5, &out);
	refuses("", 0, FAULT_MALFORMED, "number (tag 1) is missing");
	refuses("\1\0\2\1\2\3\0\0", 8, FAULT_MALFORMED, "inner (tag 4) is missing");
	refuses("\1\0\2\1\2\3\0\3\4\0\0", 11, FAULT_MALFORMED, "leaf (tag 5) is missing");
}

static void sizes_are_judged(void **state)
{
	(void)state;
	struct tag_values out;
	reads("\1\0\4abcd", 7, &out);
	refuses("\1\0\1a", 4, FAULT_MALFORMED,
		"number at byte 1000: 1 bytes long, must be 2 at least");
	refuses("\1\0\5abcde", 8, FAULT_LIMIT,
		"number at byte 1000: 5 bytes long, at most 4 are allowed");
	refuses("\3\0\7\4\0\4\5\0\0\0\1", 11, FAULT_MALFORMED,
		"leaf at byte 1006: 0 bytes long, must be 1");
	refuses("\1\0\2\1", 4, FAULT_MALFORMED,
		"number at byte 1000: runs past the end of the whole");
	refuses("\1\0", 2, FAULT_MALFORMED, "number at byte 1000: runs past the end of the whole");
}

static void padding_is_last(void **state)
{
	(void)state;
	struct tag_values out;
	reads("\1\0\2\1\2\10", 6, &out);
	reads("\1\0\2\1\2\10\10", 7, &out);
	refuses("\1\0\2\1\2\10\10\10", 8, FAULT_MALFORMED,
		"filler at byte 1005: 3 bytes, at most 2 are allowed");
	refuses("\10\1\0\2\1\2", 6, FAULT_MALFORMED, "filler at byte 1000: stands before the end");
	refuses("\1\0\2\1\2\3\0\1\10", 9, FAULT_MALFORMED,
		"filler at byte 1008: stands before the end");
}

static void holes_and_the_end_of_the_table_are_unknown(void **state)
{
	(void)state;
	refuses("\0\0\0", 3, FAULT_MALFORMED, "tag 0 at byte 1000 is unknown");
	refuses("\7\0\0", 3, FAULT_MALFORMED, "tag 7 at byte 1000 is unknown");
	refuses("\11\0\0", 3, FAULT_MALFORMED, "tag 9 at byte 1000 is unknown");
	refuses("\xff\0\0", 3, FAULT_MALFORMED, "tag 255 at byte 1000 is unknown");
}

static void texts_and_serials_keep_their_rules(void **state)
{
	(void)state;
	struct tag_values out;
	reads("\1\0\2\1\2\2\0\1\0\6\0\1\1", 13, &out);
	assert_true(out.of[2].ok);
	assert_int_equal(out.of[2].left, 0);
	refuses("\2\0\1a", 4, FAULT_MALFORMED,
		"text at byte 1000: text does not end with a zero byte");
	refuses("\2\0\2\0\0", 5, FAULT_MALFORMED,
		"text at byte 1000: control byte 00 in text at byte 0");
	refuses("\6\0\2\0\1", 5, FAULT_MALFORMED, "serial at byte 1000: starts with a zero byte");
	refuses("\6\0\1\1\6\0\1\1", 8, FAULT_MALFORMED, "serial at byte 1004: comes a second time");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found_by_tag),
		cmocka_unit_test(groups_hold_groups),
		cmocka_unit_test(children_of_an_absent_group_are_not_missed),
		cmocka_unit_test(sizes_are_judged),
		cmocka_unit_test(padding_is_last),
		cmocka_unit_test(holes_and_the_end_of_the_table_are_unknown),
		cmocka_unit_test(texts_and_serials_keep_their_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
