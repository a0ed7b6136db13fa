#include "manager/multi_server_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "manager/csr_impl.h"
#include "run/log.h"
#include "wire/sealed_key.h"

enum { SIGNER_WAIT_MS = 60000, ARRIVALS = 16 };

/* which nodes */

static bool add_node(const struct node *node, void *into, struct error *err)
{
	struct multi_server *all = into;
	if (!unit_is_on(all->unit, node->role))
		return true;
	if (all->count == COUNT(all->nodes))
		return fail(err, FAULT_LIMIT, "one certificate stands for at most %zu nodes",
			COUNT(all->nodes));
	size_t at = all->count++;
	if (node->role == NODE_PUBLISHER) {
		memmove(&all->nodes[1], &all->nodes[0], at * sizeof(all->nodes[0]));
		at = 0;
	}
	all->nodes[at] = (struct multi_server_node){ .node = *node };
	return true;
}

struct multi_server *multi_server_new(struct manager *m, const struct unit *unit, struct error *err)
{
	AUTO(multi_server) all = calloc(1, sizeof(*all));
	if (all == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	all->unit = unit;
	return store_nodes(m->store, add_node, all, err) ? TAKE(all) : NULL;
}

void multi_server_free(struct multi_server *all)
{
	for (size_t i = 0; all != NULL && i < all->count; i++)
		bytes_done(&all->nodes[i].sealed);
	free(all);
}

bool multi_server_check(const struct multi_server *all, const struct node *node, struct error *err)
{
	if (!all->unit->multi_server)
		return fail(err, FAULT_REFUSED,
			"no CA signs one %s certificate for all nodes: each has its own",
			all->unit->name);
	return strcmp(all->nodes[0].node.name, node->name) == 0 ||
		fail(err, FAULT_REFUSED,
			"a request for all nodes is made on %s: name it with --node, or none",
			all->nodes[0].node.name);
}

/* sending */

static bool seal_to(struct manager *m, const struct made_identity *made,
	struct multi_server_node *to, struct error *err)
{
	AUTO_DONE(bytes) der = { 0 };
	struct identity_row recipient;
	struct signer_seal seal;
	const char *opener = unit_seal_opener()->name;
	if (!store_identity(m->store, opener, to->node.name, &recipient, &der, err))
		return fail_in(err, "its daemon has never run");
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	memcpy(seal.key, made->key, sizeof(seal.key));
	seal.recipient = bytes_reader(&der);
	signer_seal_write(&w, &seal);
	memcpy(to->row.key, made->key, sizeof(to->row.key));
	memcpy(to->row.recipient, recipient.key, sizeof(to->row.recipient));
	return text_copy(to->row.node, sizeof(to->row.node), to->node.name, err) &&
		text_copy(to->row.unit, sizeof(to->row.unit), made->unit->name, err) &&
		sibling_call(m->signer, SIGNER_SEAL, writer_written(&w), SIGNER_WAIT_MS,
			&to->sealed, err);
}

bool multi_server_seal(struct manager *m, const struct made_identity *made,
	struct multi_server *all, struct error *err)
{
	for (size_t i = 1; i < all->count; i++)
		if (!seal_to(m, made, &all->nodes[i], err))
			return fail_in(err, "sealing the key for %s", all->nodes[i].node.name);
	return true;
}

bool multi_server_record(struct txn *t, const struct multi_server *all, const struct csr_row *row,
	struct reader der, struct error *err)
{
	for (size_t i = 0; i < all->count; i++)
		if (!txn_drop_csr(t, row->unit, all->nodes[i].node.name, err))
			return false;
	for (size_t i = 0; i < all->count; i++) {
		const struct multi_server_node *to = &all->nodes[i];
		struct csr_row copy = *row;
		copy.multi_server = true;
		if (!text_copy(copy.node, sizeof(copy.node), to->node.name, err) ||
			!txn_put_csr(t, &copy, der, err) ||
			(i > 0 && !txn_put_sealed_key(t, &to->row, bytes_reader(&to->sealed), err)))
			return false;
	}
	return true;
}

/* going live */

struct bearers { /* nodes on which the request of a key is pending */
	const uint8_t *key;
	size_t count;
	char nodes[SIGNER_REQUEST_NAMES][NODE_NAME_SIZE];
};

static bool add_bearer(const struct csr_row *row, struct reader der, void *into, struct error *err)
{
	(void)der; /* the request is not looked at */
	struct bearers *b = into;
	if (memcmp(row->key, b->key, DIGEST_SIZE) != 0)
		return true;
	if (b->count == COUNT(b->nodes))
		return fail(err, FAULT_LIMIT, "a request on more than %zu nodes", COUNT(b->nodes));
	return text_copy(b->nodes[b->count++], NODE_NAME_SIZE, row->node, err);
}

static bool has_arrived(
	const struct sealed_key_row *row, struct reader sealed, void *into, struct error *err)
{
	(void)sealed; /* that it is there is enough */
	const struct bearers *b = into;
	return memcmp(row->key, b->key, DIGEST_SIZE) != 0 ||
		fail(err, FAULT_REFUSED,
			"%s has not taken its key yet: see that its daemon runs, then upload again",
			row->node);
}

bool multi_server_live(
	struct txn *t, const struct made_identity *made, json_t *names, struct error *err)
{
	struct bearers b = { .key = made->key };
	struct store *s = txn_store(t);
	if (!store_csrs(s, add_bearer, &b, err) ||
		!store_sealed_keys(s, NULL, has_arrived, &b, err))
		return false;
	for (size_t i = 0; i < b.count; i++)
		if (!lists_settled(s, made->unit, b.nodes[i], err))
			return false;
	for (size_t i = 0; i < b.count; i++) {
		struct made_identity its = *made;
		if (!text_copy(its.node, sizeof(its.node), b.nodes[i], err) ||
			!identity_record(t, &its, err))
			return false;
		(void)json_array_append_new(names, json_string(b.nodes[i]));
	}
	return services_after(t, made->unit->name, NULL, err);
}

/* receiving */

struct arrivals {
	size_t count;
	struct arrival {
		struct sealed_key_row row;
		struct bytes sealed;
	} each[ARRIVALS]; /* the rest has its turn at the next catch-up */
};

static void arrivals_done(struct arrivals *a)
{
	for (size_t i = 0; i < a->count; i++)
		bytes_done(&a->each[i].sealed);
}

static bool note_arrival(
	const struct sealed_key_row *row, struct reader sealed, void *into, struct error *err)
{
	struct arrivals *a = into;
	if (a->count == COUNT(a->each))
		return true;
	a->each[a->count].row = *row;
	return bytes_copy(&a->each[a->count++].sealed, sealed, err);
}

static bool drop_sealed(struct txn *t, void *context, struct error *err)
{
	const struct sealed_key_row *row = context;
	return txn_drop_sealed_key(t, row->key, row->node, err);
}

/* The signer keeps it first: a crash before the row goes has it sent for again, and it is there. */
static bool take_arrival(struct manager *m, struct arrival *a, struct error *err)
{
	AUTO_DONE(bytes) answer = { 0 };
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	struct signer_unseal unseal = { .sealed = bytes_reader(&a->sealed) };
	char actor[NODE_NAME_SIZE + 16], detail[2 * NODE_NAME_SIZE + 8];
	memcpy(unseal.key, a->row.key, sizeof(unseal.key));
	memcpy(unseal.recipient, a->row.recipient, sizeof(unseal.recipient));
	if (!text_copy(unseal.unit, sizeof(unseal.unit), a->row.unit, err))
		return false;
	signer_unseal_write(&w, &unseal);
	if (!sibling_call(
		    m->signer, SIGNER_UNSEAL, writer_written(&w), SIGNER_WAIT_MS, &answer, err))
		return fail_in(err, "the %s key of all nodes does not arrive on %s", a->row.unit,
			a->row.node);
	(void)snprintf(actor, sizeof(actor), "manager of %s", a->row.node);
	(void)snprintf(detail, sizeof(detail), "%s on %s", a->row.unit, a->row.node);
	struct change change = { actor, "key receive", detail };
	return store_change(m->store, &change, drop_sealed, &a->row, NULL, err);
}

/* Keys of requests that are pending here for all nodes, as this node saw them last. */
struct requested {
	const char *node;
	size_t count;
	uint8_t keys[SIGNER_REQUEST_NAMES][DIGEST_SIZE];
};

void requested_free(struct requested *r)
{
	free(r);
}
DEFINE_AUTO(requested, requested_free);

static bool note_request(
	const struct csr_row *row, struct reader der, void *into, struct error *err)
{
	(void)der; /* the request is not looked at */
	(void)err; /* nothing here fails */
	struct requested *now = into;
	if (row->multi_server && strcmp(row->node, now->node) == 0 && now->count < COUNT(now->keys))
		memcpy(now->keys[now->count++], row->key, DIGEST_SIZE);
	return true;
}

static bool is_unused(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	(void)der; /* the key says enough */
	(void)err;
	return memcmp(row->key, into, DIGEST_SIZE) != 0;
}

static bool is_requested(const struct requested *now, const uint8_t *key)
{
	for (size_t i = 0; i < now->count; i++)
		if (memcmp(now->keys[i], key, DIGEST_SIZE) == 0)
			return true;
	return false;
}

/* A request for all nodes that another node dropped leaves a key here; after a restart it goes as
 * every new key does that no row names. */
static bool forget_requests(struct manager *m, struct error *err)
{
	AUTO(requested) now = calloc(1, sizeof(*now));
	if (now == NULL)
		return fail_memory(err);
	now->node = m->settings->node;
	if (!store_csrs(m->store, note_request, now, err))
		return false;
	struct requested *before = m->requested;
	m->requested = TAKE(now);
	for (size_t i = 0; before != NULL && i < before->count; i++)
		if (!is_requested(m->requested, before->keys[i]) &&
			store_identities(m->store, is_unused, before->keys[i], NULL))
			csr_destroy_key(m, before->keys[i]);
	requested_free(before);
	return true;
}

bool multi_server_receive(struct manager *m, struct error *err)
{
	AUTO_DONE(arrivals) arrivals = { 0 };
	if (!store_sealed_keys(m->store, m->settings->node, note_arrival, &arrivals, err))
		return false;
	for (size_t i = 0; i < arrivals.count; i++)
		if (!take_arrival(m, &arrivals.each[i], err))
			return false;
	return forget_requests(m, err);
}
