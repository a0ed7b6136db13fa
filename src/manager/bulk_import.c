/* bulk import: certificates of other clusters into the trust stores of this one. */
#include "manager/bulk_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "manager/csr_impl.h"

static const char reason[] = "Trust Certificate";

struct known { /* identities of this cluster, live and retired */
	uint8_t (*digests)[DIGEST_SIZE];
	size_t count;
};

struct importing {
	const struct bulk_import *import;
	struct cluster_row cluster;
	struct known known;
	struct txn *txn;
	json_t *rows, *result;
	/* the one that is judged now */
	const struct bulk_type *type;
	const struct archived *item;
	const struct unit *store;
	struct entry entry;
	bool own, present, deleted;
	struct error refused;
};

static void importing_done(struct importing *i)
{
	free(i->known.digests);
	json_decref(i->rows);
	json_decref(i->result);
}

/* what is ours */

static bool know(struct known *known, const uint8_t *digest, struct error *err)
{
	void *more = reallocarray(known->digests, known->count + 1, DIGEST_SIZE);
	if (more == NULL)
		return fail_memory(err);
	known->digests = more;
	memcpy(known->digests[known->count++], digest, DIGEST_SIZE);
	return true;
}

static bool know_live(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	(void)der; /* its digest says which it is */
	struct importing *i = into;
	return know(&i->known, row->digest, err);
}

static bool know_retired(
	const struct identity_row *row, uint64_t retired, void *into, struct error *err)
{
	(void)retired; /* when does not matter */
	struct importing *i = into;
	return know(&i->known, row->digest, err);
}

static bool know_retired_of(const struct node *node, void *into, struct error *err)
{
	struct importing *i = into;
	return store_retired(txn_store(i->txn), node->name, know_retired, i, err);
}

static bool is_ours(const struct importing *i, const struct cert *cert)
{
	for (size_t k = 0; k < i->known.count; k++)
		if (memcmp(i->known.digests[k], cert_digest(cert), DIGEST_SIZE) == 0)
			return true;
	return false;
}

/* judging one for one store */

static bool look_at_tombstone(
	const struct tombstone *tombstone, struct reader der, void *into, struct error *err)
{
	(void)der;
	(void)err; /* nothing here fails */
	struct importing *i = into;
	i->deleted = i->deleted || memcmp(tombstone->digest, i->entry.digest, DIGEST_SIZE) == 0;
	return true;
}

static void refuse(struct importing *i, const char *why)
{
	if (i->refused.fault == FAULT_NONE)
		(void)fail(&i->refused, FAULT_REFUSED, "%s", why);
}

/* One of a name in a store: a later one takes the place of an earlier one, nothing that of a copy
 * of our own. */
static bool look_at_entry(
	const struct entry *held, struct reader der, void *into, struct error *err)
{
	struct importing *i = into;
	if (strcmp(held->name, i->entry.name) != 0)
		return true;
	if (memcmp(held->digest, i->entry.digest, DIGEST_SIZE) == 0) {
		i->present = true;
		return true;
	}
	AUTO(cert) cert = cert_parse(der, err);
	if (cert == NULL)
		return fail_in(err, "%s of %s", held->name, held->store);
	if (is_ours(i, cert))
		refuse(i, "a certificate of this cluster has that name");
	else if (cert_not_before(cert) >= cert_not_before(i->item->cert))
		refuse(i, "the one of that name that is there is not older");
	return true;
}

static bool judge(struct importing *i, struct error *err)
{
	struct parcel_label label;
	struct store *s = txn_store(i->txn);
	const struct cert *cert = i->item->cert;
	parcel_label_read(i->item->label, &label);
	i->own = is_ours(i, cert);
	i->present = i->deleted = false;
	i->refused = (struct error){ 0 };
	if (i->own)
		return true;
	if (strcmp(label.cluster, i->cluster.name) == 0)
		refuse(i, "it calls itself of this cluster, which never had it");
	if (cert_not_after(cert) < clock_now())
		refuse(i, "it has expired");
	if (cert_common_name(cert)[0] == '\0')
		refuse(i, "it has no common name, by which a trust store names its certificates");
	return store_entries(s, i->store->name, NULL, look_at_entry, i, err) &&
		store_tombstones(s, i->store->name, look_at_tombstone, i, err);
}

/* putting it there */

static bool put_on(const struct node *node, void *into, struct error *err)
{
	struct importing *i = into;
	if (!unit_is_on(i->store, node->role))
		return true;
	(void)snprintf(i->entry.node, sizeof(i->entry.node), "%s", node->name);
	return txn_put_entry(i->txn, &i->entry, err);
}

static bool put(struct importing *i, struct error *err)
{
	return (!i->deleted ||
		       txn_remove_tombstone(i->txn, i->store->name, i->entry.digest, err)) &&
		txn_put_certificate(i->txn, i->entry.digest, cert_der(i->item->cert), err) &&
		store_nodes(txn_store(i->txn), put_on, i, err);
}

/* In the order in which they count. */
static const char *outcome_of(const struct importing *i)
{
	if (i->own)
		return "own";
	if (i->refused.fault != FAULT_NONE)
		return "refused";
	if (i->deleted && !i->import->again)
		return "deleted";
	return i->present ? "present" : "imported";
}

static bool tell(const struct importing *i, const char *outcome, struct error *err)
{
	struct parcel_label label;
	char hex[DIGEST_HEX_SIZE];
	parcel_label_read(i->item->label, &label);
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "type",
		i->type->name, "cluster", label.cluster, "node", label.node, "store",
		i->store->name, "name", i->entry.name, "subject",
		cert_subject(i->item->cert, NAME_APPLIANCE), "sha256",
		hex_write(reader_of(i->entry.digest, DIGEST_SIZE), hex), "outcome", outcome,
		"reason", i->refused.text);
	return json_array_append_new(i->rows, row) == 0 || fail_memory(err);
}

static bool import_into(struct importing *i, const char *store, struct error *err)
{
	i->store = unit_find(store);
	i->entry = (struct entry){ 0 };
	entry_name(i->item->cert, i->entry.name, sizeof(i->entry.name));
	(void)snprintf(i->entry.store, sizeof(i->entry.store), "%s", store);
	(void)snprintf(i->entry.reason, sizeof(i->entry.reason), "%s", reason);
	memcpy(i->entry.digest, cert_digest(i->item->cert), DIGEST_SIZE);
	if (!judge(i, err))
		return false;
	const char *outcome = outcome_of(i);
	bool put_it = strcmp(outcome, "imported") == 0;
	return (!put_it || put(i, err)) && tell(i, outcome, err);
}

static bool import_parcel(struct importing *i, const struct parcel *parcel, struct error *err)
{
	i->type = parcel->type;
	for (size_t k = 0; k < parcel->held.count; k++) {
		i->item = &parcel->held.rows[k];
		for (size_t at = 0; at < BULK_STORES && i->type->stores[at] != NULL; at++)
			if (!import_into(i, i->type->stores[at], err))
				return false;
	}
	return true;
}

static bool flag_stores(struct importing *i, const struct bulk_type *type, struct error *err)
{
	for (size_t at = 0; at < BULK_STORES && type->stores[at] != NULL; at++)
		if (!services_after(i->txn, type->stores[at], "", err))
			return false;
	return true;
}

static bool record(struct txn *t, void *context, struct error *err)
{
	struct importing *i = context;
	struct store *s = txn_store(t);
	json_t *flagged = json_array();
	i->txn = t;
	i->known.count = 0;
	(void)json_array_clear(i->rows);
	json_decref(i->result);
	i->result = json_pack("{s:i, s:O, s:o, s:s}", "schema_version", 1, "certificates", i->rows,
		"must_restart", flagged, "message",
		"What other clusters exported is in the trust stores of every node.");
	if (i->result == NULL)
		return fail_memory(err);
	if (!store_cluster(s, &i->cluster, err) || !store_identities(s, know_live, i, err) ||
		!store_nodes(s, know_retired_of, i, err))
		return false;
	for (size_t k = 0; k < i->import->from->count; k++)
		if (!import_parcel(i, &i->import->from->rows[k], err) ||
			!flag_stores(i, i->import->from->rows[k].type, err))
			return false;
	return consequences_flagged(t, flagged, err);
}

json_t *bulk_apply(struct manager *m, const struct bulk_import *import, struct error *err)
{
	__attribute__((cleanup(importing_done))) struct importing i = { .import = import,
		.rows = json_array() };
	char detail[100];
	size_t count = 0;
	for (size_t k = 0; k < import->from->count; k++)
		count += import->from->rows[k].held.count;
	(void)snprintf(detail, sizeof(detail), "%zu certificates in %zu files%s", count,
		import->from->count, import->again ? ", deleted ones again" : "");
	struct change change = { import->actor, "bulk import", detail };
	if (!store_change(m->store, &change, record, &i, NULL, err))
		return NULL;
	return json_incref(i.result);
}
