#include "net/source_counts.h"

#include <stdlib.h>

enum { BUCKETS = 1 << 10 };

struct source {
	struct address host; /* of the first: its port says nothing */
	size_t count;
	struct source *next; /* in its bucket */
};

struct source_counts {
	struct source *buckets[BUCKETS];
};

struct source_counts *source_counts_new(void)
{
	return calloc(1, sizeof(struct source_counts));
}

void source_counts_free(struct source_counts *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (s->buckets[i] != NULL) {
			struct source *gone = s->buckets[i];
			s->buckets[i] = gone->next;
			free(gone);
		}
	free(s);
}

static struct source **bucket_of(struct source_counts *s, const struct address *host)
{
	return &s->buckets[address_host_hash(host) % BUCKETS];
}

static struct source *find(struct source *first, const struct address *host)
{
	while (first != NULL && !address_same_host(&first->host, host))
		first = first->next;
	return first;
}

struct source *source_enter(struct source_counts *s, const struct address *peer, struct error *err)
{
	struct source **bucket = bucket_of(s, peer), *source = find(*bucket, peer);
	if (source == NULL) {
		source = malloc(sizeof(*source));
		if (source == NULL) {
			fail_memory(err);
			return NULL;
		}
		*source = (struct source){ .host = *peer, .next = *bucket };
		*bucket = source;
	}
	source->count++;
	return source;
}

void source_leave(struct source_counts *s, struct source *source)
{
	struct source **link = bucket_of(s, &source->host);
	if (--source->count > 0)
		return;
	while (*link != source)
		link = &(*link)->next;
	*link = source->next;
	free(source);
}

size_t source_count(const struct source *source)
{
	return source->count;
}
