#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "pki/crypto_fault_impl.h"
#include "pki/key_impl.h"
#include "pki/pem_impl.h"

static bool is_key(const char *name)
{
	return strcmp(name, PEM_STRING_PKCS8INF) == 0 || strcmp(name, PEM_STRING_RSA) == 0;
}

/* PKCS#8 says it in the name of the block, PKCS#1 in its header. */
static bool has_password(const char *name, const char *header)
{
	return strcmp(name, PEM_STRING_PKCS8) == 0 || strstr(header, "ENCRYPTED") != NULL;
}

struct block {
	char *name, *header;
	unsigned char *der;
	long size;
};

static void block_done(struct block *b)
{
	OPENSSL_free(b->name);
	OPENSSL_free(b->header);
	if (b->der != NULL)
		OPENSSL_clear_free(b->der, (size_t)b->size);
	*b = (struct block){ 0 };
}

static struct key *key_of(BIO *in, struct error *err)
{
	for (;;) {
		AUTO_DONE(block) b = { 0 };
		if (PEM_read_bio(in, &b.name, &b.header, &b.der, &b.size) != 1)
			break;
		if (has_password(b.name, b.header)) {
			(void)fail(err, FAULT_REFUSED,
				"the key has a password: `openssl pkey` writes it without one");
			return NULL;
		}
		if (is_key(b.name))
			return key_parse(reader_of(b.der, (size_t)b.size), err);
	}
	if (openssl_lacks_memory())
		(void)fail_memory(err);
	else
		(void)fail(err, FAULT_MALFORMED,
			"no private key in PEM (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY)");
	return NULL;
}

struct key *key_parse_pem(struct reader pem, struct error *err)
{
	BIO *in = pem_open(pem, err);
	if (in == NULL)
		return NULL;
	struct key *k = key_of(in, err);
	BIO_free(in);
	ERR_clear_error();
	return k;
}

bool key_write_pem(const struct key *k, struct bytes *out, struct error *err)
{
	const char *text = NULL;
	BIO *memory = BIO_new(BIO_s_secmem());
	bool fine = memory != NULL &&
		PEM_write_bio_PKCS8PrivateKey(memory, key_pkey(k), NULL, NULL, 0, NULL, NULL) == 1;
	if (fine) {
		long size = BIO_get_mem_data(memory, &text);
		fine = bytes_copy(out, reader_of(text, (size_t)size), err);
	} else {
		(void)fail_crypto(err, "the key cannot be written as PEM");
	}
	BIO_free(memory);
	return fine;
}
