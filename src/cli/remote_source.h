#pragma once
/*
 * What somebody wants to look at, wherever it lies: a file, "-" for standard input, or tftp://,
 * http:// or https:// on a server. A phone believes an https server whose certificate its list has
 * as a TFTP server's; docs/list.md#https says what this program does.
 */
#include "base/bytes.h"
#include "trust/held_list.h"

struct server_judge { /* { 0 }: nobody; what was shown is told on standard error */
	struct held_list *held;
	const char *trust; /* what the operator called it */
	bool strict;       /* a server that `held` does not have is refused, and not only told of */
};

/* The sentence of a failure starts with the source. FAULT_LIMIT: more than `limit` bytes;
 * FAULT_UNTRUSTED: strict. */
bool remote_source_read(const char *source, size_t limit, const struct server_judge *judge,
	struct bytes *out, struct error *err) MUST_CHECK;

/* The judge of verbs that check no signature: LIST as the operator gave it with --trust, strict.
 * FAULT_USAGE when the source is not https, for then there is nobody to judge. Nothing
 * is opened where `trust` is NULL. */
bool server_judge_open(const char *source, const char *trust, struct server_judge *judge,
	struct error *err) MUST_CHECK;
void server_judge_done(struct server_judge *judge); /* of server_judge_open */
