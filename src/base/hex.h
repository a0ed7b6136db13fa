#pragma once
/* Bytes as hexadecimal and base64 text, both ways, exact. */
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Lower case, no separators; out holds 2 * bytes.left + 1. Returns out. */
const char *hex_write(struct reader bytes, char *out);
/* Exactly 2 * size hexadecimal digits of either case. */
bool hex_read(const char *text, uint8_t *out, size_t size);

/* RFC 4648 section 4 with padding, no line breaks, canonical when read. */
bool base64_write(struct reader bytes, char **out, struct error *err) MUST_CHECK; /* free() it */
bool base64_read(const char *text, struct bytes *out, struct error *err) MUST_CHECK;
