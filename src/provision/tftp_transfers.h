#pragma once
/*
 * The TFTP transfers that are under way, found by their way, counted by source, and in the order in
 * which they began. When there are as many as may be, it says which one makes room for a newcomer:
 * a flood must not keep phones out.
 */
#include "net/datagram_ports.h"
#include "provision/content.h"
#include "talk/tftp_server.h"

enum transfer_state {
	TRANSFER_AWAITED,  /* its file is being signed */
	TRANSFER_UNPROVEN, /* its phone has not answered yet: the address may be forged */
	TRANSFER_PROVEN,
	TRANSFER_STATES,
};

struct transfer {
	struct tftp_face *face;
	struct datagram_way way;
	struct tftp_packet request;
	struct content *content; /* NULL while it is awaited; owned */
	struct tftp_server server;
	struct error trouble; /* reading the file failed */

	enum transfer_state state; /* from here on the table's */
	struct transfer_source *source;
	struct transfer *same_hash, *older, *newer;
};

struct transfers;

struct transfers *transfers_new(struct error *err);
void transfers_free(struct transfers *table); /* an empty one; NULL is fine */

bool transfers_add(struct transfers *table, struct transfer *t, struct error *err) MUST_CHECK;
void transfers_remove(struct transfers *table, struct transfer *t);
void transfers_move(struct transfers *table, struct transfer *t, enum transfer_state to);

size_t transfers_count(const struct transfers *table);
size_t transfers_of(const struct transfers *table, const struct address *host);
struct transfer *transfers_find(const struct transfers *table, const struct datagram_way *way);
/* The newest that asked for `name` from the same port. */
struct transfer *transfers_named(
	const struct transfers *table, const struct address *peer, const char *name);
struct transfer *transfers_oldest(const struct transfers *table, enum transfer_state state);
/* The one that ends so that `newcomer` gets a place: the oldest that nobody answered, else the
 * oldest of the greediest source, if that has two more than the newcomer. NULL: none should. */
struct transfer *transfers_victim(const struct transfers *table, const struct address *newcomer);
