#pragma once
/*
 * The one bounds check of the program. A reader is a borrowed stretch of bytes; after the first
 * read beyond its end everything it yields is zero or empty and `ok` stays false, so that parsers
 * read straight down and ask once. A reader also serves as a plain borrowed slice.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *at;
	size_t left;
	bool ok;
};

struct reader reader_of(const void *bytes, size_t size);
struct reader reader_of_text(const char *text); /* without the NUL */
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r); /* big-endian, like everything on these wires */
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* The next `size` bytes as a reader of their own; broken and empty when there are fewer. */
struct reader reader_sub(struct reader *r, size_t size);
struct reader reader_rest(struct reader *r); /* all that is left; leaves r at its end */
void reader_copy(struct reader *r, void *out, size_t size); /* zeros when there are fewer */
bool reader_done(const struct reader *r);                   /* ok, and nothing left */
bool reader_same(struct reader a, struct reader b);         /* same bytes; not constant time */
