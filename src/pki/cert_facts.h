#pragma once
/*
 * What a certificate says beyond what phones need of it: its version, its names as RFC 4514 writes
 * them, its extensions. Read anew from the bytes, for people and for chains; an extension that
 * cannot be read is kept and said to be so. docs/formats/certificate.md#extensions-that-are-read
 */
#include "pki/cert.h"

enum { CERT_OID_SIZE = 96 };

struct cert_extension {
	char oid[CERT_OID_SIZE]; /* dotted */
	const char *name;        /* "keyUsage"; NULL: a kind that is not known here */
	bool critical;
	bool again;         /* one of this kind stands before it, which RFC 5280 forbids */
	bool readable;      /* its content is what its kind demands; an unknown kind demands none */
	struct bytes value; /* content of the OCTET STRING */
	char *text;         /* what it says, on one line; NULL: not known, or not readable */
};

struct cert_alternative { /* of subjectAltName */
	const char *kind; /* "dns", "ip", "email", "uri", "directory", "id", "other" */
	char *text;
};

struct cert_purpose { /* of extKeyUsage */
	char oid[CERT_OID_SIZE];
	const char *name; /* "serverAuth"; NULL: not known here */
};

/* Bits of cert_facts.usage are 1 << the number that RFC 5280 section 4.2.1.3 gives. */
enum { CERT_USAGE_CERT_SIGN = 5, CERT_USAGES = 9 };
const char *cert_usage_name(unsigned bit); /* "digitalSignature"; bit below CERT_USAGES */

struct cert_facts {
	unsigned version; /* 1 … 3; what is written in it plus one */
	bool serial_negative;
	char *serial_decimal;   /* of the bytes that cert_serial() gives */
	char *subject, *issuer; /* RFC 4514 */
	size_t extension_count, alternative_count, purpose_count;
	struct cert_extension *extensions;
	struct cert_alternative *alternatives;
	struct cert_purpose *purposes;
	bool has_usage, has_constraints, authority, has_path_length;
	unsigned usage;
	uint64_t path_length;
	struct bytes key_id, authority_key_id; /* empty: not said */
};

bool cert_facts_read(const struct cert *c, struct cert_facts *out, struct error *err) MUST_CHECK;
void cert_facts_done(struct cert_facts *facts); /* copes with twice */
