#include "pki/self_signed.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "pki/crypto_fault_impl.h"
#include "pki/digest_impl.h"
#include "pki/profile_impl.h"

enum { SERIAL_SIZE = 16, DAY = 86400, DAYS_MAX = 36525 };

/* What RFC 5280 section 4.1.2.5 can say: from 1950 to the end of the year 9999. */
static const int64_t time_first = INT64_C(-631152000);
static const int64_t time_last = INT64_C(253402300799);

bool certificate_profile_check(const struct certificate_profile *profile, struct error *err)
{
	if (profile->days == 0 || profile->days > DAYS_MAX)
		return fail(err, FAULT_USAGE, "a validity of %u days; 1 to %d are possible",
			profile->days, DAYS_MAX);
	if (profile->not_before < time_first ||
		profile->not_before > time_last - (int64_t)profile->days * DAY)
		return fail(err, FAULT_USAGE, "a validity outside the years 1950 to 9999");
	return profile_check_hash(profile->hash_bits, err) &&
		profile_check_usages(profile->usages, err) &&
		profile_check_subject(&profile->subject, err) &&
		profile_check_dns_name(profile->dns_name, sizeof(profile->dns_name), err);
}

/* Positive and of exactly 16 bytes, so that lists and prints carry it the same everywhere. */
static bool set_serial(X509 *x509)
{
	uint8_t bytes[SERIAL_SIZE];
	do {
		if (RAND_bytes(bytes, sizeof(bytes)) != 1)
			return false;
		bytes[0] &= 0x7F;
	} while (bytes[0] == 0);
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;
	BN_free(number);
	return ok;
}

static bool set_time(X509 *x509, int64_t seconds, int (*set)(X509 *, const ASN1_TIME *))
{
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)seconds);
	bool ok = when != NULL && set(x509, when) == 1;
	ASN1_TIME_free(when);
	return ok;
}

static bool set_names(X509 *x509, const struct certificate_subject *subject)
{
	X509_NAME *name = profile_name(subject);
	bool ok = name != NULL && X509_set_subject_name(x509, name) == 1 &&
		X509_set_issuer_name(x509, name) == 1;
	X509_NAME_free(name);
	return ok;
}

/* RFC 5280 section 4.2.1.2, method 1. */
static bool add_key_identifier(X509_EXTENSIONS **to, const X509 *x509)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	bool ok = id != NULL && X509_pubkey_digest(x509, EVP_sha1(), digest, &size) == 1 &&
		ASN1_OCTET_STRING_set(id, digest, (int)size) == 1 &&
		X509V3_add1_i2d(to, NID_subject_key_identifier, id, 0, X509V3_ADD_APPEND) == 1;
	ASN1_OCTET_STRING_free(id);
	return ok;
}

static bool add_extensions(X509 *x509, const struct certificate_profile *profile)
{
	X509_EXTENSIONS *all = NULL;
	const char *const names[] = { profile->dns_name };
	bool ok = profile_usages(&all, profile->usages) && add_key_identifier(&all, x509) &&
		profile_dns_names(&all, names, profile->dns_name[0] != '\0' ? 1 : 0) &&
		profile_authority(&all, profile->authority);
	for (int i = 0; ok && i < sk_X509_EXTENSION_num(all); i++)
		ok = X509_add_ext(x509, sk_X509_EXTENSION_value(all, i), -1) == 1;
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	return ok;
}

static bool fill(X509 *x509, const struct certificate_profile *profile, const struct key *key)
{
	int64_t end = profile->not_before + (int64_t)profile->days * DAY - 1;
	return X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509) &&
		set_names(x509, &profile->subject) &&
		set_time(x509, profile->not_before, X509_set1_notBefore) &&
		set_time(x509, end, X509_set1_notAfter) &&
		X509_set_pubkey(x509, key_pkey(key)) == 1 && add_extensions(x509, profile);
}

struct cert *certificate_self_sign(
	const struct certificate_profile *profile, const struct key *key, struct error *err)
{
	enum digest_kind digest = DIGEST_SHA256;
	if (!certificate_profile_check(profile, err) ||
		!profile_digest(key, profile->hash_bits, &digest, err))
		return NULL;
	X509 *x509 = X509_new();
	unsigned char *der = NULL;
	int size = 0;
	if (x509 != NULL && fill(x509, profile, key) &&
		X509_sign(x509, key_pkey(key), digest_md(digest)) > 0)
		size = i2d_X509(x509, &der);
	X509_free(x509);
	struct cert *cert = NULL;
	if (size > 0)
		cert = cert_parse(reader_of(der, (size_t)size), err);
	else
		(void)fail_crypto(err, "the certificate cannot be made");
	OPENSSL_free(der);
	return cert;
}
