/* What parses has a path, names that are tokens, and values without control bytes; the end of its
 * head is found at the same place however the bytes arrive. */
#include <event2/keyvalq_struct.h>
#include <string.h>

#include "net/http_request.h"
#include "target.h"

static void check_field(const struct http_field *field)
{
	assert(field->name[0] != '\0' && strpbrk(field->name, " \t:\r\n") == NULL);
	assert(strpbrk(field->value, "\r\n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request r;
	struct error err = { 0 };
	struct reader bytes = reader_of(data, size);
	size_t from = 0, slowly = 0, found = 0;
	size_t head = http_head_size(bytes, &from);
	for (size_t have = 0; have <= size && found == 0; have++)
		found = http_head_size(reader_of(data, have), &slowly);
	assert(found == head);
	if (!http_request_parse(reader_sub(&bytes, head != 0 ? head : size), &r, &err))
		return refused(&err);
	assert(r.path[0] == '/' && (r.body == 0 || strcmp(r.method, "GET") != 0));
	for (size_t i = 0; i < r.field_count; i++)
		check_field(&r.fields[i]);
	for (const struct evkeyval *q = r.query->tqh_first; q != NULL; q = q->next.tqe_next)
		assert(q->key[0] != '\0' && q->value != NULL);
	http_request_done(&r);
	return 0;
}
