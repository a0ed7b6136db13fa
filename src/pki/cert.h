#pragma once
/* X.509 certificates, read only. Getters lend what dies with the certificate. */
#include "base/bytes.h"
#include "pki/digest.h"

struct cert;

/* How a name is written into lists and questions: docs/formats/distinguished-name.md */
enum name_form {
	NAME_APPLIANCE,    /* CN=…;OU=…;O=…;L=…;ST=…;C=…, others dropped */
	NAME_BUILDER,      /* certificate order, commas, RFC 4514 escapes: the public builder's */
	NAME_BUILDER_2023, /* the same with semicolons, as it wrote before August 2024 */
};

struct cert_key { /* what the public key is */
	bool rsa;
	unsigned bits; /* modulus or field */
	bool weak;     /* RSA under 1024 bits, exponent even or below 3, or an unnamed curve */
	char name[16]; /* "RSA-2048", "EC-P384" */
};

/* Exactly one certificate and nothing behind it; not over LIMIT_CERTIFICATE. */
struct cert *cert_parse(struct reader der, struct error *err);
struct cert *cert_parse_pem(struct reader pem, struct error *err); /* the first one */
struct cert *cert_keep(struct cert *c);                            /* another owner of the same */
void cert_free(struct cert *c);
DEFINE_AUTO(cert, cert_free);

struct reader cert_der(const struct cert *c);
const uint8_t *cert_digest(const struct cert *c); /* SHA-256 of the DER, DIGEST_SIZE bytes */
bool cert_same(const struct cert *a, const struct cert *b);
struct reader cert_serial(const struct cert *c); /* unsigned, without the DER sign byte */
const char *cert_subject(const struct cert *c, enum name_form form);
const char *cert_issuer(const struct cert *c, enum name_form form);
const char *cert_common_name(const struct cert *c); /* "" when there is none */
int64_t cert_not_before(const struct cert *c);      /* seconds since 1970 */
int64_t cert_not_after(const struct cert *c);
struct cert_key cert_key(const struct cert *c);
struct reader cert_public_key(const struct cert *c); /* RSAPublicKey DER, or the X9.62 point */
struct reader cert_signature(const struct cert *c);  /* content of the BIT STRING */
const char *cert_signature_algorithm(const struct cert *c); /* "sha256WithRSAEncryption" */
void cert_key_id(const struct cert *c, uint8_t out[static DIGEST_SIZE]); /* as key_id() */

/* The certificate's key made this signature over the parts (RSA: PKCS#1 v1.5, the whole padding
 * compared). FAULT_UNTRUSTED when not, FAULT_REFUSED for a key that is too weak. */
bool cert_verify(const struct cert *c, enum digest_kind kind, const struct reader *parts,
	size_t count, struct reader signature, struct error *err) MUST_CHECK;

bool cert_pem(const struct cert *c, char **out, struct error *err) MUST_CHECK; /* free() it */
