#include "base/tlv.h"

bool tlv_next(struct reader *r, struct tlv *out)
{
	if (!r->ok || r->left == 0)
		return false;
	out->tag = reader_u8(r);
	size_t size = reader_u16(r);
	out->value = reader_sub(r, size);
	return r->ok;
}

size_t tlv_open(struct writer *w, uint8_t tag)
{
	writer_u8(w, tag);
	writer_u16(w, 0);
	return w->used;
}

void tlv_close(struct writer *w, size_t mark)
{
	if (w->ok)
		writer_patch_u16(w, mark - 2, w->used - mark);
}

void tlv_write(struct writer *w, uint8_t tag, struct reader value)
{
	size_t mark = tlv_open(w, tag);
	writer_bytes(w, value);
	tlv_close(w, mark);
}

void tlv_write_text(struct writer *w, uint8_t tag, struct reader text)
{
	size_t mark = tlv_open(w, tag);
	writer_bytes(w, text);
	writer_u8(w, 0);
	tlv_close(w, mark);
}

void tlv_write_u8(struct writer *w, uint8_t tag, uint8_t value)
{
	tlv_write(w, tag, reader_of(&value, 1));
}

void tlv_write_u16(struct writer *w, uint8_t tag, uint16_t value)
{
	size_t mark = tlv_open(w, tag);
	writer_u16(w, value);
	tlv_close(w, mark);
}

void tlv_write_u32(struct writer *w, uint8_t tag, uint32_t value)
{
	size_t mark = tlv_open(w, tag);
	writer_u32(w, value);
	tlv_close(w, mark);
}
