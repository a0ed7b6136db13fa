/* trust upload and trust import-manufacturing: certificates that others made, into a trust store.
 * docs/csr.md#uploads, docs/trust-stores.md#manufacturing-certificates */
#include "manager/csr_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "pki/authority.h"
#include "pki/cert_bundle.h"
#include "trust/certified.h"

static const char reason[] = "Trust Certificate";

struct trust_upload {
	const struct asked *asked;
	const struct unit *store;
	const char *message;
	char node[NODE_NAME_SIZE]; /* where it stays; "": it goes everywhere */
	struct cert_bundle file;
	struct txn *txn;
	const struct unit *into; /* the store that is filled now */
	const struct cert *cert; /* which is put now */
	struct entry entry;      /* as which */
	bool known;              /* it is there already */
	json_t *result;
};

static void trust_upload_free(struct trust_upload *u)
{
	if (u == NULL)
		return;
	cert_bundle_done(&u->file);
	json_decref(u->result);
	free(u);
}
DEFINE_AUTO(trust_upload, trust_upload_free);

static bool is_live(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	(void)der; /* its digest says which it is */
	const struct entry *entry = into;
	if (memcmp(row->digest, entry->digest, DIGEST_SIZE) != 0)
		return true;
	return fail(err, FAULT_REFUSED,
		"%s of %s is the copy of the live %s certificate of %s, which nothing that is "
		"uploaded replaces",
		entry->name, entry->store, row->unit, row->node);
}

/* DOMAIN's rule: one of a name; a later one takes its place, an earlier one is refused. */
static bool compare(const struct entry *held, struct reader der, void *into, struct error *err)
{
	char since[TIME_TEXT_SIZE];
	struct trust_upload *u = into;
	if (strcmp(held->name, u->entry.name) != 0)
		return true;
	u->known = memcmp(held->digest, u->entry.digest, DIGEST_SIZE) == 0;
	AUTO(cert) cert = u->known ? NULL : cert_parse(der, err);
	if (u->known)
		return true;
	struct entry copy = *held;
	if (cert == NULL || !store_identities(txn_store(u->txn), is_live, &copy, err))
		return false;
	return cert_not_before(u->cert) > cert_not_before(cert) ||
		fail(err, FAULT_REFUSED,
			"%s of %s on %s is valid since %s and this one is not later: a later one "
			"of the same name takes its place, an earlier one never",
			held->name, held->store, held->node,
			text_time(cert_not_before(cert), since));
}

static bool put_on(const struct node *node, void *into, struct error *err)
{
	struct trust_upload *u = into;
	if (!unit_is_on(u->into, node->role))
		return true;
	(void)snprintf(u->entry.node, sizeof(u->entry.node), "%s", node->name);
	u->known = false;
	return store_entries(txn_store(u->txn), u->into->name, node->name, compare, u, err) &&
		(u->known || txn_put_entry(u->txn, &u->entry, err));
}

static bool put_here(const struct node *node, void *into, struct error *err)
{
	const struct trust_upload *u = into;
	return strcmp(node->name, u->node) != 0 || put_on(node, into, err);
}

static bool put_into(
	struct trust_upload *u, const struct unit *store, node_fn *each, struct error *err)
{
	struct error none = { 0 };
	u->into = store;
	(void)snprintf(u->entry.store, sizeof(u->entry.store), "%s", store->name);
	if (argument_flag(u->asked, "again") &&
		!txn_remove_tombstone(u->txn, store->name, u->entry.digest, &none) &&
		none.fault != FAULT_MISSING)
		return fail(err, none.fault, "%s", none.text);
	return store_nodes(txn_store(u->txn), each, u, err);
}

static bool put_one(struct trust_upload *u, const struct cert *cert, struct error *err)
{
	u->cert = cert;
	u->entry = (struct entry){ 0 };
	entry_name(cert, u->entry.name, sizeof(u->entry.name));
	(void)snprintf(u->entry.reason, sizeof(u->entry.reason), "%s", reason);
	memcpy(u->entry.digest, cert_digest(cert), DIGEST_SIZE);
	if (!txn_put_certificate(u->txn, u->entry.digest, cert_der(cert), err) ||
		!put_into(u, u->store, u->node[0] != '\0' ? put_here : put_on, err))
		return false;
	const char *also = u->store->uploads_also;
	return also == NULL || put_into(u, unit_find(also), put_on, err);
}

static bool flag_services(struct trust_upload *u, struct error *err)
{
	const char *also = u->store->uploads_also;
	return services_after(u->txn, u->store->name, u->node, err) &&
		(also == NULL || services_after(u->txn, also, "", err));
}

static json_t *certificates_json(const struct trust_upload *u)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < u->file.count; i++) {
		char name[256], hex[DIGEST_HEX_SIZE];
		const struct cert *cert = u->file.certs[i];
		entry_name(cert, name, sizeof(name));
		json_t *row = json_pack("{s:s, s:s, s:s}", "name", name, "subject",
			cert_subject(cert, NAME_APPLIANCE), "sha256",
			hex_write(reader_of(cert_digest(cert), DIGEST_SIZE), hex));
		(void)json_array_append_new(rows, row);
	}
	return rows;
}

static bool record_upload(struct txn *t, void *context, struct error *err)
{
	struct trust_upload *u = context;
	u->txn = t;
	for (size_t i = 0; i < u->file.count; i++)
		if (!put_one(u, u->file.certs[i], err))
			return false;
	if (!flag_services(u, err))
		return false;
	json_decref(u->result);
	json_t *flagged = json_array();
	u->result = json_pack("{s:i, s:s, s:s?, s:o, s:o, s:s}", "schema_version", 1, "store",
		u->store->name, "node", u->node[0] != '\0' ? u->node : NULL, "certificates",
		certificates_json(u), "must_restart", flagged, "message", u->message);
	if (u->result == NULL)
		return fail_memory(err);
	return consequences_flagged(t, flagged, err);
}

struct publisher {
	char name[NODE_NAME_SIZE];
};

static bool find_publisher(const struct node *node, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct publisher *publisher = into;
	if (node->role == NODE_PUBLISHER)
		(void)snprintf(publisher->name, sizeof(publisher->name), "%s", node->name);
	return true;
}

/* Of a store whose uploads stay on a node, that node: the publisher where none is named. */
static bool find_place(struct manager *m, struct trust_upload *u, struct error *err)
{
	struct node node;
	struct publisher publisher = { "" };
	const char *name = argument_text(u->asked, "node");
	if (!u->store->local_uploads && name != NULL)
		return fail(err, FAULT_USAGE, "node: what is uploaded to %s goes to every node",
			u->store->name);
	if (!u->store->local_uploads)
		return true;
	if (!store_nodes(m->store, find_publisher, &publisher, err) ||
		!store_node(m->store, name != NULL ? name : publisher.name, &node, err))
		return false;
	if (!unit_is_on(u->store, node.role))
		return fail(err, FAULT_REFUSED, "a %s has no %s", node_role_name(node.role),
			u->store->name);
	(void)snprintf(u->node, sizeof(u->node), "%s", node.name);
	return true;
}

static bool are_anchors(const struct trust_upload *u, struct error *err)
{
	for (size_t i = 0; i < u->file.count; i++)
		if (!anchor_check(u->file.certs[i], u->store, clock_now(), err))
			return false;
	return true;
}

static json_t *upload(
	struct manager *m, struct trust_upload *u, struct asked *asked, struct error *err)
{
	char detail[2 * NODE_NAME_SIZE + 300];
	(void)snprintf(detail, sizeof(detail), "%s: %zu, first %.200s", u->store->name,
		u->file.count, cert_common_name(u->file.certs[0]));
	struct change change = { asked->actor, asked->op->words, detail };
	if (!find_place(m, u, err) || !are_anchors(u, err) ||
		!store_change(m->store, &change, record_upload, u, NULL, err))
		return NULL;
	asked->wait_served = true;
	return json_incref(u->result);
}

static struct trust_upload *trust_upload_new(
	const struct asked *asked, const struct unit *store, const char *message, struct error *err)
{
	struct trust_upload *u = calloc(1, sizeof(*u));
	if (u == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	u->asked = asked;
	u->store = store;
	u->message = message;
	return u;
}

json_t *trust_upload(struct manager *m, struct asked *asked, struct error *err)
{
	const struct unit *store = unit_find(argument_text(asked, "store"));
	if (store == NULL || !store->trust) {
		(void)fail(err, FAULT_MISSING, "there is no trust store %s",
			argument_text(asked, "store"));
		return NULL;
	}
	AUTO(trust_upload) u =
		trust_upload_new(asked, store, "Certificate upload operation successful.", err);
	if (u == NULL || !upload_file(asked, "certificate", &u->file, err))
		return NULL;
	return upload(m, u, asked, err);
}

/* All of them or none, whoever looked before: a folder that somebody changed is not half good. */
static bool are_authorities(const struct cert_bundle *file, struct error *err)
{
	for (size_t i = 0; i < file->count; i++)
		if (authority_of(file->certs[i]) == NULL)
			return fail(err, FAULT_UNTRUSTED,
				"certificate %zu, %.100s, has the SHA-256 of none of the maker's "
				"authorities; nothing is imported",
				i + 1, cert_common_name(file->certs[i]));
	return true;
}

json_t *trust_import_manufacturing(struct manager *m, struct asked *asked, struct error *err)
{
	char message[2 * NODE_NAME_SIZE + 100];
	AUTO(trust_upload) u = trust_upload_new(asked, unit_for_authorities(), message, err);
	if (u == NULL || !upload_file(asked, "folder", &u->file, err) ||
		!are_authorities(&u->file, err))
		return NULL;
	(void)snprintf(message, sizeof(message),
		"%s of the publisher and %s of every node have them.", u->store->name,
		u->store->uploads_also);
	return upload(m, u, asked, err);
}
