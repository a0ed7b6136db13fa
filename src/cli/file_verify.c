#include "base/hex.h"
#include "base/text.h"
#include "cli/file_judge.h"
#include "cli/output.h"
#include "cli/verbs.h"

enum { SENTENCE_SIZE = 512 };

static const char good_word[] = "good";

static void say(const struct file_trial *t, const struct file_judgement *j,
	const struct signed_header *h, char out[static SENTENCE_SIZE])
{
	if (t->signer != NULL)
		(void)snprintf(out, SENTENCE_SIZE,
			"%s: the signature (%s, %s) was made by the key of %s", good_word,
			hash_code_name(h->hash), j->key.name, t->signer);
	else
		(void)snprintf(out, SENTENCE_SIZE,
			"%s for a phone that holds %s: the signature (%s, %s) fits the key of its "
			"record %zu, which may sign files",
			good_word, t->trust, hash_code_name(h->hash), j->key.name, j->record + 1);
}

static json_t *told_as_json(const struct file_trial *t, const struct file_judgement *j,
	const struct signed_header *h, const char *sentence)
{
	char serial[2 * LIMIT_SERIAL + 1], time[TIME_TEXT_SIZE];
	/* clang-format off */
	return json_pack("{s:i, s:o, s:o, s:o, s:s%, s:s?, s:s%, s:s%, s:s, s:s, s:s, s:s, s:o, s:o}",
		"schema_version", 1,
		"source", output_json_text(t->source),
		"signer", t->signer != NULL ? output_json_text(t->signer) : json_null(),
		"held", t->trust != NULL ? output_json_text(t->trust) : json_null(),
		"file_name", (const char *)h->file_name.at, h->file_name.left,
		"timestamp", h->has_timestamp ? text_time(h->timestamp, time) : NULL,
		"signer_name", (const char *)h->signer_name.at, h->signer_name.left,
		"issuer_name", (const char *)h->issuer_name.at, h->issuer_name.left,
		"serial_number", hex_write(h->serial, serial),
		"hash", hash_code_name(h->hash),
		"key", j->key.name,
		"verdict", good_word,
		"record", t->trust != NULL ? json_integer((json_int_t)j->record + 1) : json_null(),
		"sentence", output_json_text(sentence));
	/* clang-format on */
}

static bool file_verify(const struct call *call, struct error *err)
{
	AUTO_DONE(file_trial) trial = { .source = call_value(call, "FILE"),
		.name = call_value(call, "name"),
		.signer = call_value(call, "signer"),
		.trust = call_value(call, "trust") };
	AUTO_DONE(signed_source) file = { 0 };
	struct file_judgement judgement;
	char sentence[SENTENCE_SIZE];
	if (trial.signer == NULL && trial.trust == NULL)
		return fail(err, FAULT_USAGE,
			"who judges? --signer CERT, or --trust LIST for a phone that holds it");
	if (!file_trial_open(&trial, err) ||
		!signed_source_read_judged(trial.source,
			&(struct server_judge){ .held = trial.held, .trust = trial.trust }, &file,
			err) ||
		!file_trial_judge(&trial, &file, &judgement, err))
		return false;
	say(&trial, &judgement, &file.header, sentence);
	if (!call->json) {
		output_painted(stdout, PAINT_GOOD, good_word);
		output_painted(stdout, PAINT_PLAIN, sentence + sizeof(good_word) - 1);
		(void)fputs(".\n", stdout);
		return true;
	}
	json_auto_t *told = told_as_json(&trial, &judgement, &file.header, sentence);
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	return true;
}

static const struct argument arguments[] = {
	{ "FILE", ARGUMENT_POSITIONAL, true, NULL,
		"a .sgn or .enc.sgn file, - for standard input, or a URL" },
	{ "signer", ARGUMENT_OPTION, false, "CERT", "the signer's certificate, PEM or DER" },
	{ "trust", ARGUMENT_OPTION, false, "LIST", "the list that a phone holds; a file or a URL" },
	{ "name", ARGUMENT_OPTION, false, "NAME",
		"under which a phone asks for it (default: the end of FILE)" },
	{ .name = NULL },
};

const struct verb file_verify_verb = {
	.words = "file verify",
	.run = file_verify,
	.arguments = arguments,
	.means = "checks the signature of a signed file",
	.help = "With --signer against one certificate; with --trust as a phone that holds LIST "
		"would. The\nname inside must be the one that is asked for, folders included. "
		"Exit status 4: malformed,\nbadly signed, signed by somebody else, or under "
		"another name.",
};
