#include "cli/file_judge.h"
#include "cli/file_place.h"
#include "cli/key_source.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "trust/sealed_file.h"

enum { SECRET_MODE = 0600 };

/* The signature first: what nobody vouches for is not even deciphered. */
static bool judged(
	const struct file_trial *trial, const struct signed_source *file, struct error *err)
{
	struct file_judgement judgement;
	if (trial->signer == NULL && trial->trust == NULL)
		return true;
	return file_trial_judge(trial, file, &judgement, err);
}

static bool open_file(const struct file_trial *trial, const struct key *key,
	struct unsealed_file *out, struct error *err)
{
	AUTO_DONE(signed_source) file = { 0 };
	return signed_source_read_judged(trial->source,
		       &(struct server_judge){ .held = trial->held, .trust = trial->trust }, &file,
		       err) &&
		judged(trial, &file, err) &&
		(sealed_file_open(bytes_reader(&file.file), &file.header, key, out, err) ||
			fail_in(err, "%s", trial->source));
}

static bool file_decrypt(const struct call *call, struct error *err)
{
	const char *out = call_value(call, "out");
	AUTO_DONE(file_trial) trial = { .source = call_value(call, "FILE"),
		.name = call_value(call, "name"),
		.signer = call_value(call, "signer"),
		.trust = call_value(call, "trust") };
	struct unsealed_file clear = { 0 };
	AUTO(key) key = key_source_read(call_value(call, "key"), err);
	if (key == NULL || !file_trial_open(&trial, err) || !open_file(&trial, key, &clear, err))
		return false;
	if (trial.signer == NULL && trial.trust == NULL)
		output_message(
			"the signature was not checked: --signer or --trust does that first");
	if (clear.odd_padding)
		output_message("%s: the padding is not of the usual bytes", trial.source);
	bool fine = file_place(out, bytes_reader(&clear.clear), SECRET_MODE, err) &&
		file_placed(call, out, clear.clear.size, err);
	bytes_wipe(&clear.clear);
	return fine;
}

static const struct argument arguments[] = {
	{ "FILE", ARGUMENT_POSITIONAL, true, NULL,
		"an .enc.sgn file, - for standard input, or a URL" },
	{ "key", ARGUMENT_OPTION, true, "KEY",
		"the device's private key, PEM or DER, without a password" },
	{ "out", ARGUMENT_OPTION, true, "FILE",
		"where the clear file goes; only its owner may read it" },
	{ "signer", ARGUMENT_OPTION, false, "CERT",
		"checks the signature first, with this certificate" },
	{ "trust", ARGUMENT_OPTION, false, "LIST",
		"checks it first as a phone that holds LIST would" },
	{ "name", ARGUMENT_OPTION, false, "NAME",
		"under which a phone asks for it (default: the end of FILE)" },
	{ .name = NULL },
};

const struct verb file_decrypt_verb = {
	.words = "file decrypt",
	.run = file_decrypt,
	.arguments = arguments,
	.means = "opens an encrypted configuration with the device's key",
	.help = "Whatever is wrong inside, a wrong key or changed bytes, is told in one sentence "
		"and with\nexit status 4, and nothing is written.",
};
