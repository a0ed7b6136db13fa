#include "provision/content.h"

#include <stdlib.h>

struct content {
	unsigned owners;
	struct bytes bytes;
};

struct content *content_new(struct bytes *bytes, struct error *err)
{
	struct content *c = malloc(sizeof(*c));
	if (c == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	*c = (struct content){ 1, *bytes };
	*bytes = (struct bytes){ 0 };
	return c;
}

struct content *content_keep(struct content *c)
{
	c->owners++;
	return c;
}

void content_free(struct content *c)
{
	if (c == NULL || --c->owners > 0)
		return;
	bytes_done(&c->bytes);
	free(c);
}

bool content_shared(const struct content *c)
{
	return c->owners > 1;
}

struct reader content_bytes(const struct content *c)
{
	return bytes_reader(&c->bytes);
}
