#include "cli/file_signing.h"

#include <string.h>

#include "base/clock.h"
#include "cli/key_source.h"
#include "trust/list_build.h"

static bool read_hash(const char *text, enum hash_code *out, struct error *err)
{
	if (text == NULL || strcmp(text, "sha1") == 0)
		*out = HASH_SHA1;
	else if (strcmp(text, "sha512") == 0)
		*out = HASH_SHA512;
	else
		return fail(err, FAULT_USAGE,
			"--hash %.20s: phones read sha1 and sha512 and no other", text);
	return true;
}

/* docs/formats/distinguished-name.md */
static bool read_names(const char *text, enum name_form *out, struct error *err)
{
	static const struct {
		const char *name;
		enum name_form form;
	} known[] = { { "appliance", NAME_APPLIANCE }, { "builder", NAME_BUILDER },
		{ "builder-2023", NAME_BUILDER_2023 } };
	for (size_t i = 0; i < COUNT(known); i++)
		if (text == NULL || strcmp(text, known[i].name) == 0) {
			*out = known[i].form;
			return true;
		}
	return fail(err, FAULT_USAGE,
		"--names %.20s: it may be appliance, builder or builder-2023%s", text,
		strcmp(text, "token") == 0 ? "; a record of a list may have ,names=token" : "");
}

static bool belong_together(const struct file_signing *s, struct error *err)
{
	uint8_t of_cert[DIGEST_SIZE], of_key[DIGEST_SIZE];
	cert_key_id(s->signer, of_cert);
	key_id(s->key, of_key);
	if (memcmp(of_cert, of_key, sizeof(of_key)) == 0)
		return true;
	return fail(err, FAULT_REFUSED, "the key is not that of the certificate of %s",
		cert_subject(s->signer, NAME_APPLIANCE));
}

bool file_signing_open(const struct call *call, struct file_signing *out, struct error *err)
{
	AUTO_DONE(file_signing) s = { 0 };
	if (!read_hash(call_value(call, "hash"), &s.hash, err) ||
		!read_names(call_value(call, "names"), &s.names, err))
		return false;
	s.signer = cert_source_read(call_value(call, "signer"), err);
	if (s.signer == NULL)
		return false;
	s.key = key_source_read(call_value(call, "key"), err);
	if (s.key == NULL || !belong_together(&s, err))
		return false;
	*out = s;
	s = (struct file_signing){ 0 };
	return true;
}

void file_signing_done(struct file_signing *s)
{
	cert_free(s->signer);
	key_free(s->key);
	*s = (struct file_signing){ 0 };
}

bool file_signing_sign(const struct file_signing *s, struct bytes *file, struct error *err)
{
	struct signed_header header;
	struct reader rest = bytes_reader(file);
	struct reader covered[2];
	AUTO_DONE(bytes) signature = { 0 };
	enum digest_kind kind = s->hash == HASH_SHA512 ? DIGEST_SHA512 : DIGEST_SHA1;
	if (!signed_header_parse(&rest, &header, err))
		return false;
	signed_header_covers(bytes_reader(file), &header, covered);
	return key_sign(s->key, kind, covered, COUNT(covered), &signature, err) &&
		signature_insert(file, bytes_reader(&signature), err);
}

bool file_signing_build(const struct file_signing *s, const char *name, struct reader payload,
	struct bytes *out, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	if (!signed_file_build(name,
		    &(struct file_signer){ .cert = s->signer, .hash = s->hash, .names = s->names },
		    (uint32_t)clock_now(), payload, &file, err) ||
		!file_signing_sign(s, &file, err))
		return false;
	*out = file;
	file = (struct bytes){ 0 };
	return true;
}
