#pragma once
/*
 * Private keys. Only the signer keeps them; tvs and provision hold their own TLS leaf's. A key is
 * named by the SHA-256 of its SubjectPublicKeyInfo. Memory that held one is wiped.
 */
#include "base/bytes.h"
#include "pki/digest.h"

struct key;

enum { KEY_DER_MAX = 8 * 1024 }; /* bytes of one encoded private key */

enum key_kind {
	KEY_RSA_1024,
	KEY_RSA_2048,
	KEY_RSA_3072,
	KEY_RSA_4096,
	KEY_EC_256,
	KEY_EC_384,
	KEY_EC_521
};

struct key *key_generate(enum key_kind kind, struct error *err);
/* PKCS#8 or PKCS#1, no password, nothing behind it. FAULT_REFUSED for a kind of key that no unit
 * may have. */
struct key *key_parse(struct reader der, struct error *err);
struct key *key_parse_pem(struct reader pem, struct error *err); /* the first one; no password */
/* PKCS#8 DER; end it with bytes_wipe. */
bool key_write(const struct key *k, struct bytes *out, struct error *err) MUST_CHECK;
bool key_write_pem(const struct key *k, struct bytes *out, struct error *err)
	MUST_CHECK; /* so too */
bool key_public(const struct key *k, struct bytes *spki, struct error *err) MUST_CHECK;
void key_id(const struct key *k, uint8_t out[static DIGEST_SIZE]);
size_t key_signature_size(const struct key *k); /* bytes at most; of RSA exactly */
/* RSASSA-PKCS1-v1_5 or ECDSA over the parts one after the other; never with MD5. */
bool key_sign(const struct key *k, enum digest_kind kind, const struct reader *parts, size_t count,
	struct bytes *out, struct error *err) MUST_CHECK;
/* RSASSA-PSS, as TLS 1.3 signs: SHA-256 and stronger, the salt as long as the digest. */
bool key_sign_pss(const struct key *k, enum digest_kind kind, const struct reader *parts,
	size_t count, struct bytes *out, struct error *err) MUST_CHECK;
void key_free(struct key *k);
DEFINE_AUTO(key, key_free);

const char *key_kind_name(enum key_kind kind); /* "RSA-2048", "EC-P384" */
