#pragma once
/* Text from elsewhere: taken whole or refused, printed without harm, turned into numbers. */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

/* Copies bytes from the wire into a C string; refuses NUL, control bytes, DEL, bytes that are not
 * UTF-8, and more than size - 1 bytes. `out` is untouched on failure. */
bool text_from(struct reader bytes, char *out, size_t size, struct error *err) MUST_CHECK;
/* The same for a C string of ours: copies, or FAULT_LIMIT. */
bool text_copy(char *out, size_t size, const char *from, struct error *err) MUST_CHECK;

/* Any bytes as printable text for a log line: control and non-UTF-8 bytes become \xNN, a backslash
 * is doubled; cut with "…" when it does not fit. Returns out. */
const char *text_escape(struct reader bytes, char *out, size_t size);
/* The same for a line of our own that holds such text already: backslashes stay as they are. */
const char *text_printable(struct reader bytes, char *out, size_t size);

bool text_same_nocase(const char *a, const char *b); /* ASCII only */
bool text_is_utf8(struct reader bytes);

/* The whole text is a decimal number between min and max; nothing else is accepted. */
bool text_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Seconds since 1970 in UTC as "2026-11-23 16:04:00Z"; TIME_TEXT_SIZE bytes. */
enum { TIME_TEXT_SIZE = 24 };
const char *text_time(int64_t seconds, char out[static TIME_TEXT_SIZE]);
