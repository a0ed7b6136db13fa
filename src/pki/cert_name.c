#include "pki/cert_name_impl.h"

#include <openssl/objects.h>
#include <string.h>

#include "base/limits.h"
#include "base/writer.h"
#include "pki/crypto_fault_impl.h"

/* A name is part of a certificate; no escape makes a byte longer than three. */
enum { NAME_TEXT_MAX = 4 * LIMIT_CERTIFICATE };

/* The short types of RFC 4514 section 3; any other is written as its dotted OID. The first six rows
 * are the appliance's, in its order. */
static const struct type_row {
	int nid;
	const char *type;
} types[] = {
	{ NID_commonName, "CN" },
	{ NID_organizationalUnitName, "OU" },
	{ NID_organizationName, "O" },
	{ NID_localityName, "L" },
	{ NID_stateOrProvinceName, "ST" },
	{ NID_countryName, "C" },
	{ NID_streetAddress, "STREET" },
	{ NID_domainComponent, "DC" },
	{ NID_userId, "UID" },
};
enum { APPLIANCE_TYPES = 6 };

/* docs/formats/distinguished-name.md; wire/distinguished_name.c writes the appliance's form too. */
static const struct form_row {
	uint8_t separator;
	const char *escaped; /* take a backslash wherever they stand */
	const char *first;   /* and these at the start of a value */
	const char *last;    /* and these at its end */
	uint8_t control;     /* bytes below this are written as \XX */
} forms[] = {
	[NAME_APPLIANCE] = { ';', ";\\", "\"", "", 0x20 },
	[NAME_BUILDER] = { ',', "\"+,;<>\\", " #", " ", 0x01 },
	[NAME_BUILDER_2023] = { ';', "\"+,;<>\\", " #", " ", 0x01 },
};
/* A name of one attribute has no semicolon to show its form. */
static const struct form_row appliance_alone = { ';', ";\\,+", "\"", "", 0x20 };

static bool among(uint8_t byte, const char *set)
{
	return byte != 0 && strchr(set, byte) != NULL;
}

static void write_value(struct writer *w, const struct form_row *form, struct reader value)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < value.left; i++) {
		uint8_t byte = value.at[i];
		bool edge = (i == 0 && among(byte, form->first)) ||
			(i + 1 == value.left && among(byte, form->last));
		if (edge || byte < form->control || among(byte, form->escaped))
			writer_u8(w, '\\');
		if (byte < form->control) {
			writer_u8(w, (uint8_t)digits[byte >> 4]);
			writer_u8(w, (uint8_t)digits[byte & 0x0F]);
		} else {
			writer_u8(w, byte);
		}
	}
}

/* Whatever string type the attribute has, as UTF-8; OPENSSL_free(value->at). */
static bool entry_text(
	const X509_NAME_ENTRY *entry, unsigned char **out, size_t *size, struct error *err)
{
	unsigned char *text = NULL;
	int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
	if (length < 0)
		return fail_openssl(err, FAULT_MALFORMED, "an attribute of a name is no text");
	*out = text;
	*size = (size_t)length;
	return true;
}

static void write_type(struct writer *w, const ASN1_OBJECT *object)
{
	char dotted[128];
	int nid = OBJ_obj2nid(object);
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i].nid == nid) {
			writer_text(w, types[i].type);
			return;
		}
	int length = OBJ_obj2txt(dotted, sizeof(dotted), object, 1);
	if (length <= 0 || (size_t)length >= sizeof(dotted))
		w->ok = false;
	else
		writer_text(w, dotted);
}

static bool write_attribute(struct writer *w, const struct form_row *form,
	const X509_NAME_ENTRY *entry, struct error *err)
{
	unsigned char *text = NULL;
	size_t size = 0;
	if (!entry_text(entry, &text, &size, err))
		return false;
	write_type(w, X509_NAME_ENTRY_get_object(entry));
	writer_u8(w, '=');
	write_value(w, form, reader_of(text, size));
	OPENSSL_free(text);
	return true;
}

/* First RDN first, or last first; attributes of one RDN are joined with a plus sign, which
 * separates only where commas do. */
static bool write_in_order(struct writer *w, const struct form_row *form, const X509_NAME *name,
	bool last_first, struct error *err)
{
	int count = X509_NAME_entry_count(name), previous = -1;
	for (int i = 0; i < count; i++) {
		const X509_NAME_ENTRY *entry =
			X509_NAME_get_entry(name, last_first ? count - 1 - i : i);
		int set = X509_NAME_ENTRY_set(entry);
		if (i > 0)
			writer_u8(w,
				set == previous && form->separator == ',' ? '+' : form->separator);
		previous = set;
		if (!write_attribute(w, form, entry, err))
			return false;
	}
	return true;
}

static size_t count_kept(const X509_NAME *name)
{
	size_t count = 0;
	for (size_t type = 0; type < APPLIANCE_TYPES; type++) {
		int at = -1;
		while ((at = X509_NAME_get_index_by_NID(name, types[type].nid, at)) >= 0)
			count++;
	}
	return count;
}

static bool write_appliance(struct writer *w, const X509_NAME *name, struct error *err)
{
	const struct form_row *form =
		count_kept(name) == 1 ? &appliance_alone : &forms[NAME_APPLIANCE];
	for (size_t type = 0; type < APPLIANCE_TYPES; type++) {
		int at = X509_NAME_get_index_by_NID(name, types[type].nid, -1);
		for (; at >= 0; at = X509_NAME_get_index_by_NID(name, types[type].nid, at)) {
			if (w->used > 0)
				writer_u8(w, form->separator);
			if (!write_attribute(w, form, X509_NAME_get_entry(name, at), err))
				return false;
		}
	}
	return true;
}

static bool take_text(struct writer *w, char **out, struct error *err)
{
	struct bytes text = { 0 };
	writer_u8(w, 0);
	if (!writer_take(w, &text, err))
		return false;
	*out = (char *)text.data;
	return true;
}

bool cert_name_text(const X509_NAME *name, enum name_form form, char **out, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(NAME_TEXT_MAX);
	bool written = form == NAME_APPLIANCE ? write_appliance(&w, name, err)
					      : write_in_order(&w, &forms[form], name, false, err);
	return written && take_text(&w, out, err);
}

bool cert_name_rfc4514(const X509_NAME *name, char **out, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(NAME_TEXT_MAX);
	return write_in_order(&w, &forms[NAME_BUILDER], name, true, err) && take_text(&w, out, err);
}

bool cert_name_common(const X509_NAME *name, char **out, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(NAME_TEXT_MAX);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *text = NULL;
	size_t size = 0;
	if (at >= 0 && !entry_text(X509_NAME_get_entry(name, at), &text, &size, err))
		return false;
	if (size > 0 && memchr(text, 0, size) == NULL)
		writer_bytes(&w, reader_of(text, size));
	OPENSSL_free(text);
	return take_text(&w, out, err);
}
