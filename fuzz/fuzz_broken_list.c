/* What is printed of anything that calls itself a list is printable, and no more than its bytes can
 * account for. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/broken_list.h"
#include "target.h"

enum { LINE_MAX_BYTES = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = NULL;
	size_t length = 0, line = 0;
	FILE *to = open_memstream(&text, &length);
	assert(to != NULL);
	broken_list_print(to, "a list", reader_of(data, size));
	assert(fclose(to) == 0);
	assert(text_is_utf8(reader_of(text, length)));
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = (uint8_t)text[i];
		assert(byte == '\n' || (byte >= ' ' && byte != 0x7f));
		line = byte == '\n' ? 0 : line + 1;
		assert(line <= LINE_MAX_BYTES);
	}
	assert(length <= 200 + (size + 1) * LINE_MAX_BYTES);
	free(text);
	return 0;
}
