#pragma once
/*
 * A private key on its way from one node's signer to another's: what is inside the seal, and what
 * the two signers are asked. Each begins with its version, since nodes may be of different
 * releases. docs/formats/sealed-key.md
 */
#include "wire/signer_message.h"

enum { SEALED_KEY_VERSION = 1 };

/* Inside the seal: a secret, wipe it. */
struct sealed_key {
	char unit[SIGNER_NAME_SIZE];
	int64_t made;              /* seconds since 1970 */
	struct reader key;         /* PKCS#8 */
	struct reader placeholder; /* the certificate that the key signed for itself */
};
void sealed_key_write(struct writer *w, const struct sealed_key *m);
bool sealed_key_parse(struct reader r, struct sealed_key *out, struct error *err) MUST_CHECK;

/* SIGNER_SEAL: a key in state new, for the holder of this certificate -> the sealed bytes. */
struct signer_seal {
	uint8_t key[SIGNER_KEY_SIZE];
	struct reader recipient; /* certificate of the other node's unit for this */
};
void signer_seal_write(struct writer *w, const struct signer_seal *m);
bool signer_seal_parse(struct reader r, struct signer_seal *out, struct error *err) MUST_CHECK;

/* SIGNER_UNSEAL: the sealed bytes, and what must be in them -> nothing. */
struct signer_unseal {
	uint8_t key[SIGNER_KEY_SIZE];
	char unit[SIGNER_NAME_SIZE];
	uint8_t recipient[SIGNER_KEY_SIZE]; /* key of this node to which it is sealed */
	struct reader sealed;
};
void signer_unseal_write(struct writer *w, const struct signer_unseal *m);
bool signer_unseal_parse(struct reader r, struct signer_unseal *out, struct error *err) MUST_CHECK;
