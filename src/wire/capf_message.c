#include "wire/capf_message.h"

#include "wire/signed_header.h"
#include "wire/tag_table.h"

enum { CAPF_PROTOCOL = 0x55, CAPF_INNER_CERTIFICATE = 1, CERTIFICATE_EXTRA = 5, SHA2_EXTRA = 3 };

/* docs/formats/capf.md#elements */
/* clang-format off */
static const struct tag_rule element_rules[CAPF_ELEMENTS] = {
	[CAPF_REASON]           = { TAG_VALUE, false, 0, 1, 1, "reason" },
	[CAPF_REASON_INFO]      = { TAG_VALUE, false, 0, 0, LIMIT_TEXT, "reason info" },
	[CAPF_CERTIFICATE_TYPE] = { TAG_VALUE, false, 0, 1, 1, "certificate type" },
	[CAPF_CERTIFICATE]      = { TAG_VALUE, false, 0, CERTIFICATE_EXTRA + 1, LIMIT_MESSAGE, "certificate" },
	[CAPF_CERTIFICATE_ID]   = { TAG_VALUE, false, 0, 0, LIMIT_TEXT, "certificate id" },
	[CAPF_SIGNED_DATA]      = { TAG_VALUE, false, 0, 1, LIMIT_TEXT, "signed data" },
	[CAPF_VERSION]          = { TAG_VALUE, false, 0, 1, 1, "version" },
	[CAPF_AUTH_TYPE]        = { TAG_VALUE, false, 0, 1, 1, "authentication type" },
	[CAPF_PUBLIC_KEY]       = { TAG_VALUE, false, 0, 1, LIMIT_TEXT, "public key" },
	[CAPF_KEY_SIZE]         = { TAG_VALUE, false, 0, 2, 2, "key size" },
	[CAPF_PASSWORD]         = { TAG_TEXT,  false, 0, 1, LIMIT_DEVICE_NAME, "password" },
	[CAPF_RETRY_DELAY]      = { TAG_VALUE, false, 0, 0, 8, "retry delay" },
	[CAPF_DEVICE_NAME]      = { TAG_TEXT,  false, 0, 2, LIMIT_DEVICE_NAME, "device name" },
	[CAPF_UNKNOWN_14]       = { TAG_VALUE, false, 0, 0, LIMIT_TEXT, "element 14" },
	[CAPF_UNKNOWN_15]       = { TAG_VALUE, false, 0, 0, LIMIT_TEXT, "element 15" },
	[CAPF_SUDI]             = { TAG_VALUE, false, 0, 12, LIMIT_MESSAGE, "SUDI data" },
	[CAPF_KEY_TYPE]         = { TAG_VALUE, false, 0, 1, 1, "key type" },
	[CAPF_CURVE]            = { TAG_VALUE, false, 0, 1, 1, "curve" },
	[CAPF_DIGEST_TYPE]      = { TAG_VALUE, false, 0, 1, 1, "digest type" },
	[CAPF_SHA2_SIGNED_DATA] = { TAG_VALUE, false, 0, SHA2_EXTRA + 1, LIMIT_TEXT, "SHA-2 signed data" },
};
/* clang-format on */

static const struct tag_table element_table = { element_rules, COUNT(element_rules) };

/* Numbers that a one-byte element may hold; the rest of them may hold any. */
static const struct {
	enum capf_element element;
	uint8_t min, max;
} numbers[] = {
	{ CAPF_CERTIFICATE_TYPE, CAPF_LSC, CAPF_MIC },
	{ CAPF_VERSION, 1, 3 },
	{ CAPF_AUTH_TYPE, 0, 4 },
	{ CAPF_KEY_TYPE, 0, 1 },
	{ CAPF_CURVE, 0, 2 },
	{ CAPF_DIGEST_TYPE, HASH_SHA1, HASH_SHA512 },
};

#define BIT(element) (1u << (element))
#define ANY (BIT(CAPF_ELEMENTS) - 2) /* never seen on a wire: whatever is well-formed */

/* docs/formats/capf.md#commands */
/* clang-format off */
static const struct {
	const char *name;
	bool server;
	unsigned must, may;
	unsigned one; /* of these at least one; 0: does not matter */
} commands[] = {
	[CAPF_AUTH_REQUEST]     = { "AUTH_REQ", true, BIT(CAPF_VERSION), BIT(CAPF_AUTH_TYPE), 0 },
	[CAPF_AUTH_RESPONSE]    = { "AUTH_RES", false, BIT(CAPF_VERSION) | BIT(CAPF_DEVICE_NAME),
	                            BIT(CAPF_REASON) | BIT(CAPF_REASON_INFO) | BIT(CAPF_CERTIFICATE) |
	                            BIT(CAPF_SIGNED_DATA) | BIT(CAPF_PASSWORD) | BIT(CAPF_SUDI) |
	                            BIT(CAPF_SHA2_SIGNED_DATA), 0 },
	[CAPF_KEYGEN_REQUEST]   = { "KEYGEN_REQ", true, 0,
	                            BIT(CAPF_KEY_SIZE) | BIT(CAPF_KEY_TYPE) | BIT(CAPF_CURVE),
	                            BIT(CAPF_KEY_SIZE) | BIT(CAPF_CURVE) },
	[CAPF_KEYGEN_RESPONSE]  = { "KEYGEN_RES", false, 0,
	                            BIT(CAPF_PUBLIC_KEY) | BIT(CAPF_REASON) | BIT(CAPF_REASON_INFO),
	                            BIT(CAPF_PUBLIC_KEY) | BIT(CAPF_REASON) },
	[CAPF_ENCRYPT_RESPONSE] = { "ENCRYPT_RES", false, 0, ANY, 0 },
	[CAPF_ENCRYPT_REQUEST]  = { "ENCRYPT_REQ", true, 0, ANY, 0 },
	[CAPF_DECRYPT_REQUEST]  = { "DECRYPT_REQ", true, 0, ANY, 0 },
	[CAPF_DECRYPT_RESPONSE] = { "DECRYPT_RES", false, 0, ANY, 0 },
	[CAPF_STORE_REQUEST]    = { "STORE_CERT_REQ", true,
	                            BIT(CAPF_CERTIFICATE_TYPE) | BIT(CAPF_CERTIFICATE), 0, 0 },
	[CAPF_STORE_RESPONSE]   = { "STORE_CERT_RES", false, BIT(CAPF_REASON), BIT(CAPF_REASON_INFO), 0 },
	[CAPF_FETCH_REQUEST]    = { "FETCH_CERT_REQ", true, 0, 0, 0 },
	[CAPF_FETCH_RESPONSE]   = { "FETCH_CERT_RES", false, BIT(CAPF_REASON),
	                            BIT(CAPF_REASON_INFO) | BIT(CAPF_CERTIFICATE), 0 },
	[CAPF_DELETE_REQUEST]   = { "DELETE_CERT_REQ", true, 0, 0, 0 },
	[CAPF_DELETE_RESPONSE]  = { "DELETE_CERT_RES", false, BIT(CAPF_REASON), BIT(CAPF_REASON_INFO), 0 },
	[CAPF_END_SESSION]      = { "END_SESSION", true, BIT(CAPF_REASON), BIT(CAPF_REASON_INFO), 0 },
	[CAPF_RETRY_LATER]      = { "RETRY_LATER", true, 0, ANY, 0 },
	[CAPF_IN_PROGRESS]      = { "REQUEST_IN_PROGRESS", false, 0, 0, 0 },
	[CAPF_STATUS_REQUEST]   = { "STATUS_REQ", true, 0, ANY, 0 },
	[CAPF_STATUS_RESPONSE]  = { "STATUS_RES", false, 0, ANY, 0 },
	[CAPF_ABORT_REQUEST]    = { "ABORT_REQ", true, 0, ANY, 0 },
	[CAPF_ABORT_RESPONSE]   = { "ABORT_RES", false, 0, ANY, 0 },
	[CAPF_SIGN_REQUEST]     = { "SIGN_CERT_REQ", true, 0, ANY, 0 },
	[CAPF_SIGN_RESPONSE]    = { "SIGN_CERT_RES", false, 0, ANY, 0 },
};
/* clang-format on */

const char *capf_command_name(unsigned command)
{
	return command < COUNT(commands) ? commands[command].name : NULL;
}

bool capf_from_server(enum capf_command command)
{
	return commands[command].server;
}

struct capf_opening {
	uint8_t command;
	uint32_t session;
	size_t body;
};

static bool read_opening(struct reader *r, struct capf_opening *out, struct error *err)
{
	uint8_t protocol = reader_u8(r);
	out->command = reader_u8(r);
	out->session = reader_u32(r);
	out->body = reader_u16(r);
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "capf: too few bytes for a header");
	if (protocol != CAPF_PROTOCOL)
		return fail(err, FAULT_MALFORMED, "capf: starts with byte %02x, must be %02x",
			protocol, CAPF_PROTOCOL);
	if (capf_command_name(out->command) == NULL)
		return fail(err, FAULT_REFUSED, "capf: command %u is unknown", out->command);
	if (out->body > LIMIT_MESSAGE)
		return fail(err, FAULT_LIMIT, "capf: message body of %zu bytes, at most %d",
			out->body, LIMIT_MESSAGE);
	return true;
}

bool capf_message_body_size(struct reader header, size_t *out, struct error *err)
{
	struct capf_opening opening;
	if (!read_opening(&header, &opening, err))
		return false;
	*out = opening.body;
	return true;
}

static bool elements_fit(
	const struct tag_values *values, enum capf_command command, struct error *err)
{
	unsigned must = commands[command].must, one = commands[command].one, found = 0;
	for (size_t tag = CAPF_REASON; tag < CAPF_ELEMENTS; tag++) {
		bool there = values->of[tag].ok;
		if ((must & BIT(tag)) != 0 && !there)
			return fail(err, FAULT_MALFORMED, "%s is missing", element_rules[tag].name);
		if (((must | commands[command].may) & BIT(tag)) == 0 && there)
			return fail(err, FAULT_MALFORMED, "%s does not belong there",
				element_rules[tag].name);
		found |= there ? BIT(tag) : 0;
	}
	if (one != 0 && (one & found) == 0)
		return fail(err, FAULT_MALFORMED, "what it is about is missing");
	return true;
}

static bool numbers_fit(const struct tag_values *values, struct error *err)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct reader value = values->of[numbers[i].element];
		if (!value.ok)
			continue;
		uint8_t number = reader_u8(&value);
		if (number < numbers[i].min || number > numbers[i].max)
			return fail(err, FAULT_MALFORMED, "%s %u is unknown",
				element_rules[numbers[i].element].name, number);
	}
	return true;
}

/* Only what is safe in the name of a file. */
static bool device_fits(struct reader name, struct error *err)
{
	for (size_t i = 0; i < name.left; i++) {
		uint8_t c = name.at[i];
		bool fine = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
		if (!fine)
			return fail(err, FAULT_MALFORMED, "device name holds byte %02x", c);
	}
	return true;
}

/* 01, length, 00, type, DER: the lengths inside and outside must agree. */
static bool read_certificate(struct reader value, struct capf_message *m, struct error *err)
{
	struct tlv inner;
	if (!value.ok)
		return true;
	if (!tlv_next(&value, &inner) || inner.tag != CAPF_INNER_CERTIFICATE || value.left != 0)
		return fail(err, FAULT_MALFORMED,
			"certificate: is not filled by one sub-element %d", CAPF_INNER_CERTIFICATE);
	uint8_t zero = reader_u8(&inner.value);
	uint8_t kind = reader_u8(&inner.value);
	if (!inner.value.ok || zero != 0 || kind < CAPF_LSC || kind > CAPF_MIC)
		return fail(err, FAULT_MALFORMED, "certificate: is neither LSC nor MIC");
	if (inner.value.left == 0)
		return fail(err, FAULT_MALFORMED, "certificate: is empty");
	m->certificate_kind = kind;
	m->certificate = reader_rest(&inner.value);
	return true;
}

static bool read_sha2(struct reader value, struct capf_message *m, struct error *err)
{
	struct tlv inner;
	if (!value.ok)
		return true;
	if (!tlv_next(&value, &inner) || inner.tag != HASH_SHA512 || value.left != 0 ||
		inner.value.left == 0)
		return fail(err, FAULT_MALFORMED,
			"SHA-2 signed data: is not filled by one signature of hash %d",
			HASH_SHA512);
	m->sha2_signature = inner.value;
	return true;
}

static bool read_sudi(struct reader value, struct capf_message *m, struct error *err)
{
	static const uint8_t tags[] = { 0, HASH_SHA1, HASH_SHA512 };
	struct reader *const parts[] = { &m->sudi.certificate, &m->sudi.sha1_signature,
		&m->sudi.sha512_signature };
	if (!value.ok)
		return true;
	for (size_t i = 0; i < COUNT(tags); i++) {
		struct tlv inner;
		if (!tlv_next(&value, &inner) || inner.tag != tags[i] || inner.value.left == 0)
			return fail(err, FAULT_MALFORMED,
				"SUDI data: sub-element %u is missing or empty", tags[i]);
		*parts[i] = inner.value;
	}
	if (value.left != 0)
		return fail(err, FAULT_MALFORMED, "SUDI data: %zu bytes too many", value.left);
	return true;
}

static bool read_elements(
	const struct tag_values *values, struct capf_message *m, struct error *err)
{
	if (!elements_fit(values, m->command, err) || !numbers_fit(values, err) ||
		!device_fits(values->of[CAPF_DEVICE_NAME], err) ||
		!read_certificate(values->of[CAPF_CERTIFICATE], m, err) ||
		!read_sudi(values->of[CAPF_SUDI], m, err) ||
		!read_sha2(values->of[CAPF_SHA2_SIGNED_DATA], m, err))
		return false;
	for (size_t tag = CAPF_REASON; tag < CAPF_ELEMENTS; tag++)
		m->values[tag] = values->of[tag];
	m->values[CAPF_CERTIFICATE] = m->values[CAPF_SUDI] = m->values[CAPF_SHA2_SIGNED_DATA] =
		(struct reader){ 0 };
	return true;
}

bool capf_message_parse(struct reader whole, struct capf_message *out, struct error *err)
{
	struct capf_opening opening;
	struct tag_values values;
	if (!read_opening(&whole, &opening, err))
		return false;
	if (whole.left != opening.body)
		return fail(err, FAULT_MALFORMED, "capf: body of %zu bytes is said to have %zu",
			whole.left, opening.body);
	struct capf_message m = { .command = (enum capf_command)opening.command,
		.session = opening.session };
	if (!tag_table_read(&element_table, whole, CAPF_HEADER_SIZE, &values, err) ||
		!read_elements(&values, &m, err))
		return fail_in(err, "capf: %s", commands[m.command].name);
	*out = m;
	return true;
}

static void write_certificate(struct writer *w, const struct capf_message *m)
{
	if (!m->certificate.ok)
		return;
	size_t outer = tlv_open(w, CAPF_CERTIFICATE);
	size_t inner = tlv_open(w, CAPF_INNER_CERTIFICATE);
	writer_u8(w, 0);
	writer_u8(w, m->certificate_kind);
	writer_bytes(w, m->certificate);
	tlv_close(w, inner);
	tlv_close(w, outer);
}

static void write_sudi(struct writer *w, const struct capf_sudi *sudi)
{
	if (!sudi->certificate.ok)
		return;
	size_t mark = tlv_open(w, CAPF_SUDI);
	tlv_write(w, 0, sudi->certificate);
	tlv_write(w, HASH_SHA1, sudi->sha1_signature);
	tlv_write(w, HASH_SHA512, sudi->sha512_signature);
	tlv_close(w, mark);
}

static void write_sha2(struct writer *w, const struct capf_message *m)
{
	if (!m->sha2_signature.ok)
		return;
	size_t mark = tlv_open(w, CAPF_SHA2_SIGNED_DATA);
	tlv_write(w, HASH_SHA512, m->sha2_signature);
	tlv_close(w, mark);
}

static void write_element(struct writer *w, const struct capf_message *m, size_t tag)
{
	if (tag == CAPF_CERTIFICATE)
		write_certificate(w, m);
	else if (tag == CAPF_SUDI)
		write_sudi(w, &m->sudi);
	else if (tag == CAPF_SHA2_SIGNED_DATA)
		write_sha2(w, m);
	else if (m->values[tag].ok && element_rules[tag].shape == TAG_TEXT)
		tlv_write_text(w, (uint8_t)tag, m->values[tag]);
	else if (m->values[tag].ok)
		tlv_write(w, (uint8_t)tag, m->values[tag]);
}

void capf_message_write(struct writer *w, const struct capf_message *message)
{
	writer_u8(w, CAPF_PROTOCOL);
	writer_u8(w, (uint8_t)message->command);
	writer_u32(w, message->session);
	writer_u16(w, 0);
	size_t body = w->used;
	for (size_t tag = CAPF_REASON; tag < CAPF_ELEMENTS; tag++)
		write_element(w, message, tag);
	if (w->ok && w->used - body > LIMIT_MESSAGE)
		w->ok = false;
	if (w->ok)
		writer_patch_u16(w, body - 2, w->used - body);
}

static bool value_same(struct reader a, struct reader b)
{
	return a.ok == b.ok && reader_same(a, b);
}

bool capf_message_same(const struct capf_message *a, const struct capf_message *b)
{
	bool same = a->command == b->command && a->session == b->session &&
		a->certificate_kind == b->certificate_kind &&
		value_same(a->certificate, b->certificate) &&
		value_same(a->sha2_signature, b->sha2_signature) &&
		value_same(a->sudi.certificate, b->sudi.certificate) &&
		value_same(a->sudi.sha1_signature, b->sudi.sha1_signature) &&
		value_same(a->sudi.sha512_signature, b->sudi.sha512_signature);
	for (size_t tag = CAPF_REASON; same && tag < CAPF_ELEMENTS; tag++)
		same = value_same(a->values[tag], b->values[tag]);
	return same;
}

unsigned capf_number(const struct capf_message *message, enum capf_element element)
{
	struct reader value = message->values[element];
	if (!value.ok)
		return 0;
	return value.left == 2 ? reader_u16(&value) : reader_u8(&value);
}
