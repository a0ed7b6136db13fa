/* Argument parsing, usage errors, --help at every level, exit statuses. */
#include "unit/cli/scene.h"

#include <stdio.h>
#include <string.h>

static struct ran ran;

static void assert_shows(const char *words, const char *text)
{
	run_line(&ran, words, "/s");
	if (ran.status != EXIT_FINE)
		print_error("%s: %s", words, ran.err);
	assert_int_equal(ran.status, EXIT_FINE);
	assert_string_equal(ran.out, text);
	assert_string_equal(ran.err, "");
}

static void arguments_come_in_any_order(void **state)
{
	(void)state;
	static const char whole[] = "echo show json=0 control=/s FILE=f OTHER=o trust=t "
				    "full_name=n once=\n";
	assert_shows("echo show f o --trust t --full-name n --once", whole);
	assert_shows("echo show --once --trust=t f --full_name=n o", whole);
	assert_shows("echo show --full-name n --once f --trust t o", whole);
	assert_shows("echo show f",
		"echo show json=0 control=/s FILE=f OTHER=(none) trust=(none) "
		"full_name=(none) once=(none)\n");
}

static void what_every_verb_takes_stands_anywhere(void **state)
{
	(void)state;
	static const char whole[] = "echo show json=1 control=/c FILE=f OTHER=(none) trust=(none) "
				    "full_name=(none) once=(none)\n";
	assert_shows("--json --control /c echo show f", whole);
	assert_shows("echo --control=/c show f --json", whole);
	assert_shows("echo show --json f --control /c", whole);
}

static void values_may_look_odd(void **state)
{
	(void)state;
	static const char rest[] = " full_name=(none) once=(none)\n";
	char text[200];
	assert_shows("echo show - --trust -5",
		"echo show json=0 control=/s FILE=- OTHER=(none) "
		"trust=-5 full_name=(none) once=(none)\n");
	assert_shows("echo show --trust=--json f",
		"echo show json=0 control=/s FILE=f "
		"OTHER=(none) trust=--json full_name=(none) "
		"once=(none)\n");
	assert_shows("echo show --trust= f",
		"echo show json=0 control=/s FILE=f OTHER=(none) "
		"trust= full_name=(none) once=(none)\n");
	(void)snprintf(text, sizeof(text),
		"echo show json=0 control=/s FILE=--json OTHER=--help trust=(none)%s", rest);
	assert_shows("echo show -- --json --help", text);
	(void)snprintf(text, sizeof(text),
		"echo show json=0 control=/s FILE=-- OTHER=(none) trust=(none)%s", rest);
	assert_shows("echo show -- --", text);
}

static void the_environment_and_the_default_name_the_daemon(void **state)
{
	(void)state;
	run_line(&ran, "echo show f", "/env");
	assert_non_null(strstr(ran.out, "control=/env "));
	run_line(&ran, "echo show f --control /line", "/env");
	assert_non_null(strstr(ran.out, "control=/line "));
	run_line(&ran, "echo show f", "");
	assert_non_null(strstr(ran.out, "control=/run/dialtrust/admin "));
	run_line(&ran, "echo show f", NULL);
	assert_non_null(strstr(ran.out, "control=/run/dialtrust/admin "));
}

static void assert_usage(const char *words, const char *word)
{
	run_line(&ran, words, NULL);
	assert_int_equal(ran.status, EXIT_USAGE);
	assert_string_equal(ran.out, "");
	assert_int_equal(strncmp(ran.err, "dialtrust: ", 11), 0);
	if (strstr(ran.err, word) == NULL)
		print_error("%s: %s", words, ran.err);
	assert_non_null(strstr(ran.err, word));
}

static void unknown_words_meet_the_nearest_known_one(void **state)
{
	(void)state;
	assert_usage("ehco show f", "`dialtrust echo` is the nearest");
	assert_usage("echo shwo f", "`dialtrust echo show` is the nearest");
	assert_usage("cert regne", "`dialtrust cert regen` is the nearest");
	assert_usage("alnoe", "`dialtrust alone` is the nearest");
	assert_usage("echo show f --trsut t", "--trust is the nearest");
	assert_usage("echo show f --contrl=x", "--control is the nearest");
	assert_usage("echo show f --jsn", "--json is the nearest");
	assert_usage("xylophone", "there is no `dialtrust xylophone`: see `dialtrust --help`");
	assert_usage("cert xylophone", "see `dialtrust cert --help`");
	assert_usage("echo show f --xylophone", "has no option --xylophone");
}

static void missing_and_superfluous_words_are_named(void **state)
{
	(void)state;
	assert_usage("", "nothing was asked");
	assert_usage("echo", "echo what?");
	assert_usage("echo show", "needs FILE");
	assert_usage("echo show --once", "needs FILE");
	assert_usage("echo show a b c", "\"c\" is one word too many");
	assert_usage("alone c", "\"c\" is one word too many");
	assert_usage("echo show f --trust", "--trust needs a value after it: LIST");
	assert_usage("echo show f --trust --once", "--trust needs a value");
	assert_usage("echo show f --once=yes", "--once takes no value");
	assert_usage("echo show f --once --once", "--once is given twice");
	assert_usage("echo show f --trust a --trust b", "--trust is given twice");
	assert_usage("echo show f --control", "--control needs");
	assert_usage("echo show f --control=", "--control needs");
	assert_usage("echo show f -o", "\"-o\"");
	assert_usage("--once echo show f", "\"--once\" stands before any verb");
	assert_usage("-- echo show f", "dialtrust echo"); /* after "--" no verb is looked for */
	assert_usage("cert regen --node pub", "needs UNIT");
	assert_usage("cert regen TVS", "needs --node");
}

static void numbers_have_a_range(void **state)
{
	(void)state;
	assert_shows("alone", "7 0\n");
	assert_shows("alone --count 1", "1 0\n");
	assert_shows("alone --count=100 --once", "100 1\n");
	assert_usage("alone --count 0", "from 1 to 100");
	assert_usage("alone --count 101", "from 1 to 100");
	assert_usage("alone --count ten", "\"ten\"");
	assert_usage("alone --count=", "whole number");
	assert_usage("alone --count -1", "\"-1\"");
}

static void assert_help(const char *words, const char *word)
{
	run_line(&ran, words, NULL);
	assert_int_equal(ran.status, EXIT_FINE);
	assert_string_equal(ran.err, "");
	assert_int_equal(strncmp(ran.out, "usage: dialtrust ", 17), 0);
	assert_non_null(strstr(ran.out, word));
}

static void help_is_given_at_every_level(void **state)
{
	(void)state;
	assert_help("--help", "cert regen");
	assert_non_null(strstr(ran.out, "echo show"));
	assert_non_null(strstr(ran.out, "Exit status"));
	assert_help("-h", "cert regen");
	assert_help("cert --help", "cert regen");
	assert_null(strstr(ran.out, "echo show"));
	assert_help("--help echo", "echo fail");
	assert_help("echo show --help", "dialtrust echo show FILE [OTHER] [--trust LIST]");
	assert_non_null(strstr(ran.out, "More words about it."));
	assert_non_null(strstr(ran.out, "whom to trust"));
	assert_help("echo show --help --xylophone", "whom to trust"); /* asked for, so given */
	assert_help("cert regen --help", "UNIT [--node NODE]");
	assert_non_null(strstr(ran.out, "POST /v1/nodes/{node}/certificates/{unit}/regenerate"));
	assert_help("alone --help", "dialtrust alone [--count N] [--once]");
	assert_usage("xylophone --help", "xylophone");
	assert_usage("cert xylophone --help", "xylophone");
}

static void every_verb_has_its_help(void **state)
{
	(void)state;
	struct ran all;
	size_t seen = 0;
	run_line(&all, "--help", NULL);
	for (char *line = strstr(all.out, "\n\n") + 2; *line == ' ';
		line = strchr(line, '\n') + 1) {
		char words[80];
		size_t size = (size_t)(strstr(line + 2, "  ") - (line + 2));
		(void)snprintf(words, sizeof(words), "%.*s --help", (int)size, line + 2);
		assert_help(words, "With every verb");
		seen++;
	}
	assert_true(seen > scene_verb_count);
}

static void verbs_of_one_group_stand_together(void **state)
{
	(void)state;
	run_line(&ran, "--help", NULL);
	const char *regen = strstr(ran.out, "cert regen"), *count = strstr(ran.out, "cert count");
	const char *list = strstr(ran.out, "list status");
	assert_true(regen < count && count < list);
}

/* Such as the name of a file: what went wrong is told nonetheless. */
static void words_that_are_no_utf8_are_told_in_json(void **state)
{
	(void)state;
	run_line(&ran, "--json echo \xff", NULL);
	assert_int_equal(ran.status, EXIT_USAGE);
	assert_non_null(strstr(ran.err, "\"schema_version\": 1"));
	assert_non_null(strstr(ran.err, "\"fault\": \"usage\""));
	assert_non_null(strstr(ran.err, "echo \\\\xff"));
}

static void the_version(void **state)
{
	(void)state;
	assert_shows("--version", "dialtrust " DIALTRUST_VERSION "\n");
	assert_shows("echo show f --version", "dialtrust " DIALTRUST_VERSION "\n");
	assert_shows("echo fail io --version", "dialtrust " DIALTRUST_VERSION "\n");
}

static void faults_become_exit_statuses(void **state)
{
	(void)state;
	static const struct {
		const char *fault;
		int status;
	} rows[] = { { "usage", 2 }, { "malformed", 4 }, { "untrusted", 4 }, { "refused", 3 },
		{ "missing", 5 }, { "limit", 4 }, { "busy", 1 }, { "io", 1 }, { "store", 1 },
		{ "crypto", 1 }, { "memory", 1 }, { "none", 1 } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		char words[64];
		(void)snprintf(words, sizeof(words), "echo fail %s", rows[i].fault);
		run_line(&ran, words, NULL);
		assert_int_equal(ran.status, rows[i].status);
		assert_string_equal(ran.out, "before\n");
		assert_non_null(strstr(ran.err, "dialtrust: because \\x1b[2J of"));
	}
	run_line(&ran, "echo fail nothing", NULL);
	assert_int_equal(ran.status, 0);
}

static void with_json_the_error_is_json_too(void **state)
{
	(void)state;
	run_line(&ran, "echo fail refused --json", NULL);
	assert_int_equal(ran.status, EXIT_REFUSED);
	assert_non_null(strstr(ran.err, "\"fault\": \"refused\""));
	assert_non_null(strstr(ran.err, "\"error\": \"because"));
	assert_null(strchr(ran.err, '\x1b'));
}

static void a_verb_may_take_many_words(void **state)
{
	(void)state;
	char words[8 * CALL_MORE] = "echo many";
	assert_shows("echo many a", "a\n");
	assert_shows("echo many a b -- --c", "a b --c\n");
	for (size_t i = 0; i <= CALL_MORE; i++)
		(void)strncat(words, " w", sizeof(words) - strlen(words) - 1);
	run_line(&ran, words, NULL);
	assert_int_equal(ran.status, EXIT_FINE);
	assert_string_equal(ran.out + 2 * CALL_MORE, "w\n");
	(void)strncat(words, " last", sizeof(words) - strlen(words) - 1);
	run_line(&ran, words, NULL);
	assert_int_equal(ran.status, EXIT_USAGE);
	assert_non_null(strstr(ran.err, "\"last\" is one word too many"));
	run_line(&ran, "echo many", NULL);
	assert_int_equal(ran.status, EXIT_USAGE);
	run_line(&ran, "echo many --help", NULL);
	assert_non_null(strstr(ran.out, "usage: dialtrust echo many FAULT …"));
}

/* `echo show` is two verbs; the second takes what has a dot. */
static void two_verbs_may_have_the_same_words(void **state)
{
	(void)state;
	static const char *const first[] = { "echo show f", "echo show --trust a.b f",
		"echo show --trust=a.b f", "echo show --once f a.b",
		"echo show --full-name a.b f" };
	static const char *const second[] = { "echo show a.b", "echo show --once a.b",
		"echo show -- a.b", "echo show --unknown a.b" };
	for (size_t i = 0; i < COUNT(first); i++) {
		run_line(&ran, first[i], NULL);
		assert_int_equal(ran.status, EXIT_FINE);
		assert_non_null(strstr(ran.out, "FILE=f"));
	}
	for (size_t i = 0; i < COUNT(second); i++) {
		run_line(&ran, second[i], NULL);
		assert_null(strstr(ran.out, "echo show json="));
		assert_int_equal(ran.status, i % 2 == 0 ? EXIT_FINE : EXIT_USAGE);
	}
	run_line(&ran, "echo show", NULL);
	assert_non_null(strstr(ran.err, "echo show needs FILE"));
	run_line(&ran, "echo show --help", NULL);
	assert_non_null(strstr(ran.out, "usage: dialtrust echo show FILE"));
	assert_non_null(strstr(ran.out, "usage: dialtrust echo show FAULT"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_come_in_any_order),
		cmocka_unit_test(what_every_verb_takes_stands_anywhere),
		cmocka_unit_test(values_may_look_odd),
		cmocka_unit_test(the_environment_and_the_default_name_the_daemon),
		cmocka_unit_test(unknown_words_meet_the_nearest_known_one),
		cmocka_unit_test(missing_and_superfluous_words_are_named),
		cmocka_unit_test(numbers_have_a_range),
		cmocka_unit_test(help_is_given_at_every_level),
		cmocka_unit_test(every_verb_has_its_help),
		cmocka_unit_test(verbs_of_one_group_stand_together),
		cmocka_unit_test(words_that_are_no_utf8_are_told_in_json),
		cmocka_unit_test(the_version),
		cmocka_unit_test(faults_become_exit_statuses),
		cmocka_unit_test(with_json_the_error_is_json_too),
		cmocka_unit_test(a_verb_may_take_many_words),
		cmocka_unit_test(two_verbs_may_have_the_same_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
