#include "pki/profile_impl.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "base/text.h"

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

bool profile_check_subject(const struct certificate_subject *subject, struct error *err)
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

bool profile_check_dns_name(const char *name, size_t size, struct error *err)
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

bool profile_check_usages(unsigned wanted, struct error *err)
{
	unsigned unknown = wanted & ~all_usages();
	return unknown == 0 || fail(err, FAULT_USAGE, "unknown key usage bits %#x", unknown);
}

bool profile_check_hash(unsigned bits, struct error *err)
{
	if (bits != 0 && bits != 256 && bits != 384 && bits != 512)
		return fail(
			err, FAULT_USAGE, "a hash of %u bits: 256, 384 or 512 are possible", bits);
	return true;
}

X509_NAME *profile_name(const struct certificate_subject *subject)
{
	X509_NAME *name = X509_NAME_new();
	bool ok = name != NULL;
	for (size_t i = 0; ok && i < COUNT(rdns); i++) {
		const unsigned char *text = (const unsigned char *)subject_text(subject, &rdns[i]);
		ok = text[0] == '\0' ||
			X509_NAME_add_entry_by_NID(
				name, rdns[i].nid, rdns[i].string_type, text, -1, -1, 0) == 1;
	}
	if (ok)
		return name;
	X509_NAME_free(name);
	return NULL;
}

static bool add(X509_EXTENSIONS **to, int nid, void *content, int critical)
{
	return X509V3_add1_i2d(to, nid, content, critical, X509V3_ADD_APPEND) == 1;
}

static bool add_key_usage(X509_EXTENSIONS **to, unsigned wanted)
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
	ok = ok && (!any || add(to, NID_key_usage, bits, 0));
	ASN1_BIT_STRING_free(bits);
	return ok;
}

static bool add_purposes(X509_EXTENSIONS **to, unsigned wanted)
{
	EXTENDED_KEY_USAGE *list = EXTENDED_KEY_USAGE_new();
	bool ok = list != NULL;
	for (size_t i = 0; ok && i < COUNT(purposes); i++)
		if ((wanted & purposes[i].purpose) != 0)
			ok = sk_ASN1_OBJECT_push(list, OBJ_nid2obj(purposes[i].nid)) > 0;
	ok = ok && (sk_ASN1_OBJECT_num(list) == 0 || add(to, NID_ext_key_usage, list, 0));
	EXTENDED_KEY_USAGE_free(list);
	return ok;
}

bool profile_usages(X509_EXTENSIONS **to, unsigned wanted)
{
	return add_key_usage(to, wanted) && add_purposes(to, wanted);
}

static bool push_dns_name(GENERAL_NAMES *names, const char *dns_name)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	bool ok = name != NULL && text != NULL && ASN1_STRING_set(text, dns_name, -1) == 1;
	if (ok) {
		GENERAL_NAME_set0_value(name, GEN_DNS, TAKE(text));
		ok = sk_GENERAL_NAME_push(names, name) > 0;
	}
	if (ok)
		name = NULL;
	ASN1_IA5STRING_free(text);
	GENERAL_NAME_free(name);
	return ok;
}

bool profile_dns_names(X509_EXTENSIONS **to, const char *const *dns_names, size_t count)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	bool ok = names != NULL;
	for (size_t i = 0; ok && i < count; i++)
		ok = push_dns_name(names, dns_names[i]);
	ok = ok && (count == 0 || add(to, NID_subject_alt_name, names, 0));
	GENERAL_NAMES_free(names);
	return ok;
}

/* Critical, as RFC 5280 section 4.2.1.9 demands of an issuer. */
bool profile_authority(X509_EXTENSIONS **to, bool authority)
{
	if (!authority)
		return true;
	BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
	ASN1_INTEGER *depth = ASN1_INTEGER_new();
	bool ok = constraints != NULL && depth != NULL && ASN1_INTEGER_set(depth, 0) == 1;
	if (ok) {
		constraints->ca = 0xFF; /* DER's TRUE */
		constraints->pathlen = TAKE(depth);
		ok = add(to, NID_basic_constraints, constraints, 1);
	}
	ASN1_INTEGER_free(depth);
	BASIC_CONSTRAINTS_free(constraints);
	return ok;
}

static const struct {
	unsigned bits;
	enum digest_kind kind;
} hashes[] = { { 256, DIGEST_SHA256 }, { 384, DIGEST_SHA384 }, { 512, DIGEST_SHA512 } };

bool profile_digest(const struct key *key, unsigned bits, enum digest_kind *out, struct error *err)
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
