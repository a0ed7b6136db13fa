#pragma once
/* Who signed a certificate, by the signature alone. */
#include "pki/cert.h"

/* The issuer's key signed this certificate; whether it may is another question (pki/chain.h).
 * FAULT_UNTRUSTED when not, FAULT_REFUSED for a key that is too weak and for MD2, MD4 and MD5. */
bool cert_signed_by(const struct cert *c, const struct cert *issuer, struct error *err) MUST_CHECK;
