/* What parses writes back to something that parses the same, and its header told its size. */
#include "target.h"
#include "wire/tvs_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t memory[TVS_HEADER_SIZE + LIMIT_MESSAGE];
	struct tvs_message once, twice;
	struct error err = { 0 };
	size_t body = 0;
	size_t header = size < TVS_HEADER_SIZE ? size : TVS_HEADER_SIZE;
	bool opened = tvs_message_body_size(reader_of(data, header), &body, &err);
	if (!opened)
		(void)refused(&err);
	if (!tvs_message_parse(reader_of(data, size), &once, &err))
		return refused(&err);
	assert(opened && body == size - TVS_HEADER_SIZE);
	struct writer w = writer_on(memory, sizeof(memory));
	tvs_message_write(&w, &once);
	assert(w.ok && tvs_message_parse(writer_written(&w), &twice, &err));
	assert(tvs_message_same(&once, &twice));
	return 0;
}
