#include "base/clock.h"

#include <time.h>

static int64_t offset; /* process-wide setting, made before the loop starts */

void clock_set_offset(int64_t seconds)
{
	offset = seconds;
}

int64_t clock_now(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec + offset;
}

int64_t clock_monotonic_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
