/* An OpenSSL provider with one algorithm: RSA keys that know their public half, and signatures
 * that somebody else makes. provider(7), provider-keymgmt(7), provider-signature(7) */
#include "pki/remote_key.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "pki/cert_impl.h"
#include "pki/crypto_fault_impl.h"
#include "pki/key_impl.h"

#define PROVIDER "dialtrust"
#define PARAM_SIGNER "dialtrust-signer" /* the bytes of a struct signer */
#define NAMES "RSA:rsaEncryption:1.2.840.113549.1.1.1"

typedef void dispatched_fn(void);

struct signer {
	remote_sign_fn *sign;
	void *context;
};

struct half { /* what there is of a key */
	BIGNUM *modulus, *exponent;
	struct signer signer;    /* sign NULL: the public half alone, to be compared */
	OSSL_PROVIDER *provider; /* stays loaded as long as this key, where it can sign */
};

/* keys */

static void *half_new(void *provider)
{
	(void)provider;
	return calloc(1, sizeof(struct half));
}

static void half_free(void *key)
{
	struct half *h = key;
	if (h == NULL)
		return;
	if (h->provider != NULL)
		(void)OSSL_PROVIDER_unload(h->provider);
	BN_free(h->modulus);
	BN_free(h->exponent);
	free(h);
}

static int half_has(const void *key, int selection)
{
	const struct half *h = key;
	bool whole = h->modulus != NULL && h->exponent != NULL;
	if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 && !whole)
		return 0;
	return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || h->signer.sign != NULL;
}

static int half_match(const void *one, const void *other, int selection)
{
	const struct half *a = one, *b = other;
	(void)selection; /* who has the public half has all that can be compared */
	return BN_cmp(a->modulus, b->modulus) == 0 && BN_cmp(a->exponent, b->exponent) == 0;
}

static int half_import(void *key, int selection, const OSSL_PARAM params[])
{
	struct half *h = key;
	(void)selection;
	const OSSL_PARAM *n = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_N);
	const OSSL_PARAM *e = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_E);
	const OSSL_PARAM *signer = OSSL_PARAM_locate_const(params, PARAM_SIGNER);
	void *at = &h->signer;
	if (n == NULL || e == NULL || OSSL_PARAM_get_BN(n, &h->modulus) != 1 ||
		OSSL_PARAM_get_BN(e, &h->exponent) != 1)
		return 0;
	if (signer == NULL)
		return 1;
	h->provider = OSSL_PROVIDER_try_load(NULL, PROVIDER, 1);
	return h->provider != NULL &&
		OSSL_PARAM_get_octet_string(signer, &at, sizeof(h->signer), NULL) == 1;
}

static const OSSL_PARAM *half_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_octet_string(PARAM_SIGNER, NULL, 0),
		OSSL_PARAM_END,
	};
	(void)selection;
	return types;
}

/* The public half leaves; whoever wants more is turned away, and comes back to us. */
static int half_export(void *key, int selection, OSSL_CALLBACK *take, void *taker)
{
	const struct half *h = key;
	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0)
		return 0;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	if (build != NULL &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, h->modulus) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, h->exponent) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	int taken = params != NULL && take(params, taker);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return taken;
}

static bool put_number(OSSL_PARAM params[], const char *name, int number)
{
	OSSL_PARAM *at = OSSL_PARAM_locate(params, name);
	return at == NULL || OSSL_PARAM_set_int(at, number) == 1;
}

/* NIST SP 800-57 part 1, table 2. */
static int strength(int bits)
{
	return bits >= 3072 ? 128 : bits >= 2048 ? 112 : 80;
}

static int half_facts(void *key, OSSL_PARAM params[])
{
	const struct half *h = key;
	int bits = BN_num_bits(h->modulus);
	OSSL_PARAM *digest = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST);
	return put_number(params, OSSL_PKEY_PARAM_BITS, bits) &&
		put_number(params, OSSL_PKEY_PARAM_SECURITY_BITS, strength(bits)) &&
		put_number(params, OSSL_PKEY_PARAM_MAX_SIZE, (bits + 7) / 8) &&
		(digest == NULL || OSSL_PARAM_set_utf8_string(digest, "SHA256") == 1);
}

static const OSSL_PARAM *half_fact_types(void *provider)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_END,
	};
	(void)provider;
	return types;
}

/* signatures */

struct signing {
	struct half *half;
	struct remote_ask ask;
};

static void *signing_new(void *provider, const char *properties)
{
	(void)provider;
	(void)properties;
	return calloc(1, sizeof(struct signing));
}

static int signing_settle(void *context, const OSSL_PARAM params[])
{
	int mode;
	struct signing *s = context;
	const OSSL_PARAM *pad = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	if (pad == NULL)
		return 1; /* the length of the salt is the digest's, whatever is asked */
	if (pad->data_type == OSSL_PARAM_UTF8_STRING) {
		s->ask.pss = strcmp(pad->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
		return s->ask.pss || strcmp(pad->data, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0;
	}
	if (OSSL_PARAM_get_int(pad, &mode) != 1)
		return 0;
	s->ask.pss = mode == RSA_PKCS1_PSS_PADDING;
	return s->ask.pss || mode == RSA_PKCS1_PADDING;
}

static const OSSL_PARAM *signing_settings(void *context, void *provider)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
		OSSL_PARAM_END,
	};
	(void)context;
	(void)provider;
	return types;
}

static bool hash_of(const char *name, enum digest_kind *out)
{
	static const struct {
		int number;
		enum digest_kind kind;
	} rows[] = { { NID_sha256, DIGEST_SHA256 }, { NID_sha384, DIGEST_SHA384 },
		{ NID_sha512, DIGEST_SHA512 } };
	const EVP_MD *md = name == NULL ? NULL : EVP_get_digestbyname(name);
	for (size_t i = 0; md != NULL && i < COUNT(rows); i++)
		if (EVP_MD_get_type(md) == rows[i].number) {
			*out = rows[i].kind;
			return true;
		}
	return false;
}

static int signing_begin(void *context, const char *digest, void *key, const OSSL_PARAM params[])
{
	struct signing *s = context;
	s->half = key;
	return hash_of(digest, &s->ask.hash) && s->half != NULL && s->half->signer.sign != NULL &&
		(params == NULL || signing_settle(s, params));
}

static int signing_sign(void *context, unsigned char *out, size_t *size, size_t room,
	const unsigned char *content, size_t content_size)
{
	struct signing *s = context;
	AUTO_DONE(bytes) signature = { 0 };
	struct error err = { 0 };
	*size = (size_t)(BN_num_bits(s->half->modulus) + 7) / 8;
	if (out == NULL)
		return 1;
	s->ask.content = reader_of(content, content_size);
	if (room < *size ||
		!s->half->signer.sign(&s->ask, &signature, s->half->signer.context, &err))
		return 0;
	struct reader made = bytes_reader(&signature);
	if (made.left != *size)
		return 0;
	reader_copy(&made, out, *size);
	return 1;
}

/* the provider */

static const OSSL_ALGORITHM *algorithms(void *provider, int operation, int *no_cache)
{
	static const OSSL_DISPATCH keys[] = {
		{ OSSL_FUNC_KEYMGMT_NEW, (dispatched_fn *)half_new },
		{ OSSL_FUNC_KEYMGMT_FREE, (dispatched_fn *)half_free },
		{ OSSL_FUNC_KEYMGMT_HAS, (dispatched_fn *)half_has },
		{ OSSL_FUNC_KEYMGMT_MATCH, (dispatched_fn *)half_match },
		{ OSSL_FUNC_KEYMGMT_IMPORT, (dispatched_fn *)half_import },
		{ OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (dispatched_fn *)half_types },
		{ OSSL_FUNC_KEYMGMT_EXPORT, (dispatched_fn *)half_export },
		{ OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (dispatched_fn *)half_types },
		{ OSSL_FUNC_KEYMGMT_GET_PARAMS, (dispatched_fn *)half_facts },
		{ OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (dispatched_fn *)half_fact_types },
		{ 0, NULL },
	};
	static const OSSL_DISPATCH signatures[] = {
		{ OSSL_FUNC_SIGNATURE_NEWCTX, (dispatched_fn *)signing_new },
		{ OSSL_FUNC_SIGNATURE_FREECTX, (dispatched_fn *)free },
		{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (dispatched_fn *)signing_begin },
		{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (dispatched_fn *)signing_sign },
		{ OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (dispatched_fn *)signing_settle },
		{ OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (dispatched_fn *)signing_settings },
		{ 0, NULL },
	};
	static const OSSL_ALGORITHM key_rows[] = {
		{ NAMES, "provider=" PROVIDER, keys, NULL },
		{ 0 },
	};
	static const OSSL_ALGORITHM signature_rows[] = {
		{ NAMES, "provider=" PROVIDER, signatures, NULL },
		{ 0 },
	};
	(void)provider;
	*no_cache = 0;
	return operation == OSSL_OP_KEYMGMT      ? key_rows
		: operation == OSSL_OP_SIGNATURE ? signature_rows
						 : NULL;
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *from_core,
	const OSSL_DISPATCH **to_core, void **context)
{
	static const OSSL_DISPATCH provided[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (dispatched_fn *)algorithms },
		{ 0, NULL },
	};
	(void)from_core;
	*to_core = provided;
	*context = (void *)(uintptr_t)handle;
	return 1;
}

/* Beside the usual one, which stays the one that is taken where nobody says otherwise. */
static OSSL_PROVIDER *load_provider(struct error *err)
{
	OSSL_PROVIDER *loaded = NULL;
	if ((OSSL_PROVIDER_available(NULL, PROVIDER) == 1 ||
		    OSSL_PROVIDER_add_builtin(NULL, PROVIDER, provider_init) == 1) &&
		EVP_set_default_properties(NULL, "?provider=default") == 1)
		loaded = OSSL_PROVIDER_try_load(NULL, PROVIDER, 1);
	if (loaded == NULL)
		(void)fail_crypto(err, "keys of other processes cannot be used");
	return loaded;
}

static OSSL_PARAM *params_of(const EVP_PKEY *pkey, const struct signer *signer)
{
	BIGNUM *n = NULL, *e = NULL;
	OSSL_PARAM *params = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	if (build != NULL && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
		EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(build, PARAM_SIGNER, signer, sizeof(*signer)) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return params;
}

static EVP_PKEY *make(const EVP_PKEY *public, const struct signer *signer)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = params_of(public, signer);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", "provider=" PROVIDER);
	if (params != NULL && context != NULL && EVP_PKEY_fromdata_init(context) == 1)
		(void)EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	return pkey;
}

struct key *remote_key_new(
	const struct cert *cert, remote_sign_fn *sign, void *context, struct error *err)
{
	const struct signer signer = { sign, context };
	if (!cert_key(cert).rsa) {
		(void)fail(err, FAULT_REFUSED, "a key of %s: only RSA keys are used from elsewhere",
			cert_key(cert).name);
		return NULL;
	}
	const EVP_PKEY *public = public_key_ready(cert_key_of(cert), err);
	OSSL_PROVIDER *provider = public == NULL ? NULL : load_provider(err);
	if (provider == NULL)
		return NULL;
	EVP_PKEY *pkey = make(public, &signer);
	(void)OSSL_PROVIDER_unload(provider); /* the key keeps it loaded from here on */
	if (pkey == NULL) {
		(void)fail_crypto(err, "the key of another process cannot be used");
		return NULL;
	}
	return key_around(pkey, err);
}
