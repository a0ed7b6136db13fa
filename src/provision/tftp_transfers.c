#include "provision/tftp_transfers.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 12 };

/* One that has transfers. */
struct transfer_source {
	struct address host;
	size_t count;
	struct transfer_source *next;
};

struct transfers {
	size_t count;
	struct transfer *oldest[TRANSFER_STATES], *newest[TRANSFER_STATES];
	struct transfer *buckets[BUCKETS]; /* by the phone's address and port */
	struct transfer_source *sources[BUCKETS];
};

struct transfers *transfers_new(struct error *err)
{
	struct transfers *table = calloc(1, sizeof(*table));
	if (table == NULL)
		(void)fail_memory(err);
	return table;
}

void transfers_free(struct transfers *table)
{
	free(table);
}

/* in the order of their age */

static void list_put(struct transfers *table, struct transfer *t)
{
	t->older = table->newest[t->state];
	t->newer = NULL;
	if (t->older != NULL)
		t->older->newer = t;
	else
		table->oldest[t->state] = t;
	table->newest[t->state] = t;
}

static void list_take(struct transfers *table, struct transfer *t)
{
	if (t->older != NULL)
		t->older->newer = t->newer;
	else
		table->oldest[t->state] = t->newer;
	if (t->newer != NULL)
		t->newer->older = t->older;
	else
		table->newest[t->state] = t->older;
}

void transfers_move(struct transfers *table, struct transfer *t, enum transfer_state to)
{
	list_take(table, t);
	t->state = to;
	list_put(table, t);
}

/* by source */

static size_t source_bucket(const struct address *host)
{
	return (size_t)(address_host_hash(host) % BUCKETS);
}

static struct transfer_source *source_find(
	const struct transfers *table, const struct address *host)
{
	struct transfer_source *at = table->sources[source_bucket(host)];
	while (at != NULL && !address_same_host(&at->host, host))
		at = at->next;
	return at;
}

static struct transfer_source *source_of(
	struct transfers *table, const struct address *host, struct error *err)
{
	struct transfer_source **bucket = &table->sources[source_bucket(host)];
	struct transfer_source *source = source_find(table, host);
	if (source != NULL)
		return source;
	source = malloc(sizeof(*source));
	if (source == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	*source = (struct transfer_source){ .host = *host, .next = *bucket };
	*bucket = source;
	return source;
}

static void source_leave(struct transfers *table, struct transfer_source *source)
{
	if (--source->count > 0)
		return;
	struct transfer_source **link = &table->sources[source_bucket(&source->host)];
	while (*link != source)
		link = &(*link)->next;
	*link = source->next;
	free(source);
}

size_t transfers_of(const struct transfers *table, const struct address *host)
{
	const struct transfer_source *source = source_find(table, host);
	return source == NULL ? 0 : source->count;
}

/* by the phone's port */

static size_t bucket_of(const struct address *peer)
{
	return (size_t)(address_hash(peer) % BUCKETS);
}

bool transfers_add(struct transfers *table, struct transfer *t, struct error *err)
{
	t->source = source_of(table, &t->way.peer, err);
	if (t->source == NULL)
		return false;
	t->source->count++;
	struct transfer **bucket = &table->buckets[bucket_of(&t->way.peer)];
	t->same_hash = *bucket;
	*bucket = t;
	list_put(table, t);
	table->count++;
	return true;
}

void transfers_remove(struct transfers *table, struct transfer *t)
{
	struct transfer **link = &table->buckets[bucket_of(&t->way.peer)];
	while (*link != t)
		link = &(*link)->same_hash;
	*link = t->same_hash;
	list_take(table, t);
	source_leave(table, t->source);
	table->count--;
}

size_t transfers_count(const struct transfers *table)
{
	return table->count;
}

struct transfer *transfers_find(const struct transfers *table, const struct datagram_way *way)
{
	struct transfer *t = table->buckets[bucket_of(&way->peer)];
	while (t != NULL && (t->way.port != way->port || !address_same(&t->way.peer, &way->peer)))
		t = t->same_hash;
	return t;
}

struct transfer *transfers_named(
	const struct transfers *table, const struct address *peer, const char *name)
{
	struct transfer *t = table->buckets[bucket_of(peer)];
	while (t != NULL &&
		(!address_same(&t->way.peer, peer) || strcmp(t->request.name, name) != 0))
		t = t->same_hash;
	return t;
}

struct transfer *transfers_oldest(const struct transfers *table, enum transfer_state state)
{
	return table->oldest[state];
}

struct transfer *transfers_victim(const struct transfers *table, const struct address *newcomer)
{
	if (table->oldest[TRANSFER_UNPROVEN] != NULL)
		return table->oldest[TRANSFER_UNPROVEN];
	struct transfer *victim = NULL;
	size_t most = transfers_of(table, newcomer) + 1;
	for (struct transfer *t = table->oldest[TRANSFER_PROVEN]; t != NULL; t = t->newer)
		if (t->source->count > most) {
			victim = t;
			most = t->source->count;
		}
	return victim;
}
