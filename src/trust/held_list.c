#include "trust/held_list.h"

#include <stdlib.h>

#include "trust/signer_name.h"

/* A record's texts and keys repeat what its certificate says, docs/formats/trust-list.md#record */
static const char *difference(const struct trust_record *record, const struct cert *cert)
{
	if (!subject_fits(record->subject, cert))
		return "subject";
	if (!issuer_fits(record->issuer, cert))
		return "issuer";
	if (!reader_same(record->serial, cert_serial(cert)))
		return "serial number";
	if (!reader_same(record->public_key, cert_public_key(cert)))
		return "public key";
	/* the appliance leaves the signature out of CAPF and token records */
	if (record->signature.left > 0 && !reader_same(record->signature, cert_signature(cert)))
		return "signature";
	return NULL;
}

static bool read_certificate(
	const struct trust_record *record, struct cert **out, struct error *err)
{
	AUTO(cert) cert = cert_parse(record->certificate, err);
	if (cert == NULL) {
		if (err != NULL && err->fault != FAULT_MEMORY && err->fault != FAULT_CRYPTO)
			err->fault = FAULT_MALFORMED;
		return false;
	}
	const char *what = difference(record, cert);
	if (what != NULL)
		return fail(err, FAULT_MALFORMED, "the %s is not the certificate's", what);
	struct cert_key key = cert_key(cert);
	if (key.weak)
		return fail(err, FAULT_MALFORMED, "a key that is too weak: %s", key.name);
	*out = TAKE(cert);
	return true;
}

static bool read_certificates(struct held_list *held, struct error *err)
{
	for (size_t i = 0; i < held->list.count; i++) {
		const struct trust_record *record = &held->list.records[i];
		if (record->certificate.left > 0 && !read_certificate(record, &held->certs[i], err))
			return fail_in(err, "record %zu at offset %zu", i + 1, record->offset);
	}
	return true;
}

static bool signs_lists(const struct trust_record *record)
{
	return record->has_role && record->role == ROLE_SAST;
}

/* With two keys under one name a signature would be good or bad by the order of trying. */
static bool clash(const struct held_list *held, size_t a, size_t b)
{
	const struct trust_record *one = &held->list.records[a];
	const struct trust_record *other = &held->list.records[b];
	return signs_lists(one) && signs_lists(other) && one->serial.left > 0 &&
		reader_same(one->serial, other->serial) &&
		names_agree(one->issuer, other->issuer) &&
		!reader_same(one->public_key, other->public_key);
}

static bool check_signers(const struct held_list *held, struct error *err)
{
	size_t count = 0;
	for (size_t i = 0; i < held->list.count; i++) {
		if (!signs_lists(&held->list.records[i]))
			continue;
		if (++count > LIMIT_ROLE_0)
			return fail(err, FAULT_LIMIT,
				"record %zu at offset %zu: more than %d records that may sign "
				"lists",
				i + 1, held->list.records[i].offset, LIMIT_ROLE_0);
		for (size_t before = 0; before < i; before++)
			if (clash(held, before, i))
				return fail(err, FAULT_MALFORMED,
					"record %zu at offset %zu: names the signer of record %zu "
					"with another key",
					i + 1, held->list.records[i].offset, before + 1);
	}
	return true;
}

struct held_list *held_list_load(struct reader file, struct error *err)
{
	if (file.left > LIMIT_TRUST_LIST) {
		fail(err, FAULT_LIMIT, "a trust list of %zu bytes: phones take at most %d",
			file.left, LIMIT_TRUST_LIST);
		return NULL;
	}
	AUTO(held_list) held = calloc(1, sizeof(*held));
	if (held == NULL) {
		fail_memory(err);
		return NULL;
	}
	if (!bytes_copy(&held->file, file, err) ||
		!trust_list_parse(bytes_reader(&held->file), &held->list, err) ||
		!read_certificates(held, err) || !check_signers(held, err))
		return NULL;
	return TAKE(held);
}

void held_list_free(struct held_list *held)
{
	if (held == NULL)
		return;
	for (size_t i = 0; i < LIMIT_RECORDS; i++)
		cert_free(held->certs[i]);
	bytes_done(&held->file);
	free(held);
}

typedef bool names_fn(struct reader a, struct reader b);

static bool find_signer(const struct held_list *held, const struct signed_header *header,
	enum role role, names_fn *same, size_t *index)
{
	for (size_t i = 0; i < held->list.count; i++) {
		const struct trust_record *record = &held->list.records[i];
		if (held->certs[i] == NULL || !record->has_role || record->role != role ||
			!reader_same(header->serial, record->serial) ||
			!same(header->issuer_name, record->issuer) ||
			!same(header->signer_name, record->subject))
			continue;
		*index = i;
		return true;
	}
	return false;
}

bool held_list_find_signer(const struct held_list *held, const struct signed_header *header,
	enum role role, size_t *index)
{
	return find_signer(held, header, role, reader_same, index);
}

bool held_list_find_named(const struct held_list *held, const struct signed_header *header,
	enum role role, size_t *index)
{
	return find_signer(held, header, role, names_agree, index);
}

bool held_list_own_signer(const struct held_list *held, size_t *index, struct error *err)
{
	if (held_list_find_signer(held, &held->list.header, ROLE_SAST, index))
		return true;
	return fail(err, FAULT_UNTRUSTED,
		"the list names a signer that is none of its own records with role %d", ROLE_SAST);
}

bool held_list_named_signer(const struct held_list *held, size_t *index, struct error *err)
{
	return held_list_find_named(held, &held->list.header, ROLE_SAST, index) ||
		held_list_own_signer(held, index, err);
}

static bool serves_phones(const struct trust_record *record)
{
	return record->has_role &&
		(record->role == ROLE_TVS || record->role == ROLE_TFTP ||
			record->role == ROLE_CCM_TFTP);
}

bool held_list_blank(const struct held_list *held)
{
	size_t blank = 0;
	for (size_t i = 0; i < held->list.count; i++) {
		const struct trust_record *record = &held->list.records[i];
		if (!serves_phones(record))
			continue;
		if (record->certificate.ok || record->certificate_hash.ok)
			return false;
		blank++;
	}
	return blank > 0;
}

bool signature_fits(struct reader file, const struct signed_header *header,
	const struct cert *signer, struct error *err)
{
	static const enum digest_kind kinds[] = {
		[HASH_SHA1] = DIGEST_SHA1,
		[HASH_SHA256] = DIGEST_SHA256,
		[HASH_SHA512] = DIGEST_SHA512,
	};
	struct cert_key key = cert_key(signer);
	if (!key.rsa || key.bits != 8 * header->modulus)
		return fail(err, FAULT_UNTRUSTED,
			"a signature of RSA-%zu, but the signer's key is %s", 8 * header->modulus,
			key.name);
	struct reader covered[2];
	signed_header_covers(file, header, covered);
	return cert_verify(
		signer, kinds[header->hash], covered, COUNT(covered), header->signature, err);
}

bool held_list_intact(const struct held_list *held, struct error *err)
{
	size_t index = 0;
	return held_list_named_signer(held, &index, err) &&
		signature_fits(
			bytes_reader(&held->file), &held->list.header, held->certs[index], err);
}
