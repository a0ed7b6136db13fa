#pragma once
/* What the headers of all that we sign have in common; for the files of trust/ only. */
#include "trust/list_build.h"

/* Names, hash, file name and zeros for the signature. FAULT_REFUSED for a signer or a hash that
 * phones do not take. The header looks into what is given. */
bool header_fill(struct signed_header *header, const char *file_name,
	const struct file_signer *signer, struct error *err) MUST_CHECK;
