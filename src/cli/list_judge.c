#include "cli/list_judge.h"

#include <string.h>

#include "trust/list_diff.h"

/* docs/formats/trust-list.md#names */
static const char *const kinds[] = { "ITLFile.tlv", "CTLFile.tlv" };

static bool asked_for(const char *name, const char *kind)
{
	enum { KIND_LENGTH = 3 };
	return strcmp(name, kind) == 0 ||
		(strncmp(name, kind, KIND_LENGTH) == 0 &&
			strncmp(name + KIND_LENGTH, "SEP", 3) == 0);
}

bool list_named(const char *source, const struct trust_list *list, struct error *err)
{
	const char *slash = strrchr(source, '/');
	const char *name = slash != NULL ? slash + 1 : source;
	struct reader said = list->header.file_name;
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (asked_for(name, kinds[i]) && !reader_same(said, reader_of_text(kinds[i])))
			return fail(err, FAULT_UNTRUSTED,
				"its header says that it is %.*s: a phone that asked for %.100s "
				"awaits %s",
				(int)(said.left < 100 ? said.left : 100), (const char *)said.at,
				name, kinds[i]);
	return true;
}

static bool judge_alone(const struct held_list *list, struct list_judgement *j, struct error *err)
{
	j->verdict = LIST_INTACT;
	if (!held_list_named_signer(list, &j->record, err) || !held_list_intact(list, err))
		return false;
	j->key = cert_key(list->certs[j->record]);
	return true;
}

static size_t count_servers(const struct held_list *held)
{
	size_t count = 0;
	for (size_t i = 0; i < held->list.count; i++)
		if (held->list.records[i].has_role && held->list.records[i].role == ROLE_TVS)
			count++;
	return count;
}

bool list_fail_unknown(const struct held_list *held, const char *needs, struct error *err)
{
	size_t servers = count_servers(held);
	if (servers == 0)
		return fail_in(err, "a phone that holds it rejects this: it knows no TVS to ask");
	return fail_in(err,
		"a phone that holds it asks TVS (%zu servers) and accepts only if one "
		"vouches for the signer with %s",
		servers, needs);
}

struct holding list_holding(const struct held_list *held)
{
	return (struct holding){ .itl = list_is_ctl(&held->list) ? NULL : held,
		.ctl = list_is_ctl(&held->list) ? held : NULL };
}

static bool judge_held(const struct held_list *list, const struct held_list *held,
	struct list_judgement *j, struct error *err)
{
	struct holding holding = list_holding(held);
	enum believed_thing what = list_is_ctl(&list->list) ? BELIEVE_CTL : BELIEVE_ITL;
	struct belief_answer answer =
		believe(&holding, what, bytes_reader(&list->file), &list->list.header, err);
	switch (answer.belief) {
	case BELIEF_HELD:
		break;
	case BELIEF_BAD:
		return fail_in(err, "a phone that holds it rejects the list");
	case BELIEF_OPEN:
		return fail(err, FAULT_UNTRUSTED,
			"its TVS and TFTP records are blank: a phone that holds it takes any list "
			"unseen, which proves nothing");
	case BELIEF_ASK_TVS:
	case BELIEF_FIRST: /* something is held */
		return list_fail_unknown(held, "role 0", err);
	}
	j->verdict = LIST_TRUSTED;
	j->record = answer.record;
	j->key = cert_key(answer.signer);
	j->older = list_is_ctl(&list->list) == list_is_ctl(&held->list) &&
		list->list.header.has_timestamp && held->list.header.has_timestamp &&
		list->list.header.timestamp < held->list.header.timestamp;
	return true;
}

bool list_judge(const struct held_list *list, const struct held_list *held,
	struct list_judgement *out, struct error *err)
{
	struct list_judgement j = { 0 };
	size_t own;
	if (held == NULL ? !judge_alone(list, &j, err) : !judge_held(list, held, &j, err)) {
		if (err != NULL && err->fault != FAULT_MALFORMED && err->fault != FAULT_MEMORY)
			err->fault = FAULT_UNTRUSTED;
		return false;
	}
	j.without_successor = !held_list_named_signer(list, &own, NULL);
	j.other_form = !j.without_successor && !held_list_own_signer(list, &own, NULL);
	*out = j;
	return true;
}
