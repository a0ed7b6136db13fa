#pragma once
/*
 * The private keys of a node: in one directory, each under the SHA-256 of its SubjectPublicKeyInfo,
 * never overwritten, on the disk before anybody hears of it. docs/signer.md#keys
 */
#include <stddef.h>

#include "cluster/unit.h"
#include "pki/key.h"
#include "pki/self_signed.h"
#include "wire/signer_message.h"

enum { KEY_STORE_MAX = 2048 };

struct key_store;

struct stored_key { /* borrowed; another call that changes the store may move it */
	uint8_t id[SIGNER_KEY_SIZE];
	char unit[SIGNER_NAME_SIZE];
	enum signer_key_state state;
	int64_t made; /* seconds since 1970 */
	struct cert *cert;
};

/* Hears, a sentence each, what stands in the directory and is not a sound key. */
typedef void key_note_fn(const char *sentence, void *context);

/* Sweeps away what a crash left half made. FAULT_REFUSED when the directory, a key's directory or a
 * key file is open to others. */
struct key_store *key_store_open(
	const char *path, key_note_fn *note, void *context, struct error *err);
void key_store_free(struct key_store *s);
DEFINE_AUTO(key_store, key_store_free);

size_t key_store_count(const struct key_store *s);
const struct stored_key *key_store_at(const struct key_store *s, size_t index);
/* FAULT_MISSING. */
const struct stored_key *key_store_find(
	const struct key_store *s, const uint8_t id[static SIGNER_KEY_SIZE], struct error *err);
/* Read from the disk when first asked for, then kept. Borrowed; NULL with err. */
const struct key *key_store_private(
	struct key_store *s, const struct stored_key *stored, struct error *err);

/* Whether a signature of the private key, as it was read, was found to fit the certificate; and
 * that one was. */
bool key_store_proven(const struct key_store *s, const struct stored_key *stored);
void key_store_prove(struct key_store *s, const struct stored_key *stored);

/* A key that is to be made, and the certificate that it signs for itself. */
struct making {
	const struct unit *unit;
	enum key_kind kind;
	struct certificate_profile profile;
	int64_t made;
};

/* Makes it on the disk, in state new, and tells its name; takes as long as the key takes. The store
 * knows it once key_store_adopt() was called, which may be in another process. */
bool key_store_make(const struct key_store *s, const struct making *what,
	uint8_t id[static SIGNER_KEY_SIZE], struct error *err) MUST_CHECK;
/* Away with what a process that made a key and was ended left half made, while no other makes one.
 * What cannot be removed now, the next start removes. */
void key_store_sweep(const struct key_store *s);
bool key_store_adopt(struct key_store *s, const uint8_t id[static SIGNER_KEY_SIZE],
	struct error *err) MUST_CHECK;

/* One that another node's signer made, in state new; may be repeated. */
bool key_store_add(struct key_store *s, const struct stored_key *what /* its cert is not taken */,
	const struct key *key, struct error *err) MUST_CHECK;

/* A new key becomes live, then its predecessor (or NULL) retired; may be repeated. FAULT_REFUSED
 * for a retired key, a predecessor that is new, or one of another unit. */
bool key_store_mark_live(struct key_store *s, const uint8_t id[static SIGNER_KEY_SIZE],
	const uint8_t *predecessor, struct error *err) MUST_CHECK;
/* A new key gets the certificate that a CA made for it, instead of the one it signed for itself;
 * may be repeated. FAULT_REFUSED for a key that is not new, FAULT_UNTRUSTED for one of another key.
 */
bool key_store_certify(struct key_store *s, const uint8_t id[static SIGNER_KEY_SIZE],
	struct cert *cert /* kept */, struct error *err) MUST_CHECK;
/* For good. FAULT_REFUSED for a live key. */
bool key_store_destroy(struct key_store *s, const uint8_t id[static SIGNER_KEY_SIZE],
	struct error *err) MUST_CHECK;

/* The last list signed under this name; *found false when there was none. */
bool key_store_last_list(const struct key_store *s, const char *list, struct bytes *out,
	bool *found, struct error *err) MUST_CHECK;
bool key_store_remember_list(
	struct key_store *s, const char *list, struct reader file, struct error *err) MUST_CHECK;

enum { KEY_TEXT_SIZE = 20 };
/* "3f2a9c0d1e4b…": enough of a key's name for a sentence. */
const char *key_text(const uint8_t id[static SIGNER_KEY_SIZE], char out[static KEY_TEXT_SIZE]);
const char *key_state_name(enum signer_key_state state); /* "new", "live", "retired" */
