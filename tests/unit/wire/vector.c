#include "wire/vector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/writer.h"

struct bytes vector_load(const char *name)
{
	const char *folder = getenv("DIALTRUST_VECTORS");
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : "", name);
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		print_message("skipped: %s is not here\n", name);
		skip();
	}
	uint8_t piece[4096];
	AUTO_DONE(writer) w = writer_new(1 << 20);
	for (size_t got; (got = fread(piece, 1, sizeof(piece), file)) > 0;)
		writer_bytes(&w, reader_of(piece, got));
	(void)fclose(file);
	struct bytes out = { 0 };
	assert_true(writer_take(&w, &out, NULL));
	return out;
}
