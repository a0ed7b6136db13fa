#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/width_impl.h"

enum { TABLE_GAP = 2, TABLE_FIRST = 16 };

struct table {
	size_t columns;
	size_t count, capacity; /* rows; the first one holds the titles */
	char **cells;           /* escaped */
};

static bool add_row(struct table *t, const char *const *cells, struct error *err)
{
	if (t->count == t->capacity) {
		size_t capacity = t->capacity == 0 ? TABLE_FIRST : 2 * t->capacity;
		char **grown = reallocarray(t->cells, capacity * t->columns, sizeof(*grown));
		if (grown == NULL)
			return fail_memory(err);
		t->cells = grown;
		t->capacity = capacity;
	}
	char **row = &t->cells[t->count * t->columns];
	memset(row, 0, t->columns * sizeof(*row));
	t->count++;
	for (size_t i = 0; i < t->columns; i++) {
		row[i] = escaped_new(cells[i] == NULL ? "" : cells[i]);
		if (row[i] == NULL)
			return fail_memory(err);
	}
	return true;
}

struct table *table_new(const char *const *titles, size_t columns, struct error *err)
{
	assert(columns > 0);
	AUTO(table) t = calloc(1, sizeof(*t));
	if (t == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	t->columns = columns;
	return add_row(t, titles, err) ? TAKE(t) : NULL;
}

bool table_add(struct table *t, const char *const *cells, struct error *err)
{
	return add_row(t, cells, err);
}

static size_t column_width(const struct table *t, size_t column)
{
	size_t widest = 0;
	for (size_t row = 0; row < t->count; row++) {
		size_t width = escaped_width(t->cells[row * t->columns + column]);
		widest = width > widest ? width : widest;
	}
	return widest;
}

/* Without blanks at the line's end: the last cell is not filled up. */
static void print_row(const struct table *t, size_t row, const size_t *widths, FILE *to)
{
	bool title = row == 0 && output_coloured(to);
	char *const *cells = &t->cells[row * t->columns];
	size_t last = t->columns;
	while (last > 1 && cells[last - 1][0] == '\0')
		last--;
	for (size_t i = 0; i < last; i++) {
		size_t fill = i + 1 == last ? 0 : widths[i] - escaped_width(cells[i]) + TABLE_GAP;
		(void)fprintf(to, "%s%s%s%*s", title ? "\x1b[1m" : "", cells[i],
			title ? "\x1b[0m" : "", (int)fill, "");
	}
	(void)fputc('\n', to);
}

void table_print(const struct table *t, FILE *to)
{
	size_t *widths = calloc(t->columns, sizeof(*widths));
	for (size_t i = 0; widths != NULL && i < t->columns; i++)
		widths[i] = column_width(t, i);
	for (size_t row = 0; widths != NULL && row < t->count; row++)
		print_row(t, row, widths, to);
	free(widths);
}

void table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count * t->columns; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}
