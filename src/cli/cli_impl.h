#pragma once
/* What the files of this room share. */
#include <jansson.h>
#include <stdio.h>

#include "cli/cli.h"
#include "ops/op.h"

struct verb_table {
	size_t count;
	struct verb *verbs;         /* own ones, operations, those handed to cli_main */
	struct op_verb *operations; /* backs the operations among them */
};
bool verb_table_make(struct verb_table *out, const struct verb *const *extra, size_t count,
	struct error *err) MUST_CHECK;
void verb_table_done(struct verb_table *t);

/* The command line taken apart: what every verb takes, and the rest in order. */
struct command_line {
	bool help, version, json;
	const char *control;
	size_t count;
	const char **words;  /* the rest; owned array of lent texts */
	size_t literal_from; /* words from here on came after "--": none is an option */
};
bool command_line_read(int argc, char **argv, struct command_line *out, struct error *err)
	MUST_CHECK;
void command_line_done(struct command_line *line);

/* The name of an option as given, where a hyphen does for an underscore. */
bool option_same(const char *known, const char *given, size_t size);

/* The verb whose words start the line; *taken words are its own. FAULT_USAGE names the wrong word
 * and the nearest right one. */
const struct verb *verb_find(const struct verb_table *t, const struct command_line *line,
	size_t *taken, struct error *err);
/* The words after the verb's own, put where its arguments want them. */
bool call_read(const struct command_line *line, size_t taken, struct call *call, struct error *err)
	MUST_CHECK;

void help_all(const struct verb_table *t, const char *group, FILE *to); /* NULL: every group */
void help_verb(const struct verb *verb, FILE *to);
/* They differ in what they take: verb->takes. */
bool verb_same_words(const struct verb *a, const struct verb *b);
/* Verbs begin with this word and it is none itself. */
bool is_group(const struct verb_table *t, const char *word);

struct daemon_question {
	const char *method;
	const char *path;   /* encoded, with its query */
	const json_t *body; /* NULL: none */
};

/* An operation of ops/ asked of the daemon; the row is the verb's context. */
verb_fn operate;
const char *control_default(void);
/* One request to the daemon at `control`. The reply is JSON; a fault of the daemon's becomes ours.
 */
bool ask_daemon(const char *control, const struct daemon_question *question, json_t **out,
	struct error *err) MUST_CHECK;
bool print_result(const struct op *op, const json_t *result, struct error *err) MUST_CHECK;

/* `dialtrust --complete WORD…`, what shells ask: the words behind the program's name up to the
 * cursor, the last one perhaps empty. Prints what may stand in its place, a line each; ":files" and
 * ":folders" are for the shell to look for. */
void completion_print(const struct verb_table *table, int count, char **words, FILE *to);
