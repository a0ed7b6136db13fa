#pragma once
/*
 * The UDP ports of a busy server: one that everybody knows, and fresh ones beside it that answers
 * come from. Datagrams come in and leave in batches; those that leave in a row for one peer with
 * one size go through the kernel as one. Sends never block: a full buffer drops.
 */
#include "base/reader.h"
#include "net/address.h"
#include "net/loop.h"

struct datagram_ports;

enum {
	DATAGRAM_PORTS_LONGEST = 2048, /* bytes of one that comes in; what is longer arrives cut */
	DATAGRAM_PORTS_ROOM = 1500,    /* bytes of one that leaves */
};

/* One end is `port`, counted from 0, the known one; `local` is the address of ours that is spoken
 * to and from, which a wildcard port leaves open. */
struct datagram_way {
	size_t port;
	struct address peer, local;
};

struct datagram_ports_events {
	void (*came)(const struct datagram_way *way, struct reader bytes, void *context);
	/* No more come before others have had their turn. May be NULL. */
	void (*batch_done)(void *context);
};

/* Takes fd, which is bound, over, also on failure; opens `fresh` more on its address. */
struct datagram_ports *datagram_ports_new(struct loop *l, int fd, size_t fresh,
	const struct datagram_ports_events *events, void *context, struct error *err);
void datagram_ports_free(struct datagram_ports *p); /* NULL is fine; not from inside an event */
size_t datagram_ports_count(const struct datagram_ports *p); /* the known one included */

/* Room for the next datagram, which datagram_ports_send sends, if it is sent at all. */
uint8_t *datagram_ports_room(struct datagram_ports *p);
void datagram_ports_send(struct datagram_ports *p, const struct datagram_way *way, size_t size);
/* What was sent leaves now; when it was sent from inside `came` that happens by itself. */
void datagram_ports_flush(struct datagram_ports *p);
