#pragma once
/*
 * Makes self-signed service certificates with the appliance's profile: subject encoded
 * C, O, OU, CN, ST, L; non-critical key usage, extended key usage and subject key identifier;
 * a positive 16-byte random serial; whole days of validity less one second.
 * docs/formats/certificate.md
 */
#include "pki/cert.h"
#include "pki/key.h"

enum {
	USAGE_DIGITAL_SIGNATURE = 1 << 0,
	USAGE_KEY_ENCIPHERMENT = 1 << 1,
	USAGE_DATA_ENCIPHERMENT = 1 << 2,
	USAGE_KEY_AGREEMENT = 1 << 3,
	USAGE_CERT_SIGN = 1 << 4,
	PURPOSE_SERVER = 1 << 8,
	PURPOSE_CLIENT = 1 << 9,
	PURPOSE_IPSEC_END_SYSTEM = 1 << 10,
};

struct certificate_profile {
	struct certificate_subject { /* empty texts are left out */
		char common_name[65], unit[65], organization[65], locality[129], state[129],
			country[3];
	} subject;
	char dns_name[256]; /* subjectAltName; empty: no such extension */
	unsigned usages;    /* USAGE_… | PURPOSE_… */
	bool authority;     /* basicConstraints CA:TRUE, pathlen 0 (CAPF) */
	int64_t not_before; /* seconds since 1970 */
	unsigned days;      /* notAfter = notBefore + days - 1 s */
	unsigned hash_bits; /* of SHA-2: 256, 384, 512; 0: as strong as the key */
};

/* Whether such a certificate can be made: FAULT_USAGE, FAULT_MALFORMED or FAULT_LIMIT with the part
 * that makes no sense. */
bool certificate_profile_check(const struct certificate_profile *profile, struct error *err)
	MUST_CHECK;
/* Signed by `key` itself. FAULT_USAGE for a digest weaker than an EC key of 256, 384 or 521 bits:
 * it takes SHA-256, 384 or 512; RSA takes any. */
struct cert *certificate_self_sign(
	const struct certificate_profile *profile, const struct key *key, struct error *err);
