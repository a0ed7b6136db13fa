#pragma once
/* The functions behind the table of operations.c, and what they share. */
#include "signer/operations.h"
#include "trust/held_list.h"

bool make_identity_prepare(struct question *q, struct making *out, struct error *err) MUST_CHECK;
bool request_answer(struct question *q, struct writer *answer, struct error *err) MUST_CHECK;
bool certify_answer(struct question *q, struct writer *answer, struct error *err) MUST_CHECK;
bool seal_answer(struct question *q, struct writer *answer, struct error *err) MUST_CHECK;
bool unseal_answer(struct question *q, struct writer *answer, struct error *err) MUST_CHECK;
bool sign_list_answer(struct question *q, struct writer *answer, struct error *err) MUST_CHECK;
bool deploy_answer(struct question *q, struct writer *answer, struct error *err) MUST_CHECK;
bool sign_file_answer(struct question *q, struct writer *answer, struct error *err) MUST_CHECK;

enum {
	STATE_NEW = 1 << SIGNER_KEY_NEW,
	STATE_LIVE = 1 << SIGNER_KEY_LIVE,
	STATE_RETIRED = 1 << SIGNER_KEY_RETIRED
};

/* The key with its unit, when it is in one of these states. FAULT_MISSING, FAULT_REFUSED. */
struct asked_key {
	const struct stored_key *stored;
	const struct unit *unit;
};
bool asked_key_find(struct question *q, const uint8_t id[static SIGNER_KEY_SIZE], unsigned states,
	struct asked_key *out, struct error *err) MUST_CHECK;

/* The payload is a key's name and nothing else. */
bool asked_name_read(struct question *q, uint8_t out[static SIGNER_KEY_SIZE], struct error *err)
	MUST_CHECK;
/* signer_leaf: the private key and its certificate. */
bool private_write(struct question *q, const struct asked_key *key, struct writer *answer,
	struct error *err) MUST_CHECK;

/* Signs what `header`, the parsed beginning of `file`, covers. The signature is checked with the
 * key's certificate before anybody gets it: each, or the first that the key makes after it was
 * read. */
struct unsigned_file {
	struct reader file;
	const struct signed_header *header;
	bool check_each;
};
bool sign_covered(struct key_store *keys, const struct stored_key *stored,
	const struct unsigned_file *what, struct bytes *out, struct error *err) MUST_CHECK;
