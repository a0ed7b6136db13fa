/* cert regen: a new key and certificate of a unit, and all that follows from it, in one change. */
#include "manager/manager_impl.h"

#include <stdio.h>
#include <string.h>

#include "run/log.h"

struct regeneration {
	struct asked *asked;
	struct identity_choice choice;
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
	json_t *item = json_pack("{s:s, s:s, s:I}", "name", row->name, "node", row->node,
		"generation", (json_int_t)row->wanted);
	return json_array_append_new(into, item) == 0 || fail_memory(err);
}

/* A phone whose node's list is new has to follow: it is behind until it has fetched that. */
struct following {
	const json_t *lists; /* of the result */
	json_t *phones;
};

static bool list_is_new(const json_t *lists, const char *node)
{
	size_t index;
	json_t *list;
	json_array_foreach (lists, index, list) {
		if (strcmp(json_string_value(json_object_get(list, "node")), node) == 0)
			return true;
	}
	return false;
}

static bool phone_behind(const struct phone_row *phone, void *into, struct error *err)
{
	const struct following *f = into;
	return !list_is_new(f->lists, phone->node) ||
		json_array_append_new(f->phones, json_string(phone->name)) == 0 || fail_memory(err);
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
	json_t *lists = json_array(), *flagged = json_array(), *phones = json_array();
	r->result = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "schema_version", 1,
		"unit", r->made.unit->name, "node", r->made.node, "certificate",
		certificate_json(&entry, r->made.cert), "lists", lists, "must_restart", flagged,
		"phones_behind", phones, "message", message);
	if (r->result == NULL)
		return fail_memory(err);
	struct flagging flagging = { txn_number(t), flagged };
	struct following following = { lists, phones };
	return store_lists(txn_store(t), list_of_result, lists, err) &&
		store_phones(txn_store(t), phone_behind, &following, err) &&
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

/* The usual, and what the operator chose instead. */
static bool choice_of(struct manager *m, const struct asked *asked, const struct unit *unit,
	struct identity_choice *out, struct error *err)
{
	struct identity_choice choice;
	const char *key = argument_text(asked, "key");
	uint64_t years, hash;
	if (!identity_usual(m, unit, &choice, err) ||
		!argument_number(asked, "years", choice.years, &years, err) ||
		!argument_number(asked, "hash", 0, &hash, err))
		return false;
	if (argument_text(asked, "years") != NULL && !unit_years_check(years, err))
		return false;
	if (key != NULL && !unit_key_from_name(key, &choice.key))
		return fail(err, FAULT_USAGE,
			"key: RSA-2048, RSA-3072, RSA-4096, EC-P256, EC-P384 or EC-P521, not "
			"\"%.40s\"",
			key);
	choice.years = (unsigned)years;
	choice.hash_bits = (unsigned)hash;
	if (!unit_key_check(unit, choice.key, argument_flag(asked, "force"), err) ||
		!unit_hash_check(choice.key, choice.hash_bits, err))
		return false;
	*out = choice;
	return true;
}

bool cert_regen_check(
	struct manager *m, const struct asked *asked, const struct node *node, struct error *err)
{
	struct identity_choice choice;
	const struct unit *unit = regenerable(argument_text(asked, "unit"), node, err);
	return unit != NULL && choice_of(m, asked, unit, &choice, err);
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
	if (unit == NULL || !choice_of(m, asked, unit, &r.choice, err))
		return NULL;
	bool had = store_identity(m->store, unit->name, self.name, &before, NULL, &none);
	r.unguarded = had && install_lacks_key(m, before.key);
	if (!r.unguarded && !lists_settled(m->store, unit, self.name, err))
		return NULL; /* no key is made in vain */
	char detail[2 * NODE_NAME_SIZE + 8];
	(void)snprintf(detail, sizeof(detail), "%s on %s", unit->name, self.name);
	struct change change = { asked->actor, "cert regen", detail };
	if (!identity_make(m, unit, &self, &r.choice, &r.made, err) ||
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
