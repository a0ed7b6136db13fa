#pragma once
/* A certificate with its private key: what a TLS server shows. Used by net/tls.c. */
#include "pki/cert.h"
#include "pki/key.h"

struct identity;

/* FAULT_REFUSED when the key is not the certificate's. Neither argument is taken over. */
struct identity *identity_new(const struct cert *cert, const struct key *key, struct error *err);
const struct cert *identity_cert(const struct identity *who);
void identity_free(struct identity *who);
DEFINE_AUTO(identity, identity_free);

/* For net/tls.c only: the OpenSSL objects, borrowed (X509 *, EVP_PKEY *). */
void *identity_x509(const struct identity *who);
void *identity_pkey(const struct identity *who);
