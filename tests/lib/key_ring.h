#pragma once
/*
 * Keys and certificates for tests, made when they are first named, and lists and files signed with
 * them. "callmanager" and "callmanager/2" are two generations: one subject, two keys. A failure
 * ends the test.
 */
#include "pki/key.h"
#include "trust/list_build.h"

struct key_ring;

struct ring_key {
	char name[32];
	struct key *key;
	struct cert *cert;
};

struct ring_record {
	const char *name; /* of a key, or "blank": no certificate */
	enum role role;
};

struct ring_list {
	const char *file_name; /* NULL: "ITLFile.tlv" */
	const char *signer;
	uint32_t timestamp;
	enum hash_code hash; /* 0: SHA-1 */
	size_t count;
	struct ring_record records[8];
};

struct key_ring *key_ring_new(void);
void key_ring_free(struct key_ring *ring);
DEFINE_AUTO(key_ring, key_ring_free);

/* RSA of 1024 bits, which is quick; a name that ends in "-2048" or "-ec" says otherwise. Lent. */
const struct ring_key *key_ring_get(struct key_ring *ring, const char *name);
void key_ring_list(struct key_ring *ring, const struct ring_list *list, struct bytes *out);
void key_ring_file(struct key_ring *ring, const char *file_name, const char *signer,
	struct reader payload, struct bytes *out);
/* The list again, the names of its signer in its header written in another form. */
void key_ring_reform(
	struct key_ring *ring, const char *signer, enum name_form form, struct bytes *file);
/* Signs a file that is built with zeros in place of its signature. */
void key_ring_sign(struct key_ring *ring, const char *signer, struct bytes *file);
