#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/configuration_stub.h"
#include "cli/file_place.h"
#include "cli/file_signing.h"
#include "cli/key_source.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "run/files.h"
#include "trust/sealed_file.h"

enum { PATH_SIZE = 4096, SERVED_MODE = 0644 };

static const char sealed_suffix[] = ".enc.sgn", signed_suffix[] = ".sgn";

struct sealing {
	const char *out, *name; /* of the encrypted file, and within its header */
	char stub_out[PATH_SIZE], stub_name[LIMIT_FILE_NAME];
	enum digest_kind cert_hash;
	struct file_signing signing;
	struct cert *device;
	struct bytes sealed, stub; /* what is made */
};

static void sealing_done(struct sealing *s)
{
	file_signing_done(&s->signing);
	cert_free(s->device);
	bytes_done(&s->sealed);
	bytes_done(&s->stub);
}

/* X.enc.sgn has its stub at X.sgn. */
static bool stub_of(const char *sealed, char *out, size_t size, struct error *err)
{
	size_t length = strlen(sealed), suffix = sizeof(sealed_suffix) - 1;
	if (length <= suffix || strcmp(sealed + length - suffix, sealed_suffix) != 0)
		return fail(err, FAULT_USAGE,
			"%.100s: an encrypted file is called SEP….cnf.xml%s, so that its stub can "
			"be SEP….cnf.xml%s",
			sealed, sealed_suffix, signed_suffix);
	int used = snprintf(out, size, "%.*s%s", (int)(length - suffix), sealed, signed_suffix);
	return (used > 0 && (size_t)used < size) ||
		fail(err, FAULT_USAGE, "a name of %zu bytes is too long", length);
}

static bool read_cert_hash(const char *text, enum digest_kind *out, struct error *err)
{
	static const struct {
		const char *name;
		enum digest_kind kind;
	} known[] = { { "md5", DIGEST_MD5 }, { "sha1", DIGEST_SHA1 }, { "sha256", DIGEST_SHA256 } };
	for (size_t i = 0; i < COUNT(known); i++)
		if (text == NULL || strcmp(text, known[i].name) == 0) {
			*out = known[i].kind;
			return true;
		}
	return fail(err, FAULT_USAGE, "--cert-hash %.20s: it may be md5, sha1 or sha256", text);
}

static bool open_sealing(const struct call *call, struct sealing *s, struct error *err)
{
	s->out = call_value(call, "out");
	s->name = call_value(call, "name");
	const char *slash = strrchr(s->out, '/');
	if (s->name == NULL)
		s->name = slash != NULL ? slash + 1 : s->out;
	if (!stub_of(s->out, s->stub_out, sizeof(s->stub_out), err) ||
		!stub_of(s->name, s->stub_name, sizeof(s->stub_name), err) ||
		!read_cert_hash(call_value(call, "cert-hash"), &s->cert_hash, err) ||
		!file_signing_open(call, &s->signing, err))
		return false;
	s->device = cert_source_read(call_value(call, "device"), err);
	return s->device != NULL;
}

static bool seal(struct sealing *s, struct reader clear, struct error *err)
{
	struct sealed_plan plan = { .file_name = s->name,
		.signer = s->signing.signer,
		.device = s->device,
		.hash = s->signing.hash,
		.names = s->signing.names,
		.timestamp = (uint32_t)clock_now() };
	return sealed_file_build(&plan, clear, &s->sealed, err) &&
		file_signing_sign(&s->signing, &s->sealed, err);
}

static bool make_stub(struct sealing *s, struct reader clear, struct error *err)
{
	AUTO_DONE(bytes) xml = { 0 };
	return configuration_stub(clear, s->device, s->cert_hash, &xml, err) &&
		file_signing_build(&s->signing, s->stub_name, bytes_reader(&xml), &s->stub, err);
}

static bool tell(const struct call *call, const struct sealing *s, struct error *err)
{
	if (!call->json)
		return file_placed(call, s->out, s->sealed.size, err) &&
			file_placed(call, s->stub_out, s->stub.size, err);
	/* clang-format off */
	json_auto_t *told = json_pack("{s:i, s:o, s:I, s:o, s:I, s:o, s:s}",
		"schema_version", 1,
		"out", output_json_text(s->out),
		"size", (json_int_t)s->sealed.size,
		"stub", output_json_text(s->stub_out),
		"stub_size", (json_int_t)s->stub.size,
		"device", output_json_text(cert_subject(s->device, NAME_APPLIANCE)),
		"cert_hash", digest_name(s->cert_hash));
	/* clang-format on */
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	return true;
}

/* The encrypted file before the stub that sends phones to it. */
static bool place(const struct sealing *s, struct error *err)
{
	return file_place_allowed(s->stub_out, err) &&
		file_place(s->out, bytes_reader(&s->sealed), SERVED_MODE, err) &&
		file_place(s->stub_out, bytes_reader(&s->stub), SERVED_MODE, err);
}

static bool file_encrypt(const struct call *call, struct error *err)
{
	const char *source = call_value(call, "FILE");
	AUTO_DONE(sealing) s = { 0 };
	struct bytes clear = { 0 };
	if (!open_sealing(call, &s, err) || !file_read(source, LIMIT_SIGNED_FILE, &clear, err))
		return false;
	bool made =
		(make_stub(&s, bytes_reader(&clear), err) && seal(&s, bytes_reader(&clear), err)) ||
		fail_in(err, "%s", source);
	bytes_wipe(&clear);
	return made && place(&s, err) && tell(call, &s, err);
}

static const struct argument arguments[] = {
	{ "FILE", ARGUMENT_POSITIONAL, true, NULL,
		"the clear configuration, or - for standard input" },
	{ "device", ARGUMENT_OPTION, true, "CERT",
		"the device's certificate: its LSC if it has one, otherwise its MIC" },
	{ "signer", ARGUMENT_OPTION, true, "CERT", "the signer's certificate, PEM or DER" },
	{ "key", ARGUMENT_OPTION, true, "KEY",
		"the signer's private key, PEM or DER, without a password" },
	{ "hash", ARGUMENT_OPTION, false, "HASH", "sha1 (default) or sha512" },
	{ "names", ARGUMENT_OPTION, false, "FORM",
		"how names are written: appliance (default), builder or builder-2023" },
	{ "out", ARGUMENT_OPTION, true, "FILE",
		"SEP….cnf.xml.enc.sgn; its stub SEP….cnf.xml.sgn is written beside it" },
	{ "cert-hash", ARGUMENT_OPTION, false, "HASH",
		"of the device's certificate in the stub: md5 (default), sha1 or sha256" },
	{ "name", ARGUMENT_OPTION, false, "NAME",
		"under which the phone asks for it (default: the file name of --out)" },
	{ .name = NULL },
};

const struct verb file_encrypt_verb = {
	.words = "file encrypt",
	.run = file_encrypt,
	.arguments = arguments,
	.means = "encrypts a configuration for one device and signs it",
	.help = "The device's key must be RSA. The stub tells the phone that its configuration is "
		"encrypted,\nand for which certificate.",
};
