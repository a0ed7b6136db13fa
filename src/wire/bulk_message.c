#include "wire/bulk_message.h"

#include "base/text.h"

void bulk_text_write(struct writer *w, const char *text)
{
	struct reader bytes = reader_of_text(text);
	if (bytes.left > UINT16_MAX)
		w->ok = false;
	writer_u16(w, (uint16_t)bytes.left);
	writer_bytes(w, bytes);
}

bool bulk_text_read(struct reader *r, char *out, size_t size, struct error *err)
{
	struct reader text = reader_sub(r, reader_u16(r));
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "is cut short");
	return text_from(text, out, size, err);
}

void bulk_row_write(struct writer *w, const char *label, struct reader der)
{
	bulk_text_write(w, label);
	if (der.left > UINT32_MAX)
		w->ok = false;
	writer_u32(w, (uint32_t)der.left);
	writer_bytes(w, der);
}

bool bulk_row_read(struct reader *r, struct bulk_row *out, struct error *err)
{
	struct bulk_row row;
	if (!bulk_text_read(r, row.label, sizeof(row.label), err))
		return false;
	row.der = reader_sub(r, reader_u32(r));
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "is cut short");
	*out = row;
	return true;
}
