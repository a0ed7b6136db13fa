#include "pki/cert_bundle.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <string.h>

#include "pki/crypto_fault_impl.h"

static const char pem_opening[] = "-----BEGIN ";

static size_t count_openings(struct reader file)
{
	size_t count = 0;
	for (size_t i = 0; i + sizeof(pem_opening) - 1 <= file.left; i++)
		if (memcmp(file.at + i, pem_opening, sizeof(pem_opening) - 1) == 0)
			count++;
	return count;
}

static bool add_one(struct cert_bundle *b, struct reader der, struct error *err)
{
	if (b->count == CERT_BUNDLE_MAX)
		return fail(err, FAULT_LIMIT, "more than %d certificates", CERT_BUNDLE_MAX);
	struct cert *c = cert_parse(der, err);
	if (c == NULL)
		return fail_in(err, "certificate %zu", b->count + 1);
	b->certs[b->count++] = c;
	return true;
}

static const STACK_OF(X509) * pkcs7_certs(const PKCS7 *p7)
{
	if (PKCS7_type_is_signed(p7) && p7->d.sign != NULL)
		return p7->d.sign->cert;
	return NULL;
}

static bool add_x509(struct cert_bundle *b, X509 *x509, struct error *err)
{
	unsigned char *der = NULL;
	int size = i2d_X509(x509, &der);
	bool fine = size > 0 ? add_one(b, reader_of(der, (size_t)size), err)
			     : fail_crypto(err, "a certificate inside cannot be written");
	OPENSSL_free(der);
	return fine;
}

static bool add_pkcs7(struct cert_bundle *b, struct reader der, struct error *err)
{
	const unsigned char *at = der.at;
	PKCS7 *p7 = d2i_PKCS7(NULL, &at, (long)der.left);
	const STACK_OF(X509) *certs =
		p7 != NULL && at == der.at + der.left ? pkcs7_certs(p7) : NULL;
	bool fine = certs != NULL && sk_X509_num(certs) > 0;
	if (!fine)
		(void)fail(err, FAULT_MALFORMED, "no PKCS#7 structure with certificates in it");
	for (int i = 0; fine && i < sk_X509_num(certs); i++)
		fine = add_x509(b, sk_X509_value(certs, i), err);
	PKCS7_free(p7);
	return fine;
}

typedef bool add_fn(struct cert_bundle *b, struct reader der, struct error *err);

static const struct block_row {
	const char *name;
	add_fn *add;
} blocks[] = {
	{ PEM_STRING_X509, add_one },
	{ PEM_STRING_X509_OLD, add_one },
	{ PEM_STRING_PKCS7, add_pkcs7 },
};

static bool add_block(struct cert_bundle *b, const char *name, struct reader der, struct error *err)
{
	for (size_t i = 0; i < COUNT(blocks); i++)
		if (strcmp(blocks[i].name, name) == 0)
			return blocks[i].add(b, der, err);
	return true; /* a key, a request: none of ours */
}

static bool add_blocks(struct cert_bundle *b, BIO *in, size_t *read, struct error *err)
{
	char *name = NULL;
	char *header = NULL;
	unsigned char *der = NULL;
	long size = 0;
	bool fine = true;
	while (fine && PEM_read_bio(in, &name, &header, &der, &size) == 1) {
		fine = add_block(b, name, reader_of(der, (size_t)size), err);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)size); /* it may have been a private key */
		(*read)++;
	}
	return fine;
}

static bool add_pem(struct cert_bundle *b, struct reader pem, struct error *err)
{
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.left);
	if (in == NULL)
		return fail_memory(err);
	size_t read = 0;
	bool fine = add_blocks(b, in, &read, err);
	BIO_free(in);
	/* one that opens and is not whole must not pass for the end of the file */
	if (fine && read != count_openings(pem))
		return openssl_lacks_memory()
			? fail_memory(err)
			: fail(err, FAULT_MALFORMED, "PEM block %zu is not whole", read + 1);
	if (fine && b->count == 0)
		return fail(err, FAULT_MALFORMED, "no certificate in PEM (BEGIN CERTIFICATE …)");
	return fine;
}

/* A certificate has a SEQUENCE first, PKCS#7 an OBJECT IDENTIFIER. */
static bool is_pkcs7(struct reader der)
{
	const unsigned char *at = der.at;
	long length = 0;
	int tag = 0;
	int class = 0;
	return der.left > 0 &&
		(ASN1_get_object(&at, &length, &tag, &class, (long)der.left) & 0x80) == 0 &&
		at < der.at + der.left && *at == V_ASN1_OBJECT;
}

static bool read_file(struct cert_bundle *b, struct reader file, struct error *err)
{
	if (file.left > CERT_BUNDLE_BYTES)
		return fail(err, FAULT_LIMIT, "a file of %zu bytes, at most %d are accepted",
			file.left, CERT_BUNDLE_BYTES);
	if (count_openings(file) > 0)
		return add_pem(b, file, err);
	return is_pkcs7(file) ? add_pkcs7(b, file, err) : add_one(b, file, err);
}

bool cert_bundle_add(struct cert_bundle *bundle, struct reader file, struct error *err)
{
	AUTO_DONE(cert_bundle) fresh = { 0 };
	bool fine = read_file(&fresh, file, err);
	ERR_clear_error();
	if (!fine)
		return false;
	if (bundle->count + fresh.count > CERT_BUNDLE_MAX)
		return fail(err, FAULT_LIMIT, "more than %d certificates", CERT_BUNDLE_MAX);
	for (size_t i = 0; i < fresh.count; i++)
		bundle->certs[bundle->count++] = fresh.certs[i];
	fresh.count = 0;
	return true;
}

void cert_bundle_done(struct cert_bundle *bundle)
{
	while (bundle->count > 0)
		cert_free(bundle->certs[--bundle->count]);
}
