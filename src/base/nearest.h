#pragma once
/* The known word that somebody most likely meant, for the sentence about the unknown one. */
#include <stddef.h>

struct nearest {
	const char *unknown;
	const char *best; /* lent by whoever offered it; NULL: nothing is near */
	size_t distance;
};

struct nearest nearest_to(const char *unknown);
/* Letters swapped, missing, wrong or too many, in any case; a third of them at most. */
void nearest_offer(struct nearest *n, const char *known);
