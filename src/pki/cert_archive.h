#pragma once
/*
 * Certificates in a PKCS#12 file, each with a label (friendlyName), sealed by a password: who does
 * not know it can read the file and cannot change it unseen. No keys: those in a file of others are
 * left where they are. docs/bulk.md
 */
#include "pki/cert.h"

enum { ARCHIVE_MAX = 1024, ARCHIVE_LABEL_SIZE = 256, ARCHIVE_BYTES = 4 << 20 };

struct archived {
	struct cert *cert;
	char label[ARCHIVE_LABEL_SIZE]; /* "" where the file has none */
};

struct cert_archive { /* { 0 } is empty */
	size_t count;
	struct archived *rows;
};

/* Another owner of the certificate. FAULT_LIMIT beyond ARCHIVE_MAX. */
bool cert_archive_add(struct cert_archive *a, const struct cert *cert, const char *label,
	struct error *err) MUST_CHECK;
void cert_archive_done(struct cert_archive *a); /* copes with twice */

bool cert_archive_write(const struct cert_archive *a, const char *password, struct bytes *out,
	struct error *err) MUST_CHECK;
/* FAULT_UNTRUSTED: changed, or sealed by another password. FAULT_MALFORMED, FAULT_LIMIT. */
bool cert_archive_read(struct reader file, const char *password, struct cert_archive *out,
	struct error *err) MUST_CHECK;
