#pragma once
/* What the files of pki/ share about keys: the OpenSSL object and what a public key is. */
#include <openssl/evp.h>

#include "pki/cert.h"
#include "pki/key.h"

EVP_PKEY *key_pkey(const struct key *k); /* borrowed */

/* Fills in what the public key is. A key of neither RSA nor EC, or on a curve without a name of
 * ours, is weak. FAULT_CRYPTO when OpenSSL cannot say. */
bool public_key_describe(const EVP_PKEY *pkey, struct cert_key *out, struct error *err) MUST_CHECK;

enum { RSA_BITS_MIN = 1024, RSA_BITS_MAX = 8192, RSA_EXPONENT_BITS_MAX = 33 };

/* Whether a public-key operation may be spent on it: modulus of 1024 … 8192 bits and odd, exponent
 * odd, from 3 to below 2^33; or a named curve. FAULT_REFUSED. */
bool public_key_check(const EVP_PKEY *pkey, struct error *err) MUST_CHECK;

/* Key names one row each: the name that we print, OpenSSL's group, the digest that fits. */
struct curve {
	enum key_kind kind;
	const char *group;
	unsigned bits;
	enum digest_kind digest;
};
const struct curve *curve_of(const EVP_PKEY *pkey); /* NULL: not EC, or not one of ours */
