#pragma once
/*
 * What the command line prints: data on standard output, messages on standard error; tables whose
 * columns line up, also with UTF-8 in them; colours only on a terminal and never with NO_COLOR.
 * Text from elsewhere is escaped, so that it cannot move the reader's cursor.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/error.h"

enum paint { PAINT_PLAIN, PAINT_TITLE, PAINT_GOOD, PAINT_FAINT };

bool output_coloured(FILE *to); /* a terminal, NO_COLOR unset or empty, TERM not "dumb" */
/* Prints `text` escaped, in its colour when output_coloured(). */
void output_painted(FILE *to, enum paint paint, const char *text);
/* "name: value" lines of a block: names line up to `width`. */
void output_fact(FILE *to, int width, const char *name, const char *value);
/* One JSON value, indented, keys in the order in which they were set, and a newline. */
void output_json(FILE *to, const json_t *value);
/* Any text as a JSON string: where it is no UTF-8, such as the name of a file, it is escaped as on
 * a terminal. NULL: out of memory. */
json_t *output_json_text(const char *text);
/* A sentence for the operator on standard error. */
void output_message(const char *format, ...) PRINTF(1, 2);

/* Cells are copied; printed with two spaces between the columns, the titles first. */
struct table;
struct table *table_new(const char *const *titles, size_t columns, struct error *err);
bool table_add(struct table *t, const char *const *cells, struct error *err) MUST_CHECK;
void table_print(const struct table *t, FILE *to);
void table_free(struct table *t);
DEFINE_AUTO(table, table_free);

/* Columns that `text` takes on a terminal once it is escaped. */
size_t text_width(const char *text);
