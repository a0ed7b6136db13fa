#include "base/writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct writer writer_new(size_t limit)
{
	return (struct writer){ .limit = limit, .ok = true };
}

struct writer writer_on(void *memory, size_t size)
{
	return (struct writer){
		.data = memory, .capacity = size, .limit = size, .fixed = true, .ok = true
	};
}

static bool grow(struct writer *w, size_t need)
{
	size_t capacity = w->capacity < 256 ? 256 : w->capacity;
	while (capacity < need)
		capacity *= 2;
	if (capacity > w->limit)
		capacity = w->limit;
	uint8_t *data = realloc(w->data, capacity);
	w->lacks_memory = data == NULL;
	if (data == NULL)
		return false;
	w->data = data;
	w->capacity = capacity;
	return true;
}

static uint8_t *space(struct writer *w, size_t size)
{
	if (w->ok && size > w->limit - w->used)
		w->ok = false;
	if (w->ok && size > w->capacity - w->used)
		w->ok = !w->fixed && grow(w, w->used + size);
	if (!w->ok || size == 0)
		return NULL;
	w->used += size;
	return w->data + w->used - size;
}

static void number(struct writer *w, uint64_t value, size_t size)
{
	uint8_t *at = space(w, size);
	for (size_t i = 0; at != NULL && i < size; i++)
		at[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

void writer_u8(struct writer *w, uint8_t value)
{
	number(w, value, 1);
}

void writer_u16(struct writer *w, uint16_t value)
{
	number(w, value, 2);
}

void writer_u32(struct writer *w, uint32_t value)
{
	number(w, value, 4);
}

void writer_u64(struct writer *w, uint64_t value)
{
	number(w, value, 8);
}

void writer_bytes(struct writer *w, struct reader bytes)
{
	uint8_t *at = space(w, bytes.left);
	if (at != NULL)
		memcpy(at, bytes.at, bytes.left);
}

void writer_text(struct writer *w, const char *text)
{
	writer_bytes(w, reader_of_text(text));
}

void writer_patch_u16(struct writer *w, size_t offset, size_t value)
{
	if (!w->ok)
		return;
	assert(offset <= w->used && w->used - offset >= 2);
	if (value > UINT16_MAX) {
		w->ok = false;
		return;
	}
	w->data[offset] = (uint8_t)(value >> 8);
	w->data[offset + 1] = (uint8_t)value;
}

struct reader writer_written(const struct writer *w)
{
	return reader_of(w->data, w->used);
}

bool writer_take(struct writer *w, struct bytes *out, struct error *err)
{
	assert(!w->fixed);
	if (!w->ok) {
		size_t limit = w->limit;
		bool lacks_memory = w->lacks_memory;
		writer_done(w);
		if (lacks_memory)
			return fail_memory(err);
		return fail(err, FAULT_LIMIT, "does not fit into %zu bytes", limit);
	}
	*out = (struct bytes){ .data = w->data, .size = w->used };
	*w = writer_new(w->limit);
	return true;
}

void writer_done(struct writer *w)
{
	if (!w->fixed)
		free(w->data);
	*w = (struct writer){ 0 };
}
