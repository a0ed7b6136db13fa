#include "issued.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/x509v3.h>
#include <time.h>

#include "pki/key_impl.h"

static void set_name(X509_NAME *name, const char *text)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(
				 name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0),
		1);
}

static void set_extensions(X509 *x509, const struct issue *what)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
	for (size_t i = 0; i < ISSUED_EXTENSIONS && what->extensions[i].name != NULL; i++) {
		X509_EXTENSION *e = X509V3_EXT_nconf(
			NULL, &context, what->extensions[i].name, what->extensions[i].value);
		assert_non_null(e);
		assert_int_equal(X509_add_ext(x509, e, -1), 1);
		X509_EXTENSION_free(e);
	}
}

struct cert *issued(const struct issue *what)
{
	X509 *x509 = X509_new();
	unsigned char *der = NULL;
	int64_t before = what->not_before != 0 ? what->not_before : ISSUED_NOW - 1000;
	int64_t after = what->not_after != 0 ? what->not_after : ISSUED_NOW + 1000;
	struct error err = { 0 };
	(void)X509_set_version(x509, what->version_1 ? X509_VERSION_1 : X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
	(void)ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)before);
	(void)ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)after);
	set_name(X509_get_subject_name(x509), what->subject);
	set_name(X509_get_issuer_name(x509), what->issuer);
	assert_int_equal(X509_set_pubkey(x509, key_pkey(what->key)), 1);
	set_extensions(x509, what);
	const EVP_MD *digest = EVP_get_digestbyname(what->digest != NULL ? what->digest : "SHA256");
	assert_true(X509_sign(x509, key_pkey(what->issuer_key), digest) > 0);
	int size = i2d_X509(x509, &der);
	struct cert *c = cert_parse(reader_of(der, (size_t)size), &err);
	if (c == NULL)
		print_error("%s\n", err.text);
	assert_non_null(c);
	OPENSSL_free(der);
	X509_free(x509);
	return c;
}
