#include "run/memory.h"

#include <stdlib.h>

static bool was_short;

void *memory_take(size_t size)
{
	void *taken = malloc(size);
	was_short = was_short || taken == NULL;
	return taken;
}

bool memory_was_short(void)
{
	bool so = was_short;
	was_short = false;
	return so;
}
