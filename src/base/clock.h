#pragma once
/*
 * The only door to the time. Wall clock for what is written into lists and rows, monotonic for
 * deadlines. A lab moves the wall clock of its processes with an offset, set once at start.
 */
#include <stdint.h>

void clock_set_offset(int64_t seconds);
int64_t clock_now(void);          /* seconds since 1970 UTC, offset included */
int64_t clock_monotonic_ms(void); /* never goes back; its zero means nothing */
