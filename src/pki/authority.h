#pragma once
/*
 * The certificate authorities of the maker of the phones, known by the SHA-256 of their
 * certificates: which one is it, what does it issue. docs/formats/cisco-authorities.md
 */
#include "pki/cert.h"

struct authority {
	const char *name;   /* its common name */
	const char *sha256; /* of the certificate, hexadecimal */
	const char *key_id; /* subjectKeyIdentifier, hexadecimal */
	const char *means;  /* "issues the manufacturing certificates of older phones" */
	bool root;
};

const struct authority *authority_rows(size_t *count);
const struct authority *authority_of(const struct cert *c); /* NULL: none that we know */
/* The one whose key this authorityKeyIdentifier names: what a certificate says of its issuer, which
 * is no proof. NULL: none that we know. */
const struct authority *authority_named(struct reader key_id);
