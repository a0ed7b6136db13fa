#include "base/hex.h"

#include <stdlib.h>
#include <string.h>

#include "base/writer.h"

const char *hex_write(struct reader bytes, char *out)
{
	static const char digits[] = "0123456789abcdef";
	char *at = out;
	for (size_t i = 0; i < bytes.left; i++) {
		*at++ = digits[bytes.at[i] >> 4];
		*at++ = digits[bytes.at[i] & 15];
	}
	*at = '\0';
	return out;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_read(const char *text, uint8_t *out, size_t size)
{
	if (strlen(text) != 2 * size)
		return false;
	for (size_t i = 0; i < 2 * size; i++)
		if (digit(text[i]) < 0)
			return false;
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)((unsigned)digit(text[2 * i]) << 4 |
			(unsigned)digit(text[2 * i + 1]));
	return true;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_write(struct reader bytes, char **out, struct error *err)
{
	size_t size = (bytes.left + 2) / 3 * 4;
	char *text = malloc(size + 1);
	if (text == NULL)
		return fail_memory(err);
	char *at = text;
	for (size_t i = 0; i < bytes.left; i += 3) {
		size_t have = bytes.left - i < 3 ? bytes.left - i : 3;
		uint32_t group = (uint32_t)bytes.at[i] << 16;
		group |= have > 1 ? (uint32_t)bytes.at[i + 1] << 8 : 0;
		group |= have > 2 ? bytes.at[i + 2] : 0;
		*at++ = alphabet[group >> 18];
		*at++ = alphabet[group >> 12 & 63];
		*at++ = have > 1 ? alphabet[group >> 6 & 63] : '=';
		*at++ = have > 2 ? alphabet[group & 63] : '=';
	}
	*at = '\0';
	*out = text;
	return true;
}

static bool read_group(const char *at, bool last, struct writer *w)
{
	uint32_t group = 0;
	size_t pad = last ? (size_t)(at[3] == '=') + (size_t)(at[3] == '=' && at[2] == '=') : 0;
	for (size_t i = 0; i < 4; i++) {
		const char *found = i < 4 - pad ? strchr(alphabet, at[i]) : alphabet;
		if (found == NULL || *found == '\0')
			return false;
		group = group << 6 | (uint32_t)(found - alphabet);
	}
	if ((pad == 1 && (group & 0xFF) != 0) || (pad == 2 && (group & 0xFFFF) != 0))
		return false; /* not canonical */
	for (size_t i = 0; i < 3 - pad; i++)
		writer_u8(w, (uint8_t)(group >> (16 - 8 * i)));
	return true;
}

bool base64_read(const char *text, struct bytes *out, struct error *err)
{
	size_t size = strlen(text);
	AUTO_DONE(writer) w = writer_new(size);
	bool fine = size % 4 == 0;
	for (size_t i = 0; fine && i < size; i += 4)
		fine = read_group(text + i, i + 4 == size, &w);
	if (!fine)
		return fail(err, FAULT_MALFORMED, "not base64");
	return writer_take(&w, out, err);
}
