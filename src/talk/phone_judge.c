#include "talk/phone_impl.h"

static void bring_to_end(struct phone *p, int64_t now);

enum believed_thing judge_thing(const struct phone *p)
{
	switch (p->verdict.subject) {
	case PHONE_CTL:
		return BELIEVE_CTL;
	case PHONE_ITL:
		return BELIEVE_ITL;
	case PHONE_TRUST:
	case PHONE_CONFIGURATION:
	case PHONE_FIRMWARE:
	case PHONE_RING_LIST:
	case PHONE_SERVICE:
	case PHONE_FILE:
		return BELIEVE_FILE;
	}
	return BELIEVE_FILE;
}

struct reader judge_bytes(const struct phone *p)
{
	return bytes_reader(p->candidate != NULL ? &p->candidate->file : &p->file);
}

static struct held_list **held(struct phone *p)
{
	return p->verdict.subject == PHONE_CTL ? &p->ctl : &p->itl;
}

/* The name inside is that of the general file also when the phone's own was asked for. */
static bool has_name(const struct phone *p, const char *name, struct error *why)
{
	if (reader_same(p->header.file_name, reader_of_text(name)))
		return true;
	return fail(why, FAULT_UNTRUSTED, "its header names another file than %s", name);
}

static void judge_signed(struct phone *p, int64_t now)
{
	struct holding holding = phone_holding(p);
	struct error why = { 0 };
	struct belief_answer answer =
		believe(&holding, judge_thing(p), judge_bytes(p), &p->header, &why);
	switch (answer.belief) {
	case BELIEF_FIRST:
		judge_accept(p, PHONE_BY_FAITH, now);
		break;
	case BELIEF_OPEN:
		judge_accept(p, PHONE_BY_BLANK, now);
		break;
	case BELIEF_HELD:
		judge_accept(p, PHONE_BY_LIST, now);
		break;
	case BELIEF_ASK_TVS:
		ask_begin(p, QUESTION_SIGNER, now);
		break;
	case BELIEF_BAD:
		p->verdict.why = why;
		stage_reject(p, now);
		break;
	}
}

void judge_list(struct phone *p, int64_t now)
{
	if (*held(p) != NULL &&
		reader_same(bytes_reader(&p->file), bytes_reader(&(*held(p))->file))) {
		stage_end(p, PHONE_UNCHANGED, now);
		return;
	}
	p->candidate = held_list_load(bytes_reader(&p->file), &p->verdict.why);
	if (p->candidate == NULL) {
		stage_reject(p, now);
		return;
	}
	p->header = p->candidate->list.header;
	if (has_name(p, phone_list_file(p->verdict.subject), &p->verdict.why))
		judge_signed(p, now);
	else
		stage_reject(p, now);
}

static bool has_signed_name(const struct phone *p)
{
	struct reader name = reader_of_text(p->verdict.file);
	size_t size = name.left;
	if (size < 4)
		return false;
	(void)reader_sub(&name, size - 4);
	return reader_same(name, reader_of_text(".sgn"));
}

/* Takes the header of the file apart and checks the name in it. */
static bool open_header(struct phone *p)
{
	struct reader rest = bytes_reader(&p->file);
	if (!signed_header_parse(&rest, &p->header, &p->verdict.why))
		return false;
	p->header_size = p->header.size;
	return has_name(p, p->verdict.file, &p->verdict.why);
}

void judge_file(struct phone *p, int64_t now)
{
	p->header_size = 0;
	if (!has_signed_name(p))
		judge_accept(p, PHONE_BY_NOTHING, now);
	else if (open_header(p))
		judge_signed(p, now);
	else
		stage_reject(p, now);
}

/* Its maker's key is in the phone's boot loader and nowhere else: only the form can be checked. */
void judge_firmware(struct phone *p, int64_t now)
{
	if (signed_header_recognise(bytes_reader(&p->file)) && !open_header(p))
		stage_reject(p, now);
	else
		stage_end(p, PHONE_TAKEN, now);
}

static void accept_list(struct phone *p, int64_t now)
{
	struct held_list **place = held(p);
	bool first = *place == NULL;
	held_list_free(*place);
	*place = TAKE(p->candidate);
	struct holding holding = phone_holding(p);
	if (!knows_tvs(&holding))
		ask_forget(p);
	p->ctl_is_new = p->ctl_is_new || (first && p->verdict.subject == PHONE_CTL);
	stage_end(p, first ? PHONE_INSTALLED : PHONE_UPDATED, now);
}

void judge_accept(struct phone *p, enum phone_basis basis, int64_t now)
{
	p->verdict.basis = basis;
	p->verdict.why = (struct error){ 0 };
	if (p->candidate != NULL) {
		accept_list(p, now);
	} else if (p->verdict.subject == PHONE_SERVICE) {
		service_vouched(p, basis, now);
	} else if (p->verdict.subject == PHONE_CONFIGURATION) {
		struct reader clear = bytes_reader(&p->file);
		(void)reader_sub(&clear, p->header_size);
		p->action = (struct phone_action){ .act = PHONE_READ, .file = clear };
	} else {
		bring_to_end(p, now);
	}
}

/* What no list vouches for is no more than taken. */
static void bring_to_end(struct phone *p, int64_t now)
{
	bool unseen = p->verdict.basis == PHONE_BY_NOTHING || p->verdict.basis == PHONE_BY_FAITH ||
		p->verdict.basis == PHONE_BY_BLANK;
	stage_end(p, unseen ? PHONE_TAKEN : PHONE_VERIFIED, now);
}

void judge_configured(struct phone *p, const struct phone_event *event, int64_t now)
{
	p->configuration = *event->configuration;
	p->has_configuration = true;
	bring_to_end(p, now);
}

void judge_not_configured(struct phone *p, const struct phone_event *event, int64_t now)
{
	if (event->why != NULL)
		p->verdict.why = *event->why;
	stage_reject(p, now);
}
