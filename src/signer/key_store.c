#include "signer/key_store.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "run/files.h"
#include "signer/key_files_impl.h"

struct key_slot {
	struct stored_key stored;
	struct key *key; /* NULL until it is used */
	bool proven;     /* a signature of this key, as it is in memory, fitted its certificate */
};

struct key_store {
	int keys;  /* directory */
	int lists; /* directory of the last signed lists */
	size_t count;
	size_t capacity;
	struct key_slot *slots;
};

static const char *const states[] = {
	[SIGNER_KEY_NEW] = "new",
	[SIGNER_KEY_LIVE] = "live",
	[SIGNER_KEY_RETIRED] = "retired",
};

const char *key_state_name(enum signer_key_state state)
{
	return states[state];
}

const char *key_text(const uint8_t id[static SIGNER_KEY_SIZE], char out[static KEY_TEXT_SIZE])
{
	char hex[KEY_NAME_SIZE];
	(void)snprintf(
		out, KEY_TEXT_SIZE, "%.12s…", hex_write(reader_of(id, SIGNER_KEY_SIZE), hex));
	return out;
}

static const char *directory_name(
	const uint8_t id[static SIGNER_KEY_SIZE], char out[static KEY_NAME_SIZE])
{
	return hex_write(reader_of(id, SIGNER_KEY_SIZE), out);
}

static struct key_slot *slot_of(const struct key_store *s, const uint8_t *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (memcmp(s->slots[i].stored.id, id, SIGNER_KEY_SIZE) == 0)
			return &s->slots[i];
	return NULL;
}

/* Takes the certificate of `stored` over, also on failure. */
static bool add_slot(struct key_store *s, const struct stored_key *stored, struct error *err)
{
	AUTO(cert) cert = stored->cert;
	if (s->count == KEY_STORE_MAX)
		return fail(err, FAULT_LIMIT,
			"%d keys are kept, which is the most: destroy retired ones", KEY_STORE_MAX);
	if (s->count == s->capacity) {
		size_t capacity = s->capacity == 0 ? 32 : 2 * s->capacity;
		struct key_slot *slots = reallocarray(s->slots, capacity, sizeof(*slots));
		if (slots == NULL)
			return fail_memory(err);
		s->slots = slots;
		s->capacity = capacity;
	}
	s->slots[s->count] = (struct key_slot){ .stored = *stored };
	s->slots[s->count++].stored.cert = TAKE(cert);
	return true;
}

struct loading {
	struct key_store *store;
	key_note_fn *note;
	void *context;
};

/* A key that others may have read stops the signer; one that is damaged, or one too many, stops
 * only itself. */
static bool load_key(const char *name, void *context, struct error *err)
{
	struct loading *loading = context;
	struct stored_key stored;
	if (key_files_read(loading->store->keys, name, &stored, err) &&
		add_slot(loading->store, &stored, err))
		return true;
	if (err->fault == FAULT_REFUSED || err->fault == FAULT_MEMORY)
		return false;
	loading->note(err->text, loading->context);
	return true;
}

static void note_odd(const char *name, void *context)
{
	char sentence[300];
	const struct loading *loading = context;
	(void)snprintf(sentence, sizeof(sentence),
		"the key directory holds %.200s, which is no key", name);
	loading->note(sentence, loading->context);
}

static bool load(struct loading *loading, const char *path, struct error *err)
{
	struct key_store *s = loading->store;
	struct key_files_visit visit = { load_key, note_odd, loading };
	s->keys = key_files_open(path, err);
	if (s->keys >= 0)
		s->lists = key_files_open_lists(s->keys, err);
	return s->lists >= 0 && key_files_each(s->keys, &visit, err);
}

static bool say_where(const char *path, const struct error *found, struct error *err)
{
	if (found->fault == FAULT_REFUSED)
		return fail(err, FAULT_REFUSED,
			"private keys: %s; run `chmod -R go= %s`, and make new keys if anybody may "
			"have read these",
			found->text, path);
	return fail(err, found->fault, "private keys in %s: %s", path, found->text);
}

struct key_store *key_store_open(
	const char *path, key_note_fn *note, void *context, struct error *err)
{
	struct key_store *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	s->keys = -1;
	s->lists = -1;
	struct loading loading = { s, note, context };
	struct error found = { 0 };
	if (load(&loading, path, &found))
		return s;
	key_store_free(s);
	(void)say_where(path, &found, err);
	return NULL;
}

static void slot_done(struct key_slot *slot)
{
	cert_free(slot->stored.cert);
	key_free(slot->key);
}

void key_store_free(struct key_store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		slot_done(&s->slots[i]);
	free(s->slots);
	if (s->keys >= 0)
		(void)close(s->keys);
	if (s->lists >= 0)
		(void)close(s->lists);
	free(s);
}

size_t key_store_count(const struct key_store *s)
{
	return s->count;
}

const struct stored_key *key_store_at(const struct key_store *s, size_t index)
{
	return &s->slots[index].stored;
}

const struct stored_key *key_store_find(
	const struct key_store *s, const uint8_t id[static SIGNER_KEY_SIZE], struct error *err)
{
	char text[KEY_TEXT_SIZE];
	const struct key_slot *slot = slot_of(s, id);
	if (slot != NULL)
		return &slot->stored;
	(void)fail(err, FAULT_MISSING, "this node's signer has no key %s", key_text(id, text));
	return NULL;
}

const struct key *key_store_private(
	struct key_store *s, const struct stored_key *stored, struct error *err)
{
	char name[KEY_NAME_SIZE];
	struct key_slot *slot = slot_of(s, stored->id);
	assert(slot != NULL); /* it came from this store */
	if (slot->key == NULL)
		slot->key = key_files_private(s->keys, directory_name(stored->id, name), err);
	return slot->key;
}

bool key_store_proven(const struct key_store *s, const struct stored_key *stored)
{
	const struct key_slot *slot = slot_of(s, stored->id);
	return slot != NULL && slot->proven;
}

void key_store_prove(struct key_store *s, const struct stored_key *stored)
{
	struct key_slot *slot = slot_of(s, stored->id);
	assert(slot != NULL); /* it came from this store */
	slot->proven = true;
}

bool key_store_make(const struct key_store *s, const struct making *what,
	uint8_t id[static SIGNER_KEY_SIZE], struct error *err)
{
	char name[KEY_NAME_SIZE];
	struct stored_key stored = { .state = SIGNER_KEY_NEW, .made = what->made };
	(void)snprintf(stored.unit, sizeof(stored.unit), "%s", what->unit->name);
	AUTO(key) key = key_generate(what->kind, err);
	if (key == NULL)
		return false;
	key_id(key, stored.id);
	AUTO(cert) cert = certificate_self_sign(&what->profile, key, err);
	if (cert == NULL)
		return false;
	stored.cert = cert;
	if (!key_files_add(s->keys, directory_name(stored.id, name), &stored, key, err))
		return false;
	memcpy(id, stored.id, SIGNER_KEY_SIZE);
	return true;
}

static bool pass_key(const char *name, void *context, struct error *err)
{
	(void)name;
	(void)context;
	(void)err;
	return true;
}

static void pass_odd(const char *name, void *context)
{
	(void)name;
	(void)context;
}

void key_store_sweep(const struct key_store *s)
{
	static const struct key_files_visit nothing = { pass_key, pass_odd, NULL };
	bool swept = key_files_each(s->keys, &nothing, NULL);
	(void)swept;
}

bool key_store_adopt(
	struct key_store *s, const uint8_t id[static SIGNER_KEY_SIZE], struct error *err)
{
	char name[KEY_NAME_SIZE];
	struct stored_key stored;
	return slot_of(s, id) != NULL ||
		(key_files_read(s->keys, directory_name(id, name), &stored, err) &&
			add_slot(s, &stored, err));
}

bool key_store_add(struct key_store *s, const struct stored_key *what, const struct key *key,
	struct error *err)
{
	char name[KEY_NAME_SIZE];
	if (slot_of(s, what->id) != NULL)
		return true;
	if (!key_files_add(s->keys, directory_name(what->id, name), what, key, err))
		return false;
	return key_store_adopt(s, what->id, err);
}

static bool set_state(
	struct key_store *s, struct key_slot *slot, enum signer_key_state state, struct error *err)
{
	char name[KEY_NAME_SIZE];
	assert(slot != NULL); /* the caller found its key */
	struct stored_key changed = slot->stored;
	if (changed.state == state)
		return true;
	changed.state = state;
	if (!key_files_set_state(s->keys, directory_name(changed.id, name), &changed, err))
		return false;
	slot->stored.state = state;
	return true;
}

static bool may_go_live(
	const struct stored_key *key, const struct stored_key *predecessor, struct error *err)
{
	char text[KEY_TEXT_SIZE];
	if (key->state == SIGNER_KEY_RETIRED)
		return fail(err, FAULT_REFUSED, "key %s of %s is retired and never comes back",
			key_text(key->id, text), key->unit);
	if (predecessor == NULL)
		return true;
	if (predecessor == key)
		return fail(
			err, FAULT_REFUSED, "key %s cannot follow itself", key_text(key->id, text));
	if (predecessor->state == SIGNER_KEY_NEW)
		return fail(err, FAULT_REFUSED, "key %s was never live, so nothing follows it",
			key_text(predecessor->id, text));
	if (strcmp(predecessor->unit, key->unit) != 0)
		return fail(err, FAULT_REFUSED, "a key of %s cannot follow a key of %s", key->unit,
			predecessor->unit);
	return true;
}

bool key_store_mark_live(struct key_store *s, const uint8_t id[static SIGNER_KEY_SIZE],
	const uint8_t *predecessor, struct error *err)
{
	const struct stored_key *key = key_store_find(s, id, err);
	const struct stored_key *before = NULL;
	if (key == NULL)
		return false;
	if (predecessor != NULL) /* one whose files are gone needs no retiring */
		before = key_store_find(s, predecessor, NULL);
	if (!may_go_live(key, before, err) || !set_state(s, slot_of(s, id), SIGNER_KEY_LIVE, err))
		return false;
	return before == NULL || set_state(s, slot_of(s, predecessor), SIGNER_KEY_RETIRED, err);
}

bool key_store_certify(struct key_store *s, const uint8_t id[static SIGNER_KEY_SIZE],
	struct cert *cert, struct error *err)
{
	char name[KEY_NAME_SIZE];
	char text[KEY_TEXT_SIZE];
	uint8_t certified[DIGEST_SIZE];
	const struct stored_key *key = key_store_find(s, id, err);
	struct key_slot *slot = slot_of(s, id);
	if (key == NULL || slot == NULL)
		return false;
	cert_key_id(cert, certified);
	if (key->state != SIGNER_KEY_NEW)
		return fail(err, FAULT_REFUSED, "key %s of %s is %s and keeps its certificate",
			key_text(id, text), key->unit, key_state_name(key->state));
	if (memcmp(certified, id, sizeof(certified)) != 0)
		return fail(err, FAULT_UNTRUSTED, "the certificate is not of key %s of %s",
			key_text(id, text), key->unit);
	if (!key_files_set_certificate(s->keys, directory_name(id, name), cert, err))
		return false;
	cert_free(slot->stored.cert);
	slot->stored.cert = cert_keep(cert);
	return true;
}

bool key_store_destroy(
	struct key_store *s, const uint8_t id[static SIGNER_KEY_SIZE], struct error *err)
{
	char name[KEY_NAME_SIZE];
	char text[KEY_TEXT_SIZE];
	const struct stored_key *key = key_store_find(s, id, err);
	struct key_slot *slot = slot_of(s, id);
	if (key == NULL || slot == NULL)
		return false;
	if (key->state == SIGNER_KEY_LIVE)
		return fail(err, FAULT_REFUSED,
			"key %s of %s is live: it can be destroyed once another has followed it",
			key_text(id, text), key->unit);
	if (!key_files_remove(s->keys, directory_name(id, name), err))
		return false;
	slot_done(slot);
	*slot = s->slots[--s->count];
	return true;
}

bool key_store_last_list(const struct key_store *s, const char *list, struct bytes *out,
	bool *found, struct error *err)
{
	struct error why = { 0 };
	bool read = file_read_beneath(s->lists, list, LIMIT_TRUST_LIST, out, &why);
	if (!read && why.fault != FAULT_MISSING) {
		if (err != NULL)
			*err = why;
		return fail_in(err, "the last signed");
	}
	*found = read;
	return true;
}

bool key_store_remember_list(
	struct key_store *s, const char *list, struct reader file, struct error *err)
{
	return file_replace(s->lists, list, file, 0600, err);
}
