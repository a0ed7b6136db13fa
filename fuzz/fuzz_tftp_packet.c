/* What parses writes back to something that parses the same; what would be printed can be. */
#include "base/text.h"
#include "target.h"
#include "wire/tftp_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t memory[66000];
	char shown[256];
	struct tftp_packet once, twice;
	struct error err = { 0 };
	if (!tftp_packet_parse(reader_of(data, size), &once, &err))
		return refused(&err);
	assert(text_from(reader_of_text(once.name), shown, sizeof(shown), &err));
	assert(text_from(reader_of_text(once.message), shown, sizeof(shown), &err));
	struct writer w = writer_on(memory, sizeof(memory));
	tftp_packet_write(&w, &once);
	assert(w.ok && tftp_packet_parse(writer_written(&w), &twice, &err));
	assert(tftp_packet_same(&once, &twice));
	return 0;
}
