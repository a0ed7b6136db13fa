#pragma once
/*
 * Certificates as they lie in files: one in DER, one or many in PEM with whatever stands between
 * them, or those that a PKCS#7 structure (.p7b, PEM or DER) carries, in the order of the file.
 */
#include "pki/cert.h"

enum { CERT_BUNDLE_MAX = 256, CERT_BUNDLE_BYTES = 1 << 20 };

struct cert_bundle { /* { 0 } is empty */
	size_t count;
	struct cert *certs[CERT_BUNDLE_MAX];
};

/* Adds those of one file; on failure the bundle stays as it was. FAULT_MALFORMED where there is
 * none, or one that cannot be read: "certificate 3: …". FAULT_LIMIT for more than
 * CERT_BUNDLE_MAX in all. */
bool cert_bundle_add(struct cert_bundle *bundle, struct reader file, struct error *err) MUST_CHECK;
void cert_bundle_done(struct cert_bundle *bundle); /* copes with twice */
