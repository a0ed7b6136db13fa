#include "pki/cert.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "pki/cert_impl.h"
#include "pki/cert_name_impl.h"
#include "pki/crypto_fault_impl.h"
#include "pki/key_impl.h"

enum { POINT_MAX = 1 + 2 * 66, NAME_FORMS = NAME_BUILDER + 1 };

struct cert {
	size_t owners;
	struct bytes der;
	X509 *x509;
	uint8_t digest[DIGEST_SIZE];
	uint8_t key_id[DIGEST_SIZE];
	size_t serial_size;
	uint8_t serial[LIMIT_SERIAL];
	char *subject[NAME_FORMS];
	char *issuer[NAME_FORMS];
	char *common_name;
	int64_t not_before;
	int64_t not_after;
	struct cert_key key;
	size_t point_size; /* EC: the uncompressed point; 0: the bits of the certificate serve */
	uint8_t point[POINT_MAX];
	char signature_algorithm[64];
};

static bool read_der(struct cert *c, struct reader der, struct error *err)
{
	const unsigned char *at = der.at;
	c->x509 = d2i_X509(NULL, &at, (long)der.left);
	if (c->x509 == NULL)
		return fail_openssl(err, FAULT_MALFORMED, "not an X.509 certificate in DER");
	if (at != der.at + der.left)
		return fail(err, FAULT_MALFORMED, "%zu bytes behind the certificate",
			der.left - (size_t)(at - der.at));
	return true;
}

/* One certificate has one spelling: OpenSSL reads more than DER, we do not. */
static bool check_spelling(const struct cert *c, struct error *err)
{
	unsigned char *again = NULL;
	int size = i2d_X509(c->x509, &again);
	bool same = size > 0 && reader_same(bytes_reader(&c->der), reader_of(again, (size_t)size));
	OPENSSL_free(again);
	return same || fail_openssl(err, FAULT_MALFORMED, "the certificate is not DER");
}

/* The bytes of the INTEGER as they stand, without a sign byte. An old certificate's negative number
 * is read as if it were positive, as the programs that made it meant. */
static bool read_serial(struct cert *c, struct error *err)
{
	unsigned char *der = NULL;
	int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(c->x509), &der);
	const unsigned char *at = der;
	long length = 0;
	int tag = 0;
	int class = 0;
	if (size <= 0 || (ASN1_get_object(&at, &length, &tag, &class, size) & 0x80) != 0) {
		OPENSSL_free(der);
		return fail_openssl(err, FAULT_MALFORMED, "the serial number cannot be read");
	}
	struct reader number = reader_of(at, (size_t)length);
	if (number.left > 1 && number.at[0] == 0)
		(void)reader_u8(&number);
	bool fits = number.left <= sizeof(c->serial);
	if (fits) {
		c->serial_size = number.left;
		reader_copy(&number, c->serial, number.left);
	} else {
		(void)fail(err, FAULT_LIMIT, "a serial number of %zu bytes, at most %d are accepted",
			number.left, LIMIT_SERIAL);
	}
	OPENSSL_free(der);
	return fits;
}

static bool read_names(struct cert *c, struct error *err)
{
	const X509_NAME *subject = X509_get_subject_name(c->x509);
	const X509_NAME *issuer = X509_get_issuer_name(c->x509);
	for (size_t form = 0; form < NAME_FORMS; form++)
		if (!cert_name_text(subject, (enum name_form)form, &c->subject[form], err) ||
			!cert_name_text(issuer, (enum name_form)form, &c->issuer[form], err))
			return false;
	return cert_name_common(subject, &c->common_name, err);
}

static bool read_time(const ASN1_TIME *from, const char *which, int64_t *out, struct error *err)
{
	struct tm parts = { 0 };
	if (ASN1_TIME_to_tm(from, &parts) != 1) {
		(void)fail_openssl(err, FAULT_MALFORMED, "not a time");
		return fail_in(err, "%s", which);
	}
	*out = (int64_t)timegm(&parts);
	return true;
}

static bool read_times(struct cert *c, struct error *err)
{
	return read_time(X509_get0_notBefore(c->x509), "notBefore", &c->not_before, err) &&
		read_time(X509_get0_notAfter(c->x509), "notAfter", &c->not_after, err);
}

/* X9.62 uncompressed, however the certificate spells the point. */
static bool read_point(struct cert *c, const EVP_PKEY *pkey, struct error *err)
{
	BIGNUM *x = NULL;
	BIGNUM *y = NULL;
	int field = (int)(c->key.bits + 7) / 8;
	bool ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
		EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
		BN_bn2binpad(x, c->point + 1, field) == field &&
		BN_bn2binpad(y, c->point + 1 + field, field) == field;
	BN_free(x);
	BN_free(y);
	if (!ok)
		return fail_openssl(err, FAULT_MALFORMED, "the point of the key cannot be read");
	c->point[0] = 4;
	c->point_size = 1 + 2 * (size_t)field;
	return true;
}

/* A kind of key that OpenSSL does not know stands in the certificate as it is, and is weak. */
static bool read_key(struct cert *c, struct error *err)
{
	ASN1_OBJECT *algorithm = NULL;
	X509_PUBKEY *public_key = X509_get_X509_PUBKEY(c->x509);
	const EVP_PKEY *pkey = X509_get0_pubkey(c->x509);
	(void)X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, public_key);
	int nid = OBJ_obj2nid(algorithm);
	if (pkey == NULL && (nid == NID_rsaEncryption || nid == NID_X9_62_id_ecPublicKey))
		return fail_openssl(err, FAULT_MALFORMED, "the public key cannot be read");
	if (pkey == NULL) {
		c->key = (struct cert_key){ .weak = true, .name = "unknown" };
		return true;
	}
	if (!public_key_describe(pkey, &c->key, err))
		return false;
	return curve_of(pkey) == NULL || read_point(c, pkey, err);
}

static bool read_key_id(struct cert *c, struct error *err)
{
	unsigned char *spki = NULL;
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->x509), &spki);
	bool ok = size > 0 && digest_sha256(reader_of(spki, (size_t)size), c->key_id, err);
	OPENSSL_free(spki);
	return ok || fail_in(err, "public key");
}

static void read_signature_algorithm(struct cert *c)
{
	const X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *object = NULL;
	X509_get0_signature(NULL, &algorithm, c->x509);
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	(void)OBJ_obj2txt(c->signature_algorithm, sizeof(c->signature_algorithm), object, 0);
}

static bool read_all(struct cert *c, struct reader der, struct error *err)
{
	if (!bytes_copy(&c->der, der, err) || !read_der(c, bytes_reader(&c->der), err) ||
		!check_spelling(c, err) || !read_serial(c, err) || !read_names(c, err) ||
		!read_times(c, err) || !read_key(c, err) || !read_key_id(c, err))
		return false;
	read_signature_algorithm(c);
	return digest_sha256(der, c->digest, err);
}

struct cert *cert_parse(struct reader der, struct error *err)
{
	if (der.left > LIMIT_CERTIFICATE) {
		(void)fail(err, FAULT_LIMIT, "a certificate of %zu bytes, at most %d are accepted",
			der.left, LIMIT_CERTIFICATE);
		return NULL;
	}
	AUTO(cert) c = calloc(1, sizeof(*c));
	if (c == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	c->owners = 1;
	bool ok = read_all(c, der, err);
	ERR_clear_error();
	return ok ? TAKE(c) : NULL;
}

struct cert *cert_keep(struct cert *c)
{
	if (c != NULL)
		c->owners++;
	return c;
}

void cert_free(struct cert *c)
{
	if (c == NULL || --c->owners > 0)
		return;
	for (size_t form = 0; form < NAME_FORMS; form++) {
		free(c->subject[form]);
		free(c->issuer[form]);
	}
	free(c->common_name);
	X509_free(c->x509);
	bytes_done(&c->der);
	free(c);
}

struct reader cert_der(const struct cert *c)
{
	return bytes_reader(&c->der);
}

const uint8_t *cert_digest(const struct cert *c)
{
	return c->digest;
}

bool cert_same(const struct cert *a, const struct cert *b)
{
	return a == b || reader_same(cert_der(a), cert_der(b));
}

struct reader cert_serial(const struct cert *c)
{
	return reader_of(c->serial, c->serial_size);
}

const char *cert_subject(const struct cert *c, enum name_form form)
{
	return c->subject[form];
}

const char *cert_issuer(const struct cert *c, enum name_form form)
{
	return c->issuer[form];
}

const char *cert_common_name(const struct cert *c)
{
	return c->common_name;
}

int64_t cert_not_before(const struct cert *c)
{
	return c->not_before;
}

int64_t cert_not_after(const struct cert *c)
{
	return c->not_after;
}

struct cert_key cert_key(const struct cert *c)
{
	return c->key;
}

struct reader cert_public_key(const struct cert *c)
{
	const unsigned char *bits = NULL;
	int size = 0;
	if (c->point_size > 0)
		return reader_of(c->point, c->point_size);
	(void)X509_PUBKEY_get0_param(NULL, &bits, &size, NULL, X509_get_X509_PUBKEY(c->x509));
	return reader_of(bits, (size_t)size);
}

struct reader cert_signature(const struct cert *c)
{
	const ASN1_BIT_STRING *signature = NULL;
	X509_get0_signature(&signature, NULL, c->x509);
	return reader_of(ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature));
}

const char *cert_signature_algorithm(const struct cert *c)
{
	return c->signature_algorithm;
}

void cert_key_id(const struct cert *c, uint8_t out[static DIGEST_SIZE])
{
	struct reader id = reader_of(c->key_id, sizeof(c->key_id));
	reader_copy(&id, out, DIGEST_SIZE);
}

X509 *cert_x509(const struct cert *c)
{
	return c->x509;
}
