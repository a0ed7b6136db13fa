#include "cli/signer_words.h"

#include <string.h>

#include "wire/distinguished_name.h"

/* 0 … 15; anything else is no digit. */
static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

/* Hexadecimal, perhaps with colons; leading zeros do not count. */
static bool read_serial(const char *text, struct signer_words *out, struct error *err)
{
	unsigned digits[2 * LIMIT_SERIAL];
	size_t count = 0;
	for (; *text != '\0'; text++) {
		unsigned digit = digit_of(*text);
		if (*text == ':' || (digit == 0 && count == 0))
			continue;
		if (digit > 15)
			return fail(err, FAULT_USAGE,
				"the serial number is hexadecimal; \"%.20s\" is not", text);
		if (count == COUNT(digits))
			return fail(err, FAULT_USAGE, "the serial number is over %d bytes long",
				LIMIT_SERIAL);
		digits[count++] = digit;
	}
	if (count == 0)
		return fail(err, FAULT_USAGE, "the serial number is missing");
	size_t odd = count % 2;
	out->serial_size = (count + 1) / 2;
	memset(out->serial, 0, sizeof(out->serial));
	for (size_t i = 0; i < count; i++) {
		uint8_t *byte = &out->serial[(i + odd) / 2];
		*byte = (uint8_t)((unsigned)*byte << 4 | digits[i]);
	}
	return true;
}

/* The comma at which two names part, if there is only one, or one between two equal names. */
static bool part_names(struct reader both, struct signer_words *out, struct error *err)
{
	struct distinguished_name subject, issuer;
	size_t ways = 0;
	bool equal = false;
	for (size_t i = 0; i < both.left && !equal; i++) {
		struct reader before = reader_of(both.at, i);
		struct reader behind = reader_of(both.at + i + 1, both.left - i - 1);
		if (both.at[i] != ',' || !distinguished_name_parse(before, &subject, NULL) ||
			!distinguished_name_parse(behind, &issuer, NULL))
			continue;
		equal = distinguished_name_same(&subject, &issuer);
		ways++;
		out->subject = before;
		out->issuer = behind;
	}
	if (ways == 0)
		return fail(err, FAULT_USAGE,
			"SUBJECT,ISSUER,SERIAL is awaited: \"CN=pub;O=lab,"
			"CN=pub;O=lab,7A01\"");
	if (ways > 1 && !equal)
		return fail(err, FAULT_USAGE,
			"it is unclear where the subject ends and the issuer begins: write the "
			"attributes of a name with semicolons, \"CN=pub;O=lab\"");
	return true;
}

bool signer_words_read(const char *text, struct signer_words *out, struct error *err)
{
	struct signer_words words = { 0 };
	const char *comma = strrchr(text, ',');
	struct reader names = reader_of(text, comma != NULL ? (size_t)(comma - text) : 0);
	if (!part_names(names, &words, err) || !read_serial(comma + 1, &words, err))
		return fail_in(err, "--signer");
	*out = words;
	return true;
}
