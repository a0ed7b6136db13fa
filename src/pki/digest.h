#pragma once
/* Digests over one or several stretches of bytes. */
#include "base/error.h"
#include "base/reader.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 2 * DIGEST_SIZE + 1, DIGEST_MAX = 64 };

enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };

size_t digest_size(enum digest_kind kind);
const char *digest_name(enum digest_kind kind); /* "SHA-1", … */
/* out holds digest_size(kind) bytes. FAULT_CRYPTO when OpenSSL refuses (MD5 in FIPS mode). */
bool digest_of(enum digest_kind kind, const struct reader *parts, size_t count, uint8_t *out,
	struct error *err) MUST_CHECK;
bool digest_sha256(struct reader bytes, uint8_t out[static DIGEST_SIZE], struct error *err)
	MUST_CHECK;
