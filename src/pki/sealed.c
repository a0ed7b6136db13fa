#include "pki/sealed.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/buffer.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "pki/crypto_fault_impl.h"
#include "pki/key_impl.h"

enum { RECIPIENT_BITS_MIN = 2048, FLAGS = CMS_BINARY | CMS_PARTIAL | CMS_KEY_PARAM };

static X509 *recipient_x509(const struct cert *recipient, struct error *err)
{
	struct reader der = cert_der(recipient);
	const uint8_t *at = der.at;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.left);
	if (x509 == NULL)
		(void)fail_crypto(err, "the recipient's certificate cannot be used");
	return x509;
}

/* RFC 8017 section 7.1, instead of the padding that CMS takes by itself. */
static bool add_recipient(CMS_ContentInfo *cms, X509 *recipient)
{
	CMS_RecipientInfo *info = CMS_add1_recipient_cert(cms, recipient, FLAGS);
	EVP_PKEY_CTX *context = info == NULL ? NULL : CMS_RecipientInfo_get0_pkey_ctx(info);
	return context != NULL &&
		EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
		EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
		EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
}

static bool write_cms(CMS_ContentInfo *cms, struct bytes *out, struct error *err)
{
	uint8_t *der = NULL;
	int size = i2d_CMS_ContentInfo(cms, &der);
	if (size <= 0)
		return fail_crypto(err, "what was sealed cannot be written");
	bool fine = bytes_copy(out, reader_of(der, (size_t)size), err);
	OPENSSL_free(der);
	return fine;
}

static bool seal(X509 *recipient, struct reader clear, struct bytes *out, struct error *err)
{
	CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), FLAGS);
	BIO *content = BIO_new_mem_buf(clear.at, (int)clear.left);
	bool sealed = cms != NULL && content != NULL && add_recipient(cms, recipient) &&
		CMS_final(cms, content, NULL, FLAGS) == 1;
	bool fine = sealed ? write_cms(cms, out, err) : fail_crypto(err, "sealing failed");
	(void)BIO_free(content);
	CMS_ContentInfo_free(cms);
	return fine;
}

bool seal_for(
	const struct cert *recipient, struct reader clear, struct bytes *out, struct error *err)
{
	struct cert_key key = cert_key(recipient);
	if (!key.rsa || key.weak || key.bits < RECIPIENT_BITS_MIN)
		return fail(err, FAULT_REFUSED,
			"%s has a key of %s: keys are sealed for RSA of %d bits or more",
			cert_subject(recipient, NAME_APPLIANCE), key.name, RECIPIENT_BITS_MIN);
	if (clear.left == 0 || clear.left > SEALED_MAX)
		return fail(err, FAULT_LIMIT, "%zu bytes cannot be sealed: 1 to %d", clear.left,
			SEALED_MAX);
	X509 *x509 = recipient_x509(recipient, err);
	bool fine = x509 != NULL && seal(x509, clear, out, err);
	X509_free(x509);
	return fine;
}

static CMS_ContentInfo *parse_cms(struct reader sealed, struct error *err)
{
	const uint8_t *at = sealed.at;
	if (sealed.left == 0 || sealed.left > 2 * SEALED_MAX) {
		(void)fail(err, FAULT_MALFORMED, "%zu bytes are no sealed key", sealed.left);
		return NULL;
	}
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)sealed.left);
	bool whole = cms != NULL && at == sealed.at + sealed.left;
	if (whole && OBJ_obj2nid(CMS_get0_type(cms)) == NID_id_smime_ct_authEnvelopedData)
		return cms;
	ERR_clear_error();
	CMS_ContentInfo_free(cms);
	(void)fail(err, FAULT_MALFORMED, "is no CMS AuthEnvelopedData");
	return NULL;
}

static bool take_clear(BIO *clear, struct bytes *out, struct error *err)
{
	BUF_MEM *memory = NULL;
	(void)BIO_get_mem_ptr(clear, &memory); /* a BIO of memory always has one */
	bool fine = bytes_copy(out, reader_of(memory->data, memory->length), err);
	OPENSSL_cleanse(memory->data, memory->max);
	return fine;
}

bool seal_open(const struct key *key, struct reader sealed, struct bytes *out, struct error *err)
{
	CMS_ContentInfo *cms = parse_cms(sealed, err);
	if (cms == NULL)
		return false;
	BIO *clear = BIO_new(BIO_s_mem());
	bool opened = clear != NULL &&
		CMS_decrypt(cms, key_pkey(key), NULL, NULL, clear, CMS_BINARY) == 1;
	bool fine = opened ? take_clear(clear, out, err)
			   : fail_openssl(err, FAULT_UNTRUSTED,
				     "it is not sealed for this key, or it was changed");
	(void)BIO_free(clear);
	CMS_ContentInfo_free(cms);
	return fine;
}
