#pragma once
/*
 * The objects of the snapshot, immutable and named by their SHA-256. A few are each brought to the
 * disk as they are written; of thousands, the later ones together, once, before an index names
 * them.
 */
#include "base/bytes.h"
#include "pki/digest.h"
#include "wire/snapshot_index.h"

struct named { /* what an index names */
	size_t count;
	uint8_t (*digests)[DIGEST_SIZE]; /* sorted */
};

bool named_read(const struct snapshot_index *index, struct named *out, struct error *err)
	MUST_CHECK;
bool named_has(const struct named *n, const uint8_t *digest);
void named_done(struct named *n);

struct objects {
	int directory;
	struct named known; /* by the last index */
	size_t written;
};

bool objects_begin(struct objects *o, int directory, const struct snapshot_index *last,
	struct error *err) MUST_CHECK; /* `last` may be NULL */
/* Writes what is not there yet; `digest` gets its name. */
bool objects_put(struct objects *o, struct reader bytes, uint8_t digest[static DIGEST_SIZE],
	struct error *err) MUST_CHECK;
/* All that was put is on the disk. */
bool objects_settle(struct objects *o, struct error *err) MUST_CHECK;
void objects_done(struct objects *o);
