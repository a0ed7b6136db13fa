#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "pki/cert_impl.h"
#include "pki/crypto_fault_impl.h"

enum { PEM_FILE_MAX = 1 << 20 };

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
	if (pem.left > PEM_FILE_MAX) {
		(void)fail(err, FAULT_LIMIT, "a PEM file of %zu bytes, at most %d are accepted",
			pem.left, PEM_FILE_MAX);
		return NULL;
	}
	BIO *in = BIO_new_mem_buf(pem.left > 0 ? (const void *)pem.at : "", (int)pem.left);
	if (in == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
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
	AUTO_DONE(writer) w = writer_new(PEM_FILE_MAX);
	struct bytes text = { 0 };
	struct reader der = cert_der(c);
	const char *written = NULL;
	BIO *memory = BIO_new(BIO_s_mem());
	if (memory != NULL &&
		PEM_write_bio(memory, PEM_STRING_X509, "", der.at, (long)der.left) > 0) {
		long size = BIO_get_mem_data(memory, &written);
		writer_bytes(&w, reader_of(written, (size_t)size));
	} else {
		w.ok = false;
	}
	BIO_free(memory);
	writer_u8(&w, 0);
	if (!writer_take(&w, &text, err))
		return fail_crypto(err, "the certificate cannot be written as PEM");
	*out = (char *)text.data;
	return true;
}
