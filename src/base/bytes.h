#pragma once
/* Owned bytes: what a function that makes a file, a certificate or a message gives its caller. */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

struct bytes {
	uint8_t *data; /* NULL when empty */
	size_t size;
};

bool bytes_copy(struct bytes *out, struct reader from, struct error *err) MUST_CHECK;
struct reader bytes_reader(const struct bytes *b); /* borrowed, dies with b */
void bytes_done(struct bytes *b);                  /* copes with twice */
void bytes_wipe(struct bytes *b);                  /* bytes_done for secrets: zeroes first */
