#include "cli/signed_source.h"

#include <string.h>

#include "base/limits.h"

/* docs/formats/signed-header.md#firmware */
static const char firmware_signer[] = "CN=someSigner;OU=someOrgUnit;O=someOrg";
static const char *const list_names[] = { "ITLFile.tlv", "CTLFile.tlv" };

bool signed_source_read(const char *source, struct signed_source *out, struct error *err)
{
	return signed_source_read_judged(source, &(struct server_judge){ 0 }, out, err);
}

bool signed_source_read_judged(const char *source, const struct server_judge *judge,
	struct signed_source *out, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	struct signed_header header;
	if (!remote_source_read(source, LIMIT_PASSED_FILE, judge, &file, err))
		return false;
	struct reader body = bytes_reader(&file);
	if (!signed_header_parse(&body, &header, err))
		return fail_in(err, "%s", source);
	*out = (struct signed_source){ .file = file, .header = header, .body = body };
	file = (struct bytes){ 0 };
	return true;
}

void signed_source_done(struct signed_source *s)
{
	bytes_done(&s->file);
	*s = (struct signed_source){ 0 };
}

enum signed_kind signed_kind_of(const struct signed_header *header)
{
	for (size_t i = 0; i < COUNT(list_names); i++)
		if (reader_same(header->file_name, reader_of_text(list_names[i])))
			return SIGNED_LIST;
	if (reader_same(header->signer_name, reader_of_text(firmware_signer)))
		return SIGNED_FIRMWARE;
	return header->has_encryption ? SIGNED_ENCRYPTED : SIGNED_PLAIN;
}

const char *signed_kind_name(enum signed_kind kind)
{
	switch (kind) {
	case SIGNED_PLAIN:
		return "signed file";
	case SIGNED_ENCRYPTED:
		return "encrypted file";
	case SIGNED_FIRMWARE:
		return "firmware";
	case SIGNED_LIST:
		return "trust list";
	}
	return "unknown";
}

static bool ends_with(const char *source, struct reader name)
{
	struct reader path = reader_of_text(source);
	if (path.left < name.left)
		return false;
	size_t before = path.left - name.left;
	(void)reader_sub(&path, before);
	return reader_same(path, name) && (before == 0 || source[before - 1] == '/');
}

bool signed_source_named(
	const char *source, const char *name, const struct signed_header *header, struct error *err)
{
	struct reader said = header->file_name;
	bool fits = name != NULL ? reader_same(said, reader_of_text(name))
				 : strcmp(source, "-") == 0 || ends_with(source, said);
	if (fits)
		return true;
	const char *asked = name != NULL ? name : source;
	return fail(err, FAULT_UNTRUSTED,
		"its header says that it is %.*s: a phone that asked for %.100s rejects it%s",
		(int)(said.left < 100 ? said.left : 100), (const char *)said.at, asked,
		name != NULL ? "" : "; --name NAME says under which name it is asked for");
}
