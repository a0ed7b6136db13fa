#pragma once
/* A folder of the maker's certificates, each file checked against the table of pki/authority.h:
 * docs/trust-stores.md#manufacturing-certificates */
#include "base/bytes.h"

/* All of them in PEM. FAULT_UNTRUSTED names the first file with anything else in it. */
bool authority_folder_read(const char *path, struct bytes *out, struct error *err) MUST_CHECK;
