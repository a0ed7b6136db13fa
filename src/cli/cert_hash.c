/* `cert hash`: the digests of a certificate in each of the forms that phones, lists and
 * configurations have them. docs/cert.md#hash */
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "cli/cert_files.h"
#include "cli/described.h"
#include "cli/list_describe.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "wire/signed_header.h"

enum { RECORD_MAX = 80, TAG_CERTIFICATE_HASH = 11, TAG_HASH = 12 };

static json_t *digest_base64(enum digest_kind kind, struct reader der)
{
	uint8_t digest[DIGEST_MAX];
	char *text = NULL;
	if (!digest_of(kind, &der, 1, digest, NULL))
		return json_null();
	if (!base64_write(reader_of(digest, digest_size(kind)), &text, NULL))
		return NULL;
	json_t *value = json_string(text);
	free(text);
	return value;
}

/* Tags 11 and 12 of a record that has no certificate. docs/formats/trust-list.md */
static json_t *record_hex(enum digest_kind kind, enum hash_code code, struct reader der)
{
	uint8_t digest[DIGEST_MAX], memory[RECORD_MAX];
	char hex[2 * RECORD_MAX + 1];
	struct writer w = writer_on(memory, sizeof(memory));
	if (!digest_of(kind, &der, 1, digest, NULL))
		return json_null();
	writer_u8(&w, TAG_CERTIFICATE_HASH);
	writer_u16(&w, (uint16_t)digest_size(kind));
	writer_bytes(&w, reader_of(digest, digest_size(kind)));
	writer_u8(&w, TAG_HASH);
	writer_u16(&w, 1);
	writer_u8(&w, (uint8_t)code);
	return w.ok ? json_string(hex_write(writer_written(&w), hex)) : NULL;
}

static json_t *key_hex(const struct cert *c)
{
	uint8_t id[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	cert_key_id(c, id);
	return json_string(hex_write(reader_of(id, sizeof(id)), hex));
}

static json_t *told_of(const struct cert *c)
{
	struct reader der = cert_der(c);
	/* clang-format off */
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"subject", output_json_text(cert_subject(c, NAME_BUILDER)),
		"md5", digest_describe(DIGEST_MD5, der),
		"sha1", digest_describe(DIGEST_SHA1, der),
		"sha256", digest_describe(DIGEST_SHA256, der),
		"sha384", digest_describe(DIGEST_SHA384, der),
		"sha512", digest_describe(DIGEST_SHA512, der),
		"cert_hash", digest_describe(DIGEST_MD5, der),
		"vpn_cert_hash_sha1", digest_base64(DIGEST_SHA1, der),
		"vpn_cert_hash_sha512", digest_base64(DIGEST_SHA512, der),
		"record_sha1", record_hex(DIGEST_SHA1, HASH_SHA1, der),
		"record_sha512", record_hex(DIGEST_SHA512, HASH_SHA512, der),
		"public_key_sha256", key_hex(c));
	/* clang-format on */
}

static const struct described_line lines[] = {
	{ "md5", "MD5", DESCRIBED_PLAIN },
	{ "sha1", "SHA-1", DESCRIBED_PLAIN },
	{ "sha256", "SHA-256", DESCRIBED_PLAIN },
	{ "sha384", "SHA-384", DESCRIBED_PLAIN },
	{ "sha512", "SHA-512", DESCRIBED_PLAIN },
	{ "cert_hash", "<certHash>", DESCRIBED_PLAIN },
	{ "vpn_cert_hash_sha1", "<certHash1> SHA-1", DESCRIBED_PLAIN },
	{ "vpn_cert_hash_sha512", "<certHash1> SHA-512", DESCRIBED_PLAIN },
	{ "record_sha1", "record, SHA-1", DESCRIBED_PLAIN },
	{ "record_sha512", "record, SHA-512", DESCRIBED_PLAIN },
	{ "public_key_sha256", "SHA-256 of its key", DESCRIBED_PLAIN },
};

static bool tell_all(const struct cert_bundle *bundle, json_t *out, struct error *err)
{
	for (size_t i = 0; i < bundle->count; i++)
		if (json_array_append_new(out, told_of(bundle->certs[i])) != 0)
			return fail_memory(err);
	return true;
}

static void print_all(const json_t *rows)
{
	size_t index;
	json_t *row;
	json_array_foreach (rows, index, row) {
		if (index > 0)
			(void)fputc('\n', stdout);
		output_painted(
			stdout, PAINT_TITLE, json_string_value(json_object_get(row, "subject")));
		(void)fputc('\n', stdout);
		described_print(row, lines, COUNT(lines));
	}
}

static bool cert_hash(const struct call *call, struct error *err)
{
	const char *source = call_value(call, "FILE");
	AUTO_DONE(cert_bundle) bundle = { 0 };
	if (!cert_files_add(&bundle, source, err))
		return false;
	json_auto_t *rows = json_array();
	if (rows == NULL || !tell_all(&bundle, rows, err))
		return rows != NULL ? false : fail_memory(err);
	if (!call->json) {
		print_all(rows);
		return true;
	}
	json_auto_t *told = json_pack("{s:i, s:o, s:O}", "schema_version", 1, "source",
		output_json_text(source), "certificates", rows);
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	return true;
}

static const struct argument arguments[] = {
	{ "FILE", ARGUMENT_POSITIONAL, true, NULL, "certificates, as for `cert show`" },
	{ .name = NULL },
};

const struct verb cert_hash_verb = {
	.words = "cert hash",
	.run = cert_hash,
	.arguments = arguments,
	.means = "prints the digests of certificates as phones have them",
	.help = "<certHash> of an encrypted phone's configuration is the MD5 of its certificate "
		"in\n"
		"hexadecimal; <certHash1> to <certHash10> of a VPN group are base64.",
};
