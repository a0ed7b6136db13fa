#include "cluster/era.h"

#include <string.h>

#include "base/own.h"

static const char *const names[] = { [ERA_A] = "A", [ERA_B] = "B", [ERA_C] = "C" };

const char *era_name(enum era era)
{
	return names[era];
}

bool era_from_name(const char *name, enum era *out)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0) {
			*out = (enum era)i;
			return true;
		}
	return false;
}
