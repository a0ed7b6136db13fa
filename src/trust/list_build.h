#pragma once
/* What a trust list is to say, turned into a trust list that can be signed. */
#include "cluster/role.h"
#include "pki/cert.h"
#include "wire/trust_list.h"

struct list_record {
	const struct cert *cert; /* NULL: an emptied record, of host name, role and address alone */
	enum role role;
	const char *dns_name;   /* NULL: left out */
	const uint8_t *address; /* IPv4, 4 bytes; NULL: left out */
	bool token_names;       /* as old tokens have them; a signer's also in the header */
	bool no_signature;      /* leaves out the certificate's own, as CAPF and token records do */
};

struct list_plan {
	const char *file_name; /* "ITLFile.tlv", "CTLFile.tlv" */
	const struct cert *signer;
	enum hash_code hash;
	enum name_form names; /* of all names in it: phones compare them as bytes */
	bool has_signer_version;
	struct version signer_version; /* from 1.1 on phones read EC records */
	uint32_t timestamp;
	size_t count;
	struct list_record records[LIMIT_RECORDS];
};

/* The unsigned list, zeros in place of the signature; trust_list_parse reads it back.
 * FAULT_REFUSED: the signer has no role-0 record, more than two role-0 records, a signer that is
 * not RSA of 1024, 2048 or 4096 bits, an EC record with role 0 or without signer version 1.1, a
 * record that says nothing, a token's name that is another when cut off, over 65535 bytes. */
bool list_build(const struct list_plan *plan, struct bytes *out, struct error *err) MUST_CHECK;
/* What signs a file, and how. */
struct file_signer {
	const struct cert *cert;
	enum hash_code hash;
	enum name_form names; /* that of the lists on the phones */
};
/* The header of a signed file, zeros for its signature, then the payload. */
bool signed_file_build(const char *file_name, const struct file_signer *signer, uint32_t timestamp,
	struct reader payload, struct bytes *out, struct error *err) MUST_CHECK;
/* Puts the signature over the zeros of either. FAULT_REFUSED when its size differs. */
bool signature_insert(struct bytes *file, struct reader signature, struct error *err) MUST_CHECK;
/* The two lists say the same: records in whatever order, the signer, not the timestamp. */
bool list_says_same(const struct trust_list *a, const struct trust_list *b);
