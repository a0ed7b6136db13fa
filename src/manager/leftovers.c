/* What nobody needs any more: objects that no index names, files that a crash left half written,
 * and retired keys beyond the last few. docs/formats/snapshot-index.md docs/signer.md#keys */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "manager/manager_impl.h"
#include "manager/objects_impl.h"
#include "run/log.h"
#include "wire/signer_message.h"

enum {
	INDEXES_KEPT = 4, /* an object outlives the last index that names it by so many */
	KEYS_KEPT = 8,    /* retired keys of a unit: for a database that comes from a backup */
	SIGNER_WAIT_MS = 10000,
};

/* An object on its way out. */
struct leaving {
	uint8_t digest[DIGEST_SIZE];
	uint64_t number; /* of the first index that does not name it */
	uint64_t drawn;  /* how many had been written then */
};

/* removing them */

struct cleaning {
	struct manager *m;
	struct named named;
	struct leaving *stay; /* the next table */
	size_t count, capacity;
};

static void cleaning_done(struct cleaning *c)
{
	named_done(&c->named);
	free(c->stay);
}

/* Whoever reads objects reads those of this index, or of a later one. */
static bool all_serve(const struct manager *m, uint64_t number)
{
	for (unsigned peer = 0; peer < PEER_COUNT; peer++)
		if (peer != PEER_ADMIN && m->serving[peer] < number)
			return false;
	return true;
}

static struct leaving leaving_of(const struct manager *m, const uint8_t *digest)
{
	struct leaving fresh = { .number = m->index->number, .drawn = m->drawn };
	memcpy(fresh.digest, digest, DIGEST_SIZE);
	for (size_t i = 0; i < m->leaving_count; i++)
		if (memcmp(m->leaving[i].digest, digest, DIGEST_SIZE) == 0)
			return m->leaving[i];
	return fresh;
}

static bool stays(struct cleaning *c, const struct leaving *object, struct error *err)
{
	if (c->count == c->capacity) {
		size_t capacity = c->capacity == 0 ? 16 : 2 * c->capacity;
		struct leaving *grown = reallocarray(c->stay, capacity, sizeof(*grown));
		if (grown == NULL)
			return fail_memory(err);
		c->stay = grown;
		c->capacity = capacity;
	}
	c->stay[c->count++] = *object;
	return true;
}

static bool remove_file(int directory, const char *name, struct error *err)
{
	return unlinkat(directory, name, 0) == 0 || errno == ENOENT ||
		fail_errno(err, "removing %s from the snapshot", name);
}

/* ".NAME.0123456789abcdef.new": this process writes no file at this moment. */
static bool is_half_written(const char *name)
{
	size_t size = strlen(name);
	return name[0] == '.' && size > 4 && strcmp(name + size - 4, ".new") == 0;
}

static bool clean_entry(struct cleaning *c, const char *name, struct error *err)
{
	uint8_t digest[DIGEST_SIZE];
	if (is_half_written(name))
		return remove_file(c->m->objects, name, err);
	if (strlen(name) != DIGEST_HEX_SIZE - 1 || !hex_read(name, digest, sizeof(digest)) ||
		named_has(&c->named, digest))
		return true;
	struct leaving object = leaving_of(c->m, digest);
	if (c->m->drawn - object.drawn < INDEXES_KEPT || !all_serve(c->m, object.number))
		return stays(c, &object, err);
	return remove_file(c->m->objects, name, err);
}

typedef bool entry_name_fn(struct cleaning *c, const char *name, struct error *err);

static bool each_entry(struct cleaning *c, int directory, entry_name_fn *each, struct error *err)
{
	int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = again < 0 ? NULL : fdopendir(again);
	if (entries == NULL) {
		(void)fail_errno(err, "reading the snapshot directory");
		if (again >= 0)
			(void)close(again);
		return false;
	}
	bool fine = true;
	for (struct dirent *entry; fine && (entry = readdir(entries)) != NULL;)
		fine = each(c, entry->d_name, err);
	(void)closedir(entries);
	return fine;
}

static bool clean_beside(struct cleaning *c, const char *name, struct error *err)
{
	return !is_half_written(name) || remove_file(c->m->snapshot, name, err);
}

static bool clean_objects(struct manager *m, struct error *err)
{
	__attribute__((cleanup(cleaning_done))) struct cleaning c = { .m = m };
	if (!named_read(m->index, &c.named, err) ||
		!each_entry(&c, m->snapshot, clean_beside, err) ||
		!each_entry(&c, m->objects, clean_entry, err))
		return false;
	free(m->leaving);
	m->leaving = c.stay;
	m->leaving_count = c.count;
	c.stay = NULL;
	return true;
}

/* retired keys */

struct outdated {
	struct manager *m;
	char unit[NODE_NAME_SIZE];
	size_t kept; /* of this unit */
	struct bytes keys;
	bool asked; /* the signer, for its keys */
};

/* A service goes on with the identity that it loaded when it started. */
static bool is_loaded(const struct manager *m, const char *unit, uint64_t retired)
{
	size_t count;
	enum manager_peer peer;
	const struct restart *restarts = restart_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(restarts[i].unit, unit) == 0 &&
			services_peer(restarts[i].service, &peer) && m->loaded[peer] < retired)
			return true;
	return false;
}

static bool destroy(struct manager *m, const struct identity_row *row, struct error *err)
{
	char hex[DIGEST_HEX_SIZE];
	struct reader key = reader_of(row->key, sizeof(row->key));
	AUTO_DONE(bytes) answer = { 0 };
	if (!sibling_call(m->signer, SIGNER_DESTROY, key, SIGNER_WAIT_MS, &answer, err))
		return fail_in(err, "destroying a retired key of %s", row->unit);
	log_info("retired key %.16s of %s destroyed: %d later ones are kept", hex_write(key, hex),
		row->unit, KEYS_KEPT);
	return true;
}

static bool destroy_outdated(
	const struct identity_row *row, uint64_t retired, void *into, struct error *err)
{
	struct outdated *o = into;
	struct signer_key_row state;
	if (strcmp(o->unit, row->unit) != 0)
		o->kept = 0;
	memcpy(o->unit, row->unit, sizeof(o->unit));
	if (o->kept++ < KEYS_KEPT || is_loaded(o->m, row->unit, retired))
		return true;
	if (!o->asked && !install_signer_keys(o->m, &o->keys, err))
		return false;
	o->asked = true;
	return !install_key_state(bytes_reader(&o->keys), row->key, &state) ||
		state.state != SIGNER_KEY_RETIRED || destroy(o->m, row, err);
}

static bool clean_keys(struct manager *m, struct error *err)
{
	struct outdated o = { .m = m };
	bool fine = store_retired(m->store, m->settings->node, destroy_outdated, &o, err);
	bytes_done(&o.keys);
	return fine;
}

/* While a service restarts it cannot be told what it will read. */
static bool peers_are_settled(const struct manager *m)
{
	for (unsigned peer = 0; peer < PEER_COUNT; peer++)
		if (peer != PEER_ADMIN && (m->peers[peer] == NULL || m->loaded[peer] == 0))
			return false;
	return true;
}

void leftovers_remove(struct manager *m)
{
	struct error err = { 0 };
	if (m->index == NULL || (m->cleaned && m->cleaned_drawn == m->drawn) ||
		!peers_are_settled(m))
		return;
	if (!clean_objects(m, &err) || !clean_keys(m, &err))
		log_warning("what is needed no more stays for now: %s", err.text);
	m->cleaned = true;
	m->cleaned_drawn = m->drawn;
}
