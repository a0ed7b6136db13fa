#pragma once
/*
 * What the folders of the operator's tree hold, remembered until they change, so that a name that
 * is not there, or is there in another case, costs a look at an index and not a walk through
 * thousands of entries.
 */
#include <stddef.h>

#include "base/error.h"

struct folders;

/* `root` stays the caller's. */
struct folders *folders_new(int root, struct error *err);
void folders_free(struct folders *f); /* NULL is fine */

/* How the folder `path` beneath the root ("" is the root itself) spells `name`; lent until the next
 * call. NULL: it has no such name in any case, or is no folder. */
const char *folders_spelling(struct folders *f, const char *path, const char *name);
size_t folders_walks(const struct folders *f); /* for tests: how often a folder was read */
