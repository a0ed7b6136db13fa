#pragma once
/*
 * A trust list with its certificates read: what a phone holds, a manager publishes, an
 * administrator inspects. Loading is as strict as docs/formats/trust-list.md#strictness: every
 * record's texts, key and signature are derived again from its certificate.
 */
#include "base/bytes.h"
#include "cluster/role.h"
#include "pki/cert.h"
#include "wire/trust_list.h"

struct held_list {
	struct bytes file; /* owned; everything else looks into it */
	struct trust_list list;
	struct cert *certs[LIMIT_RECORDS]; /* per record; NULL where it has none */
};

/* Copies the bytes. FAULT_MALFORMED with the offset of the record, FAULT_LIMIT (more than two
 * role-0 records, too large). */
struct held_list *held_list_load(struct reader file, struct error *err);
void held_list_free(struct held_list *held);
DEFINE_AUTO(held_list, held_list_free);

/* The role-0 record that the header names as the signer, byte for byte as phones compare: index, or
 * FAULT_UNTRUSTED. Two that fit
 * with different keys were refused when the list was loaded. */
bool held_list_own_signer(const struct held_list *held, size_t *index, struct error *err)
	MUST_CHECK;
/* As a reader of names finds it: as above, or where only the form of the names differs, which
 * phones do not see through. */
bool held_list_named_signer(const struct held_list *held, size_t *index, struct error *err)
	MUST_CHECK;
/* The signature fits that record's key: the file is intact, which is not trust. */
bool held_list_intact(const struct held_list *held, struct error *err) MUST_CHECK;

/* Its TVS and TFTP records are there and have no certificate, as before a rollback: a phone with it
 * takes any list and any file. */
bool held_list_blank(const struct held_list *held);
/* The record with this role and a certificate that the header names, compared as bytes as phones
 * do. False: none; a record with only a hash of its certificate is never one. */
bool held_list_find_signer(const struct held_list *held, const struct signed_header *header,
	enum role role, size_t *index);
/* The same, but names compared as sets, whatever their forms. */
bool held_list_find_named(const struct held_list *held, const struct signed_header *header,
	enum role role, size_t *index);
/* The file's signature was made by this RSA key, whose size the header says. FAULT_UNTRUSTED. */
bool signature_fits(struct reader file, const struct signed_header *header,
	const struct cert *signer, struct error *err) MUST_CHECK;
