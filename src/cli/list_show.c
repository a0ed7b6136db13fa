#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/list_cucm.h"
#include "cli/list_describe.h"
#include "cli/list_source.h"
#include "cli/output.h"
#include "cli/verbs.h"

enum { NAME_WIDTH = 24, BLOB_DIGITS = 32, VALUE_SIZE = 2048 };

enum show { SHOW_PLAIN, SHOW_BYTES, SHOW_BLOB };

/* A field of list_describe() and how its line reads. */
struct line {
	const char *key, *title;
	enum show show;
};

static const struct line file_lines[] = {
	{ "size", "size", SHOW_BYTES },
	{ "md5", "MD5", SHOW_PLAIN },
	{ "sha1", "SHA-1", SHOW_PLAIN },
	{ "sha256", "SHA-256", SHOW_PLAIN },
};

static const struct line header_lines[] = {
	{ "version", "version", SHOW_PLAIN },
	{ "header_length", "header length", SHOW_BYTES },
	{ "signer_version", "signer version", SHOW_PLAIN },
	{ "signer_name", "signer name", SHOW_PLAIN },
	{ "serial_number", "serial number", SHOW_PLAIN },
	{ "issuer_name", "issuer name", SHOW_PLAIN },
	{ "hash", "hash", SHOW_PLAIN },
	{ "algorithm", "algorithm", SHOW_PLAIN },
	{ "modulus_bits", "modulus bits", SHOW_PLAIN },
	{ "signature", "signature", SHOW_BLOB },
	{ "file_name", "file name", SHOW_PLAIN },
	{ "timestamp", "timestamp", SHOW_PLAIN },
	{ "padding", "padding", SHOW_BYTES },
};

static const struct line record_lines[] = {
	{ "size", "record length", SHOW_BYTES },
	{ "host_name", "host name", SHOW_PLAIN },
	{ "subject", "subject", SHOW_PLAIN },
	{ "role", "role", SHOW_PLAIN },
	{ "issuer", "issuer", SHOW_PLAIN },
	{ "serial_number", "serial number", SHOW_PLAIN },
	{ "public_key", "public key", SHOW_BLOB },
	{ "signature", "signature", SHOW_BLOB },
	{ "address", "address", SHOW_PLAIN },
	{ "certificate_hash", "certificate hash", SHOW_PLAIN },
	{ "hash", "its kind", SHOW_PLAIN },
};

static const struct line certificate_lines[] = {
	{ "size", "certificate", SHOW_BYTES },
	{ "subject", "  subject", SHOW_PLAIN },
	{ "issuer", "  issuer", SHOW_PLAIN },
	{ "serial_number", "  serial number", SHOW_PLAIN },
	{ "not_before", "  valid from", SHOW_PLAIN },
	{ "not_after", "  valid until", SHOW_PLAIN },
	{ "key", "  key", SHOW_PLAIN },
	{ "signature_algorithm", "  signature algorithm", SHOW_PLAIN },
	{ "sha1", "  SHA-1", SHOW_PLAIN },
	{ "sha256", "  SHA-256", SHOW_PLAIN },
	{ "unreadable", "  unreadable", SHOW_PLAIN },
};

static void format_value(const json_t *value, enum show show, char *out, size_t size)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);
	if (show == SHOW_BLOB && length > 0)
		(void)snprintf(out, size, "%zu bytes, %.*s%s", length / 2, BLOB_DIGITS, text,
			length > BLOB_DIGITS ? "…" : "");
	else if (text != NULL)
		(void)snprintf(out, size, "%s", length > 0 ? text : "(empty)");
	else
		(void)snprintf(out, size, "%lld%s", (long long)json_integer_value(value),
			show == SHOW_BYTES ? " bytes" : "");
}

/* Fields that are not there have no line. */
static void print_lines(const json_t *from, const struct line *lines, size_t count)
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

static void print_title(const char *format, ...) PRINTF(1, 2);
static void print_title(const char *format, ...)
{
	char text[VALUE_SIZE];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	output_painted(stdout, PAINT_TITLE, text);
	(void)fputc('\n', stdout);
}

static void print_record(const json_t *record)
{
	const char *role = json_string_value(json_object_get(record, "role_name"));
	json_int_t number = json_integer_value(json_object_get(record, "number"));
	json_int_t offset = json_integer_value(json_object_get(record, "offset"));
	(void)fputc('\n', stdout);
	print_title("Record %lld at byte %lld: %s", (long long)number, (long long)offset,
		role != NULL ? role : "no role that we know");
	print_lines(record, record_lines, COUNT(record_lines));
	print_lines(json_object_get(record, "certificate"), certificate_lines,
		COUNT(certificate_lines));
}

static void print_list(const json_t *list)
{
	size_t index;
	json_t *record;
	print_title("%s", json_string_value(json_object_get(list, "source")));
	print_lines(list, file_lines, COUNT(file_lines));
	(void)fputc('\n', stdout);
	print_title("Header");
	print_lines(json_object_get(list, "header"), header_lines, COUNT(header_lines));
	json_array_foreach (json_object_get(list, "records"), index, record)
		print_record(record);
}

struct shown {
	const char *source;
	struct reader file;
	const struct trust_list *list;
	bool verified;
};

static bool show_table(const struct shown *shown, struct error *err)
{
	json_auto_t *told = list_describe(shown->source, shown->file, shown->list);
	if (told == NULL)
		return fail_memory(err);
	print_list(told);
	return true;
}

static bool show_json(const struct shown *shown, struct error *err)
{
	json_auto_t *told = list_describe(shown->source, shown->file, shown->list);
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	return true;
}

static bool show_cucm(const struct shown *shown, struct error *err)
{
	(void)err;
	list_cucm_print(stdout, shown->file, shown->list, shown->verified);
	return true;
}

static const struct format {
	const char *name;
	bool (*show)(const struct shown *shown, struct error *err);
	bool verifies; /* its last line tells of the signature */
} formats[] = {
	{ "table", show_table, false },
	{ "json", show_json, false },
	{ "cucm", show_cucm, true },
};

static const struct format *format_of(const struct call *call, struct error *err)
{
	const char *name = call_value(call, "format");
	if (name == NULL)
		name = call->json ? "json" : "table";
	for (size_t i = 0; i < COUNT(formats); i++)
		if (strcmp(formats[i].name, name) == 0 &&
			(!call->json || strcmp(name, "json") == 0))
			return &formats[i];
	(void)fail(err, FAULT_USAGE,
		call->json ? "--format %.40s with --json: leave one of them out"
			   : "--format %.40s: it is table, json or cucm",
		name);
	return NULL;
}

/* What can be read is printed even of a list that no phone would take; then that is said. */
static bool list_show(const struct call *call, struct error *err)
{
	struct trust_list list;
	const char *source = call_value(call, "SOURCE");
	const struct format *format = format_of(call, err);
	AUTO_DONE(bytes) file = { 0 };
	if (format == NULL || !list_source_read(source, &file, err))
		return false;
	if (!trust_list_parse(bytes_reader(&file), &list, err)) {
		(void)list_fault(err);
		return fail_in(err, "%s", source);
	}
	struct error fault = { 0 };
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &fault);
	bool sound = held != NULL && (!format->verifies || held_list_intact(held, &fault));
	struct shown shown = { source, bytes_reader(&file), &list, sound };
	if (!format->show(&shown, err))
		return false;
	if (sound)
		return true;
	*err = fault;
	(void)list_fault(err);
	return fail_in(err, "%s", source);
}

static const struct argument arguments[] = {
	{ "SOURCE", ARGUMENT_POSITIONAL, true, NULL,
		"a file, - for standard input, tftp://HOST[:PORT]/NAME or http://HOST:PORT/NAME" },
	{ "format", ARGUMENT_OPTION, false, "FORMAT",
		"table (default), json, or cucm: as the appliance's show itl and show ctl" },
	{ .name = NULL },
};

const struct verb list_show_verb = {
	.words = "list show",
	.run = list_show,
	.arguments = arguments,
	.means = "prints every field of a trust list",
	.help = "Keys and signatures are cut after 16 bytes; --json has them whole, and each\n"
		"certificate in PEM. The signature is not checked, but with --format cucm, whose\n"
		"last line tells: that is `list verify`.",
};
