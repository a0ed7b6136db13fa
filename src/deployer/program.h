#pragma once
/* A program of the operator's, run to its end beside the loop: no shell, no input, no descriptor
 * of ours but the pipe to which it prints. */
#include <stdint.h>

#include "base/reader.h"
#include "net/loop.h"

enum { PROGRAM_OUTPUT = 1 << 20 }; /* bytes that are kept of what it prints */

struct program;
/* Once. err NULL: it ended with status 0. `output` dies with the call. */
typedef void program_fn(const struct error *err, struct reader output, void *context);

struct program_line {
	const char *words; /* a path and its arguments between blanks; "…" keeps blanks together */
	uint32_t user;     /* that runs it; UINT32_MAX: who we are */
	uint64_t ms;       /* then it is killed, and all that it started in its process group */
};
/* NULL with err where it could not even begin; fn comes from the loop. */
struct program *program_start(struct loop *l, const struct program_line *line, program_fn *fn,
	void *context, struct error *err);
/* Killed; fn is not called. NULL is fine. Not from inside fn, after which it is gone. */
void program_abandon(struct program *p);
