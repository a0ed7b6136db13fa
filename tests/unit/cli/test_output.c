#include "unit/cli/scene.h"

#include <locale.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"

static char text[4096];

static const char *printed(const struct table *t)
{
	FILE *to = fmemopen(text, sizeof(text), "w");
	assert_non_null(to);
	table_print(t, to);
	(void)fclose(to);
	return text;
}

static void columns_line_up(void **state)
{
	(void)state;
	AUTO(table) t = table_new((const char *[]){ "A", "LONGER", "C" }, 3, NULL);
	assert_true(table_add(t, (const char *[]){ "wide enough", "x", "y" }, NULL));
	assert_true(table_add(t, (const char *[]){ "", "", "z" }, NULL));
	assert_string_equal(printed(t),
		"A            LONGER  C\n"
		"wide enough  x       y\n"
		"                     z\n");
}

static void no_line_ends_in_blanks(void **state)
{
	(void)state;
	AUTO(table) t = table_new((const char *[]){ "A", "B", "C" }, 3, NULL);
	assert_true(table_add(t, (const char *[]){ "1", "", "" }, NULL));
	assert_true(table_add(t, (const char *[]){ "1", "2", NULL }, NULL));
	assert_true(table_add(t, (const char *[]){ "", "", "" }, NULL));
	assert_string_equal(printed(t), "A  B  C\n1\n1  2\n\n");
}

static void letters_are_counted_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("Größe"), 5);
	assert_int_equal(text_width("電話"), 4);
	assert_int_equal(text_width("e\xcc\x81"), 1);
	assert_int_equal(text_width("\x1b"), 4); /* as \x1b */
	assert_int_equal(text_width("\xff"), 4);
	AUTO(table) t = table_new((const char *[]){ "NAME", "N" }, 2, NULL);
	assert_true(table_add(t, (const char *[]){ "Größe", "1" }, NULL));
	assert_true(table_add(t, (const char *[]){ "電話", "2" }, NULL));
	assert_string_equal(printed(t), "NAME   N\nGröße  1\n電話   2\n");
}

static void what_could_move_the_cursor_is_escaped(void **state)
{
	(void)state;
	AUTO(table) t = table_new((const char *[]){ "A", "B" }, 2, NULL);
	assert_true(table_add(t, (const char *[]){ "\x1b[2J\r\n", "\xff" }, NULL));
	assert_string_equal(printed(t), "A                B\n\\x1b[2J\\x0d\\x0a  \\xff\n");
}

static void many_rows_fit(void **state)
{
	(void)state;
	AUTO(table) t = table_new((const char *[]){ "A" }, 1, NULL);
	for (int i = 0; i < 1000; i++)
		assert_true(table_add(t, (const char *[]){ "" }, NULL));
	assert_int_equal(strlen(printed(t)), 1002);
}

static void facts_line_up(void **state)
{
	(void)state;
	FILE *to = fmemopen(text, sizeof(text), "w");
	output_fact(to, 8, "name", "pub");
	output_fact(to, 8, "größe", "1");
	output_fact(to, 3, "longer than that", "a\nb");
	(void)fclose(to);
	assert_string_equal(text, "name:    pub\ngröße:   1\nlonger than that: a\\x0ab\n");
}

static void json_keeps_the_order_of_its_keys(void **state)
{
	(void)state;
	json_auto_t *value = json_pack("{s:i, s:[s, b]}", "z", 1, "a", "ü", 1);
	FILE *to = fmemopen(text, sizeof(text), "w");
	output_json(to, value);
	(void)fclose(to);
	assert_string_equal(text, "{\n  \"z\": 1,\n  \"a\": [\n    \"ü\",\n    true\n  ]\n}\n");
}

/* What a terminal gets: through a pseudo-terminal's other end. */
static const char *on_terminal(void)
{
	int master, slave;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	FILE *to = fdopen(slave, "w");
	output_painted(to, PAINT_GOOD, "fine\x1b");
	(void)fflush(to);
	ssize_t got = read(master, text, sizeof(text) - 1);
	text[got < 0 ? 0 : got] = '\0';
	(void)fclose(to);
	(void)close(master);
	return text;
}

static void colours_are_for_terminals_that_want_them(void **state)
{
	(void)state;
	(void)setenv("TERM", "xterm", 1);
	(void)unsetenv("NO_COLOR");
	assert_string_equal(on_terminal(), "\x1b[32mfine\\x1b\x1b[0m");
	(void)setenv("NO_COLOR", "", 1);
	assert_string_equal(on_terminal(), "\x1b[32mfine\\x1b\x1b[0m");
	(void)setenv("NO_COLOR", "1", 1);
	assert_string_equal(on_terminal(), "fine\\x1b");
	(void)unsetenv("NO_COLOR");
	(void)setenv("TERM", "dumb", 1);
	assert_string_equal(on_terminal(), "fine\\x1b");
	(void)unsetenv("TERM");
	assert_string_equal(on_terminal(), "fine\\x1b");
	(void)setenv("TERM", "xterm", 1);
	FILE *to = fmemopen(text, sizeof(text), "w");
	output_painted(to, PAINT_GOOD, "no terminal");
	(void)fclose(to);
	assert_string_equal(text, "no terminal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up),
		cmocka_unit_test(no_line_ends_in_blanks),
		cmocka_unit_test(letters_are_counted_not_bytes),
		cmocka_unit_test(what_could_move_the_cursor_is_escaped),
		cmocka_unit_test(many_rows_fit),
		cmocka_unit_test(facts_line_up),
		cmocka_unit_test(json_keeps_the_order_of_its_keys),
		cmocka_unit_test(colours_are_for_terminals_that_want_them),
	};
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
