#pragma once
/*
 * One emulated phone: the shell around a brain. It fetches, connects, reads XML and keeps time for
 * it, from an address of its own, and keeps what it holds in a directory.
 */
#include "emulator/handset_state.h"
#include "net/loop.h"

struct handset;

struct handset_plan {
	const struct phone_settings *phone;
	const char *source;    /* local address, or NULL */
	const char *directory; /* of this phone */
	uint64_t timeout_ms;   /* for one fetch, question or page */
};

struct handset_events {
	phone_tell_fn *verdict;
	/* The boot or the file is over; err: its state could not be saved. */
	void (*rested)(const struct error *err, void *context);
};

struct handset *handset_new(struct loop *l, const struct handset_plan *plan,
	const struct handset_events *events, void *context, struct error *err);
void handset_free(struct handset *h);
DEFINE_AUTO(handset, handset_free);

/* While resting; else FAULT_BUSY. `rested` follows, perhaps from inside this call. */
bool handset_boot(struct handset *h, struct error *err) MUST_CHECK;
bool handset_open(struct handset *h, const char *file, struct error *err) MUST_CHECK;
bool handset_set_servers(struct handset *h, const struct phone_server *servers, size_t count,
	struct error *err) MUST_CHECK;

const struct phone *handset_phone(const struct handset *h);
unsigned handset_boots(const struct handset *h);
