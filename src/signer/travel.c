/* A key of a certificate that stands for all nodes: sealed here for another node's signer, or
 * opened here and kept. Nobody between the two signers can read it. docs/signer.md#sealed-keys */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pki/sealed.h"
#include "signer/operations_impl.h"
#include "wire/sealed_key.h"

static bool may_travel(const struct unit *unit, const char *name, struct error *err)
{
	return (unit != NULL && !unit->trust && unit->multi_server) ||
		fail(err, FAULT_REFUSED, "keys of %s stay where they were made", name);
}

static bool write_clear(
	struct question *q, const struct asked_key *key, struct bytes *out, struct error *err)
{
	struct bytes der = { 0 };
	*out = (struct bytes){ .data = calloc(1, SEALED_MAX), .size = SEALED_MAX };
	if (out->data == NULL)
		return fail_memory(err);
	const struct key *private = key_store_private(q->keys, key->stored, err);
	if (private == NULL || !key_write(private, &der, err))
		return false;
	struct sealed_key clear = {
		.made = key->stored->made,
		.key = bytes_reader(&der),
		.placeholder = cert_der(key->stored->cert),
	};
	(void)snprintf(clear.unit, sizeof(clear.unit), "%s", key->stored->unit);
	struct writer w = writer_on(out->data, out->size); /* which grows not, and leaves no copy */
	sealed_key_write(&w, &clear);
	bytes_wipe(&der);
	out->size = w.used;
	return w.ok || fail(err, FAULT_LIMIT, "the key of %s is too long", clear.unit);
}

bool seal_answer(struct question *q, struct writer *answer, struct error *err)
{
	struct signer_seal asked;
	struct asked_key key;
	struct bytes clear = { 0 };
	AUTO_DONE(bytes) sealed = { 0 };
	if (!signer_seal_parse(q->payload, &asked, err) ||
		!asked_key_find(q, asked.key, STATE_NEW, &key, err) ||
		!may_travel(key.unit, key.stored->unit, err))
		return false;
	AUTO(cert) recipient = cert_parse(asked.recipient, err);
	bool fine = recipient != NULL && write_clear(q, &key, &clear, err) &&
		seal_for(recipient, bytes_reader(&clear), &sealed, err);
	bytes_wipe(&clear);
	if (fine)
		writer_bytes(answer, bytes_reader(&sealed));
	return fine;
}

/* What was asked for is what came, and it fits together. */
static bool check_arrival(const struct signer_unseal *asked, const struct sealed_key *clear,
	const struct key *key, const struct cert *placeholder, struct error *err)
{
	uint8_t id[SIGNER_KEY_SIZE], certified[SIGNER_KEY_SIZE];
	enum unit_key kind;
	const struct unit *unit = unit_find(asked->unit);
	key_id(key, id);
	cert_key_id(placeholder, certified);
	if (strcmp(clear->unit, asked->unit) != 0)
		return fail(err, FAULT_REFUSED, "a key of %s is in it, not of %s", clear->unit,
			asked->unit);
	if (memcmp(id, asked->key, sizeof(id)) != 0)
		return fail(err, FAULT_REFUSED, "another key of %s is in it", asked->unit);
	if (memcmp(certified, id, sizeof(id)) != 0)
		return fail(err, FAULT_REFUSED, "the certificate in it is of another key");
	return unit_key_from_name(cert_key(placeholder).name, &kind)
		? unit_key_check(unit, kind, true, err)
		: fail(err, FAULT_REFUSED, "no unit has a key of %s", cert_key(placeholder).name);
}

static bool keep(struct question *q, const struct signer_unseal *asked, struct reader opened,
	struct error *err)
{
	struct sealed_key clear;
	if (!sealed_key_parse(opened, &clear, err))
		return false;
	AUTO(key) key = key_parse(clear.key, err);
	AUTO(cert) placeholder = key == NULL ? NULL : cert_parse(clear.placeholder, err);
	if (placeholder == NULL || !check_arrival(asked, &clear, key, placeholder, err))
		return false;
	struct stored_key stored = {
		.state = SIGNER_KEY_NEW, .made = clear.made, .cert = placeholder
	};
	memcpy(stored.id, asked->key, sizeof(stored.id));
	return text_copy(stored.unit, sizeof(stored.unit), clear.unit, err) &&
		key_store_add(q->keys, &stored, key, err);
}

/* Retired too: the seal may be older than the successor of the key that opens it. */
bool unseal_answer(struct question *q, struct writer *answer, struct error *err)
{
	(void)answer; /* nothing is said */
	struct signer_unseal asked;
	struct asked_key recipient;
	struct bytes clear = { 0 };
	if (!signer_unseal_parse(q->payload, &asked, err) ||
		!may_travel(unit_find(asked.unit), asked.unit, err) ||
		!asked_key_find(q, asked.recipient, STATE_LIVE | STATE_RETIRED, &recipient, err))
		return false;
	(void)snprintf(q->about, sizeof(q->about), "%s", asked.unit);
	if (!recipient.unit->opens_seals)
		return fail(err, FAULT_REFUSED, "nothing is sealed for a key of %s",
			recipient.unit->name);
	const struct key *private = key_store_private(q->keys, recipient.stored, err);
	bool fine = private != NULL && seal_open(private, asked.sealed, &clear, err) &&
		keep(q, &asked, bytes_reader(&clear), err);
	bytes_wipe(&clear);
	return fine || fail_in(err, "the sealed key of %s", asked.unit);
}
