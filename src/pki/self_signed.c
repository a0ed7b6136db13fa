#include "pki/self_signed.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "pki/crypto_fault_impl.h"
#include "pki/digest_impl.h"
#include "pki/key_impl.h"

enum { SERIAL_SIZE = 16, DAY = 86400, DAYS_MAX = 36525 };

/* What RFC 5280 section 4.1.2.5 can say: from 1950 to the end of the year 9999. */
static const int64_t time_first = INT64_C(-631152000);
static const int64_t time_last = INT64_C(253402300799);

/* docs/formats/certificate.md#subject: this is the order in which the appliance encodes. */
static const struct rdn_row {
	int nid;
	int string_type;
	size_t offset, size;
	const char *name;
} rdns[] = {
#define FIELD(field)                                                                               \
	offsetof(struct certificate_subject, field),                                               \
		sizeof(((struct certificate_subject *)NULL)->field)
	{ NID_countryName, V_ASN1_PRINTABLESTRING, FIELD(country), "country" },
	{ NID_organizationName, V_ASN1_UTF8STRING, FIELD(organization), "organization" },
	{ NID_organizationalUnitName, V_ASN1_UTF8STRING, FIELD(unit), "organizational unit" },
	{ NID_commonName, V_ASN1_UTF8STRING, FIELD(common_name), "common name" },
	{ NID_stateOrProvinceName, V_ASN1_UTF8STRING, FIELD(state), "state" },
	{ NID_localityName, V_ASN1_UTF8STRING, FIELD(locality), "locality" },
#undef FIELD
};

/* Bit numbers of KeyUsage, RFC 5280 section 4.2.1.3. */
static const struct usage_row {
	unsigned usage;
	int bit;
} usages[] = {
	{ USAGE_DIGITAL_SIGNATURE, 0 },
	{ USAGE_KEY_ENCIPHERMENT, 2 },
	{ USAGE_DATA_ENCIPHERMENT, 3 },
	{ USAGE_KEY_AGREEMENT, 4 },
	{ USAGE_CERT_SIGN, 5 },
};

static const struct purpose_row {
	unsigned purpose;
	int nid;
} purposes[] = {
	{ PURPOSE_SERVER, NID_server_auth },
	{ PURPOSE_CLIENT, NID_client_auth },
	{ PURPOSE_IPSEC_END_SYSTEM, NID_ipsecEndSystem },
};

static const char *subject_text(
	const struct certificate_subject *subject, const struct rdn_row *row)
{
	return (const char *)subject + row->offset;
}

static bool letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool check_subject(const struct certificate_subject *subject, struct error *err)
{
	for (size_t i = 0; i < COUNT(rdns); i++) {
		char copy[256];
		const char *text = subject_text(subject, &rdns[i]);
		size_t length = strnlen(text, rdns[i].size);
		if (length == rdns[i].size)
			return fail(err, FAULT_LIMIT, "%s: more than %zu bytes", rdns[i].name,
				rdns[i].size - 1);
		if (!text_from(reader_of(text, length), copy, sizeof(copy), err))
			return fail_in(err, "%s", rdns[i].name);
	}
	if (subject->common_name[0] == '\0')
		return fail(err, FAULT_USAGE, "a certificate needs a common name");
	if (subject->country[0] != '\0' &&
		!(letter(subject->country[0]) && letter(subject->country[1])))
		return fail(err, FAULT_USAGE, "country: two letters, for example PL");
	return true;
}

static bool check_dns_name(const char *name, size_t size, struct error *err)
{
	size_t length = strnlen(name, size);
	if (length == size)
		return fail(err, FAULT_LIMIT, "DNS name: more than %zu bytes", size - 1);
	for (size_t i = 0; i < length; i++)
		if (!letter(name[i]) && !(name[i] >= '0' && name[i] <= '9') &&
			strchr("-._", name[i]) == NULL)
			return fail(err, FAULT_USAGE,
				"DNS name: only letters, digits, '-', '_' and '.' may stand in it");
	return true;
}

static unsigned all_usages(void)
{
	unsigned all = 0;
	for (size_t i = 0; i < COUNT(usages); i++)
		all |= usages[i].usage;
	for (size_t i = 0; i < COUNT(purposes); i++)
		all |= purposes[i].purpose;
	return all;
}

bool certificate_profile_check(const struct certificate_profile *profile, struct error *err)
{
	if (profile->days == 0 || profile->days > DAYS_MAX)
		return fail(err, FAULT_USAGE, "a validity of %u days; 1 to %d are possible",
			profile->days, DAYS_MAX);
	if (profile->not_before < time_first ||
		profile->not_before > time_last - (int64_t)profile->days * DAY)
		return fail(err, FAULT_USAGE, "a validity outside the years 1950 to 9999");
	if (profile->hash_bits != 0 && profile->hash_bits != 256 && profile->hash_bits != 384 &&
		profile->hash_bits != 512)
		return fail(err, FAULT_USAGE, "a hash of %u bits: 256, 384 or 512 are possible",
			profile->hash_bits);
	if ((profile->usages & ~all_usages()) != 0)
		return fail(err, FAULT_USAGE, "unknown key usage bits %#x",
			profile->usages & ~all_usages());
	return check_subject(&profile->subject, err) &&
		check_dns_name(profile->dns_name, sizeof(profile->dns_name), err);
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
	X509_NAME *name = X509_NAME_new();
	bool ok = name != NULL;
	for (size_t i = 0; ok && i < COUNT(rdns); i++) {
		const unsigned char *text = (const unsigned char *)subject_text(subject, &rdns[i]);
		ok = text[0] == '\0' ||
			X509_NAME_add_entry_by_NID(
				name, rdns[i].nid, rdns[i].string_type, text, -1, -1, 0) == 1;
	}
	ok = ok && X509_set_subject_name(x509, name) == 1 && X509_set_issuer_name(x509, name) == 1;
	X509_NAME_free(name);
	return ok;
}

static bool add_key_usage(X509 *x509, unsigned wanted)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool ok = bits != NULL;
	bool any = false;
	for (size_t i = 0; ok && i < COUNT(usages); i++) {
		if ((wanted & usages[i].usage) == 0)
			continue;
		any = true;
		ok = ASN1_BIT_STRING_set_bit(bits, usages[i].bit, 1) == 1;
	}
	ok = ok && (!any || X509_add1_ext_i2d(x509, NID_key_usage, bits, 0, 0) == 1);
	ASN1_BIT_STRING_free(bits);
	return ok;
}

static bool add_purposes(X509 *x509, unsigned wanted)
{
	EXTENDED_KEY_USAGE *list = EXTENDED_KEY_USAGE_new();
	bool ok = list != NULL;
	for (size_t i = 0; ok && i < COUNT(purposes); i++)
		if ((wanted & purposes[i].purpose) != 0)
			ok = sk_ASN1_OBJECT_push(list, OBJ_nid2obj(purposes[i].nid)) > 0;
	ok = ok &&
		(sk_ASN1_OBJECT_num(list) == 0 ||
			X509_add1_ext_i2d(x509, NID_ext_key_usage, list, 0, 0) == 1);
	EXTENDED_KEY_USAGE_free(list);
	return ok;
}

/* RFC 5280 section 4.2.1.2, method 1. */
static bool add_key_identifier(X509 *x509)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	bool ok = id != NULL && X509_pubkey_digest(x509, EVP_sha1(), digest, &size) == 1 &&
		ASN1_OCTET_STRING_set(id, digest, (int)size) == 1 &&
		X509_add1_ext_i2d(x509, NID_subject_key_identifier, id, 0, 0) == 1;
	ASN1_OCTET_STRING_free(id);
	return ok;
}

static bool add_dns_name(X509 *x509, const char *dns_name)
{
	if (dns_name[0] == '\0')
		return true;
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	bool ok = names != NULL && name != NULL && text != NULL &&
		ASN1_STRING_set(text, dns_name, -1) == 1;
	if (ok) {
		GENERAL_NAME_set0_value(name, GEN_DNS, TAKE(text));
		ok = sk_GENERAL_NAME_push(names, name) > 0;
	}
	if (ok)
		name = NULL;
	ok = ok && X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0) == 1;
	ASN1_IA5STRING_free(text);
	GENERAL_NAME_free(name);
	GENERAL_NAMES_free(names);
	return ok;
}

/* Critical, as RFC 5280 section 4.2.1.9 demands of an issuer. */
static bool add_authority(X509 *x509, bool authority)
{
	if (!authority)
		return true;
	BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
	ASN1_INTEGER *depth = ASN1_INTEGER_new();
	bool ok = constraints != NULL && depth != NULL && ASN1_INTEGER_set(depth, 0) == 1;
	if (ok) {
		constraints->ca = 0xFF; /* DER's TRUE */
		constraints->pathlen = TAKE(depth);
		ok = X509_add1_ext_i2d(x509, NID_basic_constraints, constraints, 1, 0) == 1;
	}
	ASN1_INTEGER_free(depth);
	BASIC_CONSTRAINTS_free(constraints);
	return ok;
}

static bool fill(X509 *x509, const struct certificate_profile *profile, const struct key *key)
{
	int64_t end = profile->not_before + (int64_t)profile->days * DAY - 1;
	return X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509) &&
		set_names(x509, &profile->subject) &&
		set_time(x509, profile->not_before, X509_set1_notBefore) &&
		set_time(x509, end, X509_set1_notAfter) &&
		X509_set_pubkey(x509, key_pkey(key)) == 1 && add_key_usage(x509, profile->usages) &&
		add_purposes(x509, profile->usages) && add_key_identifier(x509) &&
		add_dns_name(x509, profile->dns_name) && add_authority(x509, profile->authority);
}

static const struct {
	unsigned bits;
	enum digest_kind kind;
} hashes[] = { { 256, DIGEST_SHA256 }, { 384, DIGEST_SHA384 }, { 512, DIGEST_SHA512 } };

static bool signing_digest(
	const struct key *key, unsigned bits, enum digest_kind *out, struct error *err)
{
	struct key_shape shape = { 0 };
	bool known = key_shape_of(key_pkey(key), &shape, NULL);
	enum digest_kind least = known && shape.curve != NULL ? shape.curve->digest : DIGEST_SHA256;
	enum digest_kind kind = least;
	for (size_t i = 0; bits != 0 && i < COUNT(hashes); i++)
		if (hashes[i].bits == bits)
			kind = hashes[i].kind;
	if (digest_size(kind) < digest_size(least))
		return fail(err, FAULT_USAGE, "SHA-%u is weaker than the key: take %s", bits,
			digest_name(least));
	*out = kind;
	return true;
}

struct cert *certificate_self_sign(
	const struct certificate_profile *profile, const struct key *key, struct error *err)
{
	enum digest_kind digest = DIGEST_SHA256;
	if (!certificate_profile_check(profile, err) ||
		!signing_digest(key, profile->hash_bits, &digest, err))
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
