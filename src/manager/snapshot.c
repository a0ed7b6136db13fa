/* The snapshot: objects first, then the index that names them, each whole or not at all, then the
 * news to those who serve from it. docs/formats/snapshot-index.md */
#include "manager/manager_impl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "cluster/parameter.h"
#include "manager/objects_impl.h"
#include "run/files.h"
#include "run/log.h"
#include "run/snapshot.h"
#include "wire/manager_message.h"
#include "wire/signed_header.h"

enum { CAPACITY_FIRST = 16, DRAWS = 20, INDEX_MODE = 0644 };

struct drawing {
	struct manager *m;
	const struct node *self;
	struct snapshot_index *index;
	size_t certificate_capacity, file_capacity, identity_capacity;
	size_t *places, place_count; /* of certificates, by their digest; 0: none there */
	struct objects objects;
	struct configuration_facts facts;
};

static void drawing_done(struct drawing *d)
{
	free(d->places);
	objects_done(&d->objects);
}

/* Room for one more item; a new array doubles. */
static bool room(void **items, size_t count, size_t *capacity, size_t size, struct error *err)
{
	if (count < *capacity)
		return true;
	size_t wanted = *capacity == 0 ? CAPACITY_FIRST : 2 * *capacity;
	void *grown = reallocarray(*items, wanted, size);
	if (grown == NULL)
		return fail_memory(err);
	*items = grown;
	*capacity = wanted;
	return true;
}

/* certificates and identities */

/* Where in the table of places a certificate stands, or would. */
static size_t *place_of(struct drawing *d, const uint8_t *digest)
{
	uint64_t start;
	struct reader head = reader_of(digest, DIGEST_SIZE);
	start = reader_u64(&head);
	for (size_t i = (size_t)start % d->place_count;; i = (i + 1) % d->place_count)
		if (d->places[i] == 0 ||
			memcmp(d->index->certificates[d->places[i] - 1].digest, digest,
				DIGEST_SIZE) == 0)
			return &d->places[i];
}

/* Twice as many places as there may be certificates: thousands are not compared with each other. */
static bool more_places(struct drawing *d, struct error *err)
{
	struct snapshot_index *index = d->index;
	void *items = index->certificates;
	size_t before = d->certificate_capacity;
	if (!room(&items, index->certificate_count, &d->certificate_capacity,
		    sizeof(*index->certificates), err))
		return false;
	index->certificates = items;
	if (d->certificate_capacity == before)
		return true;
	free(d->places);
	d->place_count = 2 * d->certificate_capacity;
	d->places = calloc(d->place_count, sizeof(*d->places));
	if (d->places == NULL)
		return fail_memory(err);
	for (size_t i = 0; i < index->certificate_count; i++)
		*place_of(d, index->certificates[i].digest) = i + 1;
	return true;
}

static bool vouch_for(
	struct drawing *d, const uint8_t *digest, const struct unit *unit, struct error *err)
{
	struct snapshot_index *index = d->index;
	if (!more_places(d, err))
		return false;
	size_t *place = place_of(d, digest);
	if (*place == 0) {
		struct snapshot_certificate *added =
			&index->certificates[index->certificate_count++];
		*added = (struct snapshot_certificate){ 0 };
		memcpy(added->digest, digest, DIGEST_SIZE);
		*place = index->certificate_count;
	}
	struct snapshot_certificate *known = &index->certificates[*place - 1];
	for (size_t r = 0; r < unit->role_count; r++)
		if (memchr(known->roles, (int)unit->roles[r], known->role_count) == NULL &&
			known->role_count < COUNT(known->roles))
			known->roles[known->role_count++] = (uint8_t)unit->roles[r];
	return true;
}

static bool draw_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	struct drawing *d = into;
	uint8_t digest[DIGEST_SIZE];
	const struct unit *unit = unit_find(entry->store);
	bool mine = strcmp(entry->node, d->self->name) == 0;
	if (unit == NULL || unit->role_count == 0 || (unit->trust && !mine))
		return true;
	return objects_put(&d->objects, der, digest, err) && vouch_for(d, digest, unit, err);
}

static bool draw_identity(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	struct drawing *d = into;
	struct snapshot_index *index = d->index;
	void *items = index->identities;
	if (strcmp(row->node, d->self->name) != 0)
		return true;
	if (!room(&items, index->identity_count, &d->identity_capacity, sizeof(*index->identities),
		    err))
		return false;
	index->identities = items;
	struct snapshot_identity *added = &index->identities[index->identity_count++];
	*added = (struct snapshot_identity){ 0 };
	(void)snprintf(added->unit, sizeof(added->unit), "%s", row->unit);
	memcpy(added->key, row->key, DIGEST_SIZE);
	return objects_put(&d->objects, der, added->certificate, err);
}

/* files */

static struct snapshot_file *add_file(struct drawing *d, const char *name, struct error *err)
{
	struct snapshot_index *index = d->index;
	void *items = index->files;
	if (!room(&items, index->file_count, &d->file_capacity, sizeof(*index->files), err))
		return NULL;
	index->files = items;
	struct snapshot_file *added = &index->files[index->file_count++];
	*added = (struct snapshot_file){ 0 };
	(void)snprintf(added->name, sizeof(added->name), "%s", name);
	return added;
}

static bool draw_list(const struct list_row *row, void *into, struct error *err)
{
	struct drawing *d = into;
	bool cluster_wide = row->node[0] == '\0';
	if (row->published == 0 || (!cluster_wide && strcmp(row->node, d->self->name) != 0))
		return true;
	AUTO_DONE(bytes) file = { 0 };
	if (!store_list_file(d->m->store, row->name, row->published, &file, err))
		return false;
	struct snapshot_file *added =
		add_file(d, cluster_wide ? "CTLFile.tlv" : "ITLFile.tlv", err);
	if (added == NULL)
		return false;
	added->kind = SNAPSHOT_PUBLISHED;
	return objects_put(&d->objects, bytes_reader(&file), added->digest, err);
}

/* What the last index says of a file whose source cannot be used now: phones keep what they had. */
static const struct snapshot_file *last_good(const struct manager *m, const char *name)
{
	for (size_t i = 0; m->index != NULL && i < m->index->file_count; i++)
		if (strcmp(m->index->files[i].name, name) == 0)
			return &m->index->files[i];
	return NULL;
}

static bool draw_configuration(const char *name, const char *device, void *into, struct error *err)
{
	(void)device;
	struct drawing *d = into;
	uint8_t digest[DIGEST_SIZE];
	struct error why = { 0 };
	AUTO_DONE(bytes) xml = { 0 };
	AUTO_DONE(bytes) merged = { 0 };
	if (!file_read_beneath(d->m->root, name, LIMIT_SIGNED_FILE, &xml, &why) ||
		!configuration_merge(bytes_reader(&xml), &d->facts, &merged, &why)) {
		if (why.fault == FAULT_MEMORY)
			return fail(err, why.fault, "%s", why.text); /* nothing is wrong with it */
		const struct snapshot_file *good = last_good(d->m, name);
		log_warning("%s/%s: %s; %s", d->m->settings->root, name, why.text,
			good == NULL ? "not served" : "the last good one is served");
		if (good == NULL)
			return true;
		memcpy(digest, good->digest, DIGEST_SIZE);
	} else if (!objects_put(&d->objects, bytes_reader(&merged), digest, err)) {
		return false;
	}
	struct snapshot_file *added = add_file(d, name, err);
	if (added == NULL)
		return false;
	added->kind = SNAPSHOT_CONFIGURATION;
	memcpy(added->digest, digest, DIGEST_SIZE);
	return true;
}

static bool gather_tvs(const struct node *node, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct configuration_facts *facts = into;
	if (node->tvs_port == 0 || facts->tvs_count == COUNT(facts->tvs))
		return true;
	(void)snprintf(facts->tvs[facts->tvs_count].address, ADDRESS_SIZE, "%s", node->address);
	facts->tvs[facts->tvs_count++].port = node->tvs_port;
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct snapshot_file *left = a, *right = b;
	return strcmp(left->name, right->name);
}

/* the whole */

static bool draw_facts(struct drawing *d, struct error *err)
{
	struct store *s = d->m->store;
	struct cluster_row cluster;
	char hash[64], ttl[64];
	if (!store_cluster(s, &cluster, err) ||
		!store_parameter(s, PARAMETER_FILE_HASH, hash, sizeof(hash), err) ||
		!store_parameter(s, PARAMETER_TVS_TTL, ttl, sizeof(ttl), err) ||
		!store_change_number(s, &d->index->number, err) ||
		!store_audit_head(s, d->index->audit_head, err) ||
		!store_nodes(s, gather_tvs, &d->facts, err))
		return false;
	uint64_t seconds = 86400;
	(void)text_number(ttl, 1, UINT32_MAX, &seconds); /* the parameter's row has checked it */
	d->index->time = clock_now();
	d->index->file_hash = strcmp(hash, "SHA-512") == 0 ? HASH_SHA512 : HASH_SHA1;
	d->index->tvs_ttl = (uint32_t)seconds;
	(void)snprintf(d->index->cluster, sizeof(d->index->cluster), "%s", cluster.name);
	(void)snprintf(d->index->node, sizeof(d->index->node), "%s", d->self->name);
	return true;
}

static bool write_index(struct manager *m, const struct snapshot_index *index, struct error *err)
{
	uint8_t digest[DIGEST_SIZE];
	AUTO_DONE(writer) w = writer_new(LIMIT_INDEX);
	snapshot_index_write(&w, index);
	if (!w.ok)
		return fail(err, FAULT_LIMIT, "the snapshot index is over %d bytes", LIMIT_INDEX);
	if (!digest_sha256(writer_written(&w), digest, err))
		return false;
	writer_bytes(&w, reader_of(digest, sizeof(digest)));
	return w.ok ? file_replace(m->snapshot, SNAPSHOT_INDEX, writer_written(&w), INDEX_MODE, err)
		    : fail_memory(err);
}

static void tell(struct manager *m)
{
	uint8_t number[8];
	struct writer w = writer_on(number, sizeof(number));
	writer_u64(&w, m->index->number);
	sibling_push_all(m->servers[PEER_TVS], MANAGER_INDEX, writer_written(&w));
	sibling_push_all(m->servers[PEER_PROVISION], MANAGER_INDEX, writer_written(&w));
}

void snapshot_tell_newcomer(const struct manager *m, struct sibling_peer *peer)
{
	uint8_t number[8];
	struct writer w = writer_on(number, sizeof(number));
	if (m->index == NULL || sibling_peer_tag(peer) == PEER_ADMIN)
		return;
	writer_u64(&w, m->index->number);
	sibling_push(peer, MANAGER_INDEX, writer_written(&w));
}

static bool draw(struct drawing *d, struct error *err)
{
	struct store *s = d->m->store;
	if (!draw_facts(d, err) || !store_entries(s, NULL, NULL, draw_entry, d, err) ||
		!store_identities(s, draw_identity, d, err) || !store_lists(s, draw_list, d, err) ||
		!configurations_each(d->m, draw_configuration, d, err))
		return false;
	if (d->index->file_count > 0)
		qsort(d->index->files, d->index->file_count, sizeof(*d->index->files), by_name);
	return true;
}

/* Other managers commit meanwhile: an index shows one change number, or it is drawn anew. */
static struct snapshot_index *draw_settled(
	struct manager *m, const struct node *self, struct error *err)
{
	for (unsigned tries = 0; tries < DRAWS; tries++) {
		uint64_t now;
		AUTO(snapshot_index) index = calloc(1, sizeof(*index));
		AUTO_DONE(drawing) d = { .m = m, .self = self, .index = index };
		if (index == NULL) {
			(void)fail_memory(err);
			return NULL;
		}
		if (!objects_begin(&d.objects, m->objects, m->index, err) || !draw(&d, err) ||
			!objects_settle(&d.objects, err) ||
			!store_change_number(m->store, &now, err))
			return NULL;
		if (now == index->number)
			return TAKE(index);
	}
	(void)fail(err, FAULT_BUSY, "the cluster changes faster than it can be shown");
	return NULL;
}

/* Whoever reads of an identity in the index asks the signer for its key at once: it must be live.
 */
static bool make_ready(struct manager *m, struct error *err)
{
	if (!install_notice(m, err))
		return false;
	if (!m->reconciled)
		m->reconciled = install_reconcile(m, err);
	return m->reconciled;
}

bool snapshot_write(struct manager *m, const struct node *self, struct error *err)
{
	AUTO(snapshot_index) index = draw_settled(m, self, err);
	if (index == NULL || !make_ready(m, err) || !write_index(m, index, err))
		return fail_in(err, "snapshot");
	snapshot_index_free(m->index);
	m->index = TAKE(index);
	m->drawn++;
	tell(m);
	return true;
}

/* An index that cannot be read is no reason to stay down: it is written anew. */
void snapshot_load(struct manager *m)
{
	struct error why = { 0 };
	m->index = snapshot_read_index(m->snapshot, &why);
	if (m->index == NULL && why.fault != FAULT_MISSING)
		log_warning("%s; it is written anew", why.text);
}
