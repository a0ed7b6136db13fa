#pragma once
/* That there is no such row is an answer; that it could not be looked for is none. */
#include "base/error.h"

/* After a search for what may well be missing: false with err where it failed. */
static inline bool was_looked_for(bool found, const struct error *why, struct error *err)
{
	return found || why->fault == FAULT_MISSING || fail(err, why->fault, "%s", why->text);
}
