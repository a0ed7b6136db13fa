#pragma once
/* Objects of the snapshot that phones ask for again and again: read and checked once, kept while
 * there is room. They never change, so what is kept is never out of date. */
#include "provision/content.h"
#include "run/snapshot.h"

enum { OBJECTS_KEPT = 128, OBJECTS_HOLD = 4 << 20 /* bytes */ };

struct objects;

struct objects *objects_new(struct error *err);
void objects_free(struct objects *o); /* NULL is fine */

/* Yours, to be ended with content_free. */
struct content *objects_take(struct objects *o, const struct snapshot *snapshot,
	const uint8_t digest[static SNAPSHOT_DIGEST_SIZE], struct error *err);
size_t objects_size(const struct objects *o); /* bytes */
