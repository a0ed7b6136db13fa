#pragma once
/*
 * The command line: one table of verbs, one parser of arguments, one place that turns a fault into
 * an exit status. A verb is a row; cli finds it by its words, checks what was given against its
 * arguments, answers --help from the row, and calls it. Operations of ops/ are verbs too.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum exit_status {
	EXIT_FINE = 0,
	EXIT_ERROR = 1,
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,
	EXIT_UNVERIFIED = 4, /* malformed, larger than anything of its kind, or badly signed */
	EXIT_MISSING = 5,
};
enum exit_status exit_status_of(enum fault fault);

enum argument_kind {
	ARGUMENT_POSITIONAL, /* in order, without a name */
	ARGUMENT_OPTION,     /* --name VALUE or --name=VALUE */
	ARGUMENT_FLAG,       /* --name */
};

struct argument {
	const char *name; /* "trust", "FILE" */
	enum argument_kind kind;
	bool required;
	const char *value; /* what --help calls the value: "LIST"; positional and flag: NULL */
	const char *means;
};

enum { CALL_ARGUMENTS = 24, CALL_MORE = 64 };

struct verb;

/* A verb as it was called. --json, --control and --help are taken out before. */
struct call {
	const struct verb *verb;
	bool json; /* print one JSON value on standard output, nothing else */
	const char
		*control; /* the daemon's Unix socket: --control, DIALTRUST_CONTROL, the default */
	const char *values[CALL_ARGUMENTS]; /* of verb->arguments, in order; NULL: not given */
	const char *more[CALL_MORE]; /* of a verb that repeats: the words after its positionals */
	size_t more_count;
};

/* False: err says why, cli prints it on standard error and exits with exit_status_of(). What the
 * verb printed before stays printed: `list verify` shows its findings, then fails. */
typedef bool verb_fn(const struct call *call, struct error *err);

struct verb {
	const char *words; /* "list show" */
	verb_fn *run;
	const struct argument *arguments; /* ends with a NULL name; NULL: none */
	const char *means;                /* one line for --help */
	const char *help;                 /* further lines for --help of this verb; may be NULL */
	const void *context;              /* the verb's own; cli's operations keep their row here */
	bool repeats;                     /* its last positional may be given more than once */
	/* Of verbs with the same words, the one is meant that takes the first positional; where
	 * none does, the one that has no such function. */
	bool (*takes)(const char *positional);
};

struct number_range {
	uint64_t min, max;
};

const char *call_value(const struct call *call, const char *name); /* NULL: not given */
bool call_flag(const struct call *call, const char *name);
/* *out keeps what it holds when the argument was not given. FAULT_USAGE names the range. */
bool call_number(const struct call *call, const char *name, const struct number_range *range,
	uint64_t *out, struct error *err) MUST_CHECK;

/* Operations and `verbs`; the process's whole life. Returns the exit status. */
int cli_main(int argc, char **argv, const struct verb *const *verbs, size_t count);
