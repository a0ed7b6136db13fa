#include "pki/key.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "pki/crypto_fault_impl.h"
#include "pki/digest_impl.h"
#include "pki/key_impl.h"

struct key {
	EVP_PKEY *pkey;
	uint8_t id[DIGEST_SIZE];
};

static const struct kind_row {
	const char *name;
	unsigned bits;     /* RSA */
	const char *group; /* EC */
} kinds[] = {
	[KEY_RSA_1024] = { "RSA-1024", 1024, NULL },
	[KEY_RSA_2048] = { "RSA-2048", 2048, NULL },
	[KEY_RSA_3072] = { "RSA-3072", 3072, NULL },
	[KEY_RSA_4096] = { "RSA-4096", 4096, NULL },
	[KEY_EC_256] = { "EC-P256", 0, "P-256" },
	[KEY_EC_384] = { "EC-P384", 0, "P-384" },
	[KEY_EC_521] = { "EC-P521", 0, "P-521" },
};

const char *key_kind_name(enum key_kind kind)
{
	return kinds[kind].name;
}

/* Copies what OpenSSL allocated, wiping the original. */
static bool bytes_from_openssl(struct bytes *out, unsigned char *der, int size, struct error *err)
{
	if (size <= 0)
		return fail_crypto(err, "the key cannot be encoded");
	bool ok = bytes_copy(out, reader_of(der, (size_t)size), err);
	OPENSSL_clear_free(der, (size_t)size);
	return ok;
}

static bool public_der(const EVP_PKEY *pkey, struct bytes *out, struct error *err)
{
	unsigned char *der = NULL;
	int size = i2d_PUBKEY(pkey, &der);
	return bytes_from_openssl(out, der, size, err);
}

static bool name_key(struct key *k, struct error *err)
{
	AUTO_DONE(bytes) spki = { 0 };
	return public_der(k->pkey, &spki, err) && digest_sha256(bytes_reader(&spki), k->id, err);
}

struct key *key_around(EVP_PKEY *pkey, struct error *err)
{
	struct key *k = calloc(1, sizeof(*k));
	if (k == NULL) {
		EVP_PKEY_free(pkey);
		(void)fail_memory(err);
		return NULL;
	}
	k->pkey = pkey;
	if (name_key(k, err))
		return k;
	key_free(k);
	return NULL;
}

struct key *key_generate(enum key_kind kind, struct error *err)
{
	const struct kind_row *row = &kinds[kind];
	EVP_PKEY *pkey = row->group != NULL ? EVP_EC_gen(row->group) : EVP_RSA_gen(row->bits);
	if (pkey == NULL) {
		(void)fail_crypto(err, "no key could be made");
		(void)fail_in(err, "%s", row->name);
		return NULL;
	}
	return key_around(pkey, err);
}

static EVP_PKEY *parse_pkcs8(struct reader der)
{
	const unsigned char *at = der.at;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.left);
	EVP_PKEY *pkey = NULL;
	if (info != NULL && at == der.at + der.left)
		pkey = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	return pkey;
}

static EVP_PKEY *parse_pkcs1(struct reader der)
{
	const unsigned char *at = der.at;
	EVP_PKEY *pkey = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &at, (long)der.left);
	if (pkey != NULL && at == der.at + der.left)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

struct key *key_parse(struct reader der, struct error *err)
{
	if (der.left > KEY_DER_MAX) {
		(void)fail(err, FAULT_LIMIT, "a private key of %zu bytes, at most %d are accepted",
			der.left, KEY_DER_MAX);
		return NULL;
	}
	EVP_PKEY *pkey = der.left == 0 ? NULL : parse_pkcs8(der);
	if (pkey == NULL && der.left > 0)
		pkey = parse_pkcs1(der);
	bool lacks_memory = openssl_lacks_memory();
	if (pkey == NULL && lacks_memory)
		(void)fail_memory(err);
	else if (pkey == NULL)
		(void)fail(err, FAULT_MALFORMED,
			"not exactly one private key in PKCS#8 or PKCS#1 without a password");
	if (pkey == NULL)
		return NULL;
	struct key_shape shape = { 0 };
	if (!key_shape_of(pkey, &shape, err) || !key_shape_check(&shape, err)) {
		EVP_PKEY_free(pkey);
		(void)fail_in(err, "private key");
		return NULL;
	}
	return key_around(pkey, err);
}

bool key_write(const struct key *k, struct bytes *out, struct error *err)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k->pkey);
	if (info == NULL)
		return fail_crypto(err, "the key cannot be encoded");
	unsigned char *der = NULL;
	int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	PKCS8_PRIV_KEY_INFO_free(info);
	return bytes_from_openssl(out, der, size, err);
}

bool key_public(const struct key *k, struct bytes *spki, struct error *err)
{
	return public_der(k->pkey, spki, err);
}

void key_id(const struct key *k, uint8_t out[static DIGEST_SIZE])
{
	struct reader id = reader_of(k->id, sizeof(k->id));
	reader_copy(&id, out, DIGEST_SIZE);
}

size_t key_signature_size(const struct key *k)
{
	int size = EVP_PKEY_get_size(k->pkey);
	return size > 0 ? (size_t)size : 0;
}

static bool sign_parts(
	EVP_MD_CTX *context, const struct reader *parts, size_t count, uint8_t *out, size_t *size)
{
	for (size_t i = 0; i < count; i++)
		if (EVP_DigestSignUpdate(context, parts[i].at, parts[i].left) != 1)
			return false;
	return EVP_DigestSignFinal(context, out, size) == 1;
}

/* RFC 8446 section 4.2.3: the salt is as long as the digest. */
static bool pad(EVP_PKEY_CTX *settings, bool pss)
{
	return !pss ||
		(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1);
}

struct signing {
	enum digest_kind kind;
	bool pss;
	const struct reader *parts;
	size_t count;
};

static bool sign(
	const struct key *k, const struct signing *what, struct bytes *out, struct error *err)
{
	uint8_t signature[RSA_BITS_MAX / 8];
	size_t size = sizeof(signature);
	EVP_PKEY_CTX *settings;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL &&
		EVP_DigestSignInit(context, &settings, digest_md(what->kind), NULL, k->pkey) == 1 &&
		pad(settings, what->pss) &&
		sign_parts(context, what->parts, what->count, signature, &size);
	EVP_MD_CTX_free(context);
	if (!ok)
		return fail_crypto(err, "signing failed");
	return bytes_copy(out, reader_of(signature, size), err);
}

bool key_sign(const struct key *k, enum digest_kind kind, const struct reader *parts, size_t count,
	struct bytes *out, struct error *err)
{
	if (kind == DIGEST_MD5)
		return fail(err, FAULT_REFUSED, "nothing is signed with MD5");
	return sign(k, &(struct signing){ kind, false, parts, count }, out, err);
}

bool key_sign_pss(const struct key *k, enum digest_kind kind, const struct reader *parts,
	size_t count, struct bytes *out, struct error *err)
{
	if (kind == DIGEST_MD5 || kind == DIGEST_SHA1)
		return fail(err, FAULT_REFUSED, "nothing is signed with RSASSA-PSS and %s",
			digest_name(kind));
	if (EVP_PKEY_is_a(k->pkey, "RSA") != 1)
		return fail(err, FAULT_REFUSED, "RSASSA-PSS needs an RSA key");
	return sign(k, &(struct signing){ kind, true, parts, count }, out, err);
}

void key_free(struct key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey); /* wipes the numbers of the key */
	free(k);
}

EVP_PKEY *key_pkey(const struct key *k)
{
	return k->pkey;
}
