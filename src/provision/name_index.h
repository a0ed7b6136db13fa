#pragma once
/* Names that are found without regard to their case, however many there are. */
#include <stddef.h>

#include "base/error.h"

struct name_index;

struct name_index *name_index_new(struct error *err);
void name_index_free(struct name_index *n); /* NULL is fine */
DEFINE_AUTO(name_index, name_index_free);

/* All of them, then once name_index_finish, then name_index_find. */
void name_index_add(struct name_index *n, const char *name);
bool name_index_finish(struct name_index *n, struct error *err) MUST_CHECK;

/* As it was added; of several that differ in case only, the exact one, else the first in the order
 * of their bytes. `ordinal`, counted from 0 as they were added, may be NULL. NULL: none. */
const char *name_index_find(const struct name_index *n, const char *name, size_t *ordinal);
size_t name_index_count(const struct name_index *n);
