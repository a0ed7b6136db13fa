#include "cli/width_impl.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/text.h"
#include "cli/output.h"

enum { ESCAPE_WIDEST = 4 }; /* one byte becomes \xNN */

char *escaped_new(const char *text)
{
	size_t size = ESCAPE_WIDEST * strlen(text) + 1;
	char *escaped = malloc(size);
	if (escaped != NULL)
		(void)text_escape(reader_of_text(text), escaped, size);
	return escaped;
}

size_t escaped_width(const char *escaped)
{
	size_t width = 0, left = strlen(escaped);
	mbstate_t state = { 0 };
	while (left > 0) {
		wchar_t letter;
		size_t used = mbrtowc(&letter, escaped, left, &state);
		if (used == 0 || used > left) { /* no locale that knows UTF-8: a byte, a column */
			used = 1;
			letter = L'?';
			state = (mbstate_t){ 0 };
		}
		int columns = wcwidth(letter);
		width += columns > 0 ? (size_t)columns : 0;
		escaped += used;
		left -= used;
	}
	return width;
}

size_t text_width(const char *text)
{
	char *escaped = escaped_new(text);
	size_t width = escaped == NULL ? strlen(text) : escaped_width(escaped);
	free(escaped);
	return width;
}
