#include "cli/list_cucm.h"

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cluster/role.h"
#include "pki/digest.h"
#include "trust/signer_name.h"

enum {
	TAB = 8,
	NAME_WIDTH = 2 * TAB,
	VALUE_COLUMN = 4 * TAB,
	LINE_WIDTH = 78,
	DUMP_BYTES = 8,
	TEXT_SIZE = 4 * LIMIT_TEXT + 1, /* a byte may be escaped as \xNN */
	HASH_TEXT_SIZE = 128,
};

enum value {
	VALUE_NONE,   /* the appliance leaves the column empty */
	VALUE_HIDDEN, /* printed above the table */
	VALUE_GROUP,  /* other tags follow: LENGTH is that of the length, VALUE is the length */
	VALUE_NUMBER,
	VALUE_VERSION,
	VALUE_NAME,
	VALUE_SERIAL,
	VALUE_ROLE,
	VALUE_DIGEST,
	VALUE_DUMP,
};

struct row {
	const char *name;
	enum value value;
};

/* By tag. The last ones of either table are ours: no print of the appliance's has them. */
static const struct row header_rows[] = {
	[1] = { "VERSION", VALUE_HIDDEN },
	[2] = { "HEADERLENGTH", VALUE_HIDDEN },
	[3] = { "SIGNERID", VALUE_GROUP },
	[4] = { "SIGNERNAME", VALUE_NAME },
	[5] = { "SERIALNUMBER", VALUE_SERIAL },
	[6] = { "CANAME", VALUE_NAME },
	[7] = { "SIGNATUREINFO", VALUE_GROUP },
	[8] = { "DIGESTALGORTITHM", VALUE_NONE },
	[9] = { "SIGNATUREALGOINFO", VALUE_GROUP },
	[10] = { "SIGNATUREALGORTITHM", VALUE_NONE },
	[11] = { "SIGNATUREMODULUS", VALUE_NONE },
	[12] = { "SIGNATURE", VALUE_DUMP },
	[14] = { "FILENAME", VALUE_NONE },
	[15] = { "TIMESTAMP", VALUE_NONE },
	[28] = { "SIGNERVERSION", VALUE_VERSION },
};

static const struct row record_rows[] = {
	[1] = { "RECORDLENGTH", VALUE_NUMBER },
	[2] = { "DNSNAME", VALUE_NAME },
	[3] = { "SUBJECTNAME", VALUE_NAME },
	[4] = { "FUNCTION", VALUE_ROLE },
	[5] = { "ISSUERNAME", VALUE_NAME },
	[6] = { "SERIALNUMBER", VALUE_SERIAL },
	[7] = { "PUBLICKEY", VALUE_NONE },
	[8] = { "SIGNATURE", VALUE_NONE },
	[9] = { "CERTIFICATE", VALUE_DIGEST },
	[10] = { "IPADDRESS", VALUE_NONE },
	[11] = { "CERTIFICATEHASH", VALUE_NONE },
	[12] = { "HASHALGORITHM", VALUE_NONE },
};

static const char columns[] = "BYTEPOS TAG             LENGTH  VALUE\n"
			      "------- ---             ------  -----\n";

/* The blank before the full stop and the two full stops are the appliance's. */
static const char ctl_not_found[] =
	"CTL File not found . Please run CTLClient plugin or run the CLI - utils ctl.. to generate "
	"the CTL file.\n";
static const char itl_not_found[] = "ITL File not found.\n";

/* A piece, which ends after `stop`, that would leave the line begins the next one; no line ends
 * with a blank. */
static void print_wrapped(FILE *to, const char *text, char stop)
{
	size_t column = VALUE_COLUMN;
	int blank = 0;
	while (*text != '\0') {
		const char *end = strchr(text, stop);
		size_t size = end == NULL ? strlen(text) : (size_t)(end - text) + 1;
		if (column > VALUE_COLUMN && column + size > LINE_WIDTH) {
			(void)fprintf(to, "\n%*s", VALUE_COLUMN, "");
			column = VALUE_COLUMN;
		} else {
			(void)fprintf(to, "%*s", blank, "");
		}
		blank = text[size - 1] == ' ';
		(void)fwrite(text, 1, size - (size_t)blank, to);
		column += size;
		text += size;
	}
}

static void print_name(FILE *to, struct reader value)
{
	char text[TEXT_SIZE];
	value.left -= value.left > 0; /* its NUL */
	print_wrapped(to, text_escape(value, text, sizeof(text)), ';');
}

static void print_serial(FILE *to, struct reader value)
{
	for (size_t i = 0; i < value.left; i++)
		(void)fprintf(to, "%s%02X", i == 0 ? "" : ":", value.at[i]);
}

static void print_role(FILE *to, struct reader value)
{
	unsigned number = reader_u16(&value);
	const struct role_row *role = role_find(number);
	if (role != NULL)
		(void)fputs(role->printed, to);
	else
		(void)fprintf(to, "%u", number);
}

static void print_digest(FILE *to, struct reader value)
{
	uint8_t digest[DIGEST_MAX];
	char text[HASH_TEXT_SIZE];
	size_t used = 0;
	if (!digest_of(DIGEST_SHA1, &value, 1, digest, NULL))
		return;
	for (size_t i = 0; i < digest_size(DIGEST_SHA1); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%02X ", digest[i]);
	(void)snprintf(text + used, sizeof(text) - used, "(SHA1 Hash HEX)");
	print_wrapped(to, text, ' ');
}

/* Without leading zeros, as the appliance does. */
static void print_dump(FILE *to, struct reader value)
{
	for (size_t i = 0; i < value.left; i++) {
		bool first = i % DUMP_BYTES == 0;
		const char *gap = first ? "\n" : value.at[i - 1] < 0x10 ? "   " : "  ";
		(void)fprintf(to, "%s%x", gap, value.at[i]);
	}
}

static void print_value(FILE *to, enum value kind, struct reader value)
{
	switch (kind) {
	case VALUE_GROUP:
		(void)fprintf(to, "%zu", value.left);
		return;
	case VALUE_NUMBER:
		(void)fprintf(to, "%u", reader_u16(&value));
		return;
	case VALUE_VERSION:
		(void)fprintf(to, "%u.%u", value.at[0], value.at[1]);
		return;
	case VALUE_NAME:
		print_name(to, value);
		return;
	case VALUE_SERIAL:
		print_serial(to, value);
		return;
	case VALUE_ROLE:
		print_role(to, value);
		return;
	case VALUE_DIGEST:
		print_digest(to, value);
		return;
	case VALUE_DUMP:
		print_dump(to, value);
		return;
	case VALUE_NONE:
	case VALUE_HIDDEN:
		return;
	}
}

static bool stands_in_line(enum value kind, struct reader value)
{
	return kind != VALUE_NONE && kind != VALUE_DUMP && (kind != VALUE_NAME || value.left > 1);
}

/* The columns stand at tab stops, and a long name moves those behind it. */
static void print_row(FILE *to, unsigned tag, const struct row *row, struct reader value)
{
	size_t name = strlen(row->name);
	int width = name < NAME_WIDTH ? NAME_WIDTH : (int)(TAB * (name / TAB + 1));
	int length_width = stands_in_line(row->value, value) ? TAB : 0;
	size_t length = row->value == VALUE_GROUP ? sizeof(uint16_t) : value.left;
	(void)fprintf(to, "%-*u%-*s%-*zu", TAB, tag, width, row->name, length_width, length);
	print_value(to, row->value, value);
	(void)fputc('\n', to);
}

/* In the order of the file. The children of a group stand behind it as if they were its equals. */
static void print_rows(FILE *to, struct reader area, const struct row *rows, size_t count)
{
	struct reader rest = area;
	while (rest.left > 0) {
		unsigned tag = reader_u8(&rest);
		struct reader behind = rest;
		struct reader value = reader_sub(&behind, reader_u16(&behind));
		bool known = tag < count && rows[tag].name != NULL;
		bool group = known && rows[tag].value == VALUE_GROUP;
		if (!behind.ok)
			return;
		if (known && rows[tag].value != VALUE_HIDDEN)
			print_row(to, tag, &rows[tag], value);
		(void)reader_u16(&rest);
		if (!group)
			rest = behind;
	}
}

static void print_checksum(FILE *to, enum digest_kind kind, const char *name, struct reader file)
{
	uint8_t digest[DIGEST_MAX];
	if (!digest_of(kind, &file, 1, digest, NULL))
		return; /* MD5 where the machine forbids it */
	for (size_t i = 0; i < digest_size(kind); i++)
		(void)fprintf(to, "%02x", digest[i]);
	(void)fprintf(to, "(%s)\n", name);
}

static void print_size(FILE *to, const char *kind, struct reader file)
{
	(void)fprintf(to, "The checksum value of the %s file:\n", kind);
	print_checksum(to, DIGEST_MD5, "MD5", file);
	print_checksum(to, DIGEST_SHA1, "SHA1", file);
	(void)fprintf(to, "\nLength of %s file: %zu\n", kind, file.left);
}

/* In the time zone of the reader, as the appliance prints it in its own. */
static void print_time(FILE *to, const char *kind, const struct signed_header *header)
{
	time_t seconds = header->timestamp;
	struct tm parts;
	char text[64];
	tzset();
	if (header->has_timestamp && localtime_r(&seconds, &parts) != NULL &&
		strftime(text, sizeof(text), "%a %b %d %H:%M:%S %Z %Y", &parts) > 0)
		(void)fprintf(to, "The %s File was last modified on %s\n", kind, text);
}

static void print_record(
	FILE *to, const char *kind, struct reader file, const struct trust_list *list, size_t index)
{
	const struct trust_record *r = &list->records[index];
	const struct signed_header *header = &list->header;
	(void)fprintf(to, "\n        %s Record #:%zu\n                  ----\n%s", kind, index + 1,
		columns);
	print_rows(to, reader_of(file.at + r->offset, r->size), record_rows, COUNT(record_rows));
	if (!r->has_role || r->role != ROLE_SAST)
		return;
	bool signer = reader_same(r->serial, header->serial) &&
		names_agree(r->issuer, header->issuer_name);
	(void)fprintf(
		to, "This etoken was %sused to sign the %s file.\n", signer ? "" : "not ", kind);
}

void list_cucm_print(FILE *to, struct reader file, const struct trust_list *list, bool verified)
{
	const struct signed_header *header = &list->header;
	bool ctl = reader_same(header->file_name, reader_of_text("CTLFile.tlv"));
	const char *kind = ctl ? "CTL" : "ITL";
	print_size(to, kind, file);
	print_time(to, kind, header);
	(void)fprintf(to, "\n        Parse %s File\n        ----------------\n\n", kind);
	(void)fprintf(to, "Version:        %u.%u\nHeaderLength:   %zu (BYTES)\n\n%s",
		header->version.major, header->version.minor, header->size, columns);
	print_rows(to, reader_of(file.at, header->size - header->padding), header_rows,
		COUNT(header_rows));
	for (size_t i = 0; i < list->count; i++)
		print_record(to, kind, file, list, i);
	if (verified)
		(void)fprintf(to, "\nThe %s file was verified successfully.\n", kind);
	else
		(void)fprintf(to, "\nVerification of the %s file failed.\n", kind);
}

void list_cucm_print_unreadable(FILE *to, const char *source, struct reader file)
{
	const char *slash = strrchr(source, '/');
	const char *name = slash != NULL ? slash + 1 : source;
	bool ctl = strncmp(name, "CTL", 3) == 0;
	const char *kind = ctl ? "CTL" : "ITL";
	if (file.left > 0) {
		print_size(to, kind, file);
		(void)fputc('\n', to);
	} else {
		(void)fprintf(to, "Length of %s file: 0\n", kind);
		(void)fputs(ctl ? ctl_not_found : itl_not_found, to);
	}
	(void)fputs(ctl ? "Error parsing the CTL File.\n" : "Error parsing the ITL File!!\n", to);
}
