/* Certificates of a CA: the request for one, and the certificate that came of it. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "pki/request.h"
#include "signer/operations_impl.h"

static bool of_a_ca(const struct asked_key *key, struct error *err)
{
	return key->unit->csr_usages != 0 ||
		fail(err, FAULT_REFUSED, "%s is self-signed only: no CA certifies its key",
			key->unit->name);
}

/* What it is to be used for is the unit's row's to say, not the asker's. */
static bool fill_profile(const struct signer_request *asked, const struct unit *unit,
	struct request_profile *out, struct error *err)
{
	struct certificate_subject *s = &out->subject;
	out->usages = unit->csr_usages;
	out->authority = unit->authority;
	out->name_count = asked->name_count;
	for (size_t i = 0; i < asked->name_count; i++)
		if (!text_copy(out->names[i], sizeof(out->names[i]), asked->names[i], err))
			return false;
	return text_copy(s->common_name, sizeof(s->common_name), asked->common_name, err) &&
		text_copy(s->unit, sizeof(s->unit), asked->organizational_unit, err) &&
		text_copy(s->organization, sizeof(s->organization), asked->organization, err) &&
		text_copy(s->locality, sizeof(s->locality), asked->locality, err) &&
		text_copy(s->state, sizeof(s->state), asked->state, err) &&
		text_copy(s->country, sizeof(s->country), asked->country, err);
}

bool request_answer(struct question *q, struct writer *answer, struct error *err)
{
	struct signer_request asked;
	struct request_profile profile = { 0 };
	struct asked_key key;
	AUTO_DONE(bytes) der = { 0 };
	if (!signer_request_parse(q->payload, &asked, err) ||
		!asked_key_find(q, asked.key, STATE_NEW, &key, err) || !of_a_ca(&key, err) ||
		!fill_profile(&asked, key.unit, &profile, err))
		return false;
	const struct key *private = key_store_private(q->keys, key.stored, err);
	if (private == NULL || !request_make(&profile, private, &der, err))
		return false;
	writer_bytes(answer, bytes_reader(&der));
	return true;
}

bool certify_answer(struct question *q, struct writer *answer, struct error *err)
{
	(void)answer; /* nothing is said */
	struct signer_identity asked;
	struct asked_key key;
	if (!signer_identity_parse(q->payload, &asked, err) ||
		!asked_key_find(q, asked.key, STATE_NEW, &key, err) || !of_a_ca(&key, err))
		return false;
	AUTO(cert) cert = cert_parse(asked.certificate, err);
	return cert != NULL && key_store_certify(q->keys, asked.key, cert, err);
}
