#pragma once
/* What certificate a server shows in TLS: looked at once, or until it is the one that is wanted. */
#include "net/address.h"
#include "net/loop.h"
#include "pki/cert.h"

struct look;
/* Once. `shown` is what it showed last; NULL with err: why it showed nothing. It dies with the
 * call. */
typedef void look_fn(struct cert *shown, const struct error *err, void *context);

struct look_question {
	const char *at;      /* address:port */
	struct cert *wanted; /* NULL: one handshake, whatever comes of it */
	uint64_t ms;
};
/* Asks again and again until `wanted` is shown some times in a row, since a reload takes its time.
 * NULL with err where it could not begin; fn comes from the loop. */
struct look *look_start(struct loop *l, const struct look_question *question, look_fn *fn,
	void *context, struct error *err);
void look_abandon(struct look *l); /* fn is not called; NULL is fine */
