#include "base/reader.h"

#include <string.h>

struct reader reader_of(const void *bytes, size_t size)
{
	return (struct reader){ .at = bytes, .left = size, .ok = true };
}

struct reader reader_of_text(const char *text)
{
	return reader_of(text, strlen(text));
}

static bool enough(struct reader *r, size_t size)
{
	if (r->ok && size <= r->left)
		return true;
	r->ok = false;
	r->left = 0;
	return false;
}

struct reader reader_sub(struct reader *r, size_t size)
{
	if (!enough(r, size))
		return (struct reader){ 0 };
	struct reader sub = reader_of(r->at, size);
	if (size > 0)
		r->at += size;
	r->left -= size;
	return sub;
}

static uint64_t number(struct reader *r, size_t size)
{
	struct reader bytes = reader_sub(r, size);
	uint64_t value = 0;
	for (size_t i = 0; i < bytes.left; i++)
		value = value << 8 | bytes.at[i];
	return value;
}

uint8_t reader_u8(struct reader *r)
{
	if (!enough(r, 1))
		return 0;
	r->left--;
	return *r->at++;
}

uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)number(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)number(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
	return number(r, 8);
}

struct reader reader_rest(struct reader *r)
{
	return reader_sub(r, r->left);
}

void reader_copy(struct reader *r, void *out, size_t size)
{
	struct reader bytes = reader_sub(r, size);
	if (size == 0)
		return;
	if (bytes.left == size)
		memcpy(out, bytes.at, size);
	else
		memset(out, 0, size);
}

bool reader_done(const struct reader *r)
{
	return r->ok && r->left == 0;
}

bool reader_same(struct reader a, struct reader b)
{
	return a.left == b.left && (a.left == 0 || memcmp(a.at, b.at, a.left) == 0);
}
