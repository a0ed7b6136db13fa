#pragma once
/* Which generation of the appliance a cluster behaves like; default C. */
#include <stdbool.h>

enum era { ERA_A, ERA_B, ERA_C }; /* 8.0–11.5, 12.0–12.5, 14 and 15 */

enum { IN_A = 1 << ERA_A, IN_B = 1 << ERA_B, IN_C = 1 << ERA_C, IN_ALL = IN_A | IN_B | IN_C };

const char *era_name(enum era era); /* "A", "B", "C" */
bool era_from_name(const char *name, enum era *out);
