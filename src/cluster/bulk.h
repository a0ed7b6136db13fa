#pragma once
/* What clusters exchange so that phones may move between them: the certificate types of the
 * appliance's bulk management, the unit that each is, and the trust stores of the other clusters
 * that it goes into. docs/bulk.md */
#include <stdbool.h>
#include <stddef.h>

enum { BULK_STORES = 2 };

struct bulk_type {
	const char *name; /* "TFTP", as the appliance calls it */
	const char *said; /* "tftp", in its answers */
	const char *unit; /* "CallManager" */
	const char *stores[BULK_STORES];
};

const struct bulk_type *bulk_types(size_t *count);
/* By its name or its unit's, in any case; NULL: none. */
const struct bulk_type *bulk_type_find(const char *name);
bool bulk_is_all(const char *name);
