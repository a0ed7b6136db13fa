#pragma once
/* Certificates and private keys that the operator has in files, PEM or DER. The sentence of a
 * failure starts with the file. */
#include "pki/cert.h"
#include "pki/key.h"

struct cert *cert_source_read(const char *path, struct error *err);
/* Without a password; what was read of the file is wiped. */
struct key *key_source_read(const char *path, struct error *err);
