#pragma once
/* Keys on their way to another node, each sealed for that node's signer; the row goes once it has
 * arrived, or its request is no more. docs/formats/sealed-key.md */
#include "store/store.h"

struct sealed_key_row {
	uint8_t key[DIGEST_SIZE];
	char node[NODE_NAME_SIZE]; /* where it goes */
	char unit[NODE_NAME_SIZE];
	uint8_t recipient[DIGEST_SIZE]; /* key of that node which opens the seal */
};
typedef bool sealed_key_fn(
	const struct sealed_key_row *row, struct reader sealed, void *into, struct error *err);
/* `node` may be NULL for all. */
bool store_sealed_keys(struct store *s, const char *node, sealed_key_fn *each, void *into,
	struct error *err) MUST_CHECK;
bool txn_put_sealed_key(struct txn *t, const struct sealed_key_row *row, struct reader sealed,
	struct error *err) MUST_CHECK;
/* Also where there is none. `node` NULL: on its way to whichever. */
bool txn_drop_sealed_key(struct txn *t, const uint8_t key[static DIGEST_SIZE], const char *node,
	struct error *err) MUST_CHECK;
