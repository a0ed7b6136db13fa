#pragma once
/*
 * Many alike pieces of work, divided among as many processes as there are processors. Each is a
 * fork: it sees what was there before, and all that comes back from it is what it counted.
 */
#include <stddef.h>

#include "base/error.h"

enum { CREW_OUTCOMES = 4, CREW_MAX = 64 };

struct crew {
	size_t items;
	size_t processes; /* 0: one a processor; at most CREW_MAX */
	/* Does one piece; says which of CREW_OUTCOMES came of it. */
	bool (*work)(size_t item, unsigned *outcome, void *context, struct error *err);
	/* In the process that called: so many more pieces are done. */
	void (*step)(size_t more, void *context);
	void *context;
};

/* How often there was which outcome. False: some piece failed (the failure that was heard of
 * first); no piece is worked on any more when it returns, and `tally` says what was done. */
bool crew_run(const struct crew *crew, size_t tally[static CREW_OUTCOMES], struct error *err)
	MUST_CHECK;
