#pragma once
/*
 * A key whose private half is in another process: TLS works with it as with any RSA key, and what
 * it wants signed is handed to a function, whole and never as a digest, so that whoever has the key
 * can look at what it signs.
 */
#include "pki/cert.h"
#include "pki/key.h"

struct remote_ask {
	struct reader content;
	enum digest_kind hash; /* SHA-256, SHA-384 or SHA-512 */
	bool pss; /* RSASSA-PSS, its salt as long as the digest; else RSASSA-PKCS1-v1_5 */
};

/* False: the handshake that wanted it fails. */
typedef bool remote_sign_fn(
	const struct remote_ask *ask, struct bytes *signature, void *context, struct error *err);

/* The certificate's key. `sign` and its context are called for as long as the key, or an identity
 * made with it, is used. FAULT_REFUSED: not RSA. What needs the private half itself (key_write,
 * key_sign) fails with such a key. */
struct key *remote_key_new(
	const struct cert *cert, remote_sign_fn *sign, void *context, struct error *err);
