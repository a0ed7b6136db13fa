#pragma once

/* What all that is read from PEM and written as PEM (RFC 7468) shares. */

#include <openssl/bio.h>

#include "base/error.h"
#include "base/reader.h"

enum { PEM_FILE_MAX = 1 << 20 };

/* Over the bytes of a file, which must outlive it; BIO_free it. LIMIT beyond PEM_FILE_MAX. */
BIO *pem_open(struct reader file, struct error *err);

/* One block with that label, ended by a NUL; the caller frees it. CRYPTO or MEMORY. */
MUST_CHECK bool pem_write(const char *label, struct reader der, char **out, struct error *err);
