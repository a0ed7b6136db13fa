#pragma once
/*
 * Files whose names say that they hold keys or a database: never served, whatever lies in the
 * operator's tree, and never signed with it, for a signed copy of a key is a copy of a key.
 */
#include <stdbool.h>

/* By the end of the name, in any case of letters; folders may stand before. */
bool secret_name(const char *name);
