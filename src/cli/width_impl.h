#pragma once
/* Text made harmless for a terminal, and how wide it is there. */
#include <stddef.h>

/* text_escape() into memory of its own; free() it. NULL: no memory. */
char *escaped_new(const char *text);
/* Columns of text that is escaped already. */
size_t escaped_width(const char *escaped);
