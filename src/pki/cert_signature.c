#include <openssl/err.h>

#include "pki/cert_impl.h"
#include "pki/digest_impl.h"

/* PKCS#1 v1.5 is OpenSSL's default for RSA: it opens the signature, demands the whole padding and
 * compares the whole DigestInfo, so a forgery that hides bytes behind the digest (e = 3) fails. */
static bool verify_parts(
	EVP_MD_CTX *context, const struct reader *parts, size_t count, struct reader signature)
{
	for (size_t i = 0; i < count; i++)
		if (EVP_DigestVerifyUpdate(context, parts[i].at, parts[i].left) != 1)
			return false;
	return EVP_DigestVerifyFinal(context, signature.at, signature.left) == 1;
}

static bool fits(EVP_PKEY *pkey, enum digest_kind kind, const struct reader *parts, size_t count,
	struct reader signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL &&
		EVP_DigestVerifyInit(context, NULL, digest_md(kind), NULL, pkey) == 1 &&
		verify_parts(context, parts, count, signature);
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return ok;
}

bool cert_verify(const struct cert *c, enum digest_kind kind, const struct reader *parts,
	size_t count, struct reader signature, struct error *err)
{
	const char *who = cert_subject(c, NAME_APPLIANCE);
	if (kind == DIGEST_MD5)
		return fail(err, FAULT_REFUSED, "%s: a signature with MD5 proves nothing", who);
	EVP_PKEY *pkey = public_key_ready(cert_key_of(c), err);
	if (pkey == NULL)
		return fail_in(err, "%s", who);
	size_t size = (size_t)EVP_PKEY_get_size(pkey);
	if (signature.left == 0 || signature.left > size ||
		(cert_key(c).rsa && signature.left != size))
		return fail(err, FAULT_UNTRUSTED,
			"%s: a signature of %zu bytes does not fit its key of %zu bytes", who,
			signature.left, size);
	if (!fits(pkey, kind, parts, count, signature))
		return fail(
			err, FAULT_UNTRUSTED, "the signature was not made by the key of %s", who);
	return true;
}
