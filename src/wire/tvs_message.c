#include "wire/tvs_message.h"

#include <string.h>

#include "base/text.h"
#include "wire/tag_table.h"

enum { TVS_PROTOCOL = 0x57, TVS_VERSION = 1, TVS_DEVICE_MARK = 1 };

enum tvs_element {
	TVS_DEVICE = 1,
	TVS_CERTIFICATE = 2,
	TVS_SUBJECT = 3,
	TVS_ISSUER = 4, /* 4, 5 and 6 are told apart by content when read */
	TVS_SERIAL = 5,
	TVS_SIGNER_LAST = 6,
	TVS_STATUS = 7,
	TVS_ROLES = 8,
	TVS_TTL = 9,
};

/* docs/formats/tvs.md#elements */
/* clang-format off */
static const struct tag_rule element_rules[] = {
	[TVS_DEVICE]      = { TAG_VALUE, false, 0, 2, LIMIT_DEVICE_NAME, "device name" },
	[TVS_CERTIFICATE] = { TAG_VALUE, false, 0, 1, LIMIT_CERTIFICATE, "certificate" },
	[TVS_SUBJECT]     = { TAG_TEXT,  false, 0, 1, LIMIT_TEXT,        "subject" },
	[TVS_ISSUER]      = { TAG_VALUE, false, 0, 1, LIMIT_TEXT,        "issuer or serial (tag 4)" },
	[TVS_SERIAL]      = { TAG_VALUE, false, 0, 1, LIMIT_TEXT,        "issuer or serial (tag 5)" },
	[TVS_SIGNER_LAST] = { TAG_VALUE, false, 0, 1, LIMIT_TEXT,        "issuer or serial (tag 6)" },
	[TVS_STATUS]      = { TAG_VALUE, false, 0, 1, 1,                 "status" },
	[TVS_ROLES]       = { TAG_VALUE, false, 0, 1, TVS_ROLES_MAX,     "roles" },
	[TVS_TTL]         = { TAG_VALUE, false, 0, 4, 4,                 "time to live" },
};
/* clang-format on */

static const struct tag_table element_table = { element_rules, COUNT(element_rules) };

#define BIT(element) (1u << (element))

/* What a command must and may carry; an answer of "no" needs its status alone. */
static const struct {
	const char *name;
	unsigned must, may;
} commands[] = {
	[TVS_VERIFY_REQUEST] = { "verify request", BIT(TVS_DEVICE) | BIT(TVS_CERTIFICATE), 0 },
	[TVS_VERIFY_RESPONSE] = { "verify response", BIT(TVS_STATUS) | BIT(TVS_ROLES),
		BIT(TVS_TTL) },
	[TVS_QUERY_REQUEST] = { "query request", BIT(TVS_DEVICE) | BIT(TVS_SUBJECT),
		BIT(TVS_ISSUER) | BIT(TVS_SERIAL) | BIT(TVS_SIGNER_LAST) },
	[TVS_QUERY_RESPONSE] = { "query response",
		BIT(TVS_STATUS) | BIT(TVS_CERTIFICATE) | BIT(TVS_ROLES), BIT(TVS_TTL) },
};

struct tvs_opening {
	uint8_t command;
	uint32_t session;
	size_t body;
};

static bool read_opening(struct reader *r, struct tvs_opening *out, struct error *err)
{
	uint8_t protocol = reader_u8(r);
	uint8_t version = reader_u8(r);
	out->command = reader_u8(r);
	(void)reader_u8(r); /* reserved: the appliance leaves garbage here */
	out->session = reader_u32(r);
	out->body = reader_u16(r);
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "tvs: too few bytes for a header");
	if (protocol != TVS_PROTOCOL)
		return fail(err, FAULT_MALFORMED, "tvs: starts with byte %02x, must be %02x",
			protocol, TVS_PROTOCOL);
	if (version > TVS_VERSION)
		return fail(err, FAULT_REFUSED, "tvs: version %u, at most %d is spoken here",
			version, TVS_VERSION);
	if (out->body > LIMIT_MESSAGE)
		return fail(err, FAULT_LIMIT, "tvs: message body of %zu bytes, at most %d",
			out->body, LIMIT_MESSAGE);
	return true;
}

bool tvs_message_body_size(struct reader header, size_t *out, struct error *err)
{
	struct tvs_opening opening;
	if (!read_opening(&header, &opening, err))
		return false;
	*out = opening.body;
	return true;
}

static bool elements_fit(
	const struct tag_values *values, unsigned must, unsigned may, struct error *err)
{
	for (size_t tag = TVS_DEVICE; tag <= TVS_TTL; tag++) {
		bool there = values->of[tag].ok;
		if ((must & BIT(tag)) != 0 && !there)
			return fail(err, FAULT_MALFORMED, "%s is missing", element_rules[tag].name);
		if (((must | may) & BIT(tag)) == 0 && there)
			return fail(err, FAULT_MALFORMED, "%s does not belong there",
				element_rules[tag].name);
	}
	return true;
}

static bool read_device(struct reader value, struct tvs_message *m, struct error *err)
{
	if (reader_u8(&value) != TVS_DEVICE_MARK)
		return fail(err, FAULT_MALFORMED, "device name does not start with byte 01");
	return text_from(value, m->device, sizeof(m->device), err) || fail_in(err, "device name");
}

/* A text that ends with its only NUL and holds an attribute. */
static bool looks_like_name(struct reader value)
{
	char scratch[LIMIT_TEXT];
	if (value.left == 0 || value.at[value.left - 1] != '\0')
		return false;
	return text_from(reader_of(value.at, value.left - 1), scratch, sizeof(scratch), NULL) &&
		strchr(scratch, '=') != NULL;
}

/* Nobody has seen which two of the tags 4, 5 and 6 real phones use: docs/formats/tvs.md#query */
static bool read_signer(const struct tag_values *values, struct tvs_message *m, struct error *err)
{
	struct reader two[2] = { 0 };
	size_t count = 0;
	for (size_t tag = TVS_ISSUER; tag <= TVS_SIGNER_LAST; tag++) {
		if (!values->of[tag].ok)
			continue;
		if (count == COUNT(two))
			return fail(err, FAULT_MALFORMED, "three of the elements 4, 5 and 6");
		two[count++] = values->of[tag];
	}
	if (count != COUNT(two))
		return fail(err, FAULT_MALFORMED, "issuer or serial is missing");
	size_t issuer = looks_like_name(two[0]) ? 0 : 1;
	struct reader serial = two[1 - issuer];
	if (!looks_like_name(two[issuer]))
		return fail(err, FAULT_MALFORMED, "none of its elements is an issuer name");
	if (serial.left > LIMIT_SERIAL || serial.at[0] == 0)
		return fail(err, FAULT_MALFORMED, "serial number of %zu bytes, first byte %02x",
			serial.left, serial.at[0]);
	m->issuer = reader_of(two[issuer].at, two[issuer].left - 1);
	m->serial = serial;
	return true;
}

static void read_verdict(const struct tag_values *values, struct tvs_message *m)
{
	struct reader roles = values->of[TVS_ROLES];
	struct reader ttl = values->of[TVS_TTL];
	m->role_count = roles.left;
	reader_copy(&roles, m->roles, roles.left);
	m->ttl = reader_u32(&ttl);
	m->certificate = values->of[TVS_CERTIFICATE];
}

static bool read_response(const struct tag_values *values, struct tvs_message *m, struct error *err)
{
	struct reader status = values->of[TVS_STATUS];
	if (!status.ok)
		return fail(err, FAULT_MALFORMED, "status is missing");
	uint8_t code = reader_u8(&status);
	if (code > TVS_INVALID)
		return fail(err, FAULT_MALFORMED, "status %u is unknown", code);
	m->status = (enum tvs_status)code;
	if (m->status == TVS_INVALID)
		return true; /* whatever the appliance adds to a "no" says nothing */
	if (!elements_fit(values, commands[m->command].must, commands[m->command].may, err))
		return false;
	read_verdict(values, m);
	return true;
}

static bool read_request(const struct tag_values *values, struct tvs_message *m, struct error *err)
{
	if (!elements_fit(values, commands[m->command].must, commands[m->command].may, err) ||
		!read_device(values->of[TVS_DEVICE], m, err))
		return false;
	m->certificate = values->of[TVS_CERTIFICATE];
	m->subject = values->of[TVS_SUBJECT];
	return m->command == TVS_VERIFY_REQUEST || read_signer(values, m, err);
}

static bool is_request(enum tvs_command command)
{
	return command == TVS_VERIFY_REQUEST || command == TVS_QUERY_REQUEST;
}

bool tvs_message_parse(struct reader whole, struct tvs_message *out, struct error *err)
{
	struct tvs_opening opening;
	struct tag_values values;
	if (!read_opening(&whole, &opening, err))
		return false;
	if (opening.command < TVS_VERIFY_REQUEST || opening.command > TVS_QUERY_RESPONSE)
		return fail(err, FAULT_REFUSED, "tvs: command %u is unknown", opening.command);
	if (whole.left != opening.body)
		return fail(err, FAULT_MALFORMED, "tvs: body of %zu bytes is said to have %zu",
			whole.left, opening.body);
	struct tvs_message m = { .command = (enum tvs_command)opening.command,
		.session = opening.session };
	bool fine = tag_table_read(&element_table, whole, TVS_HEADER_SIZE, &values, err) &&
		(is_request(m.command) ? read_request(&values, &m, err)
				       : read_response(&values, &m, err));
	if (!fine)
		return fail_in(err, "tvs: %s", commands[m.command].name);
	*out = m;
	return true;
}

static void write_request(struct writer *w, const struct tvs_message *m)
{
	size_t device = tlv_open(w, TVS_DEVICE);
	writer_u8(w, TVS_DEVICE_MARK);
	writer_text(w, m->device);
	tlv_close(w, device);
	if (m->command == TVS_VERIFY_REQUEST) {
		tlv_write(w, TVS_CERTIFICATE, m->certificate);
		return;
	}
	tlv_write_text(w, TVS_SUBJECT, m->subject);
	tlv_write_text(w, TVS_ISSUER, m->issuer);
	tlv_write(w, TVS_SERIAL, m->serial);
}

static void write_response(struct writer *w, const struct tvs_message *m)
{
	tlv_write_u8(w, TVS_STATUS, (uint8_t)m->status);
	if (m->status == TVS_INVALID)
		return;
	if (m->command == TVS_QUERY_RESPONSE)
		tlv_write(w, TVS_CERTIFICATE, m->certificate);
	tlv_write(w, TVS_ROLES, reader_of(m->roles, m->role_count));
	if (m->ttl != 0)
		tlv_write_u32(w, TVS_TTL, m->ttl);
}

void tvs_message_write(struct writer *w, const struct tvs_message *message)
{
	writer_u8(w, TVS_PROTOCOL);
	writer_u8(w, TVS_VERSION);
	writer_u8(w, (uint8_t)message->command);
	writer_u8(w, 0);
	writer_u32(w, message->session);
	writer_u16(w, 0);
	size_t body = w->used;
	if (is_request(message->command))
		write_request(w, message);
	else
		write_response(w, message);
	if (w->ok && w->used - body > LIMIT_MESSAGE)
		w->ok = false;
	if (w->ok)
		writer_patch_u16(w, body - 2, w->used - body);
}

bool tvs_message_same(const struct tvs_message *a, const struct tvs_message *b)
{
	return a->command == b->command && a->session == b->session &&
		strcmp(a->device, b->device) == 0 && reader_same(a->certificate, b->certificate) &&
		reader_same(a->subject, b->subject) && reader_same(a->issuer, b->issuer) &&
		reader_same(a->serial, b->serial) && a->status == b->status && a->ttl == b->ttl &&
		reader_same(reader_of(a->roles, a->role_count), reader_of(b->roles, b->role_count));
}
