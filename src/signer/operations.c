#include "signer/operations.h"

#include <stdio.h>
#include <string.h>

#include "cluster/service.h"
#include "signer/operations_impl.h"

static const struct peer_row peers[] = {
	{ PEER_MANAGER, "signer.manager", "manager" },
	{ PEER_PROVISION, "signer.provision", "provision" },
	{ PEER_TVS, "signer.tvs", "tvs" },
	{ PEER_DEPLOYER, "signer.deployer", "deployer" },
};

const struct peer_row *peer_rows(size_t *count)
{
	*count = COUNT(peers);
	return peers;
}

const char *peer_name(enum signer_peer peer)
{
	for (size_t i = 0; i < COUNT(peers); i++)
		if (peers[i].peer == peer)
			return peers[i].process;
	return "nobody";
}

bool asked_key_find(struct question *q, const uint8_t id[static SIGNER_KEY_SIZE], unsigned states,
	struct asked_key *out, struct error *err)
{
	char text[KEY_TEXT_SIZE];
	(void)snprintf(q->about, sizeof(q->about), "key %s", key_text(id, text));
	struct asked_key found = { .stored = key_store_find(q->keys, id, err) };
	if (found.stored == NULL)
		return false;
	(void)snprintf(q->about, sizeof(q->about), "%s %s", found.stored->unit, text);
	found.unit = unit_find(found.stored->unit);
	if (found.unit == NULL) {
		(void)fail(err, FAULT_REFUSED, "key %s belongs to %s, a unit that is no more", text,
			found.stored->unit);
		return false;
	}
	if ((states & 1U << found.stored->state) == 0) {
		(void)fail(err, FAULT_REFUSED,
			"key %s of %s is %s, which is not the state for this", text,
			found.stored->unit, key_state_name(found.stored->state));
		return false;
	}
	*out = found;
	return true;
}

bool asked_name_read(struct question *q, uint8_t out[static SIGNER_KEY_SIZE], struct error *err)
{
	struct reader r = q->payload;
	uint8_t id[SIGNER_KEY_SIZE];
	reader_copy(&r, id, sizeof(id));
	if (!reader_done(&r))
		return fail(err, FAULT_MALFORMED, "a key's name has %d bytes, here are %zu",
			SIGNER_KEY_SIZE, q->payload.left);
	memcpy(out, id, sizeof(id));
	return true;
}

static bool mark_live(struct question *q, struct writer *answer, struct error *err)
{
	(void)answer; /* nothing is said */
	struct signer_mark mark;
	struct asked_key key;
	return signer_mark_parse(q->payload, &mark, err) &&
		asked_key_find(q, mark.key, STATE_NEW | STATE_LIVE | STATE_RETIRED, &key, err) &&
		key_store_mark_live(
			q->keys, mark.key, mark.has_predecessor ? mark.predecessor : NULL, err);
}

/* The process that asks shows this unit in its TLS, and the unit signs nothing. */
static bool is_leaf_of(const struct unit *unit, const char *process)
{
	size_t count;
	const struct service *services = service_rows(&count);
	if (unit->signs_lists || unit->signs_files || unit->authority)
		return false;
	for (size_t i = 0; i < count; i++)
		if (services[i].process != NULL && services[i].leaf != NULL &&
			strcmp(services[i].process, process) == 0 &&
			strcmp(services[i].leaf, unit->name) == 0)
			return true;
	return false;
}

bool private_write(
	struct question *q, const struct asked_key *key, struct writer *answer, struct error *err)
{
	const struct key *private = key_store_private(q->keys, key->stored, err);
	struct bytes der = { 0 };
	if (private == NULL || !key_write(private, &der, err))
		return false;
	struct signer_leaf message = { bytes_reader(&der), cert_der(key->stored->cert) };
	signer_leaf_write(answer, &message);
	bytes_wipe(&der);
	return true;
}

static bool leaf(struct question *q, struct writer *answer, struct error *err)
{
	uint8_t id[SIGNER_KEY_SIZE];
	struct asked_key key;
	const char *process = peer_name(q->from);
	/* Retired too: the index that a starting service reads may be older than its successor. */
	if (!asked_name_read(q, id, err) ||
		!asked_key_find(q, id, STATE_LIVE | STATE_RETIRED, &key, err))
		return false;
	if (!is_leaf_of(key.unit, process))
		return fail(err, FAULT_REFUSED, "%s shows no %s certificate in its TLS", process,
			key.unit->name);
	return private_write(q, &key, answer, err);
}

static bool list_keys(struct question *q, struct writer *answer, struct error *err)
{
	if (q->payload.left > 0)
		return fail(err, FAULT_MALFORMED, "%zu bytes in a question that has none",
			q->payload.left);
	for (size_t i = 0; i < key_store_count(q->keys); i++) {
		const struct stored_key *stored = key_store_at(q->keys, i);
		struct signer_key_row row = { .state = stored->state, .made = stored->made };
		memcpy(row.key, stored->id, sizeof(row.key));
		memcpy(row.unit, stored->unit, sizeof(row.unit));
		signer_key_row_write(answer, &row);
	}
	return true;
}

static bool destroy(struct question *q, struct writer *answer, struct error *err)
{
	(void)answer; /* nothing is said */
	uint8_t id[SIGNER_KEY_SIZE];
	char text[KEY_TEXT_SIZE];
	if (!asked_name_read(q, id, err))
		return false;
	const struct stored_key *stored = key_store_find(q->keys, id, err);
	(void)snprintf(q->about, sizeof(q->about), "%s %s", stored == NULL ? "key" : stored->unit,
		key_text(id, text));
	return stored != NULL && key_store_destroy(q->keys, id, err);
}

/* clang-format off */
static const struct operation operations[] = {
	[SIGNER_MAKE_IDENTITY] = { "make-identity", PEER_MANAGER, true, NULL, make_identity_prepare },
	[SIGNER_MARK_LIVE] = { "mark-live", PEER_MANAGER, true, mark_live, NULL },
	[SIGNER_SIGN_LIST] = { "sign-list", PEER_MANAGER, true, sign_list_answer, NULL },
	[SIGNER_SIGN_FILE] = { "sign-file", PEER_PROVISION, false, sign_file_answer, NULL },
	[SIGNER_LEAF] = { "leaf", PEER_PROVISION | PEER_TVS, true, leaf, NULL },
	[SIGNER_KEYS] = { "keys", PEER_MANAGER, false, list_keys, NULL },
	[SIGNER_DESTROY] = { "destroy", PEER_MANAGER, true, destroy, NULL },
	[SIGNER_REQUEST] = { "request", PEER_MANAGER, true, request_answer, NULL },
	[SIGNER_CERTIFY] = { "certify", PEER_MANAGER, true, certify_answer, NULL },
	[SIGNER_DEPLOY] = { "deploy", PEER_DEPLOYER, true, deploy_answer, NULL },
	[SIGNER_SEAL] = { "seal", PEER_MANAGER, true, seal_answer, NULL },
	[SIGNER_UNSEAL] = { "unseal", PEER_MANAGER, true, unseal_answer, NULL },
};
/* clang-format on */

const struct operation *operation_find(unsigned number, enum signer_peer from, struct error *err)
{
	if (number < COUNT(operations) && operations[number].name != NULL &&
		(operations[number].peers & from) != 0)
		return &operations[number];
	(void)fail(
		err, FAULT_REFUSED, "operation %u is not for %s to ask", number, peer_name(from));
	return NULL;
}

bool made_identity_write(const struct key_store *keys, const uint8_t id[static SIGNER_KEY_SIZE],
	struct writer *answer, struct error *err)
{
	const struct stored_key *stored = key_store_find(keys, id, err);
	if (stored == NULL)
		return false;
	struct signer_identity identity = { .certificate = cert_der(stored->cert) };
	memcpy(identity.key, stored->id, sizeof(identity.key));
	signer_identity_write(answer, &identity);
	return true;
}
