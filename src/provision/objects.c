#include "provision/objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

struct object {
	uint8_t digest[SNAPSHOT_DIGEST_SIZE];
	struct content *content; /* NULL: free */
	uint64_t used;           /* the greater the later */
};

struct objects {
	uint64_t turn;
	size_t size;
	struct object kept[OBJECTS_KEPT];
};

struct objects *objects_new(struct error *err)
{
	struct objects *o = calloc(1, sizeof(*o));
	if (o == NULL)
		(void)fail_memory(err);
	return o;
}

static void drop(struct objects *o, struct object *gone)
{
	if (gone->content != NULL)
		o->size -= content_bytes(gone->content).left;
	content_free(gone->content);
	*gone = (struct object){ 0 };
}

void objects_free(struct objects *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < OBJECTS_KEPT; i++)
		drop(o, &o->kept[i]);
	free(o);
}

static struct object *find(struct objects *o, const uint8_t *digest)
{
	for (size_t i = 0; i < OBJECTS_KEPT; i++)
		if (o->kept[i].content != NULL &&
			memcmp(o->kept[i].digest, digest, SNAPSHOT_DIGEST_SIZE) == 0)
			return &o->kept[i];
	return NULL;
}

static struct object *oldest(struct objects *o)
{
	struct object *oldest = &o->kept[0];
	for (size_t i = 1; i < OBJECTS_KEPT; i++)
		if (o->kept[i].used < oldest->used)
			oldest = &o->kept[i];
	return oldest;
}

/* `otherwise` where there is none but that. */
static struct object *oldest_held(struct objects *o, struct object *otherwise)
{
	struct object *first = otherwise;
	for (size_t i = 0; i < OBJECTS_KEPT; i++)
		if (o->kept[i].content != NULL && o->kept[i].used < first->used)
			first = &o->kept[i];
	return first;
}

/* Free ones have never been used, so they are taken first and dropped last. */
static void keep(struct objects *o, const uint8_t *digest, struct content *content)
{
	size_t size = content_bytes(content).left;
	if (size > OBJECTS_HOLD)
		return;
	struct object *place = oldest(o);
	drop(o, place);
	memcpy(place->digest, digest, sizeof(place->digest));
	place->content = content_keep(content);
	place->used = ++o->turn;
	o->size += size;
	while (o->size > OBJECTS_HOLD)
		drop(o, oldest_held(o, place));
}

struct content *objects_take(struct objects *o, const struct snapshot *snapshot,
	const uint8_t digest[static SNAPSHOT_DIGEST_SIZE], struct error *err)
{
	struct object *kept = find(o, digest);
	if (kept != NULL) {
		kept->used = ++o->turn;
		return content_keep(kept->content);
	}
	AUTO_DONE(bytes) read = { 0 };
	if (!snapshot_object(snapshot, digest, LIMIT_SIGNED_FILE, &read, err))
		return NULL;
	struct content *content = content_new(&read, err);
	if (content != NULL)
		keep(o, digest, content);
	return content;
}

size_t objects_size(const struct objects *o)
{
	return o->size;
}
