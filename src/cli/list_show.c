#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/broken_list.h"
#include "cli/described.h"
#include "cli/list_cucm.h"
#include "cli/list_describe.h"
#include "cli/list_source.h"
#include "cli/output.h"
#include "cli/verbs.h"

enum { VALUE_SIZE = 2048 };

static const struct described_line file_lines[] = {
	{ "size", "size", DESCRIBED_BYTES },
	{ "md5", "MD5", DESCRIBED_PLAIN },
	{ "sha1", "SHA-1", DESCRIBED_PLAIN },
	{ "sha256", "SHA-256", DESCRIBED_PLAIN },
};

static const struct described_line record_lines[] = {
	{ "size", "record length", DESCRIBED_BYTES },
	{ "host_name", "host name", DESCRIBED_PLAIN },
	{ "subject", "subject", DESCRIBED_PLAIN },
	{ "role", "role", DESCRIBED_PLAIN },
	{ "issuer", "issuer", DESCRIBED_PLAIN },
	{ "serial_number", "serial number", DESCRIBED_PLAIN },
	{ "public_key", "public key", DESCRIBED_BLOB },
	{ "signature", "signature", DESCRIBED_BLOB },
	{ "address", "address", DESCRIBED_PLAIN },
	{ "certificate_hash", "certificate hash", DESCRIBED_PLAIN },
	{ "hash", "its kind", DESCRIBED_PLAIN },
};

static const struct described_line certificate_lines[] = {
	{ "size", "certificate", DESCRIBED_BYTES },
	{ "subject", "  subject", DESCRIBED_PLAIN },
	{ "issuer", "  issuer", DESCRIBED_PLAIN },
	{ "serial_number", "  serial number", DESCRIBED_PLAIN },
	{ "not_before", "  valid from", DESCRIBED_PLAIN },
	{ "not_after", "  valid until", DESCRIBED_PLAIN },
	{ "key", "  key", DESCRIBED_PLAIN },
	{ "signature_algorithm", "  signature algorithm", DESCRIBED_PLAIN },
	{ "sha1", "  SHA-1", DESCRIBED_PLAIN },
	{ "sha256", "  SHA-256", DESCRIBED_PLAIN },
	{ "unreadable", "  unreadable", DESCRIBED_PLAIN },
};

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
	described_print(record, record_lines, COUNT(record_lines));
	described_print(json_object_get(record, "certificate"), certificate_lines,
		COUNT(certificate_lines));
}

static void print_list(const json_t *list)
{
	size_t index;
	json_t *record;
	print_title("%s", json_string_value(json_object_get(list, "source")));
	described_print(list, file_lines, COUNT(file_lines));
	(void)fputc('\n', stdout);
	print_title("Header");
	described_header(json_object_get(list, "header"));
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
	void (*unreadable)(FILE *to, const char *source, struct reader file); /* may be NULL */
} formats[] = {
	{ "table", show_table, false, broken_list_print },
	{ "json", show_json, false, NULL },
	{ "cucm", show_cucm, true, list_cucm_print_unreadable },
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

static bool read_list(const struct format *format, const char *source,
	const struct server_judge *judge, struct bytes *file, struct trust_list *list,
	struct error *err)
{
	struct error fault = { 0 };
	bool found = list_source_read_judged(source, judge, file, &fault);
	if (found && trust_list_parse(bytes_reader(file), list, &fault))
		return true;
	if (format->unreadable != NULL && (found || fault.fault == FAULT_MISSING))
		format->unreadable(stdout, source, bytes_reader(file));
	*err = fault;
	return found ? fail_in(err, "%s", source) : false;
}

/* What can be read is printed even of a list that no phone would take; then that is said. */
static bool list_show(const struct call *call, struct error *err)
{
	struct trust_list list;
	const char *source = call_value(call, "SOURCE");
	const struct format *format = format_of(call, err);
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(server_judge) judge = { 0 };
	if (format == NULL || !server_judge_open(source, call_value(call, "trust"), &judge, err) ||
		!read_list(format, source, &judge, &file, &list, err))
		return false;
	struct error fault = { 0 };
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &fault);
	bool sound = held != NULL && (!format->verifies || held_list_intact(held, &fault));
	struct shown shown = { source, bytes_reader(&file), &list, sound };
	if (!format->show(&shown, err))
		return false;
	if (sound)
		return true;
	*err = fault;
	return fail_in(err, "%s", source);
}

static const struct argument arguments[] = {
	{ "SOURCE", ARGUMENT_POSITIONAL, true, NULL,
		"a file, - for standard input, tftp://HOST[:PORT]/NAME, http:// or https://" },
	{ "format", ARGUMENT_OPTION, false, "FORMAT",
		"table (default), json, or cucm: as the appliance's show itl and show ctl" },
	{ "trust", ARGUMENT_OPTION, false, "LIST",
		"only from an https server that this list has as a TFTP server" },
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
