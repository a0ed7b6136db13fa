#pragma once
/*
 * What the phone-facing processes of a node share: the snapshot followed as the manager writes it,
 * the TLS leaf of their service had from the signer once, the manager told what they serve, and an
 * end when it orders a restart. docs/processes.md
 */
#include "net/sibling.h"
#include "net/tls.h"
#include "run/settings.h"
#include "run/snapshot.h"

struct follower;

struct follower_events {
	/* A new index is in place. False, or an object that it names unreadable: tried again. */
	bool (*index)(const struct snapshot *snapshot, void *context, struct error *err);
	/* The leaf is here; lent until follower_free. False ends the process, which then begins
	 * anew. NULL where the service shows none. */
	bool (*leaf)(struct tls_server *tls, void *context, struct error *err);
	/* Everything that this process is to serve it does serve. */
	bool (*serves)(void *context);
};

struct follower_settings {
	const struct settings *node;
	const char *process; /* "tvs": names its sibling sockets */
	const char *service; /* "Cisco Tftp": whose leaf it shows */
	const struct follower_events *events;
	void *context;
};

/* Opens the snapshot: before process_enter. */
struct follower *follower_new(
	struct loop *l, const struct follower_settings *settings, struct error *err);
/* Reaches manager and signer, and takes up the index that is there: after process_enter. */
bool follower_start(struct follower *f, struct error *err) MUST_CHECK;
/* Says that the process is ready and runs its loop, until SIGTERM or an ordered restart. False: the
 * identity that the signer gave cannot be used. */
bool follower_run(struct follower *f, struct error *err) MUST_CHECK;
/* Questions that are open at the signer get their answers: before their contexts go. */
void follower_leave(struct follower *f);
void follower_free(struct follower *f);
DEFINE_AUTO(follower, follower_free);

const struct snapshot *follower_snapshot(const struct follower *f);
struct sibling_client *follower_signer(struct follower *f); /* from follower_start on */
