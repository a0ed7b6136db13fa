#include "talk/phone_impl.h"

#include <stdio.h>
#include <string.h>

enum middle { MIDDLE_NONE, MIDDLE_DEVICE, MIDDLE_LOAD };

/* What is asked for in which order: docs/formats/provisioning.md#order */
static const struct stage {
	enum phone_subject subject;
	const char *prefix; /* the name asked for: prefix, middle, suffix */
	enum middle middle;
	const char *suffix;
	bool signed_name;      /* ".sgn" behind it when the phone holds a TFTP record */
	bool by_configuration; /* only with a configuration */
	size_t limit;
	void (*judge)(struct phone *p, int64_t now);
	enum phone_stage next;
	enum phone_stage when_absent; /* in place of a verdict; itself: there is a verdict */
} stages[] = {
	/* clang-format off */
	[STAGE_CTL] = { PHONE_CTL, "CTL", MIDDLE_DEVICE, ".tlv", false, false,
		LIMIT_TRUST_LIST, judge_list, STAGE_OWN_ITL, STAGE_CTL },
	[STAGE_OWN_ITL] = { PHONE_ITL, "ITL", MIDDLE_DEVICE, ".tlv", false, false,
		LIMIT_TRUST_LIST, judge_list, STAGE_CONFIGURATION, STAGE_ITL },
	[STAGE_ITL] = { PHONE_ITL, "ITLFile.tlv", MIDDLE_NONE, "", false, false,
		LIMIT_TRUST_LIST, judge_list, STAGE_CONFIGURATION, STAGE_ITL },
	[STAGE_CONFIGURATION] = { PHONE_CONFIGURATION, "", MIDDLE_DEVICE, ".cnf.xml", true, false,
		LIMIT_SIGNED_FILE, judge_file, STAGE_FIRMWARE, STAGE_DEFAULTS },
	[STAGE_DEFAULTS] = { PHONE_CONFIGURATION, "XMLDefault.cnf.xml", MIDDLE_NONE, "", true, false,
		LIMIT_SIGNED_FILE, judge_file, STAGE_FIRMWARE, STAGE_DEFAULTS },
	[STAGE_FIRMWARE] = { PHONE_FIRMWARE, "", MIDDLE_LOAD, ".loads", false, true,
		LIMIT_SIGNED_FILE, judge_firmware, STAGE_RING_LIST, STAGE_FIRMWARE },
	[STAGE_RING_LIST] = { PHONE_RING_LIST, "Ringlist.xml", MIDDLE_NONE, "", true, true,
		LIMIT_SIGNED_FILE, judge_file, STAGE_SERVICE, STAGE_RING_LIST },
	[STAGE_SERVICE] = { PHONE_SERVICE, "", MIDDLE_NONE, "", false, true,
		0, NULL, STAGE_OVER, STAGE_SERVICE },
	[STAGE_OVER] = { PHONE_FILE, "", MIDDLE_NONE, "", false, false,
		0, NULL, STAGE_OVER, STAGE_OVER },
	[STAGE_FILE] = { PHONE_FILE, "", MIDDLE_NONE, "", false, false,
		LIMIT_SIGNED_FILE, judge_file, STAGE_OVER, STAGE_FILE },
	/* clang-format on */
};

static bool is_list(enum phone_subject subject)
{
	return subject == PHONE_CTL || subject == PHONE_ITL;
}

static void tell(struct phone *p)
{
	words_put(p, &p->verdict);
	if (p->tell != NULL)
		p->tell(&p->verdict, p->context);
}

/* The two transports of each server, one server after the other. */
static size_t way_count(const struct phone *p)
{
	return 2 * p->settings.server_count;
}

static bool take_way(struct phone *p, size_t way)
{
	const struct phone_server *server = &p->settings.servers[way / 2];
	enum phone_transport transport = way % 2 == 0 ? PHONE_HTTP : PHONE_TFTP;
	bool http = transport == PHONE_HTTP;
	if (http ? !p->settings.http_first || server->http_port == 0 : server->tftp_port == 0)
		return false;
	p->action.act = PHONE_FETCH;
	p->action.server = server;
	p->action.transport = transport;
	p->action.limit = stages[p->stage].limit;
	return true;
}

static size_t present_way(const struct phone *p)
{
	return (p->way + p->ways_tried) % way_count(p);
}

static bool fetch(struct phone *p)
{
	for (; p->ways_tried < way_count(p); p->ways_tried++)
		if (take_way(p, present_way(p)))
			return true;
	return false;
}

static void unreached(struct phone *p)
{
	p->verdict.outcome = PHONE_UNREACHED;
	tell(p);
	p->stage = STAGE_OVER;
	p->action = (struct phone_action){ .act = PHONE_REST };
}

static const char *middle_text(const struct phone *p, enum middle middle)
{
	switch (middle) {
	case MIDDLE_NONE:
		return "";
	case MIDDLE_DEVICE:
		return p->settings.name;
	case MIDDLE_LOAD:
		return p->configuration.load;
	}
	return "";
}

/* Nothing to ask for: no configuration, or one that names no firmware. */
static bool is_idle(const struct phone *p, const struct stage *stage)
{
	return (stage->by_configuration && !p->has_configuration) ||
		(stage->middle == MIDDLE_LOAD && p->configuration.load[0] == '\0');
}

static void forget_judged(struct phone *p)
{
	held_list_free(TAKE(p->candidate));
	cert_free(TAKE(p->page_server));
	bytes_done(&p->file);
	p->question = QUESTION_NONE;
}

static void begin_file(struct phone *p, const char *prefix, const char *suffix)
{
	const struct stage *stage = &stages[p->stage];
	struct holding holding = phone_holding(p);
	(void)snprintf(p->action.name, sizeof(p->action.name), "%s%s%s%s", prefix,
		middle_text(p, stage->middle), suffix,
		stage->signed_name && wants_signed_files(&holding) ? ".sgn" : "");
	memcpy(p->verdict.file, p->action.name, sizeof(p->verdict.file));
	if (!fetch(p)) {
		fail(&p->verdict.why, FAULT_USAGE, "no server has a port for the transports");
		unreached(p);
	}
}

static void tell_without_list(struct phone *p)
{
	p->verdict.subject = PHONE_TRUST;
	p->verdict.outcome = PHONE_NONE;
	tell(p);
}

static void enter(struct phone *p, enum phone_stage stage)
{
	forget_judged(p);
	p->stage = stage;
	p->ways_tried = 0;
	p->action = (struct phone_action){ .act = PHONE_REST };
	p->verdict = (struct phone_verdict){ .subject = stages[stage].subject };
}

void stage_begin(struct phone *p, enum phone_stage stage, int64_t now)
{
	(void)now;
	while (is_idle(p, &stages[stage]))
		stage = stages[stage].next;
	enter(p, stage);
	if (stage == STAGE_CONFIGURATION && p->ctl == NULL && p->itl == NULL) {
		tell_without_list(p);
		enter(p, stage);
	}
	if (stage == STAGE_SERVICE && !service_begin(p))
		enter(p, STAGE_OVER);
	else if (stages[stage].judge != NULL)
		begin_file(p, stages[stage].prefix, stages[stage].suffix);
}

void stage_open(struct phone *p, const char *name, int64_t now)
{
	(void)now;
	enter(p, STAGE_FILE);
	struct holding holding = phone_holding(p);
	size_t size = strlen(name);
	bool has_suffix = size > 4 && strcmp(name + size - 4, ".sgn") == 0;
	begin_file(p, name, !has_suffix && wants_signed_files(&holding) ? ".sgn" : "");
}

void stage_end(struct phone *p, enum phone_outcome outcome, int64_t now)
{
	p->verdict.outcome = outcome;
	tell(p);
	stage_begin(p, stages[p->stage].next, now);
}

void stage_reject(struct phone *p, int64_t now)
{
	p->verdict.basis = PHONE_BY_NOTHING;
	stage_end(p, PHONE_REJECTED, now);
}

/* The way that answered is tried first from here on. */
static void settle(struct phone *p)
{
	p->way = present_way(p);
	p->verdict.transport = p->action.transport;
	memcpy(p->verdict.server, p->action.server->address, sizeof(p->verdict.server));
	p->verdict.why = (struct error){ 0 };
}

static void absent(struct phone *p, int64_t now)
{
	enum phone_stage instead = stages[p->stage].when_absent;
	if (instead != p->stage)
		stage_begin(p, instead, now);
	else
		stage_end(p, PHONE_NONE, now);
}

void stage_fetched(struct phone *p, const struct phone_event *event, int64_t now)
{
	settle(p);
	if (is_list(p->verdict.subject) && event->bytes.left == 0) {
		fail(&p->verdict.why, FAULT_MISSING, "the file is empty");
		absent(p, now); /* administrators serve such lists to quiet old phones */
		return;
	}
	if (!bytes_copy(&p->file, event->bytes, &p->verdict.why)) {
		stage_reject(p, now);
		return;
	}
	stages[p->stage].judge(p, now);
}

void stage_absent(struct phone *p, const struct phone_event *event, int64_t now)
{
	(void)event;
	settle(p);
	absent(p, now);
}

void stage_fetch_failed(struct phone *p, const struct phone_event *event, int64_t now)
{
	if (event->why != NULL)
		p->verdict.why = *event->why;
	if (p->verdict.why.fault == FAULT_LIMIT) {
		stage_reject(p, now); /* the server is there, and sends too much */
		return;
	}
	p->ways_tried++;
	if (!fetch(p))
		unreached(p);
}
