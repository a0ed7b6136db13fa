#include "wire/distinguished_name.h"

#include <string.h>

#include "base/hex.h"
#include "base/limits.h"
#include "base/text.h"

/* What the appliance writes, in its order. docs/formats/distinguished-name.md#appliance */
static const char *const kept_types[] = { "CN", "OU", "O", "L", "ST", "C" };

static bool type_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '.' || c == '-';
}

/* How long the attribute type is that `text` starts with, its '=' not counted; 0 for none. */
static size_t type_length(struct reader text)
{
	size_t size = 0;
	while (size < text.left && type_byte(text.at[size]))
		size++;
	return size < text.left && text.at[size] == '=' ? size : 0;
}

static bool hex_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Bytes that a backslash takes with it: two hexadecimal digits, one special, or none, for the
 * appliance writes a backslash as it is. */
static size_t escape_length(struct reader after)
{
	if (after.left >= 2 && hex_digit(after.at[0]) && hex_digit(after.at[1]))
		return 2;
	bool special = after.left >= 1 && after.at[0] != '\0' &&
		strchr(" \"#+,;<=>\\", after.at[0]) != NULL;
	return special ? 1 : 0;
}

/* Takes one byte of a value, escapes undone. */
static uint8_t take_byte(struct reader *text)
{
	uint8_t byte = reader_u8(text);
	size_t escaped = byte == '\\' ? escape_length(*text) : 0;
	if (escaped == 0)
		return byte;
	struct reader what = reader_sub(text, escaped);
	if (escaped == 1)
		return what.at[0];
	char digits[3] = { (char)what.at[0], (char)what.at[1], '\0' };
	(void)hex_read(digits, &byte, 1); /* two digits, seen above */
	return byte;
}

/* Separators count only where an attribute follows: "O=Example, Inc." is one value. */
static bool separates(struct reader text, const char *separators)
{
	if (text.left == 0 || text.at[0] == '\0' || strchr(separators, text.at[0]) == NULL)
		return false;
	(void)reader_u8(&text);
	return type_length(text) > 0;
}

static bool take_value(struct reader *text, const char *separators, char value[NAME_VALUE_SIZE],
	bool *cut_off, struct error *err)
{
	uint8_t scratch[NAME_VALUE_SIZE];
	struct writer w = writer_on(scratch, sizeof(scratch));
	bool quoted = text->left > 0 && text->at[0] == '"';
	if (quoted)
		(void)reader_u8(text);
	/* Tokens cut their names off at 55 bytes, so that the closing quote may be missing. */
	while (text->left > 0 && (quoted || !separates(*text, separators))) {
		if (quoted && text->at[0] == '"')
			break;
		writer_u8(&w, take_byte(text));
	}
	*cut_off = quoted && text->left == 0;
	if (quoted && text->left > 0)
		(void)reader_u8(text);
	if (text->left > 0 && !separates(*text, separators))
		return fail(err, FAULT_MALFORMED, "text after the closing quote");
	if (!w.ok)
		return fail(err, FAULT_LIMIT, "more than %d bytes", NAME_VALUE_SIZE - 1);
	return text_from(writer_written(&w), value, NAME_VALUE_SIZE, err);
}

static bool take_attribute(struct reader *text, const char *separators,
	struct distinguished_name *name, struct error *err)
{
	struct name_attribute *out = &name->attributes[name->count];
	size_t size = type_length(*text);
	if (size == 0)
		return fail(err, FAULT_MALFORMED, "no attribute type");
	if (size >= sizeof(out->type))
		return fail(err, FAULT_LIMIT, "attribute type of %zu bytes", size);
	for (size_t i = 0; i < size; i++) {
		uint8_t c = reader_u8(text);
		out->type[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	}
	out->type[size] = '\0';
	(void)reader_u8(text); /* the '=' */
	return take_value(text, separators, out->value, &name->cut_off, err) ||
		fail_in(err, "value of %s", out->type);
}

static bool parse_with(struct reader text, const char *separators, struct distinguished_name *out,
	struct error *err)
{
	size_t whole = text.left;
	out->count = 0;
	out->cut_off = false;
	for (;;) {
		size_t at = whole - text.left;
		if (out->count == NAME_ATTRIBUTES)
			return fail(
				err, FAULT_LIMIT, "name: more than %d attributes", NAME_ATTRIBUTES);
		if (!take_attribute(&text, separators, out, err))
			return fail_in(err, "name: attribute at byte %zu", at);
		out->count++;
		if (text.left == 0) {
			out->cut_off = out->cut_off && whole == NAME_TOKEN_MAX;
			return true;
		}
		(void)reader_u8(&text); /* the separator */
	}
}

bool distinguished_name_parse(struct reader text, struct distinguished_name *out, struct error *err)
{
	struct distinguished_name name = { 0 };
	if (text.left == 0)
		return fail(err, FAULT_MALFORMED, "name: is empty");
	if (text.left > LIMIT_TEXT)
		return fail(err, FAULT_LIMIT, "name: %zu bytes, at most %d are allowed", text.left,
			LIMIT_TEXT);
	/* The builder escapes every semicolon: one before an attribute shows the other form. */
	struct error first = { 0 };
	bool whole = parse_with(text, ";", &name, &first);
	if (!whole && name.count > 0)
		return fail(err, first.fault, "%s", first.text);
	bool semicolons = whole && name.count > 1;
	if (!semicolons && !parse_with(text, ",+", &name, err))
		return false;
	*out = name;
	return true;
}

static bool attribute_same(const struct name_attribute *a, const struct name_attribute *b)
{
	return strcmp(a->type, b->type) == 0 && strcmp(a->value, b->value) == 0;
}

static size_t times(const struct distinguished_name *name, const struct name_attribute *what)
{
	size_t count = 0;
	for (size_t i = 0; i < name->count; i++)
		if (attribute_same(&name->attributes[i], what))
			count++;
	return count;
}

static bool kept(const struct name_attribute *attribute)
{
	for (size_t i = 0; i < COUNT(kept_types); i++)
		if (strcmp(attribute->type, kept_types[i]) == 0)
			return true;
	return false;
}

static size_t count_kept(const struct distinguished_name *name)
{
	size_t count = 0;
	for (size_t i = 0; i < name->count; i++)
		if (kept(&name->attributes[i]))
			count++;
	return count;
}

/* docs/formats/distinguished-name.md#cut-off: what stands in the one is in the whole one too. */
static bool begins(const struct distinguished_name *cut, const struct distinguished_name *whole,
	bool (*counts)(const struct name_attribute *attribute))
{
	for (size_t i = 0; i + 1 < cut->count; i++)
		if (counts(&cut->attributes[i]) &&
			times(cut, &cut->attributes[i]) > times(whole, &cut->attributes[i]))
			return false;
	const struct name_attribute *open = &cut->attributes[cut->count - 1];
	bool found = !counts(open);
	for (size_t i = 0; i < whole->count && !found; i++)
		found = strcmp(open->type, whole->attributes[i].type) == 0 &&
			strncmp(open->value, whole->attributes[i].value, strlen(open->value)) == 0;
	return found;
}

static bool any(const struct name_attribute *attribute)
{
	(void)attribute;
	return true;
}

bool distinguished_name_same(const struct distinguished_name *a, const struct distinguished_name *b)
{
	if (a->cut_off != b->cut_off)
		return a->cut_off ? begins(a, b, any) : begins(b, a, any);
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (times(a, &a->attributes[i]) != times(b, &a->attributes[i]))
			return false;
	return true;
}

bool distinguished_name_agrees(
	const struct distinguished_name *a, const struct distinguished_name *b)
{
	bool reducible = count_kept(a) > 0 && count_kept(b) > 0;
	if (reducible && a->cut_off != b->cut_off)
		return a->cut_off ? begins(a, b, kept) : begins(b, a, kept);
	if (!reducible || count_kept(a) != count_kept(b))
		return distinguished_name_same(a, b);
	for (size_t i = 0; i < a->count; i++)
		if (kept(&a->attributes[i]) &&
			times(a, &a->attributes[i]) != times(b, &a->attributes[i]))
			return false;
	return true;
}

/* Escapes what would be read as something else. A name of a single attribute has no semicolon to
 * show its form, so its commas and plus signs are escaped too. */
static void write_value(struct writer *w, const char *value, bool alone)
{
	const char *escaped = alone ? "\\;,+" : "\\;";
	for (const char *at = value; *at != '\0'; at++) {
		if (strchr(escaped, *at) != NULL || (at == value && *at == '"'))
			writer_u8(w, '\\');
		writer_u8(w, (uint8_t)*at);
	}
}

void distinguished_name_write(struct writer *w, const struct distinguished_name *name)
{
	bool alone = count_kept(name) == 1;
	bool first = true;
	for (size_t type = 0; type < COUNT(kept_types); type++)
		for (size_t i = 0; i < name->count; i++) {
			const struct name_attribute *one = &name->attributes[i];
			if (strcmp(one->type, kept_types[type]) != 0)
				continue;
			if (!first)
				writer_u8(w, ';');
			first = false;
			writer_text(w, one->type);
			writer_u8(w, '=');
			write_value(w, one->value, alone);
		}
}

/* What does not fit is left out, without breaking the writer. */
static void write_fitting(struct writer *w, const char *text)
{
	for (; *text != '\0' && w->used < NAME_TOKEN_MAX; text++)
		writer_u8(w, (uint8_t)*text);
}

/* Fits what is published: quotes around a comma or a blank at the end, none around one inside.
 * docs/formats/distinguished-name.md#tokens */
static void write_token_value(struct writer *w, const char *value)
{
	size_t size = strlen(value);
	bool quoted = strpbrk(value, ",+=\"\\<>#;") != NULL || value[0] == ' ' ||
		(size > 0 && value[size - 1] == ' ');
	write_fitting(w, quoted ? "\"" : "");
	for (const char *at = value; *at != '\0'; at++) {
		write_fitting(w, *at == '"' || *at == '\\' ? "\\" : "");
		write_fitting(w, (const char[]){ *at, '\0' });
	}
	write_fitting(w, quoted ? "\"" : "");
}

static void write_token_attribute(struct writer *w, const struct name_attribute *one)
{
	write_fitting(w, w->used > 0 ? ";" : "");
	for (const char *at = one->type; *at != '\0'; at++)
		write_fitting(w, (const char[]){ (char)(*at - 'A' + 'a'), '\0' });
	write_fitting(w, "=");
	write_token_value(w, one->value);
}

bool distinguished_name_write_token(
	struct writer *w, const struct distinguished_name *name, struct error *err)
{
	uint8_t memory[NAME_TOKEN_MAX];
	struct distinguished_name left;
	struct writer token = writer_on(memory, sizeof(memory));
	for (size_t type = 0; type < COUNT(kept_types); type++)
		for (size_t i = 0; i < name->count; i++)
			if (strcmp(name->attributes[i].type, kept_types[type]) == 0)
				write_token_attribute(&token, &name->attributes[i]);
	if (!distinguished_name_parse(writer_written(&token), &left, NULL) ||
		!distinguished_name_agrees(&left, name))
		return fail(err, FAULT_REFUSED,
			"a token's name ends after %d bytes, and what is left of this one is "
			"another",
			NAME_TOKEN_MAX);
	writer_bytes(w, writer_written(&token));
	return true;
}
