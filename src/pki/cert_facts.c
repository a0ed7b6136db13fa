#include "pki/cert_facts.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/writer.h"
#include "pki/cert_facts_impl.h"
#include "pki/cert_name_impl.h"
#include "pki/crypto_fault_impl.h"

enum { TEXT_MAX = 64 << 10 };

const char *cert_usage_name(unsigned bit)
{
	static const char *const names[CERT_USAGES] = { "digitalSignature", "nonRepudiation",
		"keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign",
		"encipherOnly", "decipherOnly" };
	return names[bit];
}

static const char *known_name(const ASN1_OBJECT *object)
{
	int nid = OBJ_obj2nid(object);
	return nid != NID_undef ? OBJ_nid2sn(nid) : NULL;
}

static bool copy_text(struct reader from, char **out, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(TEXT_MAX);
	struct bytes text = { 0 };
	writer_bytes(&w, from);
	writer_u8(&w, 0);
	if (!writer_take(&w, &text, err))
		return false;
	*out = (char *)text.data;
	return true;
}

/* Lines become one, blanks at their edges go. */
static bool copy_lines(struct reader from, char **out, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(TEXT_MAX);
	bool pending = false;
	while (from.left > 0) {
		uint8_t byte = reader_u8(&from);
		if (byte == '\n' || byte == ' ') {
			pending = w.used > 0;
			continue;
		}
		if (pending)
			writer_u8(&w, ' ');
		pending = false;
		writer_u8(&w, byte);
	}
	return copy_text(writer_written(&w), out, err);
}

/* What OpenSSL says of an extension; nothing where it knows no such kind. */
static bool read_text(X509_EXTENSION *from, char **out, struct error *err)
{
	const char *text = NULL;
	BIO *to = BIO_new(BIO_s_mem());
	if (to == NULL)
		return fail_memory(err);
	bool fine = true;
	if (X509V3_EXT_print(to, from, X509V3_EXT_DEFAULT, 0) == 1) {
		long size = BIO_get_mem_data(to, &text);
		fine = copy_lines(reader_of(text, (size_t)size), out, err);
	} else if (openssl_lacks_memory()) {
		fine = fail_memory(err);
	}
	BIO_free(to);
	return fine;
}

static bool seen_before(const struct cert_facts *facts, const char *oid)
{
	for (size_t i = 0; i < facts->extension_count; i++)
		if (strcmp(facts->extensions[i].oid, oid) == 0)
			return true;
	return false;
}

static bool read_extension(struct cert_facts *facts, X509_EXTENSION *from, struct error *err)
{
	struct cert_extension *e = &facts->extensions[facts->extension_count];
	const ASN1_OBJECT *object = X509_EXTENSION_get_object(from);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(from);
	char oid[CERT_OID_SIZE];
	int size = OBJ_obj2txt(oid, sizeof(oid), object, 1);
	if (size <= 0 || (size_t)size >= sizeof(oid))
		return fail(err, FAULT_MALFORMED, "an extension whose kind cannot be read");
	e->again = seen_before(facts, oid);
	facts->extension_count++;
	(void)snprintf(e->oid, sizeof(e->oid), "%s", oid);
	e->name = known_name(object);
	e->critical = X509_EXTENSION_get_critical(from) == 1;
	e->readable = true;
	if (!bytes_copy(&e->value,
		    reader_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)),
		    err))
		return false;
	if (X509V3_EXT_get(from) == NULL)
		return true;
	return read_text(from, &e->text, err);
}

typedef bool take_fn(struct cert_facts *facts, const void *content, struct error *err);

static bool take_usage(struct cert_facts *facts, const void *content, struct error *err)
{
	const ASN1_BIT_STRING *bits = content;
	(void)err;
	facts->has_usage = true;
	for (unsigned bit = 0; bit < CERT_USAGES; bit++)
		if (ASN1_BIT_STRING_get_bit(bits, (int)bit) == 1)
			facts->usage |= 1U << bit;
	return true;
}

/* A path length that is negative or beyond any sense lets nothing stand below. */
static bool take_constraints(struct cert_facts *facts, const void *content, struct error *err)
{
	const BASIC_CONSTRAINTS *from = content;
	(void)err;
	facts->has_constraints = true;
	facts->authority = from->ca != 0;
	facts->has_path_length = from->pathlen != NULL;
	if (from->pathlen != NULL &&
		ASN1_INTEGER_get_uint64(&facts->path_length, from->pathlen) != 1)
		facts->path_length = 0;
	return true;
}

static struct reader string_of(const ASN1_STRING *from)
{
	return reader_of(ASN1_STRING_get0_data(from), (size_t)ASN1_STRING_length(from));
}

static bool take_key_id(struct cert_facts *facts, const void *content, struct error *err)
{
	return bytes_copy(&facts->key_id, string_of(content), err);
}

static bool take_authority_key_id(struct cert_facts *facts, const void *content, struct error *err)
{
	const AUTHORITY_KEYID *from = content;
	return from->keyid == NULL ||
		bytes_copy(&facts->authority_key_id, string_of(from->keyid), err);
}

static bool take_purposes(struct cert_facts *facts, const void *content, struct error *err)
{
	const EXTENDED_KEY_USAGE *list = content;
	int count = sk_ASN1_OBJECT_num(list);
	facts->purposes = calloc((size_t)count + 1, sizeof(*facts->purposes));
	if (facts->purposes == NULL)
		return fail_memory(err);
	for (int i = 0; i < count; i++) {
		struct cert_purpose *p = &facts->purposes[facts->purpose_count++];
		const ASN1_OBJECT *object = sk_ASN1_OBJECT_value(list, i);
		(void)OBJ_obj2txt(p->oid, sizeof(p->oid), object, 1);
		p->name = known_name(object);
	}
	return true;
}

static bool address_text(struct reader bytes, char **out, struct error *err)
{
	char text[64];
	struct writer w = writer_on(text, sizeof(text));
	char piece[8];
	bool four = bytes.left == 4;
	if (!four && bytes.left != 16) {
		char hex[2 * 64 + 1];
		return copy_text(
			reader_of_text(bytes.left <= 64 ? hex_write(bytes, hex) : "(no address)"),
			out, err);
	}
	for (size_t i = 0; i < bytes.left; i += four ? 1 : 2) {
		if (four)
			(void)snprintf(piece, sizeof(piece), i > 0 ? ".%u" : "%u", bytes.at[i]);
		else
			(void)snprintf(piece, sizeof(piece), i > 0 ? ":%x" : "%x",
				(unsigned)bytes.at[i] << 8 | bytes.at[i + 1]);
		writer_text(&w, piece);
	}
	return copy_text(writer_written(&w), out, err);
}

static bool take_alternative(
	struct cert_alternative *to, const GENERAL_NAME *from, struct error *err)
{
	static const struct {
		int type;
		const char *kind;
	} texts[] = { { GEN_DNS, "dns" }, { GEN_EMAIL, "email" }, { GEN_URI, "uri" } };
	char oid[CERT_OID_SIZE];
	int type = 0;
	const void *value = GENERAL_NAME_get0_value(from, &type);
	for (size_t i = 0; i < COUNT(texts); i++)
		if (texts[i].type == type) {
			to->kind = texts[i].kind;
			return copy_text(string_of(value), &to->text, err);
		}
	if (type == GEN_IPADD) {
		to->kind = "ip";
		return address_text(string_of(value), &to->text, err);
	}
	if (type == GEN_DIRNAME) {
		to->kind = "directory";
		return cert_name_rfc4514(value, &to->text, err);
	}
	to->kind = type == GEN_RID ? "id" : "other";
	const ASN1_OBJECT *object = type == GEN_RID ? from->d.registeredID
		: type == GEN_OTHERNAME             ? from->d.otherName->type_id
						    : NULL;
	if (object == NULL || OBJ_obj2txt(oid, sizeof(oid), object, 1) <= 0)
		return copy_text(reader_of_text("(not known)"), &to->text, err);
	return copy_text(reader_of_text(oid), &to->text, err);
}

static bool take_alternatives(struct cert_facts *facts, const void *content, struct error *err)
{
	const GENERAL_NAMES *names = content;
	int count = sk_GENERAL_NAME_num(names);
	facts->alternatives = calloc((size_t)count + 1, sizeof(*facts->alternatives));
	if (facts->alternatives == NULL)
		return fail_memory(err);
	for (int i = 0; i < count; i++)
		if (!take_alternative(&facts->alternatives[facts->alternative_count++],
			    sk_GENERAL_NAME_value(names, i), err))
			return false;
	return true;
}

static const struct taker {
	int nid;
	take_fn *take;
} takers[] = {
	{ NID_key_usage, take_usage },
	{ NID_basic_constraints, take_constraints },
	{ NID_ext_key_usage, take_purposes },
	{ NID_subject_alt_name, take_alternatives },
	{ NID_subject_key_identifier, take_key_id },
	{ NID_authority_key_identifier, take_authority_key_id },
};

static bool take_content(struct cert_facts *facts, int nid, const void *content, struct error *err)
{
	for (size_t i = 0; i < COUNT(takers); i++)
		if (takers[i].nid == nid)
			return takers[i].take(facts, content, err);
	return true;
}

static bool read_content(struct cert_facts *facts, X509_EXTENSION *from, struct error *err)
{
	struct cert_extension *e = &facts->extensions[facts->extension_count - 1];
	const X509V3_EXT_METHOD *method = X509V3_EXT_get(from);
	if (method == NULL || method->it == NULL)
		return true;
	const unsigned char *at = e->value.data;
	const ASN1_ITEM *item = ASN1_ITEM_ptr(method->it);
	ASN1_VALUE *content = ASN1_item_d2i(NULL, &at, (long)e->value.size, item);
	if (content == NULL && openssl_lacks_memory())
		return fail_memory(err);
	e->readable = content != NULL && at == e->value.data + e->value.size;
	bool fine = true;
	if (e->readable && !e->again)
		fine = take_content(
			facts, OBJ_obj2nid(X509_EXTENSION_get_object(from)), content, err);
	ASN1_item_free(content, item);
	if (!e->readable) {
		free(e->text);
		e->text = NULL;
	}
	return fine;
}

bool cert_facts_extensions(
	struct cert_facts *facts, const X509_EXTENSIONS *extensions, struct error *err)
{
	int count = sk_X509_EXTENSION_num(extensions);
	facts->extensions = calloc((size_t)(count > 0 ? count : 1), sizeof(*facts->extensions));
	if (facts->extensions == NULL)
		return fail_memory(err);
	for (int i = 0; i < count; i++) {
		X509_EXTENSION *from = sk_X509_EXTENSION_value(extensions, i);
		if (!read_extension(facts, from, err) || !read_content(facts, from, err))
			return false;
	}
	return true;
}

static bool read_serial(
	struct cert_facts *facts, const struct cert *c, const X509 *x509, struct error *err)
{
	struct reader serial = cert_serial(c);
	facts->serial_negative =
		ASN1_STRING_type(X509_get0_serialNumber(x509)) == V_ASN1_NEG_INTEGER;
	BIGNUM *number = BN_bin2bn(serial.at, (int)serial.left, NULL);
	char *decimal = number != NULL ? BN_bn2dec(number) : NULL;
	bool fine =
		decimal != NULL && copy_text(reader_of_text(decimal), &facts->serial_decimal, err);
	if (decimal == NULL)
		(void)fail_memory(err);
	OPENSSL_free(decimal);
	BN_free(number);
	return fine;
}

static bool read_all(
	struct cert_facts *facts, const struct cert *c, const X509 *x509, struct error *err)
{
	facts->version = (unsigned)(X509_get_version(x509) + 1);
	return read_serial(facts, c, x509, err) &&
		cert_name_rfc4514(X509_get_subject_name(x509), &facts->subject, err) &&
		cert_name_rfc4514(X509_get_issuer_name(x509), &facts->issuer, err) &&
		cert_facts_extensions(facts, X509_get0_extensions(x509), err);
}

bool cert_facts_read(const struct cert *c, struct cert_facts *out, struct error *err)
{
	struct reader der = cert_der(c);
	const unsigned char *at = der.at;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.left);
	if (x509 == NULL)
		return fail_openssl(err, FAULT_MALFORMED, "the certificate cannot be read whole");
	AUTO_DONE(cert_facts) facts = { 0 };
	bool fine = read_all(&facts, c, x509, err);
	X509_free(x509);
	ERR_clear_error();
	if (!fine)
		return false;
	*out = facts;
	facts = (struct cert_facts){ 0 };
	return true;
}

void cert_facts_done(struct cert_facts *facts)
{
	for (size_t i = 0; i < facts->extension_count; i++) {
		bytes_done(&facts->extensions[i].value);
		free(facts->extensions[i].text);
	}
	free(facts->extensions);
	for (size_t i = 0; i < facts->alternative_count; i++)
		free(facts->alternatives[i].text);
	free(facts->alternatives);
	free(facts->purposes);
	free(facts->serial_decimal);
	free(facts->subject);
	free(facts->issuer);
	bytes_done(&facts->key_id);
	bytes_done(&facts->authority_key_id);
	*facts = (struct cert_facts){ 0 };
}
