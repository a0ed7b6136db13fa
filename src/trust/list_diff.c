#include "trust/list_diff.h"

#include "trust/signer_name.h"

static bool same_place(const struct trust_record *a, const struct trust_record *b)
{
	if (a->has_role != b->has_role || (a->has_role && a->role != b->role))
		return false;
	if (a->subject.ok && b->subject.ok)
		return names_agree(a->subject, b->subject);
	return a->dns_name.left > 0 && reader_same(a->dns_name, b->dns_name);
}

static bool same_certificate(const struct trust_record *a, const struct trust_record *b)
{
	return a->certificate.left > 0 && reader_same(a->certificate, b->certificate);
}

static bool same_holder(const struct trust_record *a, const struct trust_record *b)
{
	return same_place(a, b) && reader_same(a->certificate, b->certificate) &&
		reader_same(a->certificate_hash, b->certificate_hash);
}

/* In this order: what fits better is taken first. */
static const struct rule {
	bool (*fits)(const struct trust_record *a, const struct trust_record *b);
	enum list_change change;
} rules[] = {
	{ trust_record_same, CHANGE_NONE },
	{ same_holder, CHANGE_PLACE },
	{ same_place, CHANGE_REPLACED },
	{ same_certificate, CHANGE_ROLE },
};

struct matching {
	const struct trust_list *before, *after;
	struct list_difference of[LIMIT_RECORDS]; /* per record of before */
	bool taken[LIMIT_RECORDS];                /* of after */
};

static void match_record(struct matching *m, const struct rule *rule, size_t index)
{
	struct list_difference *d = &m->of[index];
	for (size_t k = 0; d->change == CHANGE_REMOVED && k < m->after->count; k++) {
		if (m->taken[k] || !rule->fits(&m->before->records[index], &m->after->records[k]))
			continue;
		m->taken[k] = true;
		d->change = rule->change;
		d->after = k;
	}
}

static bool same_signer(const struct signed_header *a, const struct signed_header *b)
{
	return names_agree(a->signer_name, b->signer_name) && reader_same(a->serial, b->serial) &&
		names_agree(a->issuer_name, b->issuer_name) && a->modulus == b->modulus;
}

static bool same_form(const struct signed_header *a, const struct signed_header *b)
{
	return reader_same(a->signer_name, b->signer_name) &&
		reader_same(a->issuer_name, b->issuer_name);
}

static bool same_signer_version(const struct signed_header *a, const struct signed_header *b)
{
	return a->has_signer_version == b->has_signer_version &&
		(!a->has_signer_version ||
			(a->signer_version.major == b->signer_version.major &&
				a->signer_version.minor == b->signer_version.minor));
}

static void compare_headers(
	const struct signed_header *a, const struct signed_header *b, struct list_diff *out)
{
	out->signer = !same_signer(a, b);
	out->form = !out->signer && !same_form(a, b);
	out->signer_version = !same_signer_version(a, b);
	out->hash = a->hash != b->hash;
	out->file_name = !reader_same(a->file_name, b->file_name);
	out->timestamp = a->has_timestamp != b->has_timestamp ||
		(a->has_timestamp && a->timestamp != b->timestamp);
}

void list_diff(
	const struct trust_list *before, const struct trust_list *after, struct list_diff *out)
{
	struct matching m = { .before = before, .after = after };
	for (size_t i = 0; i < before->count; i++)
		m.of[i] = (struct list_difference){ CHANGE_REMOVED, i, 0 };
	for (size_t r = 0; r < COUNT(rules); r++)
		for (size_t i = 0; i < before->count; i++)
			match_record(&m, &rules[r], i);
	*out = (struct list_diff){ 0 };
	for (size_t i = 0; i < before->count; i++)
		if (m.of[i].change != CHANGE_NONE)
			out->differences[out->count++] = m.of[i];
	for (size_t k = 0; k < after->count; k++)
		if (!m.taken[k])
			out->differences[out->count++] =
				(struct list_difference){ CHANGE_ADDED, 0, k };
	compare_headers(&before->header, &after->header, out);
}

bool list_diff_same(const struct list_diff *diff)
{
	return diff->count == 0 && !diff->signer && !diff->signer_version && !diff->hash &&
		!diff->file_name;
}

bool list_is_ctl(const struct trust_list *list)
{
	return reader_same(list->header.file_name, reader_of_text("CTLFile.tlv"));
}

static size_t count_servers(const struct held_list *held)
{
	size_t count = 0;
	for (size_t i = 0; i < held->list.count; i++) {
		const struct trust_record *record = &held->list.records[i];
		count += record->has_role && record->role == ROLE_TVS && held->certs[i] != NULL;
	}
	return count;
}

struct list_passage list_passage(
	const struct held_list *held, const struct held_list *next, struct error *why)
{
	bool ctl = list_is_ctl(&held->list);
	struct holding holding = { .ctl = ctl ? held : NULL, .itl = ctl ? NULL : held };
	enum believed_thing what = list_is_ctl(&next->list) ? BELIEVE_CTL : BELIEVE_ITL;
	struct belief_answer answer =
		believe(&holding, what, bytes_reader(&next->file), &next->list.header, why);
	struct list_passage passage = { .passage = PASSAGE_NONE, .servers = count_servers(held) };
	switch (answer.belief) {
	case BELIEF_HELD:
		passage.passage = PASSAGE_HELD;
		passage.record = answer.record;
		return passage;
	case BELIEF_OPEN:
		passage.passage = PASSAGE_OPEN;
		return passage;
	case BELIEF_ASK_TVS:
		passage.passage = passage.servers > 0 ? PASSAGE_ASK : PASSAGE_NONE;
		return passage;
	case BELIEF_BAD:
	case BELIEF_FIRST: /* something is held */
		return passage;
	}
	return passage;
}
