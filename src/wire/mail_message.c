#include "wire/mail_message.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
	LINE_MAX_PLAIN = 998,
	LINE_MAX_QUOTED = 75, /* and the "=" of a soft break: 76 */
	DAY = 86400,
	WEEK = 7,
	EPOCH_WEEKDAY = 4, /* 1 January 1970 was a Thursday */
	DATE_SIZE = 40,
	ISO_SIZE = 20, /* "2026-11-23 16:04:00Z" */
	PRINTABLE_FIRST = 0x20,
	PRINTABLE_LAST = 0x7E,
};

static const char weekdays[WEEK][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
	"Oct", "Nov", "Dec" };

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if ((uint8_t)*text < PRINTABLE_FIRST || (uint8_t)*text > PRINTABLE_LAST)
			return false;
	return true;
}

bool mail_address_valid(const char *address)
{
	size_t size = strlen(address);
	const char *at = strchr(address, '@');
	return size <= MAIL_ADDRESS_MAX && is_printable(address) && at != NULL && at > address &&
		at[1] != '\0' && strchr(at + 1, '@') == NULL &&
		strpbrk(address, " <>()[]\\,;:\"") == NULL;
}

/* "Fri, 05 Sep 2014 00:00:56 +0000" */
static bool write_date(int64_t at, struct writer *out, struct error *err)
{
	char text[TIME_TEXT_SIZE], date[DATE_SIZE];
	int64_t days = at / DAY - (at % DAY < 0);
	int weekday = (int)(((days + EPOCH_WEEKDAY) % WEEK + WEEK) % WEEK);
	if (strlen(text_time(at, text)) != ISO_SIZE)
		return fail(err, FAULT_USAGE, "a letter of the year %.6s", text);
	unsigned month = (unsigned)(10 * (text[5] - '0') + text[6] - '1');
	(void)snprintf(date, sizeof(date), "Date: %s, %.2s %s %.4s %.8s +0000\r\n",
		weekdays[weekday], text + 8, months[month % COUNT(months)], text, text + 11);
	writer_text(out, date);
	return true;
}

static void write_field(struct writer *out, const char *name, const char *value)
{
	writer_text(out, name);
	writer_text(out, ": ");
	writer_text(out, value);
	writer_text(out, "\r\n");
}

static bool write_addresses(const struct mail_message *m, struct writer *out, struct error *err)
{
	if (!mail_address_valid(m->from) || m->to[0] == NULL)
		return fail(err, FAULT_USAGE, "\"%.100s\" is no mail address", m->from);
	write_field(out, "From", m->from);
	writer_text(out, "To: ");
	for (size_t i = 0; m->to[i] != NULL; i++) {
		if (!mail_address_valid(m->to[i]))
			return fail(err, FAULT_USAGE, "\"%.100s\" is no mail address", m->to[i]);
		writer_text(out, i > 0 ? ",\r\n\t" : "");
		writer_text(out, m->to[i]);
	}
	writer_text(out, "\r\n");
	return true;
}

static bool is_plain(struct reader body)
{
	size_t line = 0;
	while (body.left > 0) {
		uint8_t byte = reader_u8(&body);
		line = byte == '\n' ? 0 : line + 1;
		if (line > LINE_MAX_PLAIN || byte > PRINTABLE_LAST ||
			(byte < PRINTABLE_FIRST && byte != '\n'))
			return false;
	}
	return true;
}

static void write_plain(struct reader body, struct writer *out)
{
	while (body.left > 0) {
		uint8_t byte = reader_u8(&body);
		if (byte == '\n')
			writer_text(out, "\r\n");
		else
			writer_u8(out, byte);
	}
}

/* A blank at the end of a line would be taken away on its way. */
static bool goes_as_it_is(uint8_t byte, const struct reader *behind)
{
	bool last = behind->left == 0 || behind->at[0] == '\n';
	return byte > PRINTABLE_FIRST ? byte <= PRINTABLE_LAST && byte != '='
				      : byte == PRINTABLE_FIRST && !last;
}

static void write_quoted(struct reader body, struct writer *out)
{
	size_t line = 0;
	while (body.left > 0) {
		char piece[4];
		uint8_t byte = reader_u8(&body);
		if (byte == '\n') {
			writer_text(out, "\r\n");
			line = 0;
			continue;
		}
		bool plain = goes_as_it_is(byte, &body);
		(void)snprintf(piece, sizeof(piece), plain ? "%c" : "=%02X", byte);
		if (line + strlen(piece) > LINE_MAX_QUOTED) {
			writer_text(out, "=\r\n");
			line = 0;
		}
		writer_text(out, piece);
		line += strlen(piece);
	}
}

bool mail_message_write(const struct mail_message *m, struct writer *out, struct error *err)
{
	bool plain = is_plain(m->body);
	if (!write_addresses(m, out, err) || !write_date(m->written, out, err))
		return false;
	if (strlen(m->subject) > MAIL_SUBJECT_MAX || !is_printable(m->subject) ||
		!is_printable(m->id) || strpbrk(m->id, " <>@") != NULL)
		return fail(err, FAULT_USAGE, "the subject or the name of a letter is no text");
	write_field(out, "Subject", m->subject);
	writer_text(out, "Message-ID: <");
	writer_text(out, m->id);
	writer_text(out, strchr(m->from, '@'));
	writer_text(out, ">\r\n");
	write_field(out, "MIME-Version", "1.0");
	write_field(out, "Content-Type",
		plain ? "text/plain; charset=us-ascii" : "text/plain; charset=utf-8");
	write_field(out, "Content-Transfer-Encoding", plain ? "7bit" : "quoted-printable");
	write_field(out, "Auto-Submitted", "auto-generated");
	writer_text(out, "\r\n");
	if (plain)
		write_plain(m->body, out);
	else
		write_quoted(m->body, out);
	return out->ok || fail(err, FAULT_LIMIT, "a letter of more than %zu bytes", out->limit);
}
