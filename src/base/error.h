#pragma once
/*
 * An error is a kind for the program and a sentence for the human. The caller owns the value; the
 * function that fails fills it with fail(), those above may say what they were doing with
 * fail_in(); whoever owns the request logs it once.
 */
#include <stdbool.h>

#include "base/own.h"

enum fault {
	FAULT_NONE,
	FAULT_USAGE,     /* the operator's words make no sense */
	FAULT_MALFORMED, /* bytes or text that break their format */
	FAULT_UNTRUSTED, /* well-formed, but a signature or a trust check failed */
	FAULT_REFUSED,   /* understood and not allowed */
	FAULT_MISSING,   /* there is no such thing */
	FAULT_LIMIT,     /* more than we accept from anyone */
	FAULT_BUSY,      /* cannot be done now, may be tried again */
	FAULT_IO,
	FAULT_STORE,
	FAULT_CRYPTO,
	FAULT_MEMORY,
};

struct error {
	enum fault fault;
	char text[320];
};

/* Both always return false, so that `return fail(…)` reads as it acts. A NULL error is allowed.
 * Longer text is cut between characters, never overrun. */
bool fail(struct error *err, enum fault fault, const char *format, ...) PRINTF(3, 4);
bool fail_in(struct error *err, const char *format, ...) PRINTF(2, 3);    /* "context: " in front */
bool fail_errno(struct error *err, const char *format, ...) PRINTF(2, 3); /* adds strerror(errno) */
bool fail_memory(struct error *err);

/* "malformed", "untrusted", …: the word that logs and --json carry; never NULL. */
const char *fault_name(enum fault fault);
bool fault_from_name(const char *name, enum fault *out);
