#include "pki/public_key_impl.h"

#include <openssl/asn1t.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "pki/crypto_fault_impl.h"

struct public_key {
	struct key_shape shape;
	struct bytes bytes;
	EVP_PKEY *pkey; /* RSA: NULL until it is used */
};

enum { POINT_MAX = 1 + 2 * 66 };

/* RSAPublicKey, RFC 8017 appendix A.1.1. The template language of OpenSSL needs a typedef. */
typedef struct rsa_numbers {
	BIGNUM *modulus;
	BIGNUM *exponent;
} RSA_NUMBERS;

/* clang-format off */
ASN1_SEQUENCE(RSA_NUMBERS) = {
	ASN1_SIMPLE(RSA_NUMBERS, modulus, BIGNUM),
	ASN1_SIMPLE(RSA_NUMBERS, exponent, BIGNUM),
} static_ASN1_SEQUENCE_END(RSA_NUMBERS)
/* clang-format on */

static void numbers_free(RSA_NUMBERS *numbers)
{
	ASN1_item_free((ASN1_VALUE *)numbers, ASN1_ITEM_rptr(RSA_NUMBERS));
}

/* NULL unless the bytes are the one DER encoding of two positive numbers. */
static RSA_NUMBERS *numbers_parse(struct reader der)
{
	const unsigned char *at = der.at;
	unsigned char *again = NULL;
	const ASN1_ITEM *item = ASN1_ITEM_rptr(RSA_NUMBERS);
	RSA_NUMBERS *numbers = (RSA_NUMBERS *)ASN1_item_d2i(NULL, &at, (long)der.left, item);
	if (numbers == NULL)
		return NULL;
	int size = ASN1_item_i2d((const ASN1_VALUE *)numbers, &again, item);
	bool same = size > 0 && reader_same(der, reader_of(again, (size_t)size));
	OPENSSL_free(again);
	if (same)
		return numbers;
	numbers_free(numbers);
	return NULL;
}

static bool read_rsa(struct public_key *p, struct reader bits, struct error *err)
{
	RSA_NUMBERS *numbers = numbers_parse(bits);
	if (numbers == NULL)
		return fail_openssl(err, FAULT_MALFORMED, "the RSA public key cannot be read");
	p->shape = key_shape_of_rsa(numbers->modulus, numbers->exponent);
	numbers_free(numbers);
	return bytes_copy(&p->bytes, bits, err);
}

/* X9.62 uncompressed, however the certificate spells the point. */
static bool copy_point(struct public_key *p, struct error *err)
{
	BIGNUM *x = NULL;
	BIGNUM *y = NULL;
	uint8_t point[POINT_MAX] = { 4 };
	int field = (int)(p->shape.what.bits + 7) / 8;
	bool ok = EVP_PKEY_get_bn_param(p->pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
		EVP_PKEY_get_bn_param(p->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
		BN_bn2binpad(x, point + 1, field) == field &&
		BN_bn2binpad(y, point + 1 + field, field) == field;
	BN_free(x);
	BN_free(y);
	if (!ok)
		return fail_openssl(err, FAULT_MALFORMED, "the point of the key cannot be read");
	return bytes_copy(&p->bytes, reader_of(point, 1 + 2 * (size_t)field), err);
}

static bool read_other(struct public_key *p, struct reader info, int algorithm, struct error *err)
{
	const unsigned char *at = info.at;
	p->pkey = d2i_PUBKEY(NULL, &at, (long)info.left);
	if (p->pkey == NULL && algorithm == NID_X9_62_id_ecPublicKey)
		return fail_openssl(err, FAULT_MALFORMED, "the EC public key cannot be read");
	if (p->pkey == NULL && openssl_lacks_memory())
		return fail_memory(err);
	if (p->pkey == NULL) {
		p->shape.what = (struct cert_key){ .weak = true, .name = "unknown" };
		return true;
	}
	return key_shape_of(p->pkey, &p->shape, err);
}

static bool read_key(struct public_key *p, struct reader info, int algorithm, struct reader bits,
	struct error *err)
{
	if (algorithm == NID_rsaEncryption)
		return read_rsa(p, bits, err);
	if (!read_other(p, info, algorithm, err))
		return false;
	return p->shape.curve != NULL ? copy_point(p, err) : bytes_copy(&p->bytes, bits, err);
}

struct public_key *public_key_parse(
	struct reader info, int algorithm, struct reader bits, struct error *err)
{
	struct public_key *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	if (read_key(p, info, algorithm, bits, err))
		return p;
	public_key_free(p);
	return NULL;
}

void public_key_free(struct public_key *p)
{
	if (p == NULL)
		return;
	bytes_done(&p->bytes);
	EVP_PKEY_free(p->pkey);
	free(p);
}

const struct key_shape *public_key_shape(const struct public_key *p)
{
	return &p->shape;
}

struct reader public_key_bytes(const struct public_key *p)
{
	return bytes_reader(&p->bytes);
}

/* Straight from the numbers: OpenSSL 3 takes ten times as long to decode a SubjectPublicKeyInfo. */
static EVP_PKEY *rsa_from(const RSA_NUMBERS *numbers)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (build != NULL &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, numbers->modulus) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, numbers->exponent) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

EVP_PKEY *public_key_ready(struct public_key *p, struct error *err)
{
	if (!key_shape_check(&p->shape, err))
		return NULL;
	if (p->pkey == NULL) {
		RSA_NUMBERS *numbers = numbers_parse(bytes_reader(&p->bytes));
		if (numbers != NULL)
			p->pkey = rsa_from(numbers);
		numbers_free(numbers);
	}
	if (p->pkey == NULL)
		(void)fail_crypto(err, "the public key cannot be used");
	return p->pkey;
}
