#pragma once
/*
 * What siblings may ask of the signer, each a row: operation, name, who may ask, what answers.
 * Every answer re-checks that this is a thing which that key may sign, and nothing that is handed
 * in is signed unseen. Neither sockets nor processes are known here. docs/signer.md#operations
 */
#include "base/writer.h"
#include "signer/key_store.h"

enum signer_peer {
	PEER_MANAGER = 1 << 0,
	PEER_PROVISION = 1 << 1,
	PEER_TVS = 1 << 2,
	PEER_DEPLOYER = 1 << 3
};

/* Who they are: one socket and one process each. */
struct peer_row {
	enum signer_peer peer;
	const char *socket;
	const char *process;
};
const struct peer_row *peer_rows(size_t *count);
const char *peer_name(enum signer_peer peer); /* its process; "nobody" for none of them */

struct question {
	struct key_store *keys;
	enum signer_peer from;
	struct reader payload;
	const char *deployable; /* units whose keys may leave, commas between; NULL: none */
	char about[160];        /* filled in while answering: "ITL pub", "TVS 3f2a9c0d1e4b…" */
};

struct operation {
	const char *name;
	unsigned peers; /* enum signer_peer */
	bool told;      /* worth a line in the log each time */
	/* One of the two: an answer at once, or a key that a child must make first. */
	bool (*answer)(struct question *q, struct writer *answer, struct error *err);
	bool (*prepare)(struct question *q, struct making *out, struct error *err);
};

/* FAULT_REFUSED when there is no such operation, or it is not for this peer. */
const struct operation *operation_find(unsigned number, enum signer_peer from, struct error *err);
/* Whether [deployer] keys names units whose keys may leave, or is "none". FAULT_MALFORMED,
 * FAULT_REFUSED. */
bool deployable_check(const char *keys, struct error *err) MUST_CHECK;
/* What SIGNER_MAKE_IDENTITY answers once the key is in the store. */
bool made_identity_write(const struct key_store *keys, const uint8_t id[static SIGNER_KEY_SIZE],
	struct writer *answer, struct error *err) MUST_CHECK;
