#pragma once
/*
 * The header that opens every trust list, signed file and firmware container: bytes to struct and
 * back. Reading takes the tags of a signer in any order and keeps views into the caller's bytes;
 * writing uses the appliance's order. Strict as docs/formats/signed-header.md says. Whether a
 * signature is good is for trust/; which bytes it covers is said here.
 */
#include "base/tlv.h"
#include "wire/tag_table.h"

struct version {
	uint8_t major, minor;
};

/* docs/formats/signed-header.md#hash-codes: only 1 and 3 are ever written. */
enum hash_code { HASH_SHA1 = 1, HASH_SHA256 = 2, HASH_SHA512 = 3 };

/* Views into the bytes that were parsed; texts are without their NUL. */
struct signed_header {
	struct version version;
	bool has_signer_version;
	struct version signer_version;
	struct reader signer_name;
	struct reader serial; /* unsigned, without the DER sign byte */
	struct reader issuer_name;
	enum hash_code hash;
	size_t modulus;          /* bytes of the signature: 64, 128, 256 or 512 */
	struct reader signature; /* empty in a header that is still to be signed */
	size_t signature_offset; /* of tag 12 in the file; set by parsing */
	struct reader file_name;
	bool has_timestamp;
	uint32_t timestamp;  /* seconds since 1970 */
	bool has_encryption; /* tags 16, 26, 27 of version 2.0 */
	struct encryption {
		struct reader iv;
		uint16_t padding; /* pad bytes at the end of the plaintext */
		struct reader wrapped_key;
		enum hash_code hash;
		struct reader digest; /* of the clear file */
	} encryption;
	size_t padding; /* bytes at the header's end; set by parsing */
	size_t size;    /* HEADERLENGTH: header bytes in the file; set by parsing */
};

/* Takes the header off the front of `file` and leaves the body there. On failure the sentence
 * carries the offset. FAULT_MALFORMED, FAULT_LIMIT. */
bool signed_header_parse(struct reader *file, struct signed_header *out, struct error *err)
	MUST_CHECK;

/* Starts like such a header: the test for firmware, whose names do not tell. */
bool signed_header_recognise(struct reader file);

/* The row of a tag, or NULL where it is unknown: for those who print what cannot be parsed. */
const struct tag_rule *signed_header_tag(uint8_t tag);

/* With an empty signature writes what is to be signed: tag 12 left out, its size counted in
 * HEADERLENGTH. With one, writes the finished header. Breaks w when something does not fit. */
void signed_header_write(struct writer *w, const struct signed_header *header);

/* The two stretches of `file` that the signature covers: before and after tag 12. */
void signed_header_covers(
	struct reader file, const struct signed_header *header, struct reader out[static 2]);

size_t hash_code_size(enum hash_code hash); /* 20, 32 or 64 */
const char *hash_code_name(enum hash_code hash);
bool signed_header_same(const struct signed_header *a, const struct signed_header *b);
