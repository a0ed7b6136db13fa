#pragma once
/* The seventeen trust roles, from roles.def. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role {
#define ROLE(name, number, printed, means) ROLE_##name = number,
#include "cluster/roles.def"
#undef ROLE
};

struct role_row {
	enum role role;
	const char *printed; /* as `show itl` prints FUNCTION */
	const char *means;
};

const struct role_row *role_find(unsigned number); /* NULL: no such role; grant nothing */
const struct role_row *role_rows(size_t *count);
