/* The first byte chooses the message; each has one way to be written, byte for byte. */
#include "target.h"
#include "wire/signer_message.h"

#define TRIP(kind)                                                                                 \
	static bool trip_##kind(struct reader r, struct writer *w, struct error *err)              \
	{                                                                                          \
		struct signer_##kind m;                                                            \
		if (!signer_##kind##_parse(r, &m, err))                                            \
			return false;                                                              \
		signer_##kind##_write(w, &m);                                                      \
		return true;                                                                       \
	}

TRIP(make)
TRIP(identity)
TRIP(mark)
TRIP(sign)
TRIP(leaf)

static bool trip_key_rows(struct reader r, struct writer *w, struct error *err)
{
	struct signer_key_row row;
	for (; r.left > 0; signer_key_row_write(w, &row))
		if (!signer_key_row_next(&r, &row, err))
			return false;
	return true;
}

static bool (*const trips[])(struct reader r, struct writer *w, struct error *err) = { trip_make,
	trip_identity, trip_mark, trip_sign, trip_leaf, trip_key_rows };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { 0 };
	struct reader r = reader_of(data, size);
	uint8_t kind = reader_u8(&r);
	if (!r.ok || kind >= COUNT(trips))
		return 0;
	AUTO_DONE(writer) w = writer_new(size);
	if (!trips[kind](r, &w, &err))
		return refused(&err);
	assert(w.ok && reader_same(writer_written(&w), r));
	return 0;
}
