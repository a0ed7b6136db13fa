#include "cli/cli.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli_impl.h"
#include "cli/output.h"
#include "run/settings.h"

enum exit_status exit_status_of(enum fault fault)
{
	switch (fault) {
	case FAULT_USAGE:
		return EXIT_USAGE;
	case FAULT_REFUSED:
		return EXIT_REFUSED;
	case FAULT_MALFORMED:
	case FAULT_UNTRUSTED:
	case FAULT_LIMIT:
		return EXIT_UNVERIFIED;
	case FAULT_MISSING:
		return EXIT_MISSING;
	case FAULT_NONE:
	case FAULT_BUSY:
	case FAULT_IO:
	case FAULT_STORE:
	case FAULT_CRYPTO:
	case FAULT_MEMORY:
		break;
	}
	return EXIT_ERROR;
}

const char *control_default(void)
{
	size_t count;
	const struct setting_row *rows = setting_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].section, "admin") == 0 && strcmp(rows[i].name, "socket") == 0)
			return rows[i].fallback;
	return "/run/dialtrust/admin";
}

static const char *control_of(const struct command_line *line)
{
	const char *environment = getenv("DIALTRUST_CONTROL");
	if (line->control != NULL)
		return line->control;
	return environment != NULL && environment[0] != '\0' ? environment : control_default();
}

/* Of every verb that has these words. */
static void help_words(const struct verb_table *t, const struct verb *found)
{
	bool first = true;
	for (size_t i = 0; i < t->count; i++) {
		if (!verb_same_words(&t->verbs[i], found))
			continue;
		if (!first)
			(void)fputs("\n", stdout);
		help_verb(&t->verbs[i], stdout);
		first = false;
	}
}

/* What was asked for instead of a verb: --version, --help. */
static bool answer_questions(const struct verb_table *t, const struct command_line *line)
{
	if (line->version && !line->help) {
		(void)printf("dialtrust " DIALTRUST_VERSION "\n");
		return true;
	}
	if (!line->help)
		return false;
	struct error none = { 0 };
	size_t taken;
	const struct verb *verb = verb_find(t, line, &taken, &none);
	if (verb != NULL)
		help_words(t, verb);
	else if (line->count == 0 || (line->count == 1 && is_group(t, line->words[0])))
		help_all(t, line->count == 0 ? NULL : line->words[0], stdout);
	else
		return false; /* help about what there is not: the usage error says so */
	return true;
}

static bool run_verb(const struct verb_table *t, const struct command_line *line, struct error *err)
{
	size_t taken;
	struct call call = { .json = line->json, .control = control_of(line) };
	if (answer_questions(t, line))
		return true;
	call.verb = verb_find(t, line, &taken, err);
	return call.verb != NULL && call_read(line, taken, &call, err) &&
		call.verb->run(&call, err);
}

static void report(const struct error *err, bool json)
{
	if (!json) {
		output_message("%s", err->text);
		return;
	}
	json_auto_t *told = json_pack("{s:i, s:s, s:o}", "schema_version", 1, "fault",
		fault_name(err->fault), "error", output_json_text(err->text));
	output_json(stderr, told);
}

static bool flush_output(struct error *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	return fail(err, FAULT_IO, "standard output: %s", strerror(errno));
}

/* Asked before the words are read: a line that is being typed need not make sense yet. */
static bool complete(int argc, char **argv, const struct verb *const *verbs, size_t count)
{
	struct verb_table table = { 0 };
	if (argc < 2 || strcmp(argv[1], "--complete") != 0)
		return false;
	if (verb_table_make(&table, verbs, count, NULL))
		completion_print(&table, argc - 2, argv + 2, stdout);
	verb_table_done(&table);
	return true;
}

int cli_main(int argc, char **argv, const struct verb *const *verbs, size_t count)
{
	struct error err = { 0 };
	struct command_line line = { 0 };
	struct verb_table table = { 0 };
	if (complete(argc, argv, verbs, count))
		return flush_output(NULL) ? EXIT_FINE : EXIT_ERROR;
	(void)setlocale(LC_CTYPE, "C.UTF-8"); /* for the width of letters; "C" does too */
	bool fine = command_line_read(argc, argv, &line, &err) &&
		verb_table_make(&table, verbs, count, &err) && run_verb(&table, &line, &err);
	bool written = flush_output(fine ? &err : NULL);
	if (!fine || !written)
		report(&err, line.json);
	verb_table_done(&table);
	command_line_done(&line);
	return fine && written ? EXIT_FINE : (int)exit_status_of(err.fault);
}
