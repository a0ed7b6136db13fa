#include "pki/identity.h"

#include <openssl/x509.h>
#include <stdlib.h>

#include "pki/crypto_fault_impl.h"
#include "pki/key_impl.h"

struct identity {
	struct cert *cert;
	X509 *x509;
	EVP_PKEY *pkey;
};

/* Reads the certificate again, the way OpenSSL's TLS wants it. */
static bool fill(
	struct identity *who, const struct cert *cert, const struct key *key, struct error *err)
{
	struct reader der = cert_der(cert);
	const unsigned char *at = der.at;
	who->cert = cert_parse(der, err);
	if (who->cert == NULL)
		return false;
	who->x509 = d2i_X509(NULL, &at, (long)der.left);
	if (who->x509 == NULL || EVP_PKEY_up_ref(key_pkey(key)) != 1)
		return fail_crypto(err, "the certificate cannot be used");
	who->pkey = key_pkey(key);
	if (X509_check_private_key(who->x509, who->pkey) != 1)
		return fail_openssl(err, FAULT_REFUSED, "the key is not the certificate's");
	return true;
}

struct identity *identity_new(const struct cert *cert, const struct key *key, struct error *err)
{
	struct identity *who = calloc(1, sizeof(*who));
	if (who == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	if (fill(who, cert, key, err))
		return who;
	identity_free(who);
	(void)fail_in(err, "%s", cert_subject(cert, NAME_APPLIANCE));
	return NULL;
}

const struct cert *identity_cert(const struct identity *who)
{
	return who->cert;
}

void identity_free(struct identity *who)
{
	if (who == NULL)
		return;
	cert_free(who->cert);
	X509_free(who->x509);
	EVP_PKEY_free(who->pkey);
	free(who);
}

void *identity_x509(const struct identity *who)
{
	return who->x509;
}

void *identity_pkey(const struct identity *who)
{
	return who->pkey;
}
