#pragma once
/*
 * tag u8, length u16, value: the grammar of trust lists, signed files, TVS, CAPF and of our own
 * snapshot index. Lengths are written last, so nobody computes a size by hand.
 */
#include "base/writer.h"

struct tlv {
	uint8_t tag;
	struct reader value;
};

bool tlv_next(struct reader *r, struct tlv *out); /* false: at the end, or cut short (!r->ok) */

size_t tlv_open(struct writer *w, uint8_t tag); /* returns the mark for tlv_close */
void tlv_close(struct writer *w, size_t mark);  /* a value over 65535 bytes breaks the writer */
void tlv_write(struct writer *w, uint8_t tag, struct reader value);
void tlv_write_text(struct writer *w, uint8_t tag, struct reader text); /* adds the NUL */
void tlv_write_u8(struct writer *w, uint8_t tag, uint8_t value);
void tlv_write_u16(struct writer *w, uint8_t tag, uint16_t value);
void tlv_write_u32(struct writer *w, uint8_t tag, uint32_t value);
