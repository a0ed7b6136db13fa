#pragma once
/* What a Trust Verification Service knows: certificates and the roles that it vouches for. */
#include "pki/cert.h"
#include "wire/distinguished_name.h"

struct vouch;

struct vouch_answer {
	const struct cert *cert; /* lent */
	const uint8_t *roles;
	size_t role_count;
};

struct vouch *vouch_new(struct error *err);
bool vouch_add(struct vouch *v, struct cert *cert /* kept */, const uint8_t *roles,
	size_t role_count, struct error *err) MUST_CHECK;
/* By the whole certificate, byte for byte. */
bool vouch_find(const struct vouch *v, struct reader der, struct vouch_answer *out);
/* By names in whichever form and serial; of several the one that has not expired at `now`; false
 * for none, and when several are left. A malformed name is not found. */
bool vouch_find_signer(const struct vouch *v, struct reader subject, struct reader issuer,
	struct reader serial, int64_t now, struct vouch_answer *out);
size_t vouch_count(const struct vouch *v);
void vouch_free(struct vouch *v);
DEFINE_AUTO(vouch, vouch_free);
