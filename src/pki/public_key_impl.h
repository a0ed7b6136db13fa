#pragma once
/* The public key of a certificate: read at once, made ready for OpenSSL when first used, for that
 * costs more than all the rest of reading a certificate. */
#include "pki/key_impl.h"

struct public_key;

/* From a SubjectPublicKeyInfo and what it holds: the algorithm and the content of its bits. A kind
 * that is not known here is weak; RSA and EC that break their format are FAULT_MALFORMED. */
struct public_key *public_key_parse(
	struct reader info, int algorithm, struct reader bits, struct error *err);
void public_key_free(struct public_key *p);
DEFINE_AUTO(public_key, public_key_free);

const struct key_shape *public_key_shape(const struct public_key *p);
struct reader public_key_bytes(const struct public_key *p); /* RSAPublicKey, or X9.62 point */
/* For verifying: refuses what key_shape_check refuses. Borrowed. */
EVP_PKEY *public_key_ready(struct public_key *p, struct error *err);
