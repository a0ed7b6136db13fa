#pragma once
/* The OpenSSL object behind a certificate; for the files of pki/ only. */
#include <openssl/x509.h>

#include "pki/cert.h"

X509 *cert_x509(const struct cert *c); /* borrowed */
