#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Length of the UTF-8 sequence at the start of `bytes`, 0 when it is none (RFC 3629). */
static size_t sequence(struct reader bytes)
{
	const uint8_t *at = bytes.at;
	if (bytes.left == 0)
		return 0;
	if (at[0] < 0x80)
		return 1;
	size_t size = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
	if (at[0] < 0xC2 || at[0] > 0xF4 || size > bytes.left)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	bool overlong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
	bool outside = (at[0] == 0xED && at[1] > 0x9F) || (at[0] == 0xF4 && at[1] > 0x8F);
	return overlong || outside ? 0 : size;
}

static bool control(uint8_t byte)
{
	return byte < 0x20 || byte == 0x7F;
}

/* C1 controls (U+0080 … U+009F) reach terminals as escape sequences too. */
static bool control_sequence(const uint8_t *at, size_t size)
{
	return control(at[0]) || (size == 2 && at[0] == 0xC2 && at[1] < 0xA0);
}

/* How much of it is printable ASCII from its start on: mostly all. */
static size_t plain_length(struct reader bytes)
{
	size_t length = 0;
	while (length < bytes.left && bytes.at[length] >= ' ' && bytes.at[length] <= '~')
		length++;
	return length;
}

bool text_is_utf8(struct reader bytes)
{
	while (bytes.left > 0) {
		size_t size = sequence(bytes);
		if (size == 0)
			return false;
		(void)reader_sub(&bytes, size);
	}
	return true;
}

bool text_from(struct reader bytes, char *out, size_t size, struct error *err)
{
	if (bytes.left >= size)
		return fail(err, FAULT_LIMIT, "text of %zu bytes, at most %zu are allowed",
			bytes.left, size - 1);
	for (struct reader r = bytes; r.left > 0;) {
		(void)reader_sub(&r, plain_length(r));
		if (r.left == 0)
			break;
		size_t length = sequence(r);
		if (length == 0)
			return fail(err, FAULT_MALFORMED, "text is not UTF-8 at byte %zu",
				bytes.left - r.left);
		if (control_sequence(r.at, length))
			return fail(err, FAULT_MALFORMED, "control byte %02x in text at byte %zu",
				r.at[0], bytes.left - r.left);
		(void)reader_sub(&r, length);
	}
	if (bytes.left > 0)
		memcpy(out, bytes.at, bytes.left);
	out[bytes.left] = '\0';
	return true;
}

bool text_copy(char *out, size_t size, const char *from, struct error *err)
{
	size_t length = strlen(from);
	if (length >= size)
		return fail(err, FAULT_LIMIT, "text of %zu bytes, at most %zu are allowed", length,
			size - 1);
	memcpy(out, from, length + 1);
	return true;
}

/* Takes one character or byte off the front, as it is to be shown. */
static size_t take_escaped(struct reader *bytes, bool doubled, char piece[static 8])
{
	size_t length = sequence(*bytes);
	if (length == 0 || control_sequence(bytes->at, length)) {
		length = 1;
		(void)snprintf(piece, 8, "\\x%02x", bytes->at[0]);
	} else if (doubled && bytes->at[0] == '\\') {
		memcpy(piece, "\\\\", 3);
	} else {
		memcpy(piece, bytes->at, length);
		piece[length] = '\0';
	}
	(void)reader_sub(bytes, length);
	return strlen(piece);
}

static bool escaped_fits(struct reader bytes, bool doubled, size_t room)
{
	char piece[8];
	size_t used = 0;
	while (bytes.left > 0 && used <= room)
		used += take_escaped(&bytes, doubled, piece);
	return used <= room;
}

/* Most text is shown as it is. */
static bool is_plain(struct reader bytes)
{
	return bytes.left == 0 ||
		(plain_length(bytes) == bytes.left && memchr(bytes.at, '\\', bytes.left) == NULL);
}

/* doubled: a backslash becomes two, so that it is told from those that stand for a byte. */
static const char *show(struct reader bytes, bool doubled, char *out, size_t size)
{
	static const char more[] = "…";
	if (bytes.left < size && is_plain(bytes)) {
		out[bytes.left] = '\0';
		reader_copy(&bytes, out, bytes.left);
		return out;
	}
	bool whole = escaped_fits(bytes, doubled, size - 1);
	const char *tail = !whole && size >= sizeof(more) ? more : "";
	size_t room = size - 1 - strlen(tail);
	size_t used = 0;
	while (bytes.left > 0) {
		char piece[8];
		size_t need = take_escaped(&bytes, doubled, piece);
		if (used + need > room)
			break;
		memcpy(out + used, piece, need);
		used += need;
	}
	memcpy(out + used, tail, strlen(tail) + 1);
	return out;
}

const char *text_escape(struct reader bytes, char *out, size_t size)
{
	return show(bytes, true, out, size);
}

const char *text_printable(struct reader bytes, char *out, size_t size)
{
	return show(bytes, false, out, size);
}

bool text_same_nocase(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

bool text_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		uint64_t digit = (uint64_t)(*text - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

const char *text_time(int64_t seconds, char out[static TIME_TEXT_SIZE])
{
	time_t when = (time_t)seconds;
	struct tm parts;
	if (gmtime_r(&when, &parts) == NULL ||
		strftime(out, TIME_TEXT_SIZE, "%Y-%m-%d %H:%M:%SZ", &parts) == 0)
		memcpy(out, "(no time)", sizeof("(no time)"));
	return out;
}
