#include "base/hex.h"
#include "cli/described.h"
#include "cli/file_judge.h"
#include "cli/list_describe.h"
#include "cli/output.h"
#include "cli/signed_source.h"
#include "cli/verbs.h"

static const struct described_line file_lines[] = {
	{ "kind", "kind", DESCRIBED_PLAIN },
	{ "size", "size", DESCRIBED_BYTES },
	{ "sha256", "SHA-256", DESCRIBED_PLAIN },
	{ "body_size", "behind the header", DESCRIBED_BYTES },
	{ "body_sha256", "its SHA-256", DESCRIBED_PLAIN },
};

static const struct described_line encryption_lines[] = {
	{ "cipher", "cipher", DESCRIBED_PLAIN },
	{ "iv", "IV", DESCRIBED_BLOB },
	{ "pad_count", "pad count", DESCRIBED_BYTES },
	{ "wrapping", "key wrapping", DESCRIBED_PLAIN },
	{ "wrapped_key_bits", "wrapped key bits", DESCRIBED_PLAIN },
	{ "wrapped_key", "wrapped key", DESCRIBED_BLOB },
	{ "clear_hash", "clear hash", DESCRIBED_PLAIN },
	{ "clear_digest", "clear digest", DESCRIBED_PLAIN },
};

static json_t *describe_encryption(const struct signed_header *h)
{
	const struct encryption *e = &h->encryption;
	char digits[2 * 512 + 1], iv[2 * 16 + 1], digest[2 * DIGEST_MAX + 1];
	if (!h->has_encryption)
		return json_null();
	/* clang-format off */
	return json_pack("{s:s, s:s, s:i, s:s, s:i, s:s, s:s, s:s}",
		"cipher", "AES-128-CBC",
		"iv", hex_write(e->iv, iv),
		"pad_count", (int)e->padding,
		"wrapping", "RSA, PKCS#1 v1.5",
		"wrapped_key_bits", (int)(8 * e->wrapped_key.left),
		"wrapped_key", hex_write(e->wrapped_key, digits),
		"clear_hash", hash_code_name(e->hash),
		"clear_digest", hex_write(e->digest, digest));
	/* clang-format on */
}

static json_t *describe(const char *source, const struct signed_source *s)
{
	enum signed_kind kind = signed_kind_of(&s->header);
	/* clang-format off */
	return json_pack("{s:i, s:o, s:s, s:I, s:o, s:I, s:o, s:o, s:o, s:s?}",
		"schema_version", 1,
		"source", output_json_text(source),
		"kind", signed_kind_name(kind),
		"size", (json_int_t)s->file.size,
		"sha256", digest_describe(DIGEST_SHA256, bytes_reader(&s->file)),
		"body_size", (json_int_t)s->body.left,
		"body_sha256", digest_describe(DIGEST_SHA256, s->body),
		"header", header_describe(&s->header),
		"encryption", describe_encryption(&s->header),
		"note", kind == SIGNED_FIRMWARE ? firmware_note : NULL);
	/* clang-format on */
}

static void print_title(const char *title)
{
	output_painted(stdout, PAINT_TITLE, title);
	(void)fputc('\n', stdout);
}

static void print_file(const char *source, const json_t *told)
{
	const char *note = json_string_value(json_object_get(told, "note"));
	const json_t *encryption = json_object_get(told, "encryption");
	print_title(source);
	described_print(told, file_lines, COUNT(file_lines));
	(void)fputc('\n', stdout);
	print_title("Header");
	described_header(json_object_get(told, "header"));
	described_print(encryption, encryption_lines, COUNT(encryption_lines));
	if (note != NULL)
		(void)printf("\n%s\n", note);
}

static bool file_show(const struct call *call, struct error *err)
{
	const char *source = call_value(call, "FILE");
	AUTO_DONE(signed_source) file = { 0 };
	AUTO_DONE(server_judge) judge = { 0 };
	if (!server_judge_open(source, call_value(call, "trust"), &judge, err) ||
		!signed_source_read_judged(source, &judge, &file, err))
		return false;
	json_auto_t *told = describe(source, &file);
	if (told == NULL)
		return fail_memory(err);
	if (call->json)
		output_json(stdout, told);
	else
		print_file(source, told);
	return true;
}

static const struct argument arguments[] = {
	{ "FILE", ARGUMENT_POSITIONAL, true, NULL,
		"a .sgn, .enc.sgn or firmware file, - for standard input, or a URL" },
	{ "trust", ARGUMENT_OPTION, false, "LIST",
		"only from an https server that this list has as a TFTP server" },
	{ .name = NULL },
};

const struct verb file_show_verb = {
	.words = "file show",
	.run = file_show,
	.arguments = arguments,
	.means = "prints the header of a signed file, every field",
	.help = "Keys and signatures are cut after 16 bytes; --json has them whole. The signature "
		"is not\nchecked: that is `file verify`.",
};
