#pragma once
/*
 * Requests to a certificate authority, PKCS#10: made with the appliance's subject and with what
 * the unit's row asks for, read back with whatever a requester wrote. docs/csr.md
 */
#include "pki/cert_facts.h"
#include "pki/self_signed.h"

enum { REQUEST_NAMES_MAX = 32, REQUEST_NAME_SIZE = 256, REQUEST_BYTES_MAX = 32 * 1024 };

struct request_profile {
	struct certificate_subject subject;
	size_t name_count; /* of subjectAltName; 0: no such extension */
	char names[REQUEST_NAMES_MAX][REQUEST_NAME_SIZE];
	unsigned usages; /* USAGE_… | PURPOSE_… */
	bool authority;  /* basicConstraints CA:TRUE, pathlen 0 (CAPF) */
};

/* Signed by `key`, with SHA-2 as strong as it. FAULT_USAGE, FAULT_MALFORMED or FAULT_LIMIT with the
 * part that makes no sense. */
bool request_make(const struct request_profile *profile, const struct key *key, struct bytes *der,
	struct error *err) MUST_CHECK;

struct request {       /* { 0 } is empty */
	char *subject; /* NAME_APPLIANCE */
	struct cert_key key;
	uint8_t key_id[DIGEST_SIZE]; /* as key_id() */
	/* Of it: subject, extensions and what they say; the rest is empty. */
	struct cert_facts facts;
};

/* Exactly one request and nothing behind it, and its key has signed it: FAULT_UNTRUSTED if not. */
bool request_parse(struct reader der, struct request *out, struct error *err) MUST_CHECK;
void request_done(struct request *request); /* copes with twice */
bool request_pem(struct reader der, char **out, struct error *err) MUST_CHECK; /* free() it */
