#pragma once
/* A key store of a test's own in a fresh directory, and what a node's manager would ask of it. A
 * failure ends the test. */
#include "signer/operations.h"
#include "trust/list_build.h"

struct scratch_keys {
	char path[64]; /* the key directory */
	struct key_store *keys;
	size_t note_count;
	char note[400]; /* the last one */
};

struct scratch_key {
	uint8_t id[SIGNER_KEY_SIZE];
	struct cert *cert; /* another owner; scratch_key_done */
};

/* For cmocka's set-up and tear-down. */
int scratch_keys_open(void **state);
int scratch_keys_close(void **state);
void scratch_keys_reopen(struct scratch_keys *s);
/* A path beneath the key directory; `name` may be NULL. */
const char *scratch_path(const struct scratch_keys *s, const char *name, char out[static 200]);
const char *scratch_key_path(const struct scratch_keys *s, const struct scratch_key *k,
	const char *name, char out[static 200]);
void scratch_write(const char *path, const char *text);

/* A new key of RSA-1024, which is quick, whatever the unit's row says. */
struct scratch_key scratch_make(struct scratch_keys *s, const char *unit);
struct scratch_key scratch_make_live(struct scratch_keys *s, const char *unit);
void scratch_key_done(struct scratch_key *k);
enum signer_key_state scratch_state(const struct scratch_keys *s, const struct scratch_key *k);

/* Asks as that peer. `out` gets the answer, or stays untouched. */
bool scratch_ask(struct scratch_keys *s, enum signer_peer from, unsigned operation,
	struct reader payload, struct bytes *out, struct error *err);
/* Refused as that peer, for this reason, with this word in the sentence. */
struct expected_refusal {
	enum signer_peer from;
	unsigned operation;
	struct reader payload;
	enum fault fault;
	const char *word;
};
void scratch_refused(struct scratch_keys *s, const struct expected_refusal *expected);
