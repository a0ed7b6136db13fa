#include "wire/header_edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t numbers[512] = { 0x5a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

struct signed_header sample_header(void)
{
	return (struct signed_header){
		.version = { 1, 2 },
		.has_signer_version = true,
		.signer_version = { 1, 0 },
		.signer_name = reader_of_text("CN=ITLRECOVERY_pub;OU=labs;O=dialtrust"),
		.serial = reader_of(numbers, 16),
		.issuer_name = reader_of_text("CN=ITLRECOVERY_pub;OU=labs;O=dialtrust"),
		.hash = HASH_SHA1,
		.modulus = 256,
		.signature = reader_of(numbers, 256),
		.file_name = reader_of_text("ITLFile.tlv"),
		.has_timestamp = true,
		.timestamp = 0x6887b03e,
	};
}

struct signed_header sample_encrypted_header(void)
{
	struct signed_header h = sample_header();
	h.version = (struct version){ 2, 0 };
	h.has_signer_version = false;
	h.file_name = reader_of_text("SEP001122334455.cnf.xml.enc.sgn");
	h.has_encryption = true;
	h.encryption = (struct encryption){
		.iv = reader_of(numbers, 16),
		.padding = 13,
		.wrapped_key = reader_of(numbers, 256),
		.hash = HASH_SHA1,
		.digest = reader_of(numbers, 20),
	};
	return h;
}

struct bytes header_bytes(const struct signed_header *header)
{
	AUTO_DONE(writer) w = writer_new(70000);
	struct bytes out = { 0 };
	signed_header_write(&w, header);
	assert_true(writer_take(&w, &out, NULL));
	return out;
}

static bool groups(uint8_t tag)
{
	static const uint8_t tags[] = { 3, 7, 9, 16, 17, 21 };
	return memchr(tags, tag, sizeof(tags)) != NULL;
}

static bool seek_tag(const struct bytes *header, uint8_t tag, size_t *out)
{
	size_t end = get_u16(header, 8);
	size_t at = 0;
	while (at < end && header->data[at] != tag)
		if (header->data[at] == 13)
			at += 1;
		else if (groups(header->data[at]))
			at += 3;
		else
			at += 3u + get_u16(header, at + 1);
	*out = at;
	return at < end;
}

size_t find_tag(const struct bytes *header, uint8_t tag)
{
	size_t at = 0;
	assert_true(seek_tag(header, tag, &at));
	return at;
}

void splice(struct bytes *b, size_t offset, size_t remove, struct reader insert)
{
	AUTO_DONE(writer) w = writer_new(1 << 20);
	assert_true(offset + remove <= b->size);
	writer_bytes(&w, reader_of(b->data, offset));
	writer_bytes(&w, insert);
	writer_bytes(&w, reader_of(b->data + offset + remove, b->size - offset - remove));
	bytes_done(b);
	assert_true(writer_take(&w, b, NULL));
}

uint16_t get_u16(const struct bytes *b, size_t offset)
{
	assert_true(offset + 2 <= b->size);
	return (uint16_t)(b->data[offset] << 8 | b->data[offset + 1]);
}

void set_u16(struct bytes *b, size_t offset, size_t value)
{
	assert_true(offset + 2 <= b->size);
	b->data[offset] = (uint8_t)(value >> 8);
	b->data[offset + 1] = (uint8_t)value;
}

static void change(struct bytes *header, size_t offset, size_t remove, struct reader piece)
{
	static const uint8_t padding[3] = { 13, 13, 13 };
	size_t end = get_u16(header, 8);
	size_t padded = 0;
	while (padded < 3 && header->data[end - 1 - padded] == 13)
		padded++;
	splice(header, end - padded, padded, reader_of(NULL, 0));
	end -= padded;
	splice(header, offset, remove, piece);
	end = end - remove + piece.left;
	size_t need = (4 - end % 4) % 4;
	splice(header, end, 0, reader_of(padding, need));
	set_u16(header, 8, end + need);
}

void header_insert(struct bytes *header, size_t offset, struct reader piece)
{
	change(header, offset, 0, piece);
}

void header_remove(struct bytes *header, size_t offset, size_t size)
{
	change(header, offset, size, reader_of(NULL, 0));
}

void header_drop_tag(struct bytes *header, uint8_t tag)
{
	size_t at = find_tag(header, tag);
	size_t size = 3 + (size_t)get_u16(header, at + 1);
	for (uint8_t group = 3; group <= 21; group++) {
		size_t start;
		if (!groups(group) || group == tag || !seek_tag(header, group, &start))
			continue;
		size_t length = get_u16(header, start + 1);
		if (at >= start + 3 && at < start + 3 + length)
			set_u16(header, start + 1, length - size);
	}
	header_remove(header, at, size);
}
