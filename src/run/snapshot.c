#include "run/snapshot.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "pki/digest.h"
#include "run/files.h"
#include "wire/manager_message.h"

struct snapshot {
	int directory;
	struct snapshot_index *index;
};

struct snapshot *snapshot_open(const char *state, struct error *err)
{
	char path[4096];
	struct snapshot *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", state, SNAPSHOT_DIRECTORY);
	s->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->directory < 0) {
		(void)fail_errno(err, "snapshot %s", path);
		free(s);
		return NULL;
	}
	return s;
}

void snapshot_close(struct snapshot *s)
{
	if (s == NULL)
		return;
	(void)close(s->directory); /* only read from */
	snapshot_index_free(s->index);
	free(s);
}

struct snapshot_index *snapshot_read_index(int directory, struct error *err)
{
	uint8_t digest[DIGEST_SIZE];
	AUTO_DONE(bytes) file = { 0 };
	if (!file_read_beneath(directory, SNAPSHOT_INDEX, LIMIT_INDEX, &file, err))
		return NULL;
	struct reader rest = bytes_reader(&file);
	size_t size = file.size < DIGEST_SIZE ? 0 : file.size - DIGEST_SIZE;
	struct reader body = reader_sub(&rest, size);
	if (!digest_sha256(body, digest, err))
		return NULL;
	if (!reader_same(rest, reader_of(digest, sizeof(digest)))) {
		(void)fail(err, FAULT_MALFORMED, "the snapshot index does not fit its digest");
		return NULL;
	}
	return snapshot_index_parse(body, err);
}

bool snapshot_reload(struct snapshot *s, struct error *err)
{
	struct snapshot_index *index = snapshot_read_index(s->directory, err);
	if (index == NULL)
		return false;
	snapshot_index_free(s->index);
	s->index = index;
	return true;
}

const struct snapshot_index *snapshot_current(const struct snapshot *s)
{
	return s->index;
}

const struct snapshot_identity *snapshot_identity(const struct snapshot *s, const char *unit)
{
	for (size_t i = 0; s->index != NULL && i < s->index->identity_count; i++)
		if (strcmp(s->index->identities[i].unit, unit) == 0)
			return &s->index->identities[i];
	return NULL;
}

bool snapshot_object(const struct snapshot *s, const uint8_t digest[static SNAPSHOT_DIGEST_SIZE],
	size_t limit, struct bytes *out, struct error *err)
{
	static_assert(
		(int)SNAPSHOT_DIGEST_SIZE == (int)DIGEST_SIZE, "objects are named by SHA-256");
	char name[sizeof(SNAPSHOT_OBJECTS) + DIGEST_HEX_SIZE] = SNAPSHOT_OBJECTS "/";
	uint8_t found[DIGEST_SIZE];
	AUTO_DONE(bytes) file = { 0 };
	hex_write(reader_of(digest, DIGEST_SIZE), name + sizeof(SNAPSHOT_OBJECTS));
	if (!file_read_beneath(s->directory, name, limit, &file, err) ||
		!digest_sha256(bytes_reader(&file), found, err))
		return fail_in(err, "snapshot");
	if (memcmp(found, digest, DIGEST_SIZE) != 0)
		return fail(err, FAULT_MALFORMED, "snapshot object %s does not fit its name", name);
	*out = file;
	file = (struct bytes){ 0 };
	return true;
}
