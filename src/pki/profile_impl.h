#pragma once
/* What self-signed certificates and requests to a CA share: the subject as the appliance encodes
 * it, extensions from the bits of pki/self_signed.h, and the checks of both. */
#include <openssl/x509.h>

#include "pki/key_impl.h"
#include "pki/self_signed.h"

bool profile_check_subject(const struct certificate_subject *subject, struct error *err) MUST_CHECK;
bool profile_check_dns_name(const char *name, size_t size, struct error *err) MUST_CHECK;
bool profile_check_usages(unsigned wanted, struct error *err) MUST_CHECK;
bool profile_check_hash(unsigned bits, struct error *err) MUST_CHECK;

X509_NAME *profile_name(const struct certificate_subject *subject); /* NULL: OpenSSL cannot */
/* Each appends its extensions; false: OpenSSL cannot. */
bool profile_usages(X509_EXTENSIONS **to, unsigned wanted);
bool profile_dns_names(X509_EXTENSIONS **to, const char *const *dns_names, size_t count);
bool profile_authority(X509_EXTENSIONS **to, bool authority);
/* Of SHA-2, these bits, or 0: as strong as the key. FAULT_USAGE where it is weaker. */
bool profile_digest(const struct key *key, unsigned bits, enum digest_kind *out, struct error *err)
	MUST_CHECK;
