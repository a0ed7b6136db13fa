/* cert list, cert show, cert regen. */
#include "manager/manager_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "run/log.h"

/* showing */

static json_t *cert_object(const struct entry *entry, const struct cert *cert)
{
	char hex[DIGEST_HEX_SIZE], serial[2 * 64 + 1] = "";
	char before[TIME_TEXT_SIZE], after[TIME_TEXT_SIZE];
	struct reader number = cert_serial(cert);
	if (number.left <= 64)
		(void)hex_write(number, serial);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "node",
		entry->node, "unit", entry->store, "name", entry->name, "subject",
		cert_subject(cert, NAME_APPLIANCE), "issuer", cert_issuer(cert, NAME_APPLIANCE),
		"serial", serial, "not_before", text_time(cert_not_before(cert), before),
		"not_after", text_time(cert_not_after(cert), after), "key", cert_key(cert).name,
		"sha256", hex_write(reader_of(entry->digest, DIGEST_SIZE), hex), "description",
		entry->reason);
}

static bool list_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	AUTO(cert) cert = cert_parse(der, err);
	if (cert == NULL)
		return fail_in(err, "%s of %s", entry->name, entry->store);
	return json_array_append_new(into, cert_object(entry, cert)) == 0 || fail_memory(err);
}

/* As the table spells it; NULL where the argument is absent. The manager's own names are exact. */
static const char *unit_argument(const struct asked *asked)
{
	const char *name = argument_text(asked, "unit");
	const struct unit *unit = name == NULL ? NULL : unit_find(name);
	return unit == NULL ? name : unit->name;
}

static bool node_argument_exists(struct manager *m, const struct asked *asked, struct error *err)
{
	struct node node;
	const char *name = argument_text(asked, "node");
	return name == NULL || store_node(m->store, name, &node, err);
}

json_t *cert_list(struct manager *m, struct asked *asked, struct error *err)
{
	json_auto_t *rows = json_array();
	if (!node_argument_exists(m, asked, err) ||
		!store_entries(m->store, unit_argument(asked), argument_text(asked, "node"),
			list_entry, rows, err))
		return NULL;
	return result_of_rows("certificates", rows);
}

struct showing {
	const char *name; /* NULL: the first */
	json_t *found;
};

static bool show_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	struct showing *s = into;
	if (s->found != NULL || (s->name != NULL && strcmp(s->name, entry->name) != 0))
		return true;
	char *pem = NULL;
	AUTO(cert) cert = cert_parse(der, err);
	if (cert == NULL || !cert_pem(cert, &pem, err))
		return fail_in(err, "%s of %s", entry->name, entry->store);
	s->found = cert_object(entry, cert);
	(void)json_object_set_new(s->found, "schema_version", json_integer(1));
	(void)json_object_set_new(
		s->found, "signature_algorithm", json_string(cert_signature_algorithm(cert)));
	(void)json_object_set_new(s->found, "pem", json_string(pem));
	free(pem);
	return true;
}

json_t *cert_show(struct manager *m, struct asked *asked, struct error *err)
{
	struct showing s = { .name = argument_text(asked, "name") };
	const char *unit = unit_argument(asked);
	const char *node = argument_text(asked, "node");
	if (!node_argument_exists(m, asked, err) ||
		!store_entries(m->store, unit, node, show_entry, &s, err))
		return NULL;
	if (s.found == NULL)
		(void)fail(err, FAULT_MISSING,
			"there is no such certificate in %s of %s: see `dialtrust cert list`", unit,
			node == NULL ? "any node" : node);
	return s.found;
}

/* regenerating */

struct regeneration {
	struct asked *asked;
	struct made_identity made;
	bool unguarded; /* the key that signs what is wanted is lost: nothing to wait for */
	json_t *result;
};

static void regeneration_done(struct regeneration *r)
{
	identity_done(&r->made);
	json_decref(r->result);
}

static bool list_of_result(const struct list_row *row, void *into, struct error *err)
{
	if (row->wanted == row->published)
		return true;
	json_t *item =
		json_pack("{s:s, s:I}", "name", row->name, "generation", (json_int_t)row->wanted);
	return json_array_append_new(into, item) == 0 || fail_memory(err);
}

struct flagging {
	uint64_t change; /* this one */
	json_t *rows;
};

static bool flagged_of_result(const struct service_row *row, void *into, struct error *err)
{
	const struct flagging *f = into;
	if (row->restart_wanted != f->change)
		return true;
	json_t *item = json_pack("{s:s, s:s}", "service", row->service, "node", row->node);
	return json_array_append_new(f->rows, item) == 0 || fail_memory(err);
}

static bool describe(struct txn *t, struct regeneration *r, struct error *err)
{
	struct entry entry = { 0 };
	char message[256];
	(void)snprintf(entry.store, sizeof(entry.store), "%s", r->made.unit->name);
	(void)snprintf(entry.node, sizeof(entry.node), "%s", r->made.node);
	(void)snprintf(entry.name, sizeof(entry.name), "%s.pem", r->made.unit->name);
	(void)snprintf(entry.reason, sizeof(entry.reason), "%s", identity_reason);
	memcpy(entry.digest, cert_digest(r->made.cert), DIGEST_SIZE);
	(void)snprintf(message, sizeof(message), "Successfully Regenerated Certificate for %s.",
		r->made.unit->name);
	json_decref(r->result);
	json_t *lists = json_array(), *flagged = json_array();
	r->result = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:s}", "schema_version", 1, "unit",
		r->made.unit->name, "node", r->made.node, "certificate",
		cert_object(&entry, r->made.cert), "lists", lists, "must_restart", flagged,
		"message", message);
	if (r->result == NULL)
		return fail_memory(err);
	struct flagging flagging = { txn_number(t), flagged };
	return store_lists(txn_store(t), list_of_result, lists, err) &&
		store_services(txn_store(t), flagged_of_result, &flagging, err);
}

static bool record_regeneration(struct txn *t, void *context, struct error *err)
{
	struct regeneration *r = context;
	if (!r->unguarded && !lists_settled(txn_store(t), r->made.unit, r->made.node, err))
		return false;
	return identity_record(t, &r->made, err) &&
		services_after(t, r->made.unit, r->made.node, err) && describe(t, r, err) &&
		job_finish_in(t, r->asked, r->result, err);
}

static const struct unit *regenerable(const char *name, const struct node *node, struct error *err)
{
	const struct unit *unit = unit_find(name);
	if (unit == NULL)
		(void)fail(err, FAULT_MISSING,
			"there is no certificate '%s': see `dialtrust cert list`", name);
	else if (unit->trust)
		(void)fail(err, FAULT_REFUSED,
			"%s is a trust store: its certificates are copies or come from elsewhere "
			"and are deleted, never regenerated; regenerate the identity that they "
			"copy",
			unit->name);
	else if (unit->scope == SCOPE_CLUSTER && node->role != NODE_PUBLISHER)
		(void)fail(err, FAULT_REFUSED,
			"%s is one certificate for the whole cluster and its key is on the "
			"publisher: name the publisher with --node",
			unit->name);
	else if (!unit_is_on(unit, node->role))
		(void)fail(err, FAULT_REFUSED, "a %s has no %s certificate",
			node_role_name(node->role), unit->name);
	else
		return unit;
	return NULL;
}

bool cert_regen_check(
	struct manager *m, const struct asked *asked, const struct node *node, struct error *err)
{
	(void)m; /* the tables know */
	return regenerable(argument_text(asked, "unit"), node, err) != NULL;
}

/* Signer first (a new key), then the change, then the signer again (live): a crash after either
 * step leaves one consistent state, which install_reconcile finishes. */
json_t *cert_regen(struct manager *m, struct asked *asked, struct error *err)
{
	__attribute__((cleanup(regeneration_done))) struct regeneration r = { .asked = asked };
	struct node self;
	struct identity_row before;
	struct error none = { 0 };
	if (!store_node(m->store, m->settings->node, &self, err))
		return NULL;
	const struct unit *unit = regenerable(argument_text(asked, "unit"), &self, err);
	if (unit == NULL)
		return NULL;
	bool had = store_identity(m->store, unit->name, self.name, &before, NULL, &none);
	r.unguarded = had && install_lacks_key(m, before.key);
	if (!r.unguarded && !lists_settled(m->store, unit, self.name, err))
		return NULL; /* no key is made in vain */
	char detail[2 * NODE_NAME_SIZE + 8];
	(void)snprintf(detail, sizeof(detail), "%s on %s", unit->name, self.name);
	struct change change = { asked->actor, "cert regen", detail };
	if (!identity_make(m, unit, &self, &r.made, err) ||
		!store_change(m->store, &change, record_regeneration, &r, NULL, err))
		return NULL;
	const uint8_t *predecessor = had && !r.unguarded ? before.key : NULL;
	if (!identity_mark_live(m, &r.made, predecessor, &none)) {
		log_warning("%s; it is tried again", none.text); /* what is committed stands */
		m->reconciled = false;
	}
	asked->wait_served = true;
	return json_incref(r.result);
}
