#pragma once
/* Certificates with their labels, as manager and courier hand them to one another: row by row, up
 * to the end of the message. docs/formats/sibling.md#courier */
#include "base/writer.h"

enum { BULK_LABEL_SIZE = 256 };

struct bulk_row {
	char label[BULK_LABEL_SIZE];
	struct reader der; /* borrowed */
};

void bulk_text_write(struct writer *w, const char *text);
bool bulk_text_read(struct reader *r, char *out, size_t size, struct error *err) MUST_CHECK;
void bulk_row_write(struct writer *w, const char *label, struct reader der);
/* The next one; a message ends where r has nothing left. FAULT_MALFORMED. */
bool bulk_row_read(struct reader *r, struct bulk_row *out, struct error *err) MUST_CHECK;
