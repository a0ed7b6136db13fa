#include "cli/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/width_impl.h"

static const char *const codes[] = {
	[PAINT_PLAIN] = "",
	[PAINT_TITLE] = "\x1b[1m",
	[PAINT_GOOD] = "\x1b[32m",
	[PAINT_FAINT] = "\x1b[2m",
};

bool output_coloured(FILE *to)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");
	return (no == NULL || no[0] == '\0') && terminal != NULL && strcmp(terminal, "dumb") != 0 &&
		isatty(fileno(to)) == 1;
}

void output_painted(FILE *to, enum paint paint, const char *text)
{
	char *escaped = escaped_new(text);
	bool coloured = paint != PAINT_PLAIN && output_coloured(to);
	(void)fprintf(to, "%s%s%s", coloured ? codes[paint] : "", escaped == NULL ? "" : escaped,
		coloured ? "\x1b[0m" : "");
	free(escaped);
}

void output_fact(FILE *to, int width, const char *name, const char *value)
{
	size_t used = text_width(name) + 1;
	int gap = (int)used < width ? width - (int)used : 0;
	output_painted(to, PAINT_FAINT, name);
	(void)fprintf(to, ":%*s ", gap, "");
	output_painted(to, PAINT_PLAIN, value);
	(void)fputc('\n', to);
}

void output_json(FILE *to, const json_t *value)
{
	(void)json_dumpf(value, to, JSON_INDENT(2) | JSON_ENCODE_ANY);
	(void)fputc('\n', to);
}

json_t *output_json_text(const char *text)
{
	if (text_is_utf8(reader_of_text(text)))
		return json_string(text);
	char *escaped = escaped_new(text);
	json_t *value = escaped == NULL ? NULL : json_string(escaped);
	free(escaped);
	return value;
}

void output_message(const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	char *escaped = escaped_new(text);
	(void)fflush(stdout); /* what was printed before comes before it on a terminal */
	(void)fprintf(stderr, "dialtrust: %s\n", escaped == NULL ? "out of memory" : escaped);
	free(escaped);
}
