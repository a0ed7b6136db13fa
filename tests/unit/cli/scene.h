#pragma once
/* The command line run as users run it: in a process of its own, its words and status caught; and
 * a daemon that tells back what it was asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/error.h has one of its own */

#include "cli/cli.h"

struct ran {
	int status;
	char out[65536], err[8192];
};

/* Verbs of the scene: "echo show", "echo fail FAULT", "alone". */
extern const struct verb *const scene_verbs[];
extern const size_t scene_verb_count;

/* `words` are parted by single blanks; "" for none. `control` may be NULL. */
void run_line(struct ran *ran, const char *words, const char *control);
void run_words(struct ran *ran, char **argv, const char *control);

/* Serves one answer to one request, then ends: {"method", "path", "query", "body"} of what it was
 * asked, under "said"; or `answer` with `status` when it is not NULL. */
struct daemon {
	char folder[64];
	char socket[96];
	int pid;
};
void daemon_start(struct daemon *d, int status, const char *answer);
void daemon_end(struct daemon *d);
