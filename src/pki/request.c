#include "pki/request.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"
#include "pki/cert_facts_impl.h"
#include "pki/cert_name_impl.h"
#include "pki/crypto_fault_impl.h"
#include "pki/digest_impl.h"
#include "pki/pem_impl.h"
#include "pki/profile_impl.h"

/* making */

static bool check(const struct request_profile *profile, struct error *err)
{
	if (profile->name_count > REQUEST_NAMES_MAX)
		return fail(err, FAULT_LIMIT, "%zu alternative names, at most %d are possible",
			profile->name_count, REQUEST_NAMES_MAX);
	for (size_t i = 0; i < profile->name_count; i++) {
		if (!profile_check_dns_name(profile->names[i], REQUEST_NAME_SIZE, err))
			return false;
		if (profile->names[i][0] == '\0')
			return fail(err, FAULT_USAGE, "DNS name: must not be empty");
		for (size_t k = 0; k < i; k++)
			if (text_same_nocase(profile->names[i], profile->names[k]))
				return fail(err, FAULT_USAGE, "the DNS name %s stands there twice",
					profile->names[i]);
	}
	return profile_check_subject(&profile->subject, err) &&
		profile_check_usages(profile->usages, err);
}

static bool add_extensions(X509_REQ *to, const struct request_profile *profile)
{
	X509_EXTENSIONS *all = NULL;
	const char *names[REQUEST_NAMES_MAX];
	for (size_t i = 0; i < profile->name_count; i++)
		names[i] = profile->names[i];
	bool ok = profile_usages(&all, profile->usages) &&
		profile_dns_names(&all, names, profile->name_count) &&
		profile_authority(&all, profile->authority) &&
		(all == NULL || X509_REQ_add_extensions(to, all) == 1);
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	return ok;
}

static bool fill(X509_REQ *to, const struct request_profile *profile, const struct key *key)
{
	X509_NAME *name = profile_name(&profile->subject);
	bool ok = name != NULL && X509_REQ_set_version(to, X509_REQ_VERSION_1) == 1 &&
		X509_REQ_set_subject_name(to, name) == 1 &&
		X509_REQ_set_pubkey(to, key_pkey(key)) == 1 && add_extensions(to, profile);
	X509_NAME_free(name);
	return ok;
}

bool request_make(const struct request_profile *profile, const struct key *key, struct bytes *der,
	struct error *err)
{
	enum digest_kind digest = DIGEST_SHA256;
	if (!check(profile, err) || !profile_digest(key, 0, &digest, err))
		return false;
	X509_REQ *request = X509_REQ_new();
	unsigned char *made = NULL;
	int size = 0;
	if (request != NULL && fill(request, profile, key) &&
		X509_REQ_sign(request, key_pkey(key), digest_md(digest)) > 0)
		size = i2d_X509_REQ(request, &made);
	X509_REQ_free(request);
	bool fine = size > 0 ? bytes_copy(der, reader_of(made, (size_t)size), err)
			     : fail_crypto(err, "the request cannot be made");
	OPENSSL_free(made);
	return fine;
}

/* reading */

static bool read_key(X509_REQ *from, struct request *out, struct error *err)
{
	struct key_shape shape = { 0 };
	unsigned char *info = NULL;
	EVP_PKEY *key = X509_REQ_get0_pubkey(from);
	if (key == NULL)
		return fail_openssl(err, FAULT_MALFORMED, "its public key cannot be read");
	if (!key_shape_of(key, &shape, err) || !key_shape_check(&shape, err))
		return fail_in(err, "its public key");
	if (X509_REQ_verify(from, key) != 1)
		return fail_openssl(err, FAULT_UNTRUSTED, "its own key did not sign it");
	out->key = shape.what;
	int size = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(from), &info);
	bool fine = size > 0 ? digest_sha256(reader_of(info, (size_t)size), out->key_id, err)
			     : fail_crypto(err, "its public key cannot be written");
	OPENSSL_free(info);
	return fine;
}

static bool read_all(X509_REQ *from, struct request *out, struct error *err)
{
	const X509_NAME *name = X509_REQ_get_subject_name(from);
	X509_EXTENSIONS *extensions = X509_REQ_get_extensions(from);
	bool fine = cert_name_text(name, NAME_APPLIANCE, &out->subject, err) &&
		cert_name_rfc4514(name, &out->facts.subject, err) &&
		cert_facts_extensions(&out->facts, extensions, err) && read_key(from, out, err);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return fine;
}

bool request_parse(struct reader der, struct request *out, struct error *err)
{
	if (der.left > REQUEST_BYTES_MAX)
		return fail(err, FAULT_LIMIT, "a request of %zu bytes, at most %d are accepted",
			der.left, REQUEST_BYTES_MAX);
	const unsigned char *at = der.at;
	X509_REQ *from = der.left == 0 ? NULL : d2i_X509_REQ(NULL, &at, (long)der.left);
	AUTO_DONE(request) request = { 0 };
	bool fine = from != NULL && at == der.at + der.left;
	if (!fine)
		(void)fail_openssl(err, FAULT_MALFORMED, "not exactly one PKCS#10 request");
	fine = fine && read_all(from, &request, err);
	X509_REQ_free(from);
	ERR_clear_error();
	if (!fine)
		return false;
	*out = request;
	request = (struct request){ 0 };
	return true;
}

void request_done(struct request *request)
{
	free(request->subject);
	cert_facts_done(&request->facts);
	*request = (struct request){ 0 };
}

bool request_pem(struct reader der, char **out, struct error *err)
{
	return pem_write(PEM_STRING_X509_REQ, der, out, err);
}
