/* cert regen: a new key and certificate of a unit, and all that follows from it, in one change. */
#include "manager/csr_impl.h"

#include <stdio.h>

#include "run/log.h"
#include "store/absence.h"

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

static bool describe(struct txn *t, struct regeneration *r, struct error *err)
{
	char message[256];
	(void)snprintf(message, sizeof(message), "Successfully Regenerated Certificate for %s.",
		r->made.unit->name);
	json_decref(r->result);
	r->result = consequences_of(t, &r->made, message, err);
	return r->result != NULL;
}

static bool record_regeneration(struct txn *t, void *context, struct error *err)
{
	struct regeneration *r = context;
	if (!r->unguarded && !lists_settled(txn_store(t), r->made.unit, r->made.node, err))
		return false;
	return identity_record(t, &r->made, err) &&
		services_after(t, r->made.unit->name, r->made.node, err) && describe(t, r, err) &&
		job_finish_in(t, r->asked, r->result, err);
}

const struct unit *identity_unit(const char *name, const struct node *node, struct error *err)
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

bool identity_chosen(struct manager *m, const struct asked *asked, const struct unit *unit,
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
	const struct unit *unit = identity_unit(argument_text(asked, "unit"), node, err);
	return unit != NULL && identity_chosen(m, asked, unit, &choice, err);
}

/* Signer first (a new key), then the change, then the signer again (live): a crash after either
 * step leaves one consistent state, which install_reconcile finishes. */
json_t *cert_regen(struct manager *m, struct asked *asked, struct error *err)
{
	__attribute__((cleanup(regeneration_done))) struct regeneration r = { .asked = asked };
	struct node self;
	struct identity_row before;
	struct csr_row pending;
	struct error none = { 0 };
	if (!store_node(m->store, m->settings->node, &self, err))
		return NULL;
	const struct unit *unit = identity_unit(argument_text(asked, "unit"), &self, err);
	if (unit == NULL || !identity_chosen(m, asked, unit, &r.choice, err))
		return NULL;
	bool had = store_identity(m->store, unit->name, self.name, &before, NULL, &none);
	if (!was_looked_for(had, &none, err))
		return NULL;
	bool requested = store_csr(m->store, unit->name, self.name, &pending, NULL, &none);
	if (!was_looked_for(requested, &none, err))
		return NULL;
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
	if (requested)
		csr_destroy_key(m, pending.key);
	if (!identity_mark_live(m, &r.made, predecessor, &none)) {
		log_warning("%s; it is tried again", none.text); /* what is committed stands */
		m->reconciled = false;
	}
	asked->wait_served = true;
	return json_incref(r.result);
}
