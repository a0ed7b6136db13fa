#include "wire/courier_message.h"

#include <string.h>

#include "base/text.h"

void courier_letter_write(struct writer *w, const struct courier_letter *letter)
{
	writer_u64(w, (uint64_t)letter->written);
	writer_u8(w, (uint8_t)strlen(letter->subject));
	writer_text(w, letter->subject);
	writer_bytes(w, letter->body);
}

bool courier_letter_parse(struct reader bytes, struct courier_letter *out, struct error *err)
{
	struct courier_letter letter = { .written = (int64_t)reader_u64(&bytes) };
	struct reader subject = reader_sub(&bytes, reader_u8(&bytes));
	letter.body = reader_rest(&bytes);
	if (!bytes.ok || letter.body.left == 0)
		return fail(err, FAULT_MALFORMED, "a letter that ends before its text");
	if (!text_from(subject, letter.subject, sizeof(letter.subject), err))
		return fail_in(err, "the subject of a letter");
	*out = letter;
	return true;
}
