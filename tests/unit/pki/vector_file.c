#include "vector_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/writer.h"

enum { VECTOR_MAX = 1 << 20 };

bool vector_read(const char *name, struct bytes *out)
{
	char path[512];
	uint8_t piece[4096];
	const char *folder = getenv("DIALTRUST_VECTORS");
	if (folder == NULL || access(folder, R_OK) != 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	struct writer w = writer_new(VECTOR_MAX);
	for (size_t got; (got = fread(piece, 1, sizeof(piece), file)) > 0;)
		writer_bytes(&w, reader_of(piece, got));
	(void)fclose(file);
	assert_true(writer_take(&w, out, NULL));
	return true;
}
