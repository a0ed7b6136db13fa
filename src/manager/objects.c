/* The objects of the snapshot: which an index names, and how new ones come to the disk before the
 * index that names them. docs/formats/snapshot-index.md */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/limits.h"
#include "manager/objects_impl.h"
#include "run/files.h"

enum {
	OBJECT_MODE = 0644,
	ONE_BY_ONE = 16, /* brought to the disk; what comes after these goes there all at once */
};

/* which are named */

void named_done(struct named *n)
{
	free(n->digests);
	*n = (struct named){ 0 };
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, DIGEST_SIZE);
}

static void name_one(struct named *n, const uint8_t *digest)
{
	memcpy(n->digests[n->count++], digest, DIGEST_SIZE);
}

bool named_read(const struct snapshot_index *index, struct named *out, struct error *err)
{
	size_t most = index->certificate_count + index->identity_count + index->file_count;
	out->digests = calloc(most + 1, sizeof(*out->digests));
	if (out->digests == NULL)
		return fail_memory(err);
	for (size_t i = 0; i < index->certificate_count; i++)
		name_one(out, index->certificates[i].digest);
	for (size_t i = 0; i < index->identity_count; i++)
		name_one(out, index->identities[i].certificate);
	for (size_t i = 0; i < index->file_count; i++)
		name_one(out, index->files[i].digest);
	qsort(out->digests, out->count, sizeof(*out->digests), by_bytes);
	return true;
}

bool named_has(const struct named *n, const uint8_t *digest)
{
	return n->count > 0 &&
		bsearch(digest, n->digests, n->count, sizeof(*n->digests), by_bytes) != NULL;
}

/* which are there */

void objects_done(struct objects *o)
{
	named_done(&o->known);
}

bool objects_begin(
	struct objects *o, int directory, const struct snapshot_index *last, struct error *err)
{
	*o = (struct objects){ .directory = directory };
	return last == NULL || named_read(last, &o->known, err);
}

/* What the last index names came to the disk before it. Of anything else only a name may have done
 * so, when the machine stopped. */
static bool is_there(const struct objects *o, const char *name, const uint8_t *digest)
{
	uint8_t found[DIGEST_SIZE];
	AUTO_DONE(bytes) file = { 0 };
	if (named_has(&o->known, digest))
		return faccessat(o->directory, name, F_OK, 0) == 0;
	return file_read_beneath(o->directory, name, LIMIT_SIGNED_FILE, &file, NULL) &&
		digest_sha256(bytes_reader(&file), found, NULL) &&
		memcmp(found, digest, DIGEST_SIZE) == 0;
}

bool objects_put(struct objects *o, struct reader bytes, uint8_t digest[static DIGEST_SIZE],
	struct error *err)
{
	char name[DIGEST_HEX_SIZE];
	if (!digest_sha256(bytes, digest, err))
		return false;
	hex_write(reader_of(digest, DIGEST_SIZE), name);
	if (is_there(o, name, digest))
		return true; /* objects never change */
	if (o->written++ < ONE_BY_ONE)
		return file_replace(o->directory, name, bytes, OBJECT_MODE, err);
	return file_replace_unsynced(o->directory, name, bytes, OBJECT_MODE, err);
}

bool objects_settle(struct objects *o, struct error *err)
{
	return o->written <= ONE_BY_ONE || files_sync(o->directory, err);
}
