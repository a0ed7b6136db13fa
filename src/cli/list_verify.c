#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "cli/list_judge.h"
#include "cli/list_source.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "trust/list_diff.h"

enum { NAME_WIDTH = 7, SENTENCE_SIZE = 512, NOTES = 6, AHEAD_SECONDS = 86400 };

struct findings {
	const char *source, *trust; /* trust: NULL without --trust */
	const struct held_list *list;
	struct list_judgement judgement;
	char sentence[SENTENCE_SIZE];
	size_t note_count;
	const char *notes[NOTES];
};

static const char *const verdict_words[] = {
	[LIST_INTACT] = "intact",
	[LIST_TRUSTED] = "trusted",
};

static void say_verdict(struct findings *f)
{
	const struct list_judgement *j = &f->judgement;
	const char *hash = hash_code_name(f->list->list.header.hash);
	switch (j->verdict) {
	case LIST_INTACT:
		(void)snprintf(f->sentence, sizeof(f->sentence),
			"intact, not trusted: the signature (%s, %s) fits the key of record %zu of "
			"this same file, which anybody can make. --trust LIST judges it as a phone "
			"that holds LIST would",
			hash, j->key.name, j->record + 1);
		return;
	case LIST_TRUSTED:
		(void)snprintf(f->sentence, sizeof(f->sentence),
			"trusted by a phone that holds %s: the signature (%s, %s) fits the key of "
			"its record %zu, which may sign lists",
			f->trust, hash, j->key.name, j->record + 1);
		return;
	}
}

static void add_note(struct findings *f, bool applies, const char *note)
{
	if (applies && f->note_count < NOTES)
		f->notes[f->note_count++] = note;
}

static void add_notes(struct findings *f)
{
	const struct signed_header *h = &f->list->list.header;
	add_note(f, h->hash == HASH_SHA1, "signed with SHA-1, as old phones need it");
	add_note(f,
		!list_is_ctl(&f->list->list) &&
			!reader_same(h->file_name, reader_of_text("ITLFile.tlv")),
		"the name in its header is neither ITLFile.tlv nor CTLFile.tlv: phones ask for "
		"these, also "
		"when they ask for a list of their own");
	add_note(f, f->judgement.older,
		"older than the list that is held: phones take it nonetheless");
	add_note(f, h->has_timestamp && (int64_t)h->timestamp > clock_now() + AHEAD_SECONDS,
		"its time lies more than a day ahead");
	add_note(f, f->judgement.other_form,
		"its header writes the names of its signer in another form than the record: phones "
		"compare bytes, and one that takes it must ask TVS about the next one");
	add_note(f, f->judgement.without_successor,
		"its signer has no record with role 0 in it: a phone that takes it cannot take the "
		"next one without asking TVS");
}

static json_t *notes_json(const struct findings *f)
{
	json_t *notes = json_array();
	for (size_t i = 0; i < f->note_count; i++)
		(void)json_array_append_new(notes, json_string(f->notes[i])); /* a note less */
	return notes;
}

static json_t *findings_json(const struct findings *f)
{
	const struct signed_header *h = &f->list->list.header;
	char serial[2 * LIMIT_SERIAL + 1], time[TIME_TEXT_SIZE];
	json_t *notes = notes_json(f);
	/* clang-format off */
	return json_pack("{s:i, s:o, s:o, s:s%, s:s?, s:i, s:s%, s:s%, s:s, s:s, s:s, s:b, s:i, s:o, s:o}",
		"schema_version", 1,
		"source", output_json_text(f->source),
		"held", f->trust != NULL ? output_json_text(f->trust) : json_null(),
		"file_name", (const char *)h->file_name.at, h->file_name.left,
		"timestamp", h->has_timestamp ? text_time(h->timestamp, time) : NULL,
		"records", (int)f->list->list.count,
		"signer_name", (const char *)h->signer_name.at, h->signer_name.left,
		"issuer_name", (const char *)h->issuer_name.at, h->issuer_name.left,
		"serial_number", hex_write(h->serial, serial),
		"hash", hash_code_name(h->hash),
		"verdict", verdict_words[f->judgement.verdict],
		"trusted", f->judgement.verdict == LIST_TRUSTED,
		"record", (int)f->judgement.record + 1,
		"sentence", output_json_text(f->sentence),
		"notes", notes);
	/* clang-format on */
}

static void print_list(const struct held_list *list)
{
	const struct signed_header *h = &list->list.header;
	char line[2 * LIMIT_TEXT], time[TIME_TEXT_SIZE], serial[2 * LIMIT_SERIAL + 1];
	(void)snprintf(line, sizeof(line), "%.*s, %zu bytes, %zu records%s%s",
		(int)h->file_name.left, (const char *)h->file_name.at, list->file.size,
		list->list.count, h->has_timestamp ? ", made " : "",
		h->has_timestamp ? text_time(h->timestamp, time) : "");
	output_fact(stdout, NAME_WIDTH, "list", line);
	(void)snprintf(line, sizeof(line), "%.*s, serial number %s", (int)h->signer_name.left,
		(const char *)h->signer_name.at, hex_write(h->serial, serial));
	output_fact(stdout, NAME_WIDTH, "signer", line);
}

static void print_findings(const struct findings *f)
{
	const char *word = verdict_words[f->judgement.verdict];
	output_painted(stdout, PAINT_GOOD, word);
	output_painted(stdout, PAINT_PLAIN, f->sentence + strlen(word));
	(void)fputs(".\n", stdout);
	for (size_t i = 0; i < f->note_count; i++)
		output_fact(stdout, NAME_WIDTH, "note", f->notes[i]);
}

static bool list_verify(const struct call *call, struct error *err)
{
	struct findings f = { .source = call_value(call, "SOURCE"),
		.trust = call_value(call, "trust") };
	AUTO_DONE(bytes) file = { 0 };
	AUTO(held_list) held = NULL;
	if (f.trust != NULL && (held = list_source_hold(f.trust, err)) == NULL)
		return false;
	const struct server_judge judge = { .held = held, .trust = f.trust };
	if (!list_source_read_judged(f.source, &judge, &file, err))
		return false;
	AUTO(held_list) list = held_list_load(bytes_reader(&file), err);
	if (list == NULL)
		return fail_in(err, "%s", f.source);
	f.list = list;
	if (!call->json)
		print_list(list);
	if (!list_judge(list, held, &f.judgement, err))
		return f.trust == NULL ? fail_in(err, "%s", f.source)
				       : fail_in(err, "%s against %s", f.source, f.trust);
	if (!list_named(f.source, &list->list, err))
		return fail_in(err, "%s", f.source);
	say_verdict(&f);
	add_notes(&f);
	if (!call->json) {
		print_findings(&f);
		return true;
	}
	json_auto_t *told = findings_json(&f);
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	return true;
}

static const struct argument arguments[] = {
	{ "SOURCE", ARGUMENT_POSITIONAL, true, NULL,
		"a file, - for standard input, tftp://HOST[:PORT]/NAME, http:// or https://" },
	{ "trust", ARGUMENT_OPTION, false, "LIST",
		"the list that a phone holds now; a source likewise" },
	{ .name = NULL },
};

const struct verb list_verify_verb = {
	.words = "list verify",
	.run = list_verify,
	.arguments = arguments,
	.means = "checks the signature of a trust list",
	.help = "Without --trust the signature is checked with a key from the same file: intact, "
		"not\n"
		"trusted. With it, the list is judged as a phone that holds LIST would. Exit "
		"status 4:\n"
		"malformed, badly signed, or signed by nobody whom LIST knows.",
};
