#include "cli/broken_list.h"

#include "base/hex.h"
#include "base/text.h"
#include "cli/output.h"
#include "wire/signed_header.h"
#include "wire/trust_list.h"

enum { BLOB_BYTES = 16, TEXT_SHOWN = 200, OPENING = 10, RECORD_OPENING = 5 };

typedef const struct tag_rule *rule_fn(uint8_t tag);

static void print_text(FILE *to, struct reader text)
{
	char escaped[TEXT_SHOWN];
	text.left -= text.at[text.left - 1] == 0; /* its NUL */
	(void)fputs(text_escape(text, escaped, sizeof(escaped)), to);
}

static void print_bytes(FILE *to, struct reader bytes)
{
	char digits[2 * BLOB_BYTES + 1];
	bool cut = bytes.left > BLOB_BYTES;
	(void)hex_write(reader_of(bytes.at, cut ? BLOB_BYTES : bytes.left), digits);
	(void)fprintf(to, "%s%s", digits, cut ? "…" : "");
}

static void print_value(FILE *to, const struct tag_rule *rule, struct reader value)
{
	(void)fprintf(to, "%zu bytes", value.left);
	if (value.left == 0 || (rule != NULL && rule->shape == TAG_GROUP))
		return;
	(void)fputs(", ", to);
	if (rule != NULL && rule->shape == TAG_TEXT)
		print_text(to, value);
	else
		print_bytes(to, value);
}

/* One tag; its children stand behind it as if they were its equals. False: nothing makes sense from
 * here on. */
static bool print_tag(FILE *to, struct reader *area, size_t offset, rule_fn *rule_of)
{
	uint8_t tag = reader_u8(area);
	const struct tag_rule *rule = rule_of(tag);
	(void)fprintf(to, "  byte %-6zu tag %-4u %-18s ", offset, tag,
		rule != NULL ? rule->name : "unknown");
	if (rule != NULL && rule->shape == TAG_BARE) {
		(void)fputc('\n', to);
		return true;
	}
	size_t left = area->left, size = reader_u16(area);
	struct reader behind = *area, value = reader_sub(&behind, size);
	if (!behind.ok) {
		if (left < 2)
			(void)fputs("cut off\n", to);
		else
			(void)fprintf(to, "%zu bytes, but %zu are left\n", size, left - 2);
		return false;
	}
	print_value(to, rule, value);
	(void)fputc('\n', to);
	if (rule == NULL || rule->shape != TAG_GROUP)
		*area = behind;
	return true;
}

static bool print_tags(FILE *to, struct reader area, size_t offset, rule_fn *rule_of)
{
	size_t whole = area.left;
	while (area.left > 0)
		if (!print_tag(to, &area, offset + whole - area.left, rule_of))
			return false;
	return true;
}

static void print_title(FILE *to, const char *title)
{
	output_painted(to, PAINT_TITLE, title);
	(void)fputc('\n', to);
}

/* Takes the header off, as long as it says that it is. */
static bool print_header(FILE *to, const char *source, struct reader *file)
{
	if (!signed_header_recognise(*file))
		return false;
	struct reader opening = *file;
	(void)reader_sub(&opening, OPENING - 2);
	size_t size = reader_u16(&opening);
	if (size > file->left)
		size = file->left;
	print_title(to, source);
	(void)fputs("  what can be made out of it:\n\n", to);
	print_title(to, "Header");
	return print_tags(to, reader_sub(file, size), 0, signed_header_tag);
}

/* A record whose length cannot be is taken to go to the end. */
static struct reader take_record(struct reader *file)
{
	struct reader opening = *file;
	(void)reader_sub(&opening, RECORD_OPENING - 2);
	size_t size = reader_u16(&opening);
	bool fits = opening.ok && size >= RECORD_OPENING && size <= file->left;
	return reader_sub(file, fits ? size : file->left);
}

void broken_list_print(FILE *to, const char *source, struct reader file)
{
	size_t whole = file.left;
	bool sound = print_header(to, source, &file);
	for (size_t number = 1; sound && file.left > 0 && number <= LIMIT_RECORDS; number++) {
		char title[64];
		size_t offset = whole - file.left;
		(void)snprintf(title, sizeof(title), "Record %zu at byte %zu", number, offset);
		(void)fputc('\n', to);
		print_title(to, title);
		sound = print_tags(to, take_record(&file), offset, trust_record_tag);
	}
}
