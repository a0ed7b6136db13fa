#include "provision/content.h"

#include <stdlib.h>
#include <string.h>

struct content {
	unsigned owners;
	struct bytes bytes;
	bool has_digest;
	uint8_t digest[DIGEST_SIZE];
	uint64_t size;
	const struct content_source *source; /* NULL: the bytes are all there is */
	void *of;
};

static struct content *make(const struct content *like, struct error *err)
{
	struct content *c = malloc(sizeof(*c));
	if (c == NULL)
		(void)fail_memory(err);
	else
		*c = *like;
	return c;
}

struct content *content_new(struct bytes *bytes, struct error *err)
{
	struct content *c =
		make(&(struct content){ .owners = 1, .bytes = *bytes, .size = bytes->size }, err);
	if (c != NULL)
		*bytes = (struct bytes){ 0 };
	return c;
}

struct content *content_from(
	const struct content_source *source, void *of, uint64_t size, struct error *err)
{
	return make(
		&(struct content){ .owners = 1, .size = size, .source = source, .of = of }, err);
}

struct content *content_keep(struct content *c)
{
	c->owners++;
	return c;
}

void content_free(struct content *c)
{
	if (c == NULL || --c->owners > 0)
		return;
	if (c->source != NULL)
		c->source->done(c->of);
	bytes_done(&c->bytes);
	free(c);
}

uint64_t content_size(const struct content *c)
{
	return c->size;
}

bool content_read(
	const struct content *c, uint64_t offset, uint8_t *out, size_t size, struct error *err)
{
	if (c->source != NULL)
		return c->source->read(c->of, offset, out, size, err);
	struct reader rest = bytes_reader(&c->bytes);
	(void)reader_sub(&rest, (size_t)offset);
	reader_copy(&rest, out, size);
	return rest.ok ? true : fail(err, FAULT_LIMIT, "beyond the end of the file");
}

struct reader content_bytes(const struct content *c)
{
	return bytes_reader(&c->bytes);
}

bool content_digest(struct content *c, uint8_t out[static DIGEST_SIZE], struct error *err)
{
	if (!c->has_digest && !digest_sha256(bytes_reader(&c->bytes), c->digest, err))
		return false;
	c->has_digest = true;
	memcpy(out, c->digest, DIGEST_SIZE);
	return true;
}
