#include "pki/cert_archive.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pki/crypto_fault_impl.h"

/* Rounds that a file may ask of us, before anything in it is believed. */
enum { ROUNDS = 10000, ROUNDS_MAX = 1000000 };

bool cert_archive_add(
	struct cert_archive *a, const struct cert *cert, const char *label, struct error *err)
{
	if (a->count == ARCHIVE_MAX)
		return fail(err, FAULT_LIMIT, "more than %d certificates", ARCHIVE_MAX);
	struct archived *rows = reallocarray(a->rows, a->count + 1, sizeof(*rows));
	if (rows == NULL)
		return fail_memory(err);
	a->rows = rows;
	struct archived *row = &rows[a->count];
	if (!text_copy(row->label, sizeof(row->label), label, err))
		return false;
	row->cert = cert_keep((struct cert *)(uintptr_t)cert);
	a->count++;
	return true;
}

void cert_archive_done(struct cert_archive *a)
{
	for (size_t i = 0; i < a->count; i++)
		cert_free(a->rows[i].cert);
	free(a->rows);
	*a = (struct cert_archive){ 0 };
}

/* writing */

static bool add_bag(STACK_OF(PKCS12_SAFEBAG) * *bags, const struct archived *row)
{
	struct reader der = cert_der(row->cert);
	const unsigned char *at = der.at;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.left);
	bool fine = x509 != NULL &&
		X509_alias_set1(x509, (const unsigned char *)row->label, -1) == 1 &&
		PKCS12_add_cert(bags, x509) != NULL;
	X509_free(x509);
	return fine;
}

static PKCS12 *seal(STACK_OF(PKCS12_SAFEBAG) * bags, const char *password)
{
	STACK_OF(PKCS7) *safes = NULL;
	PKCS12 *made = NULL;
	if (PKCS12_add_safe(&safes, bags, -1, 0, NULL) == 1)
		made = PKCS12_add_safes(safes, 0);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	if (made != NULL && PKCS12_set_mac(made, password, -1, NULL, 0, ROUNDS, EVP_sha256()) == 1)
		return made;
	PKCS12_free(made);
	return NULL;
}

bool cert_archive_write(
	const struct cert_archive *a, const char *password, struct bytes *out, struct error *err)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
	bool fine = bags != NULL;
	for (size_t i = 0; fine && i < a->count; i++)
		fine = add_bag(&bags, &a->rows[i]);
	PKCS12 *sealed = fine ? seal(bags, password) : NULL;
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	unsigned char *der = NULL;
	int size = sealed != NULL ? i2d_PKCS12(sealed, &der) : 0;
	PKCS12_free(sealed);
	fine = size > 0 ? bytes_copy(out, reader_of(der, (size_t)size), err)
			: fail_crypto(err, "certificates cannot be put into a PKCS#12 file");
	OPENSSL_free(der);
	return fine;
}

/* reading */

static bool take_bag(struct cert_archive *a, PKCS12_SAFEBAG *bag, struct error *err)
{
	char label[ARCHIVE_LABEL_SIZE] = "";
	if (PKCS12_SAFEBAG_get_nid(bag) != NID_certBag)
		return true; /* a key, a list of revoked ones: none of ours */
	X509 *x509 = PKCS12_SAFEBAG_get1_cert(bag);
	char *said = PKCS12_get_friendlyname(bag);
	unsigned char *der = NULL;
	int size = x509 != NULL ? i2d_X509(x509, &der) : 0;
	bool fine = said == NULL || text_from(reader_of_text(said), label, sizeof(label), err) ||
		fail_in(err, "the name of certificate %zu", a->count + 1);
	X509_free(x509);
	OPENSSL_free(said);
	AUTO(cert) cert = NULL;
	if (fine && size <= 0)
		fine = fail(err, FAULT_MALFORMED, "certificate %zu cannot be read", a->count + 1);
	else if (fine)
		fine = (cert = cert_parse(reader_of(der, (size_t)size), err)) != NULL;
	OPENSSL_free(der);
	return fine && cert_archive_add(a, cert, label, err);
}

static bool take_safe(struct cert_archive *a, PKCS7 *safe, const char *password, struct error *err)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	if (PKCS7_type_is_data(safe))
		bags = PKCS12_unpack_p7data(safe);
	else if (PKCS7_type_is_encrypted(safe))
		bags = PKCS12_unpack_p7encdata(safe, password, -1);
	bool fine = bags != NULL ||
		fail(err, FAULT_MALFORMED, "a part of the PKCS#12 file cannot be read");
	for (int i = 0; fine && i < sk_PKCS12_SAFEBAG_num(bags); i++)
		fine = take_bag(a, sk_PKCS12_SAFEBAG_value(bags, i), err);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return fine;
}

/* What the seal says of itself is read before it can be checked. */
static bool check_seal(PKCS12 *sealed, const char *password, struct error *err)
{
	const ASN1_INTEGER *rounds = NULL;
	if (PKCS12_mac_present(sealed) != 1)
		return fail(err, FAULT_UNTRUSTED, "nothing seals the PKCS#12 file");
	PKCS12_get0_mac(NULL, NULL, NULL, &rounds, sealed);
	if (rounds != NULL &&
		(ASN1_INTEGER_get(rounds) < 1 || ASN1_INTEGER_get(rounds) > ROUNDS_MAX))
		return fail(err, FAULT_LIMIT, "the seal asks for more than %d rounds", ROUNDS_MAX);
	return PKCS12_verify_mac(sealed, password, -1) == 1 ||
		fail(err, FAULT_UNTRUSTED,
			"the seal is broken: the file was changed, or sealed with another "
			"password");
}

static bool take_all(
	struct cert_archive *a, PKCS12 *sealed, const char *password, struct error *err)
{
	if (!check_seal(sealed, password, err))
		return false;
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(sealed);
	bool fine = safes != NULL ||
		fail(err, FAULT_MALFORMED, "the PKCS#12 file has nothing that can be read");
	for (int i = 0; fine && i < sk_PKCS7_num(safes); i++)
		fine = take_safe(a, sk_PKCS7_value(safes, i), password, err);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	return fine;
}

bool cert_archive_read(
	struct reader file, const char *password, struct cert_archive *out, struct error *err)
{
	AUTO_DONE(cert_archive) fresh = { 0 };
	if (file.left > ARCHIVE_BYTES)
		return fail(err, FAULT_LIMIT, "a file of %zu bytes, at most %d are accepted",
			file.left, ARCHIVE_BYTES);
	const unsigned char *at = file.at;
	PKCS12 *sealed = file.left > 0 ? d2i_PKCS12(NULL, &at, (long)file.left) : NULL;
	bool fine = sealed != NULL && at == file.at + file.left;
	if (!fine)
		(void)fail(err, FAULT_MALFORMED, "this is no whole PKCS#12 file");
	fine = fine && take_all(&fresh, sealed, password, err);
	PKCS12_free(sealed);
	if (!fine && openssl_lacks_memory())
		return fail_memory(err);
	ERR_clear_error();
	if (!fine)
		return false;
	*out = fresh;
	fresh = (struct cert_archive){ 0 };
	return true;
}
