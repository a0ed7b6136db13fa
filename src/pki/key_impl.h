#pragma once
/* What the files of pki/ share about keys: OpenSSL's object, and what a public key is. */
#include <openssl/evp.h>

#include "pki/cert.h"
#include "pki/key.h"

EVP_PKEY *key_pkey(const struct key *k); /* borrowed */
struct key *key_around(EVP_PKEY *pkey /* taken over, also on failure */, struct error *err);

/* The named curves that units and lists know. */
struct curve {
	enum key_kind kind;
	const char *group; /* OpenSSL's name */
	unsigned bits;
	enum digest_kind digest; /* of that strength */
};

enum { RSA_BITS_MIN = 1024, RSA_BITS_MAX = 8192, RSA_EXPONENT_BITS_MAX = 33 };

/* What a public key is, known before any work is done with it. */
struct key_shape {
	struct cert_key what;
	const struct curve *curve; /* EC on a curve of ours, else NULL */
	unsigned exponent_bits;    /* RSA */
	bool exponent_sound;       /* RSA: odd and at least 3 */
	bool modulus_odd;          /* RSA */
};

struct key_shape key_shape_of_rsa(const BIGNUM *modulus, const BIGNUM *exponent);
bool key_shape_of(const EVP_PKEY *pkey, struct key_shape *out, struct error *err) MUST_CHECK;
/* Whether a public-key operation may be spent on it: modulus of 1024 … 8192 bits and odd, exponent
 * odd, from 3 to below 2^33; or one of our curves. FAULT_REFUSED. */
bool key_shape_check(const struct key_shape *shape, struct error *err) MUST_CHECK;
