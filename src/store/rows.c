#include <stdlib.h>

#include "base/text.h"
#include "store/store_impl.h"

enum { ROWS_BYTES_MAX = 512 << 20, ROWS_FIRST = 8 };

void rows_init(struct rows *rows)
{
	*rows = (struct rows){ .bytes = writer_new(ROWS_BYTES_MAX) };
}

void rows_done(struct rows *rows)
{
	free(rows->cells);
	writer_done(&rows->bytes);
	*rows = (struct rows){ 0 };
}

bool rows_add(struct rows *rows, size_t columns, struct error *err)
{
	assert(rows->count == 0 || rows->columns == columns);
	if (rows->count == rows->capacity) {
		size_t capacity = rows->capacity == 0 ? ROWS_FIRST : 2 * rows->capacity;
		struct cell *cells = reallocarray(rows->cells, capacity * columns, sizeof(*cells));
		if (cells == NULL)
			return fail_memory(err);
		rows->cells = cells;
		rows->capacity = capacity;
	}
	rows->columns = columns;
	memset(&rows->cells[rows->count * columns], 0, columns * sizeof(*rows->cells));
	rows->count++;
	return true;
}

static struct cell *last_cell(struct rows *rows, size_t column)
{
	assert(rows->count > 0 && column < rows->columns);
	return &rows->cells[(rows->count - 1) * rows->columns + column];
}

void rows_set_number(struct rows *rows, size_t column, int64_t number)
{
	last_cell(rows, column)->number = number;
}

bool rows_set_bytes(struct rows *rows, size_t column, struct reader bytes, struct error *err)
{
	struct cell *cell = last_cell(rows, column);
	cell->offset = rows->bytes.used;
	cell->size = bytes.left;
	writer_bytes(&rows->bytes, bytes);
	return rows->bytes.ok || fail(err, FAULT_LIMIT, "the answer of the database is too large");
}

static const struct cell *cell_of(const struct row *row, size_t column)
{
	assert(row->index < row->rows->count && column < row->rows->columns);
	return &row->rows->cells[row->index * row->rows->columns + column];
}

int64_t row_time(const struct row *row, size_t column)
{
	return cell_of(row, column)->number;
}

uint64_t row_number(const struct row *row, size_t column)
{
	int64_t number = cell_of(row, column)->number;
	return number < 0 ? 0 : (uint64_t)number;
}

struct reader row_bytes(const struct row *row, size_t column)
{
	const struct cell *cell = cell_of(row, column);
	struct reader all = writer_written(&row->rows->bytes);
	(void)reader_sub(&all, cell->offset);
	return reader_sub(&all, cell->size);
}

bool row_text(const struct row *row, size_t column, char *out, size_t size, struct error *err)
{
	struct error why;
	if (text_from(row_bytes(row, column), out, size, &why))
		return true;
	return fail(err, FAULT_STORE, "the database holds a text that was not written by us: %s",
		why.text);
}

bool row_digest(
	const struct row *row, size_t column, uint8_t out[static DIGEST_SIZE], struct error *err)
{
	struct reader bytes = row_bytes(row, column);
	if (bytes.left != DIGEST_SIZE)
		return fail(
			err, FAULT_STORE, "the database holds a digest of %zu bytes", bytes.left);
	reader_copy(&bytes, out, DIGEST_SIZE);
	return true;
}

bool row_text_new(const struct row *row, size_t column, char **out, struct error *err)
{
	struct reader bytes = row_bytes(row, column);
	size_t size = bytes.left;
	char *text = malloc(size + 1);
	if (text == NULL)
		return fail_memory(err);
	reader_copy(&bytes, text, size);
	text[size] = '\0';
	*out = text;
	return true;
}
