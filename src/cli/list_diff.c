#include "trust/list_diff.h"

#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "cli/list_source.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "trust/record_name.h"

enum { SENTENCE_SIZE = 640, FACT_SIZE = 64 };

struct sides {
	const char *before_source, *after_source;
	const struct held_list *before, *after;
	struct list_diff diff;
	struct list_passage passage;
	char passage_sentence[SENTENCE_SIZE];
};

static const char *const change_words[] = {
	[CHANGE_NONE] = "same",
	[CHANGE_PLACE] = "moved",
	[CHANGE_REPLACED] = "replaced",
	[CHANGE_ROLE] = "role",
	[CHANGE_REMOVED] = "removed",
	[CHANGE_ADDED] = "added",
};

static const char *const passage_words[] = {
	[PASSAGE_HELD] = "held",
	[PASSAGE_ASK] = "tvs",
	[PASSAGE_NONE] = "no",
	[PASSAGE_OPEN] = "unseen",
};

static const struct trust_record *record_of(const struct sides *s, const struct list_difference *d)
{
	return d->change == CHANGE_ADDED ? &s->after->list.records[d->after]
					 : &s->before->list.records[d->before];
}

static const char *name_of(
	const struct sides *s, const struct list_difference *d, char out[static RECORD_NAME_SIZE])
{
	return d->change == CHANGE_ADDED ? record_name(s->after, d->after, out)
					 : record_name(s->before, d->before, out);
}

static const struct cert *cert_before(const struct sides *s, const struct list_difference *d)
{
	return d->change == CHANGE_ADDED ? NULL : s->before->certs[d->before];
}

static const struct cert *cert_after(const struct sides *s, const struct list_difference *d)
{
	return d->change == CHANGE_REMOVED ? NULL : s->after->certs[d->after];
}

static bool same_cert(const struct cert *a, const struct cert *b)
{
	return a == b || (a != NULL && b != NULL && cert_same(a, b));
}

/* One certificate stands in several records, each for a role: it is told once. */
static bool told_with(
	const struct sides *s, const struct list_difference *a, const struct list_difference *b)
{
	const struct cert *before = cert_before(s, a), *after = cert_after(s, a);
	return a->change == b->change && a->change != CHANGE_ROLE &&
		(before != NULL || after != NULL) && same_cert(before, cert_before(s, b)) &&
		same_cert(after, cert_after(s, b));
}

static bool is_told(const struct sides *s, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (told_with(s, &s->diff.differences[i], &s->diff.differences[index]))
			return true;
	return false;
}

static const char *role_text(const struct trust_record *record, char *out, size_t size)
{
	const struct role_row *role = record->has_role ? role_find(record->role) : NULL;
	if (role != NULL)
		(void)snprintf(out, size, "%s", role->printed);
	else
		(void)snprintf(out, size, record->has_role ? "role %u" : "no role", record->role);
	return out;
}

static void say_roles(const struct sides *s, size_t index, char *out, size_t size)
{
	const char *comma = "";
	size_t used = 0;
	for (size_t i = index; i < s->diff.count && used < size; i++) {
		const struct list_difference *d = &s->diff.differences[i];
		char role[FACT_SIZE];
		if (i != index && !told_with(s, &s->diff.differences[index], d))
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s", comma,
			role_text(record_of(s, d), role, sizeof(role)));
		comma = ", ";
	}
}

static const char *say_cert(const struct cert *cert, char *out, size_t size)
{
	char until[TIME_TEXT_SIZE];
	if (cert == NULL)
		(void)snprintf(out, size, "no certificate");
	else
		(void)snprintf(out, size, "%s until %.10s", cert_key(cert).name,
			text_time(cert_not_after(cert), until));
	return out;
}

static void say_difference(const struct sides *s, size_t index, char *out, size_t size)
{
	const struct list_difference *d = &s->diff.differences[index];
	char name[RECORD_NAME_SIZE], roles[SENTENCE_SIZE / 4] = "", role[FACT_SIZE];
	char before[FACT_SIZE], after[FACT_SIZE];
	(void)name_of(s, d, name);
	say_roles(s, index, roles, sizeof(roles));
	(void)say_cert(cert_before(s, d), before, sizeof(before));
	(void)say_cert(cert_after(s, d), after, sizeof(after));
	switch (d->change) {
	case CHANGE_REPLACED:
		(void)snprintf(
			out, size, "%s replaced (%s): %s, now %s", name, roles, before, after);
		return;
	case CHANGE_ROLE:
		(void)snprintf(out, size, "%s has another role: %s, now %s", name, roles,
			role_text(&s->after->list.records[d->after], role, sizeof(role)));
		return;
	case CHANGE_REMOVED:
		(void)snprintf(out, size, "%s removed (%s): %s", name, roles, before);
		return;
	case CHANGE_ADDED:
		(void)snprintf(out, size, "%s added (%s): %s", name, roles, after);
		return;
	case CHANGE_PLACE:
	case CHANGE_NONE:
		(void)snprintf(out, size,
			"%s kept (%s), its record written differently: host name, address or the "
			"form of its names",
			name, roles);
		return;
	}
}

static void say_passage(struct sides *s, const struct error *why)
{
	char name[RECORD_NAME_SIZE];
	const struct list_passage *p = &s->passage;
	const struct signed_header *h = &s->after->list.header;
	char *out = s->passage_sentence;
	size_t size = sizeof(s->passage_sentence);
	switch (p->passage) {
	case PASSAGE_HELD:
		(void)snprintf(out, size, "a phone that holds %s accepts %s by %s, its record %zu",
			s->before_source, s->after_source, record_name(s->before, p->record, name),
			p->record + 1);
		return;
	case PASSAGE_ASK:
		(void)snprintf(out, size,
			"a phone that holds %s must ask TVS (%zu in it) for %.*s, and accepts %s "
			"only if one vouches with role 0",
			s->before_source, p->servers, (int)h->signer_name.left,
			(const char *)h->signer_name.at, s->after_source);
		return;
	case PASSAGE_NONE:
		(void)snprintf(out, size, "a phone that holds %s can't accept %s: %s%s",
			s->before_source, s->after_source, why->text,
			p->servers == 0 ? ", and it knows no TVS to ask" : "");
		return;
	case PASSAGE_OPEN:
		(void)snprintf(out, size,
			"a phone that holds %s accepts any list, and so %s: its TVS and TFTP "
			"records are blank",
			s->before_source, s->after_source);
		return;
	}
}

static const char *version_text(const struct signed_header *h, char out[static FACT_SIZE])
{
	if (!h->has_signer_version)
		return "none";
	(void)snprintf(out, FACT_SIZE, "%u.%u", h->signer_version.major, h->signer_version.minor);
	return out;
}

/* What the header says otherwise; several lines. */
static json_t *header_changes(const struct sides *s)
{
	const struct signed_header *a = &s->before->list.header, *b = &s->after->list.header;
	const struct list_diff *diff = &s->diff;
	char before[TIME_TEXT_SIZE], after[TIME_TEXT_SIZE], version[2][FACT_SIZE];
	json_t *out = json_array();
	if (diff->file_name)
		(void)json_array_append_new(out,
			json_sprintf("file name %.*s, now %.*s", (int)a->file_name.left,
				(const char *)a->file_name.at, (int)b->file_name.left,
				(const char *)b->file_name.at));
	if (diff->signer)
		(void)json_array_append_new(out,
			json_sprintf("signed by %.*s, now by %.*s", (int)a->signer_name.left,
				(const char *)a->signer_name.at, (int)b->signer_name.left,
				(const char *)b->signer_name.at));
	if (diff->form)
		(void)json_array_append_new(out,
			json_sprintf("its signer written %.*s, now %.*s", (int)a->signer_name.left,
				(const char *)a->signer_name.at, (int)b->signer_name.left,
				(const char *)b->signer_name.at));
	if (diff->signer_version)
		(void)json_array_append_new(out,
			json_sprintf("signer version %s, now %s", version_text(a, version[0]),
				version_text(b, version[1])));
	if (diff->hash)
		(void)json_array_append_new(out,
			json_sprintf("signed with %s, now with %s", hash_code_name(a->hash),
				hash_code_name(b->hash)));
	if (diff->timestamp && a->has_timestamp && b->has_timestamp)
		(void)json_array_append_new(out,
			json_sprintf("made %s, now %s%s", text_time(a->timestamp, before),
				text_time(b->timestamp, after),
				b->timestamp < a->timestamp ? ", which is earlier" : ""));
	return out;
}

static json_t *cert_json(const struct cert *cert, size_t record)
{
	char digest[DIGEST_HEX_SIZE], until[TIME_TEXT_SIZE];
	if (cert == NULL)
		return json_null();
	return json_pack("{s:i, s:s, s:s, s:s}", "record", (int)record + 1, "sha256",
		hex_write(reader_of(cert_digest(cert), DIGEST_SIZE), digest), "key",
		cert_key(cert).name, "not_after", text_time(cert_not_after(cert), until));
}

static json_t *difference_json(const struct sides *s, size_t index)
{
	const struct list_difference *d = &s->diff.differences[index];
	char sentence[SENTENCE_SIZE], name[RECORD_NAME_SIZE], roles[SENTENCE_SIZE / 4] = "";
	say_difference(s, index, sentence, sizeof(sentence));
	say_roles(s, index, roles, sizeof(roles));
	/* clang-format off */
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}",
		"change", change_words[d->change],
		"name", name_of(s, d, name),
		"roles", roles,
		"before", cert_json(cert_before(s, d), d->before),
		"after", cert_json(cert_after(s, d), d->after),
		"sentence", output_json_text(sentence));
	/* clang-format on */
}

static json_t *sides_json(const struct sides *s)
{
	json_t *differences = json_array();
	for (size_t i = 0; i < s->diff.count; i++)
		if (!is_told(s, i))
			(void)json_array_append_new(differences, difference_json(s, i));
	/* clang-format off */
	return json_pack("{s:i, s:o, s:o, s:b, s:o, s:o, s:s, s:o}",
		"schema_version", 1,
		"before", output_json_text(s->before_source),
		"after", output_json_text(s->after_source),
		"same", list_diff_same(&s->diff),
		"header", header_changes(s),
		"differences", differences,
		"accepted", passage_words[s->passage.passage],
		"sentence", output_json_text(s->passage_sentence));
	/* clang-format on */
}

static void print_sides(const json_t *told)
{
	size_t index;
	json_t *entry;
	if (json_is_true(json_object_get(told, "same")))
		(void)fputs("both say the same\n", stdout);
	json_array_foreach (json_object_get(told, "differences"), index, entry) {
		output_painted(
			stdout, PAINT_PLAIN, json_string_value(json_object_get(entry, "sentence")));
		(void)fputc('\n', stdout);
	}
	json_array_foreach (json_object_get(told, "header"), index, entry) {
		output_painted(stdout, PAINT_PLAIN, json_string_value(entry));
		(void)fputc('\n', stdout);
	}
	output_painted(stdout, PAINT_TITLE, json_string_value(json_object_get(told, "sentence")));
	(void)fputc('\n', stdout);
}

static bool list_diff_run(const struct call *call, struct error *err)
{
	struct sides s = { .before_source = call_value(call, "A"),
		.after_source = call_value(call, "B") };
	struct error why = { 0 };
	AUTO(held_list) before = list_source_hold(s.before_source, err);
	AUTO(held_list) after = before == NULL ? NULL : list_source_load(s.after_source, err);
	if (after == NULL)
		return false;
	s.before = before;
	s.after = after;
	list_diff(&before->list, &after->list, &s.diff);
	s.passage = list_passage(before, after, &why);
	say_passage(&s, &why);
	json_auto_t *told = sides_json(&s);
	if (told == NULL)
		return fail_memory(err);
	if (call->json)
		output_json(stdout, told);
	else
		print_sides(told);
	return true;
}

static const struct argument arguments[] = {
	{ "A", ARGUMENT_POSITIONAL, true, NULL,
		"the list that a phone holds; a source as of list show" },
	{ "B", ARGUMENT_POSITIONAL, true, NULL, "the list that it is given next" },
	{ .name = NULL },
};

const struct verb list_diff_verb = {
	.words = "list diff",
	.run = list_diff_run,
	.arguments = arguments,
	.means = "says what changed between two trust lists, and whether phones follow",
	.help = "A must be intact: a phone holds no other. Exit status 0 whether they differ or "
		"not\n"
		"(\"same\" with --json), 4 when one is malformed.",
};
