#pragma once
/* What the headers of all that we sign have in common; for the files of trust/ only. */
#include "pki/cert.h"
#include "wire/signed_header.h"

/* Names, hash, file name and zeros for the signature. FAULT_REFUSED for a signer or a hash that
 * phones do not take. The header looks into what is given. */
bool header_fill(struct signed_header *header, const char *file_name, const struct cert *signer,
	enum hash_code hash, struct error *err) MUST_CHECK;
