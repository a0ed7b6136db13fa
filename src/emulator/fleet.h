#pragma once
/*
 * Emulated phones over real sockets, in the caller's event loop: each with its own source address,
 * its own directory of state, and the brain of talk/phone.h. A bounded number is under way at once,
 * the others wait their turn. docs/phone.md#fleet
 */
#include "net/loop.h"
#include "talk/phone.h"

enum { FLEET_VERDICTS = 16 };

struct fleet;

/* A phone as its fleet shows it. Borrowed; stays until fleet_free. */
struct fleet_phone {
	const char *name;
	const char *source; /* address it speaks from; "" for whichever */
	/* "new": never booted; "waiting", "busy"; then what its last boot or file came to:
	 * "verified", "rejected" (something was refused), "missing" (no configuration, file or
	 * page), "unreachable", "unsaved" (it could not begin, or its directory cannot be written)
	 */
	const char *state;
	struct error why; /* "unsaved": the reason; else FAULT_NONE */
	unsigned boots;   /* in this life and, from its directory, in earlier ones */
	char itl[DIGEST_HEX_SIZE], ctl[DIGEST_HEX_SIZE]; /* SHA-256 of the file held, or "" */
	size_t verdict_count;                            /* of its last boot or file, in order */
	struct phone_verdict verdicts[FLEET_VERDICTS];
};

struct fleet_settings {
	const char *directory; /* holds one directory per phone; made when absent */
	size_t at_once;        /* 0: 32 */
	uint64_t timeout_ms;   /* for one fetch, question or page; 0: 5000 */
};

struct fleet_events { /* each may be NULL */
	void (*verdict)(const struct fleet_phone *phone, const struct phone_verdict *verdict,
		void *context);
	void (*rested)(const struct fleet_phone *phone, void *context); /* boot or file is over */
	void (*idle)(void *context); /* no phone is under way or waiting any more */
};

struct fleet *fleet_new(struct loop *l, const struct fleet_settings *settings,
	const struct fleet_events *events, void *context, struct error *err);
void fleet_free(struct fleet *f); /* what is under way ends without a word */
DEFINE_AUTO(fleet, fleet_free);

/* `source` is an address of this machine, or NULL. Takes up the state that the phone's directory
 * holds; a directory that cannot be read is an error, a damaged file in it too. */
bool fleet_add(struct fleet *f, const struct phone_settings *phone, const char *source,
	struct error *err) MUST_CHECK;
/* Gives a phone other TFTP servers (DHCP changed); takes effect at its next boot. */
bool fleet_set_servers(struct fleet *f, const char *name, const struct phone_server *servers,
	size_t count, struct error *err) MUST_CHECK;

/* `name` NULL: all of them. A phone that is busy does it afterwards; asking twice is once.
 * FAULT_MISSING: no phone of that name. Returns at once. */
bool fleet_boot(struct fleet *f, const char *name, struct error *err) MUST_CHECK;
bool fleet_open(struct fleet *f, const char *name, const char *file, /* "Ringlist.xml" */
	struct error *err) MUST_CHECK;

size_t fleet_count(const struct fleet *f);
const struct fleet_phone *fleet_at(const struct fleet *f, size_t index);
const struct fleet_phone *fleet_find(const struct fleet *f, const char *name); /* or NULL */
bool fleet_busy(const struct fleet *f); /* someone is under way or waiting */
