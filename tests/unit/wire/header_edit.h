#pragma once
/* Finding and changing the pieces of a header or record, so that a test can break one thing. */
#include "base/bytes.h"
#include "wire/signed_header.h"

/* A small header with every tag of a trust list, signer version 1.0, no padding, 2048 bits. */
struct signed_header sample_header(void);
/* The same for an encrypted configuration. */
struct signed_header sample_encrypted_header(void);
struct bytes header_bytes(const struct signed_header *header);

/* Where the tag stands, groups entered; asserts that it is there. */
size_t find_tag(const struct bytes *header, uint8_t tag);
/* Puts a piece in or takes bytes out, and sets header length and padding anew. Groups around it are
 * the caller's to set. */
void header_insert(struct bytes *header, size_t offset, struct reader piece);
void header_remove(struct bytes *header, size_t offset, size_t size);
/* The whole tag with its length; groups that it stands in are made shorter. */
void header_drop_tag(struct bytes *header, uint8_t tag);

void splice(struct bytes *b, size_t offset, size_t remove, struct reader insert);
uint16_t get_u16(const struct bytes *b, size_t offset);
void set_u16(struct bytes *b, size_t offset, size_t value);
