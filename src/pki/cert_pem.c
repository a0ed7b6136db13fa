#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "pki/cert_impl.h"
#include "pki/crypto_fault_impl.h"
#include "pki/pem_impl.h"

/* The contents of the first block that is a certificate; OPENSSL_free it. */
static unsigned char *pem_block(BIO *in, long *size)
{
	char *name = NULL;
	char *header = NULL;
	unsigned char *der = NULL;
	while (PEM_read_bio(in, &name, &header, &der, size) == 1) {
		bool wanted = strcmp(name, PEM_STRING_X509) == 0 ||
			strcmp(name, PEM_STRING_X509_OLD) == 0;
		OPENSSL_free(name);
		OPENSSL_free(header);
		if (wanted)
			return der;
		OPENSSL_clear_free(der, (size_t)*size); /* it may have been a private key */
	}
	return NULL;
}

struct cert *cert_parse_pem(struct reader pem, struct error *err)
{
	BIO *in = pem_open(pem, err);
	if (in == NULL)
		return NULL;
	long size = 0;
	struct cert *c = NULL;
	unsigned char *der = pem_block(in, &size);
	if (der == NULL && openssl_lacks_memory())
		(void)fail_memory(err);
	else if (der == NULL)
		(void)fail(err, FAULT_MALFORMED, "no certificate in PEM (BEGIN CERTIFICATE …)");
	else
		c = cert_parse(reader_of(der, (size_t)size), err);
	OPENSSL_free(der);
	BIO_free(in);
	ERR_clear_error();
	return c;
}

bool cert_pem(const struct cert *c, char **out, struct error *err)
{
	return pem_write(PEM_STRING_X509, cert_der(c), out, err);
}
