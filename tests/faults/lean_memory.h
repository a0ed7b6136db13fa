#pragma once
/* An allocator for tests that fails once, at the allocation that the test has chosen: ours (the
 * program is linked with --wrap) and that of OpenSSL, libxml2, libevent and jansson. Calls that
 * open, ask about and read a file count as well, and fail with EIO. */
#include <stdbool.h>
#include <stddef.h>

void lean_memory_take(void);        /* once, before any library has allocated */
void lean_memory_start(size_t nth); /* the nth allocation or call from here on fails; 0: none */
void lean_memory_end(void);         /* there is enough again */
bool lean_memory_failed(void);      /* since the last start */
