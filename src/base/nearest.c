#include "base/nearest.h"

#include <stdbool.h>
#include <string.h>

enum { NEAREST_WORD_MAX = 64 };

struct nearest nearest_to(const char *unknown)
{
	return (struct nearest){ .unknown = unknown, .distance = strlen(unknown) / 3 + 1 };
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Rows of the distance table: two letters ago, one letter ago, now. */
struct table {
	size_t before[NEAREST_WORD_MAX + 1], last[NEAREST_WORD_MAX + 1], now[NEAREST_WORD_MAX + 1];
};

static void fill_row(struct table *t, const char *a, size_t i, const char *b)
{
	size_t width = strlen(b);
	t->now[0] = i + 1;
	for (size_t j = 0; j < width; j++) {
		size_t other = lower(a[i]) != lower(b[j]);
		size_t best = least(t->last[j] + other, least(t->last[j + 1], t->now[j]) + 1);
		bool swapped = i > 0 && j > 0 && lower(a[i]) == lower(b[j - 1]) &&
			lower(a[i - 1]) == lower(b[j]);
		t->now[j + 1] = swapped ? least(best, t->before[j - 1] + 1) : best;
	}
}

/* How many letters must be changed, added, dropped or swapped with their neighbour. */
static size_t distance_of(const char *a, const char *b)
{
	struct table t = { 0 };
	for (size_t j = 0; j <= strlen(b); j++)
		t.now[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		memcpy(t.before, t.last, sizeof(t.before));
		memcpy(t.last, t.now, sizeof(t.last));
		fill_row(&t, a, i, b);
	}
	return t.now[strlen(b)];
}

void nearest_offer(struct nearest *n, const char *known)
{
	if (strlen(known) > NEAREST_WORD_MAX || strlen(n->unknown) > NEAREST_WORD_MAX)
		return;
	size_t distance = distance_of(n->unknown, known);
	if (distance < n->distance) {
		n->distance = distance;
		n->best = known;
	}
}
