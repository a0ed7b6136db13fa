/* What parses writes back to something that parses the same; the signature covers all but itself;
 * without its signature a header is written as the covered bytes are. */
#include "target.h"
#include "wire/signed_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t memory[65536], bare[65536];
	struct signed_header once, twice;
	struct reader parts[2];
	struct error err = { 0 };
	struct reader body = reader_of(data, size);
	if (!signed_header_parse(&body, &once, &err))
		return refused(&err);
	assert(once.size + body.left == size && signed_header_recognise(reader_of(data, size)));
	signed_header_covers(reader_of(data, size), &once, parts);
	assert(parts[0].left + 3 + once.modulus + parts[1].left == size);
	struct writer w = writer_on(memory, sizeof(memory));
	signed_header_write(&w, &once);
	assert(w.ok && w.used == once.size);
	struct reader again = writer_written(&w);
	assert(signed_header_parse(&again, &twice, &err) && again.left == 0);
	assert(signed_header_same(&once, &twice));
	signed_header_covers(writer_written(&w), &twice, parts);
	struct writer v = writer_on(bare, sizeof(bare));
	twice.signature = (struct reader){ 0 };
	signed_header_write(&v, &twice);
	assert(v.ok && v.used == parts[0].left + parts[1].left);
	assert(reader_same(parts[0], reader_of(bare, parts[0].left)));
	assert(reader_same(parts[1], reader_of(bare + parts[0].left, parts[1].left)));
	return 0;
}
