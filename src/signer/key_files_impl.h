#pragma once
/* How keys lie on the disk; only key_store.c knows of it. docs/signer.md#keys */
#include <stddef.h>

#include "pki/cert.h"
#include "pki/key.h"
#include "signer/key_store.h"

enum { KEY_NAME_SIZE = 2 * SIGNER_KEY_SIZE + 1 };

/* Both -1 with err. FAULT_REFUSED when others may look into it. */
int key_files_open(const char *path, struct error *err);
int key_files_open_lists(int keys, struct error *err);

/* Calls fn for each key's name, removes what was half made, hands the rest to `odd`. Ends early,
 * false, when fn returns false. */
struct key_files_visit {
	bool (*key)(const char *name, void *context, struct error *err);
	void (*odd)(const char *name, void *context);
	void *context;
};
bool key_files_each(int keys, const struct key_files_visit *visit, struct error *err) MUST_CHECK;

/* Everything but the private key. `out->cert` is the caller's. FAULT_REFUSED when others may read
 * the key; FAULT_MALFORMED when the directory holds no sound key. */
bool key_files_read(int keys, const char *name, struct stored_key *out, struct error *err)
	MUST_CHECK;
struct key *key_files_private(int keys, const char *name, struct error *err);

/* The name is free, or this fails. */
bool key_files_add(int keys, const char *name, const struct stored_key *what, const struct key *key,
	struct error *err) MUST_CHECK;
bool key_files_set_state(
	int keys, const char *name, const struct stored_key *what, struct error *err) MUST_CHECK;
bool key_files_set_certificate(
	int keys, const char *name, const struct cert *cert, struct error *err) MUST_CHECK;
bool key_files_remove(int keys, const char *name, struct error *err) MUST_CHECK;
