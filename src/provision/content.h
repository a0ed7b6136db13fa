#pragma once
/* A file that is served, lent to every transfer that sends it: whole in memory, or read stretch by
 * stretch from where it lies. */
#include "base/bytes.h"
#include "pki/digest.h"

struct content;

/* Where stretches come from; `done` is called when the last owner is gone. */
struct content_source {
	bool (*read)(void *of, uint64_t offset, uint8_t *out, size_t size, struct error *err)
		MUST_CHECK;
	void (*done)(void *of);
};

struct content *content_new(struct bytes *bytes /* moved in */, struct error *err);
/* `of` stays the caller's when this fails. */
struct content *content_from(
	const struct content_source *source, void *of, uint64_t size, struct error *err);
struct content *content_keep(struct content *c); /* another owner of the same */
void content_free(struct content *c);            /* the last owner's frees the bytes */
DEFINE_AUTO(content, content_free);

uint64_t content_size(const struct content *c);
/* `size` bytes, all of them within the content. */
bool content_read(const struct content *c, uint64_t offset, uint8_t *out, size_t size,
	struct error *err) MUST_CHECK;
struct reader content_bytes(const struct content *c); /* of one in memory; empty of another */
/* SHA-256 of one in memory, made once, however often it is asked for. */
bool content_digest(struct content *c, uint8_t out[static DIGEST_SIZE], struct error *err)
	MUST_CHECK;
