#include "pki/cert.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "pki/cert_impl.h"
#include "pki/cert_name_impl.h"
#include "pki/crypto_fault_impl.h"

enum { NAME_FORMS = NAME_BUILDER_2023 + 1 };

struct cert {
	size_t owners;
	struct bytes der;
	uint8_t digest[DIGEST_SIZE];
	uint8_t key_id[DIGEST_SIZE];
	size_t serial_size;
	uint8_t serial[LIMIT_SERIAL];
	char *subject[NAME_FORMS];
	char *issuer[NAME_FORMS];
	char *common_name;
	int64_t not_before;
	int64_t not_after;
	struct public_key *key;
	size_t signature_size; /* the last bytes of der */
	char signature_algorithm[64];
};

/*
 * RFC 5280 section 4.1 in OpenSSL's template language, which needs typedefs. d2i_X509 reads the
 * same but also makes the key ready for use, and that costs ten times the rest.
 */
typedef struct key_info {
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *bits;
} KEY_INFO;

typedef struct cert_body {
	ASN1_ENCODING enc; /* the bytes as read */
	ASN1_INTEGER *version;
	ASN1_INTEGER *serial;
	X509_ALGOR *signature;
	X509_NAME *issuer;
	X509_VAL *validity;
	X509_NAME *subject;
	KEY_INFO *key;
	ASN1_BIT_STRING *issuer_id;
	ASN1_BIT_STRING *subject_id;
	struct stack_st_X509_EXTENSION *extensions;
} CERT_BODY;

typedef struct cert_whole {
	CERT_BODY *body;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
} CERT_WHOLE;

/* clang-format off */
ASN1_SEQUENCE(KEY_INFO) = {
	ASN1_SIMPLE(KEY_INFO, algorithm, X509_ALGOR),
	ASN1_SIMPLE(KEY_INFO, bits, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(KEY_INFO)

ASN1_SEQUENCE_enc(CERT_BODY, enc, NULL) = {
	ASN1_EXP_OPT(CERT_BODY, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(CERT_BODY, serial, ASN1_INTEGER),
	ASN1_SIMPLE(CERT_BODY, signature, X509_ALGOR),
	ASN1_SIMPLE(CERT_BODY, issuer, X509_NAME),
	ASN1_SIMPLE(CERT_BODY, validity, X509_VAL),
	ASN1_SIMPLE(CERT_BODY, subject, X509_NAME),
	ASN1_SIMPLE(CERT_BODY, key, KEY_INFO),
	ASN1_IMP_OPT(CERT_BODY, issuer_id, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(CERT_BODY, subject_id, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(CERT_BODY, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END_ref(CERT_BODY, CERT_BODY)

ASN1_SEQUENCE(CERT_WHOLE) = {
	ASN1_SIMPLE(CERT_WHOLE, body, CERT_BODY),
	ASN1_SIMPLE(CERT_WHOLE, algorithm, X509_ALGOR),
	ASN1_SIMPLE(CERT_WHOLE, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(CERT_WHOLE)
/* clang-format on */

static void whole_free(CERT_WHOLE *whole)
{
	ASN1_item_free((ASN1_VALUE *)whole, ASN1_ITEM_rptr(CERT_WHOLE));
}

static CERT_WHOLE *whole_parse(struct reader der, struct error *err)
{
	const unsigned char *at = der.at;
	const ASN1_ITEM *item = ASN1_ITEM_rptr(CERT_WHOLE);
	CERT_WHOLE *whole = (CERT_WHOLE *)ASN1_item_d2i(NULL, &at, (long)der.left, item);
	if (whole == NULL) {
		(void)fail_openssl(err, FAULT_MALFORMED, "not an X.509 certificate in DER");
		return NULL;
	}
	if (at == der.at + der.left)
		return whole;
	whole_free(whole);
	(void)fail(err, FAULT_MALFORMED, "%zu bytes behind the certificate",
		der.left - (size_t)(at - der.at));
	return NULL;
}

/* OpenSSL reads more than DER. The frame must be DER, so that the signature ends the bytes; the
 * body is kept as it was read (enc), for those bytes are what was signed. */
static bool check_spelling(const CERT_WHOLE *whole, struct reader der, struct error *err)
{
	unsigned char *again = NULL;
	int size = ASN1_item_i2d((const ASN1_VALUE *)whole, &again, ASN1_ITEM_rptr(CERT_WHOLE));
	bool same = size > 0 && reader_same(der, reader_of(again, (size_t)size));
	OPENSSL_free(again);
	return same || fail_openssl(err, FAULT_MALFORMED, "the certificate is not DER");
}

/* The bytes of the INTEGER as they stand, without a sign byte. An old certificate's negative number
 * is read as if it were positive, as the programs that made it meant. */
static bool read_serial(struct cert *c, const ASN1_INTEGER *from, struct error *err)
{
	unsigned char *der = NULL;
	int size = i2d_ASN1_INTEGER(from, &der);
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
		(void)fail(err, FAULT_LIMIT,
			"a serial number of %zu bytes, at most %d are accepted", number.left,
			LIMIT_SERIAL);
	}
	OPENSSL_free(der);
	return fits;
}

static bool read_names(
	struct cert *c, const X509_NAME *subject, const X509_NAME *issuer, struct error *err)
{
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

static bool read_times(struct cert *c, const X509_VAL *from, struct error *err)
{
	return read_time(from->notBefore, "notBefore", &c->not_before, err) &&
		read_time(from->notAfter, "notAfter", &c->not_after, err);
}

static struct reader bits_of(const ASN1_BIT_STRING *from)
{
	return reader_of(ASN1_STRING_get0_data(from), (size_t)ASN1_STRING_length(from));
}

static bool read_key(struct cert *c, const KEY_INFO *from, struct error *err)
{
	unsigned char *der = NULL;
	const ASN1_OBJECT *algorithm = NULL;
	X509_ALGOR_get0(&algorithm, NULL, NULL, from->algorithm);
	int size = ASN1_item_i2d((const ASN1_VALUE *)from, &der, ASN1_ITEM_rptr(KEY_INFO));
	if (size <= 0)
		return fail_crypto(err, "the public key cannot be encoded");
	struct reader info = reader_of(der, (size_t)size);
	bool ok = digest_sha256(info, c->key_id, err);
	if (ok)
		c->key = public_key_parse(info, OBJ_obj2nid(algorithm), bits_of(from->bits), err);
	OPENSSL_free(der);
	return c->key != NULL;
}

static void read_signature(struct cert *c, const CERT_WHOLE *from)
{
	const ASN1_OBJECT *algorithm = NULL;
	X509_ALGOR_get0(&algorithm, NULL, NULL, from->algorithm);
	(void)OBJ_obj2txt(c->signature_algorithm, sizeof(c->signature_algorithm), algorithm, 0);
	c->signature_size = bits_of(from->signature).left;
}

static bool read_all(struct cert *c, const CERT_WHOLE *whole, struct error *err)
{
	const CERT_BODY *body = whole->body;
	read_signature(c, whole);
	return check_spelling(whole, cert_der(c), err) && read_serial(c, body->serial, err) &&
		read_names(c, body->subject, body->issuer, err) &&
		read_times(c, body->validity, err) && read_key(c, body->key, err) &&
		digest_sha256(cert_der(c), c->digest, err);
}

static bool read_der(struct cert *c, struct reader der, struct error *err)
{
	if (!bytes_copy(&c->der, der, err))
		return false;
	CERT_WHOLE *whole = whole_parse(der, err);
	bool ok = whole != NULL && read_all(c, whole, err);
	whole_free(whole);
	ERR_clear_error();
	return ok;
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
	return read_der(c, der, err) ? TAKE(c) : NULL;
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
	public_key_free(c->key);
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
	return public_key_shape(c->key)->what;
}

struct reader cert_public_key(const struct cert *c)
{
	return public_key_bytes(c->key);
}

/* Nothing stands behind the signature, so it ends with the certificate. */
struct reader cert_signature(const struct cert *c)
{
	return reader_of(c->der.data + c->der.size - c->signature_size, c->signature_size);
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

struct public_key *cert_key_of(const struct cert *c)
{
	return c->key;
}
