/* trust review, trust delete and trust deleted: what is in the trust stores of all nodes, what it
 * is for, and taking it out. */
#include "manager/manager_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "cluster/impact.h"
#include "pki/cert_facts.h"
#include "trust/entry_review.h"

enum { NODES_TEXT = 512, NEEDED_DIGITS = 8 };

/* One certificate of one store, on whichever nodes. */
struct kept {
	const struct unit *store;
	char name[256];
	struct cert *cert;
	char nodes[NODES_TEXT]; /* "pub, sub1" */
};

struct gathered {
	struct store *from;
	struct kept *kept;
	struct review_entry *entries; /* the same, as trust/ sees them */
	size_t count, room;
	struct review_identity *identities;
	char (*owners)[NODE_NAME_SIZE]; /* of identities */
	size_t identity_count, identity_room;
	struct cluster_row cluster;
	bool live; /* of the identities that are gathered now */
};

static void gathered_done(struct gathered *g)
{
	for (size_t i = 0; i < g->count; i++)
		cert_free(g->kept[i].cert);
	for (size_t i = 0; i < g->identity_count; i++)
		cert_free((struct cert *)(uintptr_t)g->identities[i].cert);
	free(g->kept);
	free(g->entries);
	free(g->identities);
	free(g->owners);
}

static bool grow(void **array, size_t *room, size_t count, size_t size, struct error *err)
{
	if (count < *room)
		return true;
	size_t more = *room == 0 ? 64 : 2 * *room;
	void *grown = reallocarray(*array, more, size);
	if (grown == NULL)
		return fail_memory(err);
	*array = grown;
	*room = more;
	return true;
}

static void add_node(struct kept *kept, const char *node)
{
	size_t used = strlen(kept->nodes);
	(void)snprintf(kept->nodes + used, NODES_TEXT - used, "%s%s", used > 0 ? ", " : "", node);
}

static struct kept *kept_already(
	struct gathered *g, const struct unit *store, const uint8_t *digest)
{
	for (size_t i = g->count; i-- > 0;)
		if (g->kept[i].store == store &&
			memcmp(cert_digest(g->kept[i].cert), digest, DIGEST_SIZE) == 0)
			return &g->kept[i];
	return NULL;
}

static bool gather_entry(
	const struct entry *entry, struct reader der, void *into, struct error *err)
{
	struct gathered *g = into;
	const struct unit *store = unit_find(entry->store);
	if (store == NULL || !store->trust)
		return true;
	struct kept *known = kept_already(g, store, entry->digest);
	if (known != NULL) {
		add_node(known, entry->node);
		return true;
	}
	if (!grow((void **)&g->kept, &g->room, g->count, sizeof(*g->kept), err))
		return false;
	struct kept kept = { .store = store, .cert = cert_parse(der, err) };
	if (kept.cert == NULL)
		return fail_in(err, "%s of %s", entry->name, entry->store);
	(void)snprintf(kept.name, sizeof(kept.name), "%s", entry->name);
	add_node(&kept, entry->node);
	g->kept[g->count++] = kept;
	return true;
}

static bool add_identity(
	struct gathered *g, const struct identity_row *row, struct cert *cert, struct error *err)
{
	size_t room = g->identity_room;
	if (!grow((void **)&g->identities, &g->identity_room, g->identity_count,
		    sizeof(*g->identities), err) ||
		!grow((void **)&g->owners, &room, g->identity_count, sizeof(*g->owners), err)) {
		cert_free(cert);
		return false;
	}
	struct review_identity *added = &g->identities[g->identity_count];
	*added = (struct review_identity){ unit_find(row->unit), NULL, cert, g->live };
	(void)snprintf(g->owners[g->identity_count], NODE_NAME_SIZE, "%s", row->node);
	g->identity_count += added->unit != NULL;
	return added->unit != NULL || fail(err, FAULT_STORE, "there is no unit %s", row->unit);
}

static bool gather_identity(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	struct gathered *g = into;
	struct cert *cert = cert_parse(der, err);
	return cert == NULL ? fail_in(err, "%s of %s", row->unit, row->node)
			    : add_identity(g, row, cert, err);
}

static bool gather_retired(
	const struct identity_row *row, uint64_t retired, void *into, struct error *err)
{
	(void)retired; /* when does not matter */
	struct gathered *g = into;
	AUTO_DONE(bytes) der = { 0 };
	return store_certificate(g->from, row->digest, &der, err) &&
		gather_identity(row, bytes_reader(&der), g, err);
}

static bool gather_retired_of(const struct node *node, void *into, struct error *err)
{
	struct gathered *g = into;
	return store_retired(g->from, node->name, gather_retired, g, err);
}

static bool gather(struct store *s, struct gathered *g, struct review_facts *out, struct error *err)
{
	g->from = s;
	g->live = true;
	if (!store_cluster(s, &g->cluster, err) ||
		!store_entries(s, NULL, NULL, gather_entry, g, err) ||
		!store_identities(s, gather_identity, g, err))
		return false;
	g->live = false;
	if (!store_nodes(s, gather_retired_of, g, err))
		return false;
	g->entries = calloc(g->count + 1, sizeof(*g->entries));
	if (g->entries == NULL)
		return fail_memory(err);
	for (size_t i = 0; i < g->count; i++)
		g->entries[i] = (struct review_entry){ g->kept[i].store, g->kept[i].cert };
	for (size_t i = 0; i < g->identity_count; i++)
		g->identities[i].node = g->owners[i];
	*out = (struct review_facts){ g->entries, g->count, g->identities, g->identity_count,
		g->cluster.subject.organization, clock_now() };
	return true;
}

/* reviewing */

static json_t *review_json(const struct kept *kept, const struct entry_review *r)
{
	char hex[DIGEST_HEX_SIZE], after[TIME_TEXT_SIZE];
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s}", "store",
		kept->store->name, "name", kept->name, "nodes", kept->nodes, "subject",
		cert_subject(kept->cert, NAME_APPLIANCE), "not_after",
		text_time(cert_not_after(kept->cert), after), "sha256",
		hex_write(reader_of(cert_digest(kept->cert), DIGEST_SIZE), hex), "standing",
		entry_standing_name(r->standing), "may_go", r->may_go, "needed_by", r->needed_by,
		"advice", r->advice);
}

json_t *trust_review(struct manager *m, struct asked *asked, struct error *err)
{
	__attribute__((cleanup(gathered_done))) struct gathered g = { 0 };
	struct review_facts facts;
	json_auto_t *rows = json_array();
	const char *only = argument_text(asked, "store");
	const struct unit *store = only == NULL ? NULL : unit_find(only);
	if (!gather(m->store, &g, &facts, err))
		return NULL;
	for (size_t i = 0; i < g.count; i++) {
		struct entry_review r;
		if (only != NULL && g.kept[i].store != store)
			continue;
		entry_review(&facts, i, &r);
		if (json_array_append_new(rows, review_json(&g.kept[i], &r)) != 0) {
			(void)fail_memory(err);
			return NULL;
		}
	}
	return result_of_rows("entries", rows);
}

/* deleting */

struct deletion {
	struct asked *asked;
	const struct unit *store;
	const char *name, *reason;
	struct txn *txn;
	uint8_t digest[DIGEST_SIZE];
	json_t *nodes, *result;
};

static void deletion_done(struct deletion *d)
{
	json_decref(d->nodes);
	json_decref(d->result);
}

/* A name is that of a file, or the beginning of the certificate's SHA-256. */
static bool is_named(const struct kept *kept, const char *name)
{
	char hex[DIGEST_HEX_SIZE];
	size_t size = strlen(name);
	(void)hex_write(reader_of(cert_digest(kept->cert), DIGEST_SIZE), hex);
	if (size < NEEDED_DIGITS || size >= sizeof(hex))
		return strcmp(kept->name, name) == 0;
	hex[size] = '\0';
	return strcmp(kept->name, name) == 0 || text_same_nocase(hex, name);
}

static bool find_kept(
	const struct gathered *g, const struct deletion *d, size_t *out, struct error *err)
{
	size_t found = g->count;
	for (size_t i = 0; i < g->count; i++) {
		if (g->kept[i].store != d->store || !is_named(&g->kept[i], d->name))
			continue;
		if (found != g->count)
			return fail(err, FAULT_REFUSED,
				"%s in %s is one certificate on %.200s and another on %.200s: name "
				"it "
				"by its SHA-256, see `dialtrust trust review`",
				d->name, d->store->name, g->kept[found].nodes, g->kept[i].nodes);
		found = i;
	}
	if (found == g->count)
		return fail(err, FAULT_MISSING,
			"there is no %s in %s: see `dialtrust trust review`", d->name,
			d->store->name);
	*out = found;
	return true;
}

/* Who would miss it decides, unless the operator insists, which the audit shows. */
static bool may_delete(
	const struct review_facts *facts, size_t entry, bool forced, struct error *err)
{
	struct entry_review r;
	entry_review(facts, entry, &r);
	bool needed = r.needed_by[0] != '\0' || r.standing == ENTRY_MANUFACTURING;
	return !needed || forced ||
		fail(err, FAULT_REFUSED,
			"it is needed (%s%s%.300s): %s; --force deletes it all the same",
			entry_standing_name(r.standing), r.needed_by[0] != '\0' ? ", by " : "",
			r.needed_by, r.advice);
}

static bool remove_from(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	(void)der; /* known */
	struct deletion *d = into;
	if (memcmp(entry->digest, d->digest, DIGEST_SIZE) != 0)
		return true;
	return (json_array_append_new(d->nodes, json_string(entry->node)) == 0 ||
		       fail_memory(err)) &&
		txn_remove_entry(d->txn, entry->store, entry->node, entry->name, err);
}

struct flagging {
	uint64_t change;
	json_t *rows;
};

static bool flagged(const struct service_row *row, void *into, struct error *err)
{
	const struct flagging *f = into;
	return row->restart_wanted != f->change ||
		json_array_append_new(f->rows,
			json_pack("{s:s, s:s}", "service", row->service, "node", row->node)) == 0 ||
		fail_memory(err);
}

static bool name_phone(const struct phone_row *phone, void *into, struct error *err)
{
	return json_array_append_new(into, json_string(phone->name)) == 0 || fail_memory(err);
}

/* What is told of phones comes from the store's row: in a store that TVS vouches from every entry
 * concerns them, in the others what may have issued a phone's certificate. */
static bool concerns_phones(
	const struct unit *store, const struct cert *cert, bool *out, struct error *err)
{
	struct cert_facts facts = { 0 };
	if (!cert_facts_read(cert, &facts, err))
		return false;
	*out = impact_find(store->name)->phones != PHONES_NONE &&
		(store->role_count > 0 || facts.authority);
	cert_facts_done(&facts);
	return true;
}

static bool describe(struct deletion *d, const struct kept *kept, struct error *err)
{
	char hex[DIGEST_HEX_SIZE], message[512];
	json_t *services = json_array(), *phones = json_array();
	struct flagging f = { txn_number(d->txn), services };
	bool concerned;
	if (!concerns_phones(d->store, kept->cert, &concerned, err))
		return false;
	(void)snprintf(message, sizeof(message), "%s is deleted from %s on every node.", kept->name,
		d->store->name);
	json_decref(d->result);
	d->result = json_pack("{s:i, s:s, s:s, s:s, s:O, s:o, s:o, s:s?, s:s}", "schema_version", 1,
		"store", d->store->name, "name", kept->name, "sha256",
		hex_write(reader_of(d->digest, DIGEST_SIZE), hex), "nodes", d->nodes,
		"must_restart", services, "phones", phones, "touches_phones_that",
		concerned ? impact_find(d->store->name)->touched : NULL, "message", message);
	if (d->result == NULL)
		return fail_memory(err);
	struct store *s = txn_store(d->txn);
	return store_services(s, flagged, &f, err) &&
		(!concerned || store_phones(s, name_phone, phones, err));
}

static bool bury(struct deletion *d, const struct kept *kept, struct error *err)
{
	struct tombstone tombstone = { 0 };
	(void)snprintf(tombstone.store, sizeof(tombstone.store), "%s", d->store->name);
	(void)snprintf(tombstone.name, sizeof(tombstone.name), "%s", kept->name);
	(void)snprintf(tombstone.reason, sizeof(tombstone.reason), "%.127s", d->reason);
	memcpy(tombstone.digest, d->digest, DIGEST_SIZE);
	return txn_put_tombstone(d->txn, &tombstone, err);
}

static bool record_deletion(struct txn *t, void *context, struct error *err)
{
	struct deletion *d = context;
	__attribute__((cleanup(gathered_done))) struct gathered g = { 0 };
	struct review_facts facts;
	size_t at = 0;
	d->txn = t;
	(void)json_array_clear(d->nodes);
	struct store *s = txn_store(t);
	if (!gather(s, &g, &facts, err) || !find_kept(&g, d, &at, err) ||
		!may_delete(&facts, at, argument_flag(d->asked, "force"), err))
		return false;
	memcpy(d->digest, cert_digest(g.kept[at].cert), DIGEST_SIZE);
	return store_entries(s, d->store->name, NULL, remove_from, d, err) &&
		bury(d, &g.kept[at], err) && services_after(t, d->store->name, "", err) &&
		describe(d, &g.kept[at], err);
}

json_t *trust_delete(struct manager *m, struct asked *asked, struct error *err)
{
	const char *reason = argument_text(asked, "reason");
	__attribute__((cleanup(deletion_done))) struct deletion d = {
		.asked = asked,
		.store = unit_find(argument_text(asked, "store")),
		.name = argument_text(asked, "name"),
		.reason = reason == NULL ? "" : reason,
		.nodes = json_array(),
	};
	char detail[512];
	(void)snprintf(detail, sizeof(detail), "%.200s from %s%s%s%.150s", d.name, d.store->name,
		argument_flag(asked, "force") ? ", by force" : "", d.reason[0] != '\0' ? ": " : "",
		d.reason);
	struct change change = { asked->actor, "trust delete", detail };
	if (!store_change(m->store, &change, record_deletion, &d, NULL, err))
		return NULL;
	asked->wait_served = true;
	return json_incref(d.result);
}

/* what was deleted */

static bool list_tombstone(
	const struct tombstone *tombstone, struct reader der, void *into, struct error *err)
{
	char hex[DIGEST_HEX_SIZE];
	AUTO(cert) cert = cert_parse(der, err);
	if (cert == NULL)
		return false;
	json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "store", tombstone->store,
		"name", tombstone->name, "subject", cert_subject(cert, NAME_APPLIANCE), "sha256",
		hex_write(reader_of(tombstone->digest, DIGEST_SIZE), hex), "reason",
		tombstone->reason, "change", (json_int_t)tombstone->change);
	return json_array_append_new(into, item) == 0 || fail_memory(err);
}

json_t *trust_deleted(struct manager *m, struct asked *asked, struct error *err)
{
	json_auto_t *rows = json_array();
	const char *only = argument_text(asked, "store");
	const struct unit *store = only == NULL ? NULL : unit_find(only);
	if (!store_tombstones(
		    m->store, store == NULL ? NULL : store->name, list_tombstone, rows, err))
		return NULL;
	return result_of_rows("deleted", rows);
}
