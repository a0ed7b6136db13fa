/* What parses writes back to something that parses the same, and its header told its size. */
#include "target.h"
#include "wire/capf_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t memory[CAPF_HEADER_SIZE + LIMIT_MESSAGE];
	struct capf_message once, twice;
	struct error err = { 0 };
	size_t body = 0;
	size_t header = size < CAPF_HEADER_SIZE ? size : CAPF_HEADER_SIZE;
	bool opened = capf_message_body_size(reader_of(data, header), &body, &err);
	if (!opened)
		(void)refused(&err);
	if (!capf_message_parse(reader_of(data, size), &once, &err))
		return refused(&err);
	assert(opened && body == size - CAPF_HEADER_SIZE);
	struct writer w = writer_on(memory, sizeof(memory));
	capf_message_write(&w, &once);
	assert(w.ok && writer_written(&w).left == size);
	assert(capf_message_parse(writer_written(&w), &twice, &err));
	assert(capf_message_same(&once, &twice));
	return 0;
}
