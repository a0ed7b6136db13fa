#include "provision/name_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"

enum { TEXT_MAX = 64 << 20 }; /* bytes of all names together */

struct entry {
	const char *name;
	size_t ordinal;
};

struct name_index {
	struct writer text; /* each with its NUL */
	struct entry *entries;
	size_t count;
};

struct name_index *name_index_new(struct error *err)
{
	struct name_index *n = calloc(1, sizeof(*n));
	if (n == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	n->text = writer_new(TEXT_MAX);
	return n;
}

void name_index_free(struct name_index *n)
{
	if (n == NULL)
		return;
	writer_done(&n->text);
	free(n->entries);
	free(n);
}

void name_index_add(struct name_index *n, const char *name)
{
	writer_text(&n->text, name);
	writer_u8(&n->text, '\0');
	n->count++;
}

static int folded(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static int compare_nocase(const char *a, const char *b)
{
	while (*a != '\0' && folded(*a) == folded(*b)) {
		a++;
		b++;
	}
	return folded(*a) - folded(*b);
}

static int by_name(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = compare_nocase(left->name, right->name);
	return order != 0 ? order : strcmp(left->name, right->name);
}

bool name_index_finish(struct name_index *n, struct error *err)
{
	struct entry *entries = calloc(n->count + 1, sizeof(*entries));
	if (entries == NULL || !n->text.ok) {
		free(entries);
		return fail_memory(err);
	}
	const char *at = (const char *)n->text.data;
	for (size_t i = 0; i < n->count; i++) {
		entries[i] = (struct entry){ at, i };
		at += strlen(at) + 1;
	}
	if (n->count > 0)
		qsort(entries, n->count, sizeof(*entries), by_name);
	free(n->entries);
	n->entries = entries;
	return true;
}

/* Where the first stands that is not before `name`. */
static size_t lower_bound(const struct name_index *n, const char *name)
{
	size_t from = 0, to = n->entries == NULL ? 0 : n->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (compare_nocase(n->entries[middle].name, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

const char *name_index_find(const struct name_index *n, const char *name, size_t *ordinal)
{
	size_t first = lower_bound(n, name), found = first;
	if (n->entries == NULL || first == n->count ||
		compare_nocase(n->entries[first].name, name) != 0)
		return NULL;
	for (size_t i = first; i < n->count && text_same_nocase(n->entries[i].name, name); i++)
		if (strcmp(n->entries[i].name, name) == 0)
			found = i;
	if (ordinal != NULL)
		*ordinal = n->entries[found].ordinal;
	return n->entries[found].name;
}

size_t name_index_count(const struct name_index *n)
{
	return n->count;
}
