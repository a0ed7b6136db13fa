#pragma once
/* Requests to a certificate authority that are pending: one a unit and node. */
#include "store/store.h"

struct csr_row { /* pending: a unit's next identity, when a CA has certified its key */
	char unit[NODE_NAME_SIZE];
	char node[NODE_NAME_SIZE]; /* where the key is */
	uint8_t key[DIGEST_SIZE];
	uint64_t change;
	bool multi_server; /* the same request, under the same key, is pending on other nodes too */
};
typedef bool csr_fn(const struct csr_row *row, struct reader der, void *into, struct error *err);
bool store_csrs(struct store *s, csr_fn *each, void *into, struct error *err) MUST_CHECK;
/* FAULT_MISSING when none is pending there; `der` may be NULL. */
bool store_csr(struct store *s, const char *unit, const char *node, struct csr_row *out,
	struct bytes *der, struct error *err) MUST_CHECK;
/* Overwrites one of the same unit and node; drop that first, where it may be one for all nodes. */
bool txn_put_csr(struct txn *t, const struct csr_row *row, struct reader der, struct error *err)
	MUST_CHECK;
/* Also where there is none. One for all nodes is dropped on all of them, with what is on its way.
 */
bool txn_drop_csr(struct txn *t, const char *unit, const char *node, struct error *err) MUST_CHECK;
