#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "cli/cli_impl.h"
#include "cli/output.h"

enum {
	NAMES_SHOWN = 8,
	COLUMNS_MAX = 12,
	FACT_WIDTH = 20,
	FACT_INDENT = 2,
	TITLE_SIZE = 64,
	CELL_SIZE = 512
};

/* A scalar as people read it; false for arrays and objects. */
static bool scalar_text(const json_t *value, char *out, size_t size)
{
	const char *text = json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "";
	if (json_is_array(value) || json_is_object(value))
		return false;
	if (json_is_string(value))
		text = json_string_value(value);
	if (json_is_integer(value))
		(void)snprintf(out, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		(void)snprintf(out, size, "%s", text);
	return true;
}

static size_t titles_of(const struct op *op, const char *titles[static COLUMNS_MAX])
{
	size_t columns = 0;
	for (; columns < COLUMNS_MAX && op->columns[columns].key != NULL; columns++)
		titles[columns] = op->columns[columns].title;
	return columns;
}

static bool print_rows(const struct op *op, const json_t *rows, struct error *err)
{
	const char *cells[COLUMNS_MAX];
	size_t columns = titles_of(op, cells), index;
	json_t *row;
	AUTO(table) table = table_new(cells, columns, err);
	if (table == NULL)
		return false;
	json_array_foreach (rows, index, row) {
		char texts[COLUMNS_MAX][CELL_SIZE];
		for (size_t i = 0; i < columns; i++) {
			json_t *value = json_object_get(row, op->columns[i].key);
			cells[i] = scalar_text(value, texts[i], CELL_SIZE) ? texts[i] : "";
		}
		if (!table_add(table, cells, err))
			return false;
	}
	if (json_array_size(rows) == 0)
		output_message("there are none");
	else
		table_print(table, stdout);
	return true;
}

/* PEM: its lines as they are. */
static void print_lines(const char *text)
{
	while (*text != '\0') {
		int size = (int)strcspn(text, "\n");
		char line[CELL_SIZE];
		(void)snprintf(line, sizeof(line), "%.*s", size, text);
		output_painted(stdout, PAINT_PLAIN, line);
		(void)fputc('\n', stdout);
		text += size + (text[size] == '\n');
	}
}

/* "ITL pub, generation 3": the first value is what it is about, the others keep their names. */
static void print_item(const char *title, const json_t *item)
{
	const char *key;
	json_t *value;
	char line[CELL_SIZE] = "", text[CELL_SIZE];
	if (!json_is_object(item)) {
		(void)scalar_text(item, line, sizeof(line));
		output_fact(stdout, FACT_WIDTH, title, line);
		return;
	}
	struct writer w = writer_on(line, sizeof(line) - 1); /* what does not fit is left out */
	json_object_foreach ((json_t *)(uintptr_t)item, key, value) {
		if (!scalar_text(value, text, sizeof(text)))
			continue;
		if (w.used > 0) {
			writer_text(&w, ", ");
			writer_text(&w, key);
			writer_text(&w, " ");
		}
		writer_text(&w, text);
	}
	line[w.used] = '\0';
	output_fact(stdout, FACT_WIDTH, title, line);
}

static const char *title_of(const char *key, char out[static TITLE_SIZE])
{
	(void)snprintf(out, TITLE_SIZE, "%s", key);
	for (char *at = out; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	return out;
}

static void print_scalar(int depth, const char *title, const json_t *value)
{
	char text[CELL_SIZE];
	if (!scalar_text(value, text, sizeof(text)))
		return;
	(void)printf("%*s", depth, "");
	output_fact(stdout, FACT_WIDTH - depth, title, text);
}

/* Its scalars, a step to the right; what is deeper is for --json. */
static void print_object(const char *title, const json_t *object)
{
	const char *key;
	json_t *value;
	char inner[TITLE_SIZE];
	output_painted(stdout, PAINT_FAINT, title);
	(void)printf(":\n");
	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		print_scalar(FACT_INDENT, title_of(key, inner), value);
	}
}

/* Names in one line: "SEP1, SEP2 and 40 more". */
static void print_names(const char *title, const json_t *names)
{
	char line[CELL_SIZE] = "";
	struct writer w = writer_on(line, sizeof(line) - 1);
	size_t index;
	json_t *name;
	json_array_foreach (names, index, name) {
		if (index == NAMES_SHOWN)
			break;
		writer_text(&w, index > 0 ? ", " : "");
		writer_text(&w, json_string_value(name));
	}
	line[w.used] = '\0';
	size_t rest = json_array_size(names) - index;
	char more[32] = "";
	if (rest > 0)
		(void)snprintf(more, sizeof(more), " and %zu more", rest);
	char whole[CELL_SIZE + sizeof(more)];
	(void)snprintf(whole, sizeof(whole), "%s%s", line, more);
	output_fact(stdout, FACT_WIDTH, title, whole);
}

static void print_fact(const char *key, const json_t *value)
{
	char title[TITLE_SIZE];
	size_t index;
	json_t *item;
	(void)title_of(key, title);
	if (json_is_object(value))
		print_object(title, value);
	else if (json_is_string(value) && strchr(json_string_value(value), '\n') != NULL)
		print_lines(json_string_value(value));
	else
		print_scalar(0, title, value);
	if (json_is_string(json_array_get(value, 0))) {
		print_names(title, value);
		return;
	}
	json_array_foreach (value, index, item) {
		print_item(title, item);
	}
}

static void print_facts(const char *says, const json_t *object)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		bool said = says != NULL && strcmp(key, says) == 0;
		if (!said && strcmp(key, "schema_version") != 0)
			print_fact(key, value);
	}
}

bool print_result(const struct op *op, const json_t *result, struct error *err)
{
	const json_t *rows = op->rows == NULL ? NULL : json_object_get(result, op->rows);
	if (!json_is_object(result) || (op->rows != NULL && !json_is_array(rows)))
		return fail(err, FAULT_IO,
			"the daemon's answer is not that of `%s`: is it of another version?",
			op->words);
	if (op->rows != NULL)
		return print_rows(op, rows, err);
	print_facts(op->says, result);
	if (op->says != NULL && json_is_string(json_object_get(result, op->says)))
		output_message("%s", json_string_value(json_object_get(result, op->says)));
	return true;
}
