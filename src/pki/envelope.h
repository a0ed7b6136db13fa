#pragma once
/*
 * What makes a file readable for one device alone: a content key of AES-128, wrapped for the
 * device's RSA key (RSAES-PKCS1-v1_5), and the file under it in CBC. Unwrapping tells nobody
 * whether the padding was right: a key comes out in any case, and in the same time.
 * docs/formats/encrypted-file.md
 */
#include "pki/cert.h"
#include "pki/key.h"

enum { CONTENT_KEY_SIZE = 16, CIPHER_BLOCK_SIZE = 16 };

struct content_key { /* wipe it with content_key_done() */
	uint8_t key[CONTENT_KEY_SIZE];
	uint8_t iv[CIPHER_BLOCK_SIZE];
};

bool content_key_make(struct content_key *out, struct error *err) MUST_CHECK;
void content_key_done(struct content_key *k);

/* FAULT_REFUSED for a device whose key is not RSA, or too weak. */
bool content_key_wrap(const struct content_key *k, const struct cert *device, struct bytes *wrapped,
	struct error *err) MUST_CHECK;
/* Sets the key and leaves the IV. Where the blob holds no key of ours, a random one is set. It
 * fails only over what anybody can see: FAULT_REFUSED for a key that is not RSA, FAULT_UNTRUSTED
 * for a blob that is not of the key's size. */
bool content_key_unwrap(const struct key *device, struct reader wrapped, struct content_key *out,
	struct error *err) MUST_CHECK;

/* Whole blocks, nothing added or taken off. The clear bytes are a secret: bytes_wipe. */
bool content_encrypt(const struct content_key *k, struct reader clear, struct bytes *out,
	struct error *err) MUST_CHECK;
bool content_decrypt(const struct content_key *k, struct reader sealed, struct bytes *out,
	struct error *err) MUST_CHECK;

/* In a time that tells only the size. */
bool secret_same(struct reader a, struct reader b);
