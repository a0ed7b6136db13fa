#pragma once
/*
 * A format's tags as a closed table, and the one walk over them that trust lists, signed files and
 * TVS share. Refused, with the offset: a tag that the table does not have, a tag twice or outside
 * its group, a value too short or too long, text that is no text, a group that its children do not
 * fill, padding before the end, a needed tag that is missing.
 */
#include "base/tlv.h"

enum { TAG_LIMIT = 32 };

enum tag_shape {
	TAG_NONE, /* a hole in the table */
	TAG_VALUE,
	TAG_TEXT,   /* ends with its only NUL, which the view leaves out; UTF-8, no control bytes */
	TAG_SERIAL, /* a number without leading zero bytes */
	TAG_GROUP,  /* holds other tags and nothing else */
	TAG_BARE,   /* a single byte without length: padding, at most `max`, last of all */
};

struct tag_rule {
	enum tag_shape shape;
	bool needed;       /* wherever its group stands */
	uint8_t group;     /* the group that holds it; 0: none */
	uint16_t min, max; /* bytes of the value */
	const char *name;
};

struct tag_table {
	const struct tag_rule *rules;
	size_t count; /* at most TAG_LIMIT */
};

/* By tag; `ok` is false where the tag is absent. Views into what was read. */
struct tag_values {
	struct reader of[TAG_LIMIT];
};

/* `offset` is where `area` starts in its file, for the sentence. FAULT_MALFORMED, FAULT_LIMIT. */
bool tag_table_read(const struct tag_table *table, struct reader area, size_t offset,
	struct tag_values *out, struct error *err) MUST_CHECK;
