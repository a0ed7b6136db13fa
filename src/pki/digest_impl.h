#pragma once
/* Digest kinds as OpenSSL knows them; for the files of pki/ only. */
#include <openssl/evp.h>

#include "pki/digest.h"

const EVP_MD *digest_md(enum digest_kind kind);
