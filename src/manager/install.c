/* What a node needs before it can serve: its certificates, made once, and agreement between its
 * signer's keys and the database after any crash. */
#include "manager/csr_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "run/log.h"
#include "wire/signer_message.h"

enum { INSTALL_UNITS = 32, ORPHAN_SECONDS = 3600, RECONCILE_WAIT_MS = 10000 };

struct installation {
	size_t count;
	struct made_identity made[INSTALL_UNITS];
};

static void installation_done(struct installation *i)
{
	for (size_t n = 0; n < i->count; n++)
		identity_done(&i->made[n]);
}

static bool record_all(struct txn *t, void *context, struct error *err)
{
	const struct installation *installation = context;
	for (size_t i = 0; i < installation->count; i++)
		if (!identity_record(t, &installation->made[i], err))
			return false;
	return true;
}

static bool belongs(const struct unit *unit, const struct node *node)
{
	if (!unit->made_at_install || !unit_is_on(unit, node->role))
		return false;
	return unit->scope == SCOPE_NODE || node->role == NODE_PUBLISHER;
}

static bool make_missing(struct manager *m, const struct node *self,
	struct installation *installation, struct error *err)
{
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count && installation->count < INSTALL_UNITS; i++) {
		struct identity_row row;
		struct error missing = { 0 };
		if (!belongs(&units[i], self) ||
			store_identity(m->store, units[i].name, self->name, &row, NULL, &missing))
			continue;
		if (missing.fault != FAULT_MISSING) {
			*err = missing;
			return false;
		}
		struct identity_choice usual;
		if (!identity_usual(m, &units[i], &usual, err) ||
			!identity_make(m, &units[i], self, &usual,
				&installation->made[installation->count], err))
			return false;
		installation->count++;
	}
	return true;
}

bool install_node(struct manager *m, const struct node *self, struct error *err)
{
	AUTO_DONE(installation) installation = { 0 };
	if (!m->completed && !services_complete(m, self, err))
		return false;
	m->completed = true; /* rows of services come with a new program, not while it runs */
	if (!make_missing(m, self, &installation, err))
		return false;
	if (installation.count == 0)
		return true;
	char actor[NODE_NAME_SIZE + 16];
	(void)snprintf(actor, sizeof(actor), "manager of %s", self->name);
	struct change change = { actor, "node install", self->name };
	if (!store_change(m->store, &change, record_all, &installation, NULL, err))
		return false;
	m->reconciled = false; /* until the signer knows that they are live */
	for (size_t i = 0; i < installation.count; i++)
		if (!identity_mark_live(m, &installation.made[i], NULL, err))
			return false;
	m->reconciled = true;
	log_info("%zu certificates made on %s", installation.count, self->name);
	return true;
}

struct reconciling {
	struct manager *m;
	struct reader keys; /* signer_key_row, repeated */
};

bool install_key_state(struct reader keys, const uint8_t *key, struct signer_key_row *out)
{
	while (keys.left > 0)
		if (!signer_key_row_next(&keys, out, NULL))
			return false;
		else if (memcmp(out->key, key, SIGNER_KEY_SIZE) == 0)
			return true;
	return false;
}

/* Another key of the unit that the signer still calls live: the predecessor, where a crash came
 * before or amid the signer's marking of the two. */
static const uint8_t *live_other(
	struct reader keys, const char *unit, const uint8_t *key, struct signer_key_row *row)
{
	while (keys.left > 0 && signer_key_row_next(&keys, row, NULL))
		if (row->state == SIGNER_KEY_LIVE && strcmp(row->unit, unit) == 0 &&
			memcmp(row->key, key, SIGNER_KEY_SIZE) != 0)
			return row->key;
	return NULL;
}

/* A key that came from another node stands there with the certificate that it signed for itself. */
static bool certify_arrived(
	struct manager *m, const struct identity_row *row, struct reader der, struct error *err)
{
	const struct unit *unit = unit_find(row->unit);
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	AUTO_DONE(bytes) answer = { 0 };
	struct signer_identity identity = { .certificate = der };
	if (unit == NULL || !unit->multi_server)
		return true;
	memcpy(identity.key, row->key, sizeof(identity.key));
	signer_identity_write(&w, &identity);
	return sibling_call(
		m->signer, SIGNER_CERTIFY, writer_written(&w), RECONCILE_WAIT_MS, &answer, err);
}

static bool reconcile_row(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	struct reconciling *r = into;
	struct signer_key_row state, other;
	if (strcmp(row->node, r->m->settings->node) != 0)
		return true;
	if (!install_key_state(r->keys, row->key, &state)) {
		log_error("the key of the live %s certificate of %s is not in the signer: restore "
			  "the keys directory from a backup, or regenerate %s",
			row->unit, row->node, row->unit);
		return true;
	}
	if (state.state == SIGNER_KEY_NEW && !certify_arrived(r->m, row, der, err))
		return false;
	const uint8_t *predecessor = live_other(r->keys, row->unit, row->key, &other);
	if (state.state == SIGNER_KEY_LIVE && predecessor == NULL)
		return true;
	struct made_identity made = { .unit = unit_find(row->unit) };
	memcpy(made.key, row->key, sizeof(made.key));
	return identity_mark_live(r->m, &made, predecessor, err);
}

static bool destroy_orphan(struct manager *m, const struct signer_key_row *row, struct error *err)
{
	char hex[DIGEST_HEX_SIZE];
	AUTO_DONE(bytes) answer = { 0 };
	bool awaited = false; /* by a request that is pending */
	if (row->state != SIGNER_KEY_NEW || row->made + ORPHAN_SECONDS > clock_now())
		return true;
	if (!csr_owns_key(m, row->key, &awaited, err) || awaited)
		return awaited;
	log_info("key %.16s of %s was never used: destroyed",
		hex_write(reader_of(row->key, sizeof(row->key)), hex), row->unit);
	return sibling_call(m->signer, SIGNER_DESTROY, reader_of(row->key, sizeof(row->key)),
		RECONCILE_WAIT_MS, &answer, err);
}

bool install_signer_keys(struct manager *m, struct bytes *out, struct error *err)
{
	return sibling_call(
		m->signer, SIGNER_KEYS, reader_of(NULL, 0), RECONCILE_WAIT_MS, out, err);
}

bool install_lacks_key(struct manager *m, const uint8_t key[static DIGEST_SIZE])
{
	struct signer_key_row row;
	AUTO_DONE(bytes) keys = { 0 };
	return install_signer_keys(m, &keys, NULL) &&
		!install_key_state(bytes_reader(&keys), key, &row);
}

bool install_reconcile(struct manager *m, struct error *err)
{
	AUTO_DONE(bytes) before = { 0 };
	AUTO_DONE(bytes) after = { 0 };
	if (!install_signer_keys(m, &before, err))
		return false;
	struct reconciling r = { m, bytes_reader(&before) };
	if (!store_identities(m->store, reconcile_row, &r, err) ||
		!install_signer_keys(m, &after, err))
		return false;
	struct signer_key_row row;
	for (struct reader keys = bytes_reader(&after); keys.left > 0;)
		if (!signer_key_row_next(&keys, &row, err) || !destroy_orphan(m, &row, err))
			return false;
	return true;
}

static bool is_known(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	(void)der; /* the key says enough */
	(void)err; /* nothing here fails */
	struct manager *m = into;
	if (strcmp(row->node, m->settings->node) != 0)
		return true;
	for (size_t i = 0; i < m->index->identity_count; i++)
		if (memcmp(m->index->identities[i].key, row->key, DIGEST_SIZE) == 0)
			return true;
	m->reconciled = false;
	return true;
}

/* Another node's change may have made an identity of ours live, whose key is new here yet. */
bool install_notice(struct manager *m, struct error *err)
{
	return m->index == NULL || !m->reconciled || store_identities(m->store, is_known, m, err);
}
