#pragma once
/*
 * The text forms of a distinguished name that lists and questions carry (the appliance's
 * `CN=…;OU=…`, the public builder's `CN=…,O=…` in certificate order or before 2024 `CN=…;O=…`, old
 * tokens' quoted lower case, which may be cut off): parsed into attributes, compared as sets.
 * docs/formats/distinguished-name.md
 */
#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

enum { NAME_ATTRIBUTES = 24, NAME_VALUE_SIZE = 256, NAME_TYPE_SIZE = 32, NAME_TOKEN_MAX = 55 };

struct distinguished_name {
	size_t count;
	struct name_attribute {
		char type[NAME_TYPE_SIZE];   /* upper case short name, or a dotted OID */
		char value[NAME_VALUE_SIZE]; /* unescaped UTF-8 */
	} attributes[NAME_ATTRIBUTES];
	bool cut_off; /* a token's, whose end is missing: the last value may go on */
};

bool distinguished_name_parse(struct reader text, struct distinguished_name *out, struct error *err)
	MUST_CHECK;
/* Same attributes in whatever order; types without case, values exactly. Of a name that is cut off,
 * the attributes before the last, and one that starts with the last. */
bool distinguished_name_same(
	const struct distinguished_name *a, const struct distinguished_name *b);
/* As the appliance writes: CN;OU;O;L;ST;C, attributes of other types dropped. */
void distinguished_name_write(struct writer *w, const struct distinguished_name *name);
/* As old tokens have it: the same attributes in lower case, quoted where need be, and no more than
 * NAME_TOKEN_MAX bytes: what does not fit is cut off. False: what is left is another name. */
bool distinguished_name_write_token(
	struct writer *w, const struct distinguished_name *name, struct error *err) MUST_CHECK;
/* Same, where one side was written by the appliance, which drops other attributes: both are
 * reduced to CN, OU, O, L, ST and C first. */
bool distinguished_name_agrees(
	const struct distinguished_name *a, const struct distinguished_name *b);
