#pragma once
/* Certificates issued by others, with OpenSSL, in whatever shape a test wants. A failure ends the
 * test. */
#include "pki/cert.h"
#include "pki/key.h"

enum { ISSUED_EXTENSIONS = 6 };

struct issue {
	const char *subject, *issuer; /* common names */
	const struct key *key, *issuer_key;
	const char *digest; /* NULL: "SHA256" */
	int64_t not_before; /* 0: ISSUED_NOW - 1000 */
	int64_t not_after;  /* 0: ISSUED_NOW + 1000 */
	bool version_1;
	/* as in OpenSSL's configuration files: "basicConstraints", "critical,CA:TRUE" */
	struct {
		const char *name, *value;
	} extensions[ISSUED_EXTENSIONS];
};

#define ISSUED_NOW INT64_C(1800000000)
#define ISSUED(of, by, own, signer) .subject = of, .issuer = by, .key = own, .issuer_key = signer
#define ISSUED_CA                                                                                  \
	{                                                                                          \
		"basicConstraints", "critical,CA:TRUE"                                             \
	}

struct cert *issued(const struct issue *what);
