#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

bool bytes_copy(struct bytes *out, struct reader from, struct error *err)
{
	struct bytes copy = { 0 };
	if (from.left > 0) {
		copy.data = malloc(from.left);
		if (copy.data == NULL)
			return fail_memory(err);
		memcpy(copy.data, from.at, from.left);
		copy.size = from.left;
	}
	*out = copy;
	return true;
}

struct reader bytes_reader(const struct bytes *b)
{
	return reader_of(b->data, b->size);
}

void bytes_done(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

void bytes_wipe(struct bytes *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->size);
	bytes_done(b);
}
