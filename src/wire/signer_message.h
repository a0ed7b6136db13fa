#pragma once
/*
 * What the siblings of a node ask its signer, and its answers. Which of them may ask what is a
 * table of the signer's; it is handed the whole thing that is to be signed and checks it.
 * docs/formats/sibling.md
 */
#include "base/limits.h"
#include "base/tlv.h"

enum {
	SIGNER_KEY_SIZE = 32,
	SIGNER_NAME_SIZE = 64,
	SIGNER_LIST_SIZE = 80,
	SIGNER_REQUEST_NAMES = 32,
	SIGNER_REQUEST_NAME_SIZE = 256
};

enum signer_operation {
	SIGNER_MAKE_IDENTITY = 1, /* manager: signer_make -> signer_identity */
	SIGNER_MARK_LIVE = 2,     /* manager: signer_mark -> nothing */
	SIGNER_SIGN_LIST = 3,     /* manager: signer_sign -> the signature's bytes */
	SIGNER_SIGN_FILE = 4,     /* provision: signer_sign -> the signature's bytes */
	SIGNER_LEAF = 5,          /* tvs, provision: a key's name -> signer_leaf */
	SIGNER_KEYS = 6,          /* manager: nothing -> signer_key_state, repeated */
	SIGNER_DESTROY = 7,       /* manager: a key's name, state new or retired -> nothing */
	SIGNER_REQUEST = 8,       /* manager: signer_request -> PKCS#10 in DER */
	SIGNER_CERTIFY = 9,       /* manager: signer_identity, state new -> nothing */
	SIGNER_DEPLOY = 10,       /* deployer: a live key's name -> signer_leaf */
	SIGNER_SEAL = 11,         /* manager: signer_seal of wire/sealed_key.h -> sealed bytes */
	SIGNER_UNSEAL = 12,       /* manager: signer_unseal -> nothing; its key is new */
};

enum signer_key_state { SIGNER_KEY_NEW = 1, SIGNER_KEY_LIVE = 2, SIGNER_KEY_RETIRED = 3 };

/* A new key and its self-signed certificate; fields as pki/self_signed.h. */
struct signer_make {
	char unit[SIGNER_NAME_SIZE];
	uint8_t key_kind;   /* enum key_kind of pki/key.h */
	uint16_t hash_bits; /* 256, 384 or 512; 0: as strong as the key */
	char common_name[65], organizational_unit[65], organization[65], locality[129], state[129],
		country[3];
	char dns_name[256];
	uint32_t usages;
	bool authority;
	int64_t not_before;
	uint16_t days;
};

struct signer_identity {
	uint8_t key[SIGNER_KEY_SIZE];
	struct reader certificate;
};

/* What a certificate authority is to certify of a key in state new; usages are its unit's. */
struct signer_request {
	uint8_t key[SIGNER_KEY_SIZE];
	char common_name[65], organizational_unit[65], organization[65], locality[129], state[129],
		country[3];
	size_t name_count; /* DNS names of subjectAltName */
	char names[SIGNER_REQUEST_NAMES][SIGNER_REQUEST_NAME_SIZE];
};

struct signer_mark {
	uint8_t key[SIGNER_KEY_SIZE]; /* becomes live */
	bool has_predecessor;
	uint8_t predecessor[SIGNER_KEY_SIZE]; /* becomes retired */
};

/* The finished file with zeros for a signature. */
struct signer_sign {
	uint8_t key[SIGNER_KEY_SIZE];
	char list[SIGNER_LIST_SIZE]; /* SIGN_LIST: "ITL pub"; the predecessor is remembered by it */
	struct reader file;
};

struct signer_leaf {
	struct reader key; /* PKCS#8; wipe it */
	struct reader certificate;
};

struct signer_key_row {
	uint8_t key[SIGNER_KEY_SIZE];
	char unit[SIGNER_NAME_SIZE];
	enum signer_key_state state;
	int64_t made; /* seconds since 1970 */
};

void signer_make_write(struct writer *w, const struct signer_make *m);
bool signer_make_parse(struct reader r, struct signer_make *out, struct error *err) MUST_CHECK;
void signer_identity_write(struct writer *w, const struct signer_identity *m);
bool signer_identity_parse(struct reader r, struct signer_identity *out, struct error *err)
	MUST_CHECK;
void signer_request_write(struct writer *w, const struct signer_request *m);
bool signer_request_parse(struct reader r, struct signer_request *out, struct error *err)
	MUST_CHECK;
void signer_mark_write(struct writer *w, const struct signer_mark *m);
bool signer_mark_parse(struct reader r, struct signer_mark *out, struct error *err) MUST_CHECK;
void signer_sign_write(struct writer *w, const struct signer_sign *m);
bool signer_sign_parse(struct reader r, struct signer_sign *out, struct error *err) MUST_CHECK;
void signer_leaf_write(struct writer *w, const struct signer_leaf *m);
bool signer_leaf_parse(struct reader r, struct signer_leaf *out, struct error *err) MUST_CHECK;
void signer_key_row_write(struct writer *w, const struct signer_key_row *m);
/* Takes one row off the front. */
bool signer_key_row_next(struct reader *r, struct signer_key_row *out, struct error *err)
	MUST_CHECK;
