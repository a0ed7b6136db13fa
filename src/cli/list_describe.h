#pragma once
/* A trust list as JSON, every field of it: what `list show --json` prints, and what the lines of
 * `list show` are made from. docs/list.md */
#include <jansson.h>

#include "pki/digest.h"
#include "wire/trust_list.h"

/* NULL: out of memory. A certificate that cannot be read is told in its place. */
json_t *list_describe(const char *source, struct reader file, const struct trust_list *list);

/* Parts of it that other files have too. A digest that the machine forbids is null. */
json_t *header_describe(const struct signed_header *h);
json_t *digest_describe(enum digest_kind kind, struct reader bytes);
