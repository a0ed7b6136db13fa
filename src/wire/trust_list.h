#pragma once
/*
 * Trust lists (ITL and CTL): one signed header and up to 64 records. Parsing is strict and keeps
 * views into the caller's bytes; it says whether this is a trust list, never whether to believe
 * it (trust/belief.h). docs/formats/trust-list.md
 */
#include "base/limits.h"
#include "wire/signed_header.h"

/* A record as it stands on the wire. A view is not `ok` where its tag is absent; a text that is
 * there may be empty. */
struct trust_record {
	size_t offset; /* of the record in the file; set by parsing */
	size_t size;
	struct reader dns_name; /* texts without their NUL */
	bool has_dns_name;      /* an empty name is not an absent one */
	struct reader subject;
	bool has_role;
	uint16_t role; /* docs/formats/trust-list.md#roles */
	struct reader issuer;
	struct reader serial;
	struct reader public_key;  /* PKCS#1 RSAPublicKey, or an X9.62 point */
	struct reader signature;   /* the certificate's own signatureValue */
	struct reader certificate; /* DER */
	struct reader address;     /* 4 bytes */
	struct reader certificate_hash;
	enum hash_code hash; /* of certificate_hash, where that is not empty */
};

struct trust_list {
	struct signed_header header;
	size_t count;
	struct trust_record records[LIMIT_RECORDS];
};

bool trust_list_parse(struct reader file, struct trust_list *out, struct error *err) MUST_CHECK;
const struct tag_rule *trust_record_tag(uint8_t tag); /* as signed_header_tag */
/* As signed_header_write: with an empty header.signature the bytes that are to be signed. */
void trust_list_write(struct writer *w, const struct trust_list *list);
bool trust_list_same(const struct trust_list *a, const struct trust_list *b);
bool trust_record_same(const struct trust_record *a, const struct trust_record *b);
