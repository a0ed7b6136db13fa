#include "wire/trust_list.h"

enum record_tag {
	RECORD_LENGTH = 1,
	RECORD_DNS_NAME = 2,
	RECORD_SUBJECT = 3,
	RECORD_ROLE = 4,
	RECORD_ISSUER = 5,
	RECORD_SERIAL = 6,
	RECORD_PUBLIC_KEY = 7,
	RECORD_SIGNATURE = 8,
	RECORD_CERTIFICATE = 9,
	RECORD_ADDRESS = 10,
	RECORD_CERTIFICATE_HASH = 11,
	RECORD_HASH = 12,
};

/* docs/formats/trust-list.md#record. Only the length is needed: a cluster that left mixed mode
 * keeps records of name, role and address alone. */
/* clang-format off */
static const struct tag_rule record_rules[] = {
	[RECORD_LENGTH]           = { TAG_VALUE,  true,  0, 2, 2,                 "record length" },
	[RECORD_DNS_NAME]         = { TAG_TEXT,   false, 0, 1, LIMIT_TEXT,        "host name" },
	[RECORD_SUBJECT]          = { TAG_TEXT,   false, 0, 1, LIMIT_TEXT,        "subject" },
	[RECORD_ROLE]             = { TAG_VALUE,  false, 0, 2, 2,                 "role" },
	[RECORD_ISSUER]           = { TAG_TEXT,   false, 0, 1, LIMIT_TEXT,        "issuer" },
	[RECORD_SERIAL]           = { TAG_SERIAL, false, 0, 1, LIMIT_SERIAL,      "serial number" },
	[RECORD_PUBLIC_KEY]       = { TAG_VALUE,  false, 0, 1, LIMIT_CERTIFICATE, "public key" },
	[RECORD_SIGNATURE]        = { TAG_VALUE,  false, 0, 1, LIMIT_CERTIFICATE, "signature" },
	[RECORD_CERTIFICATE]      = { TAG_VALUE,  false, 0, 1, LIMIT_CERTIFICATE, "certificate" },
	[RECORD_ADDRESS]          = { TAG_VALUE,  false, 0, 4, 4,                 "address" },
	[RECORD_CERTIFICATE_HASH] = { TAG_VALUE,  false, 0, 20, 64,               "certificate hash" },
	[RECORD_HASH]             = { TAG_VALUE,  false, 0, 1, 1,                 "hash" },
};
/* clang-format on */

static const struct tag_table record_table = { record_rules, COUNT(record_rules) };

const struct tag_rule *trust_record_tag(uint8_t tag)
{
	bool known = tag < COUNT(record_rules) && record_rules[tag].shape != TAG_NONE;
	return known ? &record_rules[tag] : NULL;
}

enum { RECORD_OPENING = 5 }; /* tag 1, always first */

static bool read_size(struct reader rest, size_t *size, struct error *err)
{
	size_t left = rest.left;
	uint8_t tag = reader_u8(&rest);
	uint16_t length = reader_u16(&rest);
	*size = reader_u16(&rest);
	if (!rest.ok)
		return fail(err, FAULT_MALFORMED, "%zu bytes are too few for a record", left);
	if (tag != RECORD_LENGTH || length != 2)
		return fail(err, FAULT_MALFORMED, "does not start with its length");
	if (*size < RECORD_OPENING || *size > left)
		return fail(err, FAULT_MALFORMED, "record length of %zu, %zu bytes are left", *size,
			left);
	return true;
}

static bool read_hash(const struct tag_values *values, struct trust_record *r, struct error *err)
{
	struct reader code = values->of[RECORD_HASH];
	r->certificate_hash = values->of[RECORD_CERTIFICATE_HASH];
	if (code.ok != r->certificate_hash.ok)
		return fail(err, FAULT_MALFORMED, "tags 11 and 12 stand together or not at all");
	if (!code.ok)
		return true;
	uint8_t hash = reader_u8(&code);
	if (hash < HASH_SHA1 || hash > HASH_SHA512 ||
		hash_code_size((enum hash_code)hash) != r->certificate_hash.left)
		return fail(err, FAULT_MALFORMED, "certificate hash of %zu bytes for hash code %u",
			r->certificate_hash.left, hash);
	r->hash = (enum hash_code)hash;
	return true;
}

static bool read_record(
	struct reader *rest, size_t offset, struct trust_record *out, struct error *err)
{
	struct trust_record r = { .offset = offset };
	struct tag_values values;
	if (!read_size(*rest, &r.size, err))
		return false;
	struct reader area = reader_sub(rest, r.size);
	if (!tag_table_read(&record_table, area, offset, &values, err) ||
		!read_hash(&values, &r, err))
		return false;
	struct reader role = values.of[RECORD_ROLE];
	r.dns_name = values.of[RECORD_DNS_NAME];
	r.has_dns_name = r.dns_name.ok;
	r.subject = values.of[RECORD_SUBJECT];
	r.has_role = role.ok;
	r.role = reader_u16(&role);
	r.issuer = values.of[RECORD_ISSUER];
	r.serial = values.of[RECORD_SERIAL];
	r.public_key = values.of[RECORD_PUBLIC_KEY];
	r.signature = values.of[RECORD_SIGNATURE];
	r.certificate = values.of[RECORD_CERTIFICATE];
	r.address = values.of[RECORD_ADDRESS];
	*out = r;
	return true;
}

bool trust_list_parse(struct reader file, struct trust_list *out, struct error *err)
{
	struct trust_list list = { 0 };
	struct reader rest = file;
	if (file.left > LIMIT_TRUST_LIST)
		return fail(err, FAULT_LIMIT, "trust list of %zu bytes, at most %d are allowed",
			file.left, LIMIT_TRUST_LIST);
	if (!signed_header_parse(&rest, &list.header, err))
		return false;
	if (list.header.has_encryption)
		return fail(err, FAULT_MALFORMED, "header: a trust list is never encrypted");
	while (rest.left > 0) {
		size_t offset = file.left - rest.left;
		if (list.count == LIMIT_RECORDS)
			return fail(err, FAULT_LIMIT, "more than %d records at byte %zu",
				LIMIT_RECORDS, offset);
		if (!read_record(&rest, offset, &list.records[list.count], err))
			return fail_in(err, "record %zu at byte %zu", list.count + 1, offset);
		list.count++;
	}
	*out = list;
	return true;
}

static void write_value(struct writer *w, enum record_tag tag, struct reader value)
{
	if (value.ok && value.left > 0)
		tlv_write(w, (uint8_t)tag, value);
}

static void write_text(struct writer *w, enum record_tag tag, struct reader text)
{
	if (text.ok)
		tlv_write_text(w, (uint8_t)tag, text);
}

static void write_record(struct writer *w, const struct trust_record *r)
{
	size_t start = w->used;
	tlv_write_u16(w, RECORD_LENGTH, 0);
	if (r->has_dns_name)
		tlv_write_text(w, RECORD_DNS_NAME, r->dns_name);
	write_text(w, RECORD_SUBJECT, r->subject);
	if (r->has_role)
		tlv_write_u16(w, RECORD_ROLE, r->role);
	write_text(w, RECORD_ISSUER, r->issuer);
	write_value(w, RECORD_SERIAL, r->serial);
	write_value(w, RECORD_PUBLIC_KEY, r->public_key);
	write_value(w, RECORD_SIGNATURE, r->signature);
	write_value(w, RECORD_CERTIFICATE, r->certificate);
	write_value(w, RECORD_ADDRESS, r->address);
	if (r->certificate_hash.left > 0) {
		tlv_write(w, RECORD_CERTIFICATE_HASH, r->certificate_hash);
		tlv_write_u8(w, RECORD_HASH, (uint8_t)r->hash);
	}
	if (w->ok)
		writer_patch_u16(w, start + RECORD_OPENING - 2, w->used - start);
}

void trust_list_write(struct writer *w, const struct trust_list *list)
{
	size_t start = w->used;
	signed_header_write(w, &list->header);
	if (list->count > LIMIT_RECORDS)
		w->ok = false;
	for (size_t i = 0; w->ok && i < list->count; i++)
		write_record(w, &list->records[i]);
	size_t cut_out = list->header.signature.left > 0 ? 0 : 3 + list->header.modulus;
	if (w->ok && w->used - start + cut_out > LIMIT_TRUST_LIST)
		w->ok = false;
}

static bool text_same(struct reader a, struct reader b)
{
	return a.ok == b.ok && reader_same(a, b);
}

bool trust_record_same(const struct trust_record *a, const struct trust_record *b)
{
	return a->has_dns_name == b->has_dns_name && reader_same(a->dns_name, b->dns_name) &&
		text_same(a->subject, b->subject) && a->has_role == b->has_role &&
		(!a->has_role || a->role == b->role) && text_same(a->issuer, b->issuer) &&
		reader_same(a->serial, b->serial) && reader_same(a->public_key, b->public_key) &&
		reader_same(a->signature, b->signature) &&
		reader_same(a->certificate, b->certificate) &&
		reader_same(a->address, b->address) &&
		reader_same(a->certificate_hash, b->certificate_hash) &&
		(a->certificate_hash.left == 0 || a->hash == b->hash);
}

bool trust_list_same(const struct trust_list *a, const struct trust_list *b)
{
	if (!signed_header_same(&a->header, &b->header) || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!trust_record_same(&a->records[i], &b->records[i]))
			return false;
	return true;
}
