#pragma once
/*
 * For a library that does not always say that memory was short: it takes what it needs here, and
 * whoever asked it looks afterwards. One flag a process, as there is one loop.
 */
#include <stdbool.h>
#include <stddef.h>

void *memory_take(size_t size);
/* True when there was not enough, once, since the last call. */
bool memory_was_short(void);
