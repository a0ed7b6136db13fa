/* There is one way to write an index: what parses writes back byte for byte. */
#include <string.h>

#include "target.h"
#include "wire/snapshot_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { 0 };
	AUTO(snapshot_index) index = snapshot_index_parse(reader_of(data, size), &err);
	if (index == NULL)
		return refused(&err);
	for (size_t i = 1; i < index->file_count; i++)
		assert(strcmp(index->files[i - 1].name, index->files[i].name) < 0);
	AUTO_DONE(writer) w = writer_new(size);
	snapshot_index_write(&w, index);
	assert(w.ok && reader_same(writer_written(&w), reader_of(data, size)));
	return 0;
}
