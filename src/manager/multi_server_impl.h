#pragma once
/* Requests and certificates that stand for all nodes; stays in this room. docs/csr.md#multi-server
 */
#include "manager/manager_impl.h"
#include "store/csrs.h"
#include "store/sealed_keys.h"

/* The nodes of one request, the one that makes it first. */
struct multi_server {
	const struct unit *unit;
	size_t count;
	struct multi_server_node {
		struct node node;
		struct sealed_key_row row;
		struct bytes sealed; /* the key for its signer; empty for the first */
	} nodes[SIGNER_REQUEST_NAMES];
};
struct multi_server *multi_server_new(
	struct manager *m, const struct unit *unit, struct error *err);
void multi_server_free(struct multi_server *all);
DEFINE_AUTO(multi_server, multi_server_free);

/* Whether the unit knows such certificates, and this is the node that asks for them. FAULT_REFUSED.
 */
bool multi_server_check(const struct multi_server *all, const struct node *node, struct error *err)
	MUST_CHECK;
/* Asks the signer for the new key, sealed for each of the others. */
bool multi_server_seal(struct manager *m, const struct made_identity *made,
	struct multi_server *all, struct error *err) MUST_CHECK;
/* The request pending on every node, instead of what was pending there, and the keys on their way.
 */
bool multi_server_record(struct txn *t, const struct multi_server *all, const struct csr_row *row,
	struct reader der, struct error *err) MUST_CHECK;
/* Live on every node on which its request is pending, in this change; their names into `names`.
 * FAULT_REFUSED while a key is on its way. */
bool multi_server_live(struct txn *t, const struct made_identity *made, json_t *names,
	struct error *err) MUST_CHECK;

void requested_free(struct requested *r);
/* What came for this node is opened and kept by its signer; what is asked for no more is destroyed.
 */
bool multi_server_receive(struct manager *m, struct error *err) MUST_CHECK;
