#include "cli/described.h"

#include "cli/output.h"

enum { NAME_WIDTH = 24, BLOB_DIGITS = 32, VALUE_SIZE = 2048 };

static const struct described_line header_lines[] = {
	{ "version", "version", DESCRIBED_PLAIN },
	{ "header_length", "header length", DESCRIBED_BYTES },
	{ "signer_version", "signer version", DESCRIBED_PLAIN },
	{ "signer_name", "signer name", DESCRIBED_PLAIN },
	{ "serial_number", "serial number", DESCRIBED_PLAIN },
	{ "issuer_name", "issuer name", DESCRIBED_PLAIN },
	{ "hash", "hash", DESCRIBED_PLAIN },
	{ "algorithm", "algorithm", DESCRIBED_PLAIN },
	{ "modulus_bits", "modulus bits", DESCRIBED_PLAIN },
	{ "signature", "signature", DESCRIBED_BLOB },
	{ "file_name", "file name", DESCRIBED_PLAIN },
	{ "timestamp", "timestamp", DESCRIBED_PLAIN },
	{ "padding", "padding", DESCRIBED_BYTES },
};

static void format_value(const json_t *value, enum described_show show, char *out, size_t size)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);
	if (show == DESCRIBED_BLOB && length > 0)
		(void)snprintf(out, size, "%zu bytes, %.*s%s", length / 2, BLOB_DIGITS, text,
			length > BLOB_DIGITS ? "…" : "");
	else if (text != NULL)
		(void)snprintf(out, size, "%s", length > 0 ? text : "(empty)");
	else
		(void)snprintf(out, size, "%lld%s", (long long)json_integer_value(value),
			show == DESCRIBED_BYTES ? " bytes" : "");
}

void described_print(const json_t *from, const struct described_line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[VALUE_SIZE];
		char title[NAME_WIDTH + 4];
		const json_t *value = json_object_get(from, lines[i].key);
		if (value == NULL || json_is_null(value))
			continue;
		format_value(value, lines[i].show, text, sizeof(text));
		(void)snprintf(title, sizeof(title), "  %s", lines[i].title);
		output_fact(stdout, NAME_WIDTH, title, text);
	}
}

void described_header(const json_t *header)
{
	described_print(header, header_lines, COUNT(header_lines));
}
