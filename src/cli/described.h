#pragma once
/* What was described as JSON, printed for people: one line a field, in the order of a table. */
#include <jansson.h>

enum described_show {
	DESCRIBED_PLAIN,
	DESCRIBED_BYTES, /* a number of bytes */
	DESCRIBED_BLOB,  /* hexadecimal digits, cut after 16 bytes */
};

/* A field of the JSON object and how its line reads. */
struct described_line {
	const char *key, *title;
	enum described_show show;
};

/* Fields that are not there, or null, have no line. */
void described_print(const json_t *from, const struct described_line *lines, size_t count);
/* What header_describe() told, every field. */
void described_header(const json_t *header);
