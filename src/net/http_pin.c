#include "net/http_pin_impl.h"

#include <openssl/ssl.h>

static bool take_shown(struct http_pin *pin, X509_STORE_CTX *judged)
{
	unsigned char *der = NULL;
	X509 *leaf = X509_STORE_CTX_get0_cert(judged);
	int size = leaf != NULL ? i2d_X509(leaf, &der) : 0;
	bytes_done(&pin->shown);
	bool fine = size > 0 && bytes_copy(&pin->shown, reader_of(der, (size_t)size), NULL);
	OPENSSL_free(der);
	return fine;
}

static int judge(X509_STORE_CTX *judged, void *context)
{
	struct http_pin *pin = context;
	uint8_t digest[DIGEST_SIZE];
	bool fine = take_shown(pin, judged) &&
		digest_sha256(bytes_reader(&pin->shown), digest, NULL);
	if (fine && pin->wanted)
		fine = reader_same(reader_of(digest, DIGEST_SIZE),
			reader_of(pin->digest, DIGEST_SIZE));
	pin->failed = !fine;
	X509_STORE_CTX_set_error(judged, fine ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
	return fine ? 1 : 0;
}

void http_pin_guard(void *ssl_ctx, struct http_pin *pin)
{
	SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ssl_ctx, judge, pin);
}
