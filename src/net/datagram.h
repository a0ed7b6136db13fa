#pragma once
/* UDP sockets: every datagram with its sender, sends that never block (a full buffer drops). */
#include "base/reader.h"
#include "net/address.h"
#include "net/loop.h"

struct datagram;

/* `to` is the local address that it was sent to (IP_PKTINFO), so that a server on a wildcard
 * address can answer from it. */
typedef void datagram_fn(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context);

/* The host or a router answers that nobody listens at `to`, which this socket has sent to. What
 * they say of other hosts is to be left alone: anybody may be answered from a port. */
typedef void datagram_refused_fn(struct datagram *d, const struct address *to, void *context);

struct datagram *datagram_serve(struct loop *l, int fd, datagram_fn *fn, void *context,
	struct error *err); /* takes fd over, also on failure */
/* A fresh socket bound to `local` (port 0: the kernel chooses). */
struct datagram *datagram_open(struct loop *l, const struct address *local, datagram_fn *fn,
	void *context, struct error *err);
/* Asks to be told; the context is that of fn. */
bool datagram_heed_refusals(struct datagram *d, datagram_refused_fn *fn, struct error *err)
	MUST_CHECK;
const struct address *datagram_local(const struct datagram *d); /* with the port that it got */
void datagram_send(struct datagram *d, const struct address *to, struct reader bytes);
void datagram_free(struct datagram *d); /* fine from inside fn */
