#include "wire/tftp_packet.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { REQUEST_MAX = 512 }; /* RFC 2347: a request with all its options */

static const char *const mode_names[] = {
	[TFTP_OCTET] = "octet",
	[TFTP_NETASCII] = "netascii",
	[TFTP_MAIL] = "mail",
};

/* The options that we speak: name, range of what is asked or granted. */
enum tftp_option { OPTION_BLOCK_SIZE, OPTION_TRANSFER_SIZE, OPTION_TIMEOUT, OPTION_WINDOW };
static const struct {
	const char *name;
	uint64_t min, max;
} option_rows[] = {
	[OPTION_BLOCK_SIZE] = { "blksize", 8, LIMIT_TFTP_BLOCK }, /* RFC 2348 */
	[OPTION_TRANSFER_SIZE] = { "tsize", 0, UINT64_MAX },      /* RFC 2349 */
	[OPTION_TIMEOUT] = { "timeout", 1, 255 },                 /* RFC 2349 */
	[OPTION_WINDOW] = { "windowsize", 1, 65535 },             /* RFC 7440 */
};

struct option_values {
	bool has[COUNT(option_rows)];
	uint64_t of[COUNT(option_rows)];
};

/* The bytes before the next NUL, which is taken too; not ok when there is none. */
static struct reader take_text(struct reader *r)
{
	const uint8_t *end = r->left > 0 ? memchr(r->at, 0, r->left) : NULL;
	if (end == NULL)
		return reader_sub(r, r->left + 1);
	struct reader text = reader_sub(r, (size_t)(end - r->at));
	(void)reader_u8(r);
	return text;
}

static bool all_zero(struct reader r)
{
	while (r.left > 0)
		if (reader_u8(&r) != 0)
			return false;
	return true;
}

/* Unknown, ill-valued and repeated options are dropped, as RFC 2347 wants it. */
static void note_option(struct reader name, struct reader value, struct option_values *out)
{
	char name_text[16];
	char value_text[24];
	if (!text_from(name, name_text, sizeof(name_text), NULL) ||
		!text_from(value, value_text, sizeof(value_text), NULL))
		return;
	for (size_t i = 0; i < COUNT(option_rows); i++) {
		if (!text_same_nocase(name_text, option_rows[i].name) || out->has[i])
			continue;
		out->has[i] = text_number(
			value_text, option_rows[i].min, option_rows[i].max, &out->of[i]);
	}
}

static bool read_options(struct reader *r, struct tftp_options *out, struct error *err)
{
	struct option_values values = { 0 };
	/* Old 79xx loads send one NUL too many: docs/formats/tftp.md#lenience */
	for (size_t count = 0; r->left > 0 && !all_zero(*r); count++) {
		struct reader name = take_text(r);
		struct reader value = take_text(r);
		if (!r->ok || name.left == 0)
			return fail(err, FAULT_MALFORMED, "option %zu is cut short", count + 1);
		if (count == LIMIT_TFTP_OPTIONS)
			return fail(err, FAULT_LIMIT, "more than %d options", LIMIT_TFTP_OPTIONS);
		note_option(name, value, &values);
	}
	*out = (struct tftp_options){
		.has_block_size = values.has[OPTION_BLOCK_SIZE],
		.has_transfer_size = values.has[OPTION_TRANSFER_SIZE],
		.has_timeout = values.has[OPTION_TIMEOUT],
		.has_window = values.has[OPTION_WINDOW],
		.block_size = (uint16_t)values.of[OPTION_BLOCK_SIZE],
		.transfer_size = values.of[OPTION_TRANSFER_SIZE],
		.timeout = (uint8_t)values.of[OPTION_TIMEOUT],
		.window = (uint16_t)values.of[OPTION_WINDOW],
	};
	return true;
}

static bool read_mode(struct reader text, enum tftp_mode *out, struct error *err)
{
	char name[16];
	char shown[32];
	if (text_from(text, name, sizeof(name), NULL))
		for (size_t i = 0; i < COUNT(mode_names); i++)
			if (text_same_nocase(name, mode_names[i])) {
				*out = (enum tftp_mode)i;
				return true;
			}
	return fail(err, FAULT_MALFORMED, "mode \"%s\" is unknown",
		text_escape(text, shown, sizeof(shown)));
}

static bool read_request(struct reader r, struct tftp_packet *p, struct error *err)
{
	if (r.left + 2 > REQUEST_MAX)
		return fail(err, FAULT_MALFORMED, "request of %zu bytes, at most %d", r.left + 2,
			REQUEST_MAX);
	struct reader name = take_text(&r);
	struct reader mode = take_text(&r);
	if (!r.ok)
		return fail(err, FAULT_MALFORMED, "request is cut short");
	if (name.left == 0)
		return fail(err, FAULT_MALFORMED, "request without a file name");
	if (name.left >= sizeof(p->name))
		return fail(err, FAULT_MALFORMED, "file name of %zu bytes, at most %zu", name.left,
			sizeof(p->name) - 1);
	if (!text_from(name, p->name, sizeof(p->name), err))
		return fail_in(err, "file name");
	return read_mode(mode, &p->mode, err) && read_options(&r, &p->options, err);
}

static bool read_data(struct reader r, struct tftp_packet *p, struct error *err)
{
	p->block = reader_u16(&r);
	p->data = reader_rest(&r);
	if (!r.ok)
		return fail(err, FAULT_MALFORMED, "data without a block number");
	if (p->data.left > LIMIT_TFTP_BLOCK)
		return fail(err, FAULT_LIMIT, "data of %zu bytes, at most %d", p->data.left,
			LIMIT_TFTP_BLOCK);
	return true;
}

static bool read_ack(struct reader r, struct tftp_packet *p, struct error *err)
{
	p->block = reader_u16(&r);
	if (!reader_done(&r))
		return fail(err, FAULT_MALFORMED, "acknowledgement is not 4 bytes long");
	return true;
}

/* The text may lack its NUL; what cannot be printed is escaped. */
static bool read_error(struct reader r, struct tftp_packet *p, struct error *err)
{
	p->error = reader_u16(&r);
	if (!r.ok)
		return fail(err, FAULT_MALFORMED, "error without a code");
	struct reader rest = r;
	struct reader text = take_text(&r);
	if (!text.ok)
		text = rest;
	if (!text_from(text, p->message, sizeof(p->message), NULL))
		(void)text_escape(text, p->message, sizeof(p->message));
	return true;
}

static bool read_oack(struct reader r, struct tftp_packet *p, struct error *err)
{
	return read_options(&r, &p->options, err);
}

static const struct {
	const char *name;
	bool (*read)(struct reader r, struct tftp_packet *p, struct error *err);
} opcodes[] = {
	[TFTP_READ] = { "read request", read_request },
	[TFTP_WRITE] = { "write request", read_request },
	[TFTP_DATA] = { "data", read_data },
	[TFTP_ACK] = { "acknowledgement", read_ack },
	[TFTP_ERROR] = { "error", read_error },
	[TFTP_OACK] = { "option acknowledgement", read_oack },
};

bool tftp_packet_parse(struct reader datagram, struct tftp_packet *out, struct error *err)
{
	struct tftp_packet p = { 0 };
	uint16_t opcode = reader_u16(&datagram);
	if (!datagram.ok)
		return fail(err, FAULT_MALFORMED, "tftp: too few bytes for a packet");
	if (opcode < TFTP_READ || opcode > TFTP_OACK)
		return fail(err, FAULT_MALFORMED, "tftp: opcode %u is unknown", opcode);
	p.opcode = (enum tftp_opcode)opcode;
	if (!opcodes[opcode].read(datagram, &p, err))
		return fail_in(err, "tftp: %s", opcodes[opcode].name);
	*out = p;
	return true;
}

static void write_text(struct writer *w, const char *text)
{
	writer_text(w, text);
	writer_u8(w, 0);
}

static void write_option(struct writer *w, enum tftp_option option, bool has, uint64_t value)
{
	char digits[24];
	if (!has)
		return;
	(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	write_text(w, option_rows[option].name);
	write_text(w, digits);
}

static void write_options(struct writer *w, const struct tftp_options *o)
{
	write_option(w, OPTION_BLOCK_SIZE, o->has_block_size, o->block_size);
	write_option(w, OPTION_TRANSFER_SIZE, o->has_transfer_size, o->transfer_size);
	write_option(w, OPTION_TIMEOUT, o->has_timeout, o->timeout);
	write_option(w, OPTION_WINDOW, o->has_window, o->window);
}

static void write_request(struct writer *w, const struct tftp_packet *p)
{
	size_t start = w->used;
	write_text(w, p->name);
	write_text(w, mode_names[p->mode]);
	write_options(w, &p->options);
	if (w->used - start + 2 > REQUEST_MAX)
		w->ok = false;
}

void tftp_data_header(struct writer *w, uint16_t block)
{
	writer_u16(w, TFTP_DATA);
	writer_u16(w, block);
}

void tftp_packet_write(struct writer *w, const struct tftp_packet *packet)
{
	writer_u16(w, (uint16_t)packet->opcode);
	switch (packet->opcode) {
	case TFTP_READ:
	case TFTP_WRITE:
		write_request(w, packet);
		return;
	case TFTP_DATA:
		writer_u16(w, packet->block);
		writer_bytes(w, packet->data);
		return;
	case TFTP_ACK:
		writer_u16(w, packet->block);
		return;
	case TFTP_ERROR:
		writer_u16(w, packet->error);
		write_text(w, packet->message);
		return;
	case TFTP_OACK:
		write_options(w, &packet->options);
		return;
	}
}

static bool options_same(const struct tftp_options *a, const struct tftp_options *b)
{
	return a->has_block_size == b->has_block_size && a->block_size == b->block_size &&
		a->has_transfer_size == b->has_transfer_size &&
		a->transfer_size == b->transfer_size && a->has_timeout == b->has_timeout &&
		a->timeout == b->timeout && a->has_window == b->has_window &&
		a->window == b->window;
}

bool tftp_packet_same(const struct tftp_packet *a, const struct tftp_packet *b)
{
	return a->opcode == b->opcode && strcmp(a->name, b->name) == 0 && a->mode == b->mode &&
		options_same(&a->options, &b->options) && a->block == b->block &&
		reader_same(a->data, b->data) && a->error == b->error &&
		strcmp(a->message, b->message) == 0;
}
