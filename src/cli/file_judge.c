#include "cli/file_judge.h"

#include "cli/key_source.h"
#include "cli/list_judge.h"
#include "cli/list_source.h"

const char firmware_note[] = "signature cannot be checked: the key is Cisco's";

static bool judge_signer(const struct signed_source *file, const struct cert *signer,
	struct file_judgement *j, struct error *err)
{
	if (!signer_is(&file->header, signer))
		return fail(err, FAULT_UNTRUSTED, "its header names another signer than %s",
			cert_subject(signer, NAME_APPLIANCE));
	j->key = cert_key(signer);
	return signature_fits(bytes_reader(&file->file), &file->header, signer, err);
}

static bool judge_held(const struct signed_source *file, const struct held_list *held,
	struct file_judgement *j, struct error *err)
{
	struct holding holding = list_holding(held);
	struct belief_answer answer =
		believe(&holding, BELIEVE_FILE, bytes_reader(&file->file), &file->header, err);
	switch (answer.belief) {
	case BELIEF_HELD:
		j->record = answer.record;
		j->key = cert_key(answer.signer);
		return true;
	case BELIEF_BAD:
		return fail_in(err, "a phone that holds it rejects the file");
	case BELIEF_OPEN:
		return fail(err, FAULT_UNTRUSTED,
			"its TVS and TFTP records are blank: a phone that holds it takes any file "
			"unseen, which proves nothing");
	case BELIEF_ASK_TVS:
	case BELIEF_FIRST: /* something is held */
		break;
	}
	return list_fail_unknown(held, "role 3 or 2", err);
}

static bool has_a_judge(const struct signed_source *file, struct error *err)
{
	switch (signed_kind_of(&file->header)) {
	case SIGNED_PLAIN:
	case SIGNED_ENCRYPTED:
		return true;
	case SIGNED_FIRMWARE:
		return fail(err, FAULT_UNTRUSTED, "firmware: %s", firmware_note);
	case SIGNED_LIST:
		return fail(
			err, FAULT_REFUSED, "a trust list: `dialtrust list verify` judges those");
	}
	return false;
}

bool file_judge(const struct signed_source *file, const struct file_judges *judges,
	struct file_judgement *out, struct error *err)
{
	struct file_judgement j = { 0 };
	if (!has_a_judge(file, err))
		return false;
	bool fits = judges->signer != NULL ? judge_signer(file, judges->signer, &j, err)
					   : judge_held(file, judges->held, &j, err);
	if (fits) {
		*out = j;
		return true;
	}
	if (err != NULL && err->fault != FAULT_MEMORY)
		err->fault = FAULT_UNTRUSTED; /* too weak a key is no key */
	return false;
}

bool file_trial_open(struct file_trial *trial, struct error *err)
{
	if (trial->signer != NULL && trial->trust != NULL)
		return fail(err, FAULT_USAGE, "--signer and --trust: one of them judges, not both");
	if (trial->signer != NULL && (trial->cert = cert_source_read(trial->signer, err)) == NULL)
		return false;
	if (trial->trust != NULL && (trial->held = list_source_hold(trial->trust, err)) == NULL)
		return false;
	return true;
}

void file_trial_done(struct file_trial *trial)
{
	cert_free(trial->cert);
	held_list_free(trial->held);
	*trial = (struct file_trial){ 0 };
}

bool file_trial_judge(const struct file_trial *trial, const struct signed_source *file,
	struct file_judgement *out, struct error *err)
{
	struct file_judges judges = { .signer = trial->cert, .held = trial->held };
	if (!has_a_judge(file, err))
		return fail_in(err, "%s", trial->source);
	if (!file_judge(file, &judges, out, err))
		return fail_in(err, "%s against %s", trial->source,
			trial->signer != NULL ? trial->signer : trial->trust);
	return signed_source_named(trial->source, trial->name, &file->header, err) ||
		fail_in(err, "%s", trial->source);
}
