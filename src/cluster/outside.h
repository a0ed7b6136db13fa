#pragma once
/* Systems outside the cluster that believe its certificates: which of them each has to be given,
 * and what fails there until it has them. docs/trust-stores.md#outside-systems */
#include <stdbool.h>
#include <stddef.h>

enum { OUTSIDE_UNITS = 5 };

struct outside_system {
	const char *name; /* as one types it: "expressway" */
	const char *means;
	const char *units[OUTSIDE_UNITS];
	const char *fails; /* until it has them */
};

const struct outside_system *outside_systems(size_t *count);
const struct outside_system *outside_find(const char *name); /* in any case; or NULL */
bool outside_needs(const struct outside_system *system, const char *unit);
