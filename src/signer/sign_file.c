#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "signer/operations_impl.h"
#include "trust/belief.h"

static const char suffix[] = ".sgn";
static const char list_suffix[] = ".tlv";

static const struct version file_version = { 1, 0 };

static bool ends_with(const char *name, size_t length, const char *end)
{
	size_t size = strlen(end);
	if (length < size)
		return false;
	char tail[8];
	(void)snprintf(tail, sizeof(tail), "%.*s", (int)size, name + length - size);
	return text_same_nocase(tail, end);
}

/* Relative, no step upwards, nothing hidden: docs/formats/provisioning.md#names */
static bool sound_path(const char *name)
{
	const char *part = name;
	while (true) {
		size_t length = strcspn(part, "/");
		if (length == 0 || part[0] == '.' || memchr(part, '\\', length) != NULL)
			return false;
		if (part[length] == '\0')
			return true;
		part += length + 1;
	}
}

/* A signed file must never pass for a trust list, whatever is done to its name. */
static bool check_name(struct reader text, char name[static LIMIT_FILE_NAME], struct error *err)
{
	if (!text_from(text, name, LIMIT_FILE_NAME, err))
		return fail_in(err, "the file's name");
	size_t length = strlen(name);
	if (length < sizeof(suffix) || strcmp(name + length - strlen(suffix), suffix) != 0)
		return fail(err, FAULT_REFUSED, "%s does not end in %s", name, suffix);
	if (ends_with(name, length - strlen(suffix), list_suffix) || !sound_path(name))
		return fail(err, FAULT_REFUSED, "%s is no name of a signed file", name);
	return true;
}

static bool check_header(struct question *q, const struct signed_header *header,
	const struct cert *signer, struct error *err)
{
	char name[LIMIT_FILE_NAME];
	if (!check_name(header->file_name, name, err))
		return false;
	(void)snprintf(q->about, sizeof(q->about), "%.120s", name);
	if (header->version.major != file_version.major ||
		header->version.minor != file_version.minor || header->has_signer_version ||
		header->has_encryption)
		return fail(err, FAULT_REFUSED,
			"a header of version %u.%u with these parts is not a signed file's",
			header->version.major, header->version.minor);
	if (!signer_is(header, signer))
		return fail(err, FAULT_REFUSED, "the header names another signer than %s",
			cert_subject(signer, NAME_APPLIANCE));
	return true;
}

bool sign_file_answer(struct question *q, struct writer *answer, struct error *err)
{
	struct signer_sign asked;
	struct signed_header header;
	struct asked_key key;
	/* Retired too: a service goes on with its identity until it is restarted. */
	if (!signer_sign_parse(q->payload, &asked, err) ||
		!asked_key_find(q, asked.key, STATE_LIVE | STATE_RETIRED, &key, err))
		return false;
	if (!key.unit->signs_files)
		return fail(err, FAULT_REFUSED, "%s does not sign files", key.unit->name);
	struct reader body = asked.file;
	if (!signed_header_parse(&body, &header, err) ||
		!check_header(q, &header, key.stored->cert, err))
		return false;
	if (body.left > LIMIT_SIGNED_FILE)
		return fail(err, FAULT_LIMIT, "a file of %zu bytes, at most %d are signed",
			body.left, LIMIT_SIGNED_FILE);
	AUTO_DONE(bytes) signature = { 0 };
	struct unsigned_file what = { asked.file, &header, .check_each = false };
	if (!sign_covered(q->keys, key.stored, &what, &signature, err))
		return false;
	writer_bytes(answer, bytes_reader(&signature));
	return true;
}
