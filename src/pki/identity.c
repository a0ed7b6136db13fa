#include "pki/identity.h"

#include <openssl/x509.h>
#include <stdlib.h>

#include "pki/cert_impl.h"
#include "pki/crypto_fault_impl.h"
#include "pki/key_impl.h"

struct identity {
	struct cert *cert;
	EVP_PKEY *pkey;
};

struct identity *identity_new(const struct cert *cert, const struct key *key, struct error *err)
{
	if (X509_check_private_key(cert_x509(cert), key_pkey(key)) != 1) {
		(void)fail_openssl(err, FAULT_REFUSED, "the key is not the certificate's");
		(void)fail_in(err, "%s", cert_subject(cert, NAME_APPLIANCE));
		return NULL;
	}
	AUTO(identity) who = calloc(1, sizeof(*who));
	if (who == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	who->cert = cert_parse(cert_der(cert), err);
	if (who->cert == NULL)
		return NULL;
	if (EVP_PKEY_up_ref(key_pkey(key)) != 1) {
		(void)fail_crypto(err, "the key cannot be shared");
		return NULL;
	}
	who->pkey = key_pkey(key);
	return TAKE(who);
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
	EVP_PKEY_free(who->pkey);
	free(who);
}

void *identity_x509(const struct identity *who)
{
	return cert_x509(who->cert);
}

void *identity_pkey(const struct identity *who)
{
	return who->pkey;
}
