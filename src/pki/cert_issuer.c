#include "pki/cert_issuer.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "pki/cert_impl.h"
#include "pki/crypto_fault_impl.h"

/* They have been forged: a signature with one proves nothing. */
static bool digest_is_broken(const X509 *x509)
{
	int digest = NID_undef;
	if (OBJ_find_sigid_algs(X509_get_signature_nid(x509), &digest, NULL) != 1)
		return false;
	return digest == NID_md5 || digest == NID_md4 || digest == NID_md2;
}

static bool check_signature(X509 *x509, const struct cert *issuer, struct error *err)
{
	const char *who = cert_subject(issuer, NAME_BUILDER);
	if (digest_is_broken(x509))
		return fail(err, FAULT_REFUSED, "it is signed with %s, which proves nothing",
			OBJ_nid2ln(X509_get_signature_nid(x509)));
	EVP_PKEY *pkey = public_key_ready(cert_key_of(issuer), err);
	if (pkey == NULL)
		return fail_in(err, "%.160s", who);
	bool fits = X509_verify(x509, pkey) == 1;
	ERR_clear_error();
	return fits || fail(err, FAULT_UNTRUSTED, "it was not signed by the key of %.160s", who);
}

bool cert_signed_by(const struct cert *c, const struct cert *issuer, struct error *err)
{
	struct reader der = cert_der(c);
	const unsigned char *at = der.at;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.left);
	if (x509 == NULL)
		return fail_openssl(err, FAULT_MALFORMED, "the certificate cannot be read whole");
	bool fits = check_signature(x509, issuer, err);
	X509_free(x509);
	return fits;
}
