/* What parses writes back to something that parses the same; its records fill it exactly; what our
 * writer wrote, it writes again byte for byte. */
#include "target.h"
#include "wire/trust_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trust_list once, twice;
	static uint8_t written[LIMIT_TRUST_LIST], again[LIMIT_TRUST_LIST];
	struct error err = { 0 };
	if (!trust_list_parse(reader_of(data, size), &once, &err))
		return refused(&err);
	size_t covered = once.header.size;
	for (size_t i = 0; i < once.count; covered += once.records[i++].size)
		assert(once.records[i].offset == covered && once.records[i].size >= 5);
	assert(covered == size);
	struct writer w = writer_on(written, sizeof(written));
	trust_list_write(&w, &once);
	assert(w.ok && w.used == size);
	assert(trust_list_parse(writer_written(&w), &twice, &err));
	assert(trust_list_same(&once, &twice));
	struct writer v = writer_on(again, sizeof(again));
	trust_list_write(&v, &twice);
	assert(v.ok && reader_same(writer_written(&w), writer_written(&v)));
	return 0;
}
