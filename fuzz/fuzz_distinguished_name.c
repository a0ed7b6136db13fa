/* What is written of a name agrees with it, and is written again byte for byte. */
#include "base/limits.h"
#include "target.h"
#include "wire/distinguished_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct distinguished_name once, twice;
	uint8_t memory[16384], again[16384];
	struct error err = { 0 };
	if (!distinguished_name_parse(reader_of(data, size), &once, &err))
		return refused(&err);
	assert(once.count >= 1 && once.count <= NAME_ATTRIBUTES);
	assert(distinguished_name_same(&once, &once) && distinguished_name_agrees(&once, &once));
	struct writer w = writer_on(memory, sizeof(memory));
	distinguished_name_write(&w, &once);
	assert(w.ok);
	if (w.used == 0 || w.used > LIMIT_TEXT)
		return 0; /* nothing of it is kept, or escapes made it too long */
	assert(distinguished_name_parse(writer_written(&w), &twice, &err));
	assert(distinguished_name_agrees(&once, &twice));
	struct writer v = writer_on(again, sizeof(again));
	distinguished_name_write(&v, &twice);
	assert(v.ok && reader_same(writer_written(&w), writer_written(&v)));
	return 0;
}
