#pragma once
/*
 * The counterpart of the reader: appends to memory that grows up to a limit. A write that does not
 * fit breaks the writer for good (`ok` false), so that builders write straight down and ask once.
 */
#include "base/bytes.h"

struct writer {
	uint8_t *data;
	size_t used;
	size_t capacity;
	size_t limit;
	bool fixed; /* the memory is the caller's: never grown, never freed */
	bool ok;
	bool lacks_memory; /* why it is not ok */
};

struct writer writer_new(size_t limit);             /* grows; end with writer_done or _take */
struct writer writer_on(void *memory, size_t size); /* borrows memory */
void writer_u8(struct writer *w, uint8_t value);
void writer_u16(struct writer *w, uint16_t value);
void writer_u32(struct writer *w, uint32_t value);
void writer_u64(struct writer *w, uint64_t value);
void writer_bytes(struct writer *w, struct reader bytes);
void writer_text(struct writer *w, const char *text);                 /* without the NUL */
void writer_patch_u16(struct writer *w, size_t offset, size_t value); /* > 65535 breaks w */
struct reader writer_written(const struct writer *w);                 /* borrowed */
/* Moves the bytes out of a growing writer and resets it; a broken writer is FAULT_LIMIT, or
 * FAULT_MEMORY. */
bool writer_take(struct writer *w, struct bytes *out, struct error *err) MUST_CHECK;
void writer_done(struct writer *w);
