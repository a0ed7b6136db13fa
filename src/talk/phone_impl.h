#pragma once
/* What the files of the phone's brain share. An event is one call of phone_step(); whatever runs
 * in it ends by setting the next action. */
#include "base/bytes.h"
#include "talk/phone.h"
#include "talk/url.h"

/* One thing after the other that a phone asks for, in the order of a boot. */
enum phone_stage {
	STAGE_CTL,
	STAGE_OWN_ITL,
	STAGE_ITL,
	STAGE_CONFIGURATION,
	STAGE_DEFAULTS,
	STAGE_FIRMWARE,
	STAGE_RING_LIST,
	STAGE_SERVICE,
	STAGE_OVER, /* the boot ends here */
	STAGE_FILE, /* not part of a boot */
};

enum phone_question {
	QUESTION_NONE,
	QUESTION_SIGNER, /* who signed what is being judged? */
	QUESTION_SERVER, /* is this server's certificate good for pages? */
};

struct phone {
	struct phone_settings settings;
	phone_tell_fn *tell;
	void *context;

	struct held_list *ctl, *itl;
	bool has_configuration;
	struct phone_configuration configuration; /* the last one that was believed */
	size_t answer_count;
	struct phone_answer answers[PHONE_ANSWERS];

	struct phone_action action;
	enum phone_stage stage;
	bool ctl_is_new;              /* installed in this boot */
	size_t way, ways_tried;       /* server and transport of the last success; tried in vain */
	struct phone_verdict verdict; /* of this stage, as far as it is known */

	/* what is being judged */
	struct held_list *candidate; /* a list */
	struct bytes file;           /* any other file, a signed one with its header */
	struct signed_header header;
	size_t header_size;
	struct url page; /* of the service, and the certificate that it showed */
	struct cert *page_server;

	/* the question that is under way */
	enum phone_question question;
	size_t tvs; /* index of the server that is asked */
	uint32_t session;
	struct bytes message;
};

static inline struct holding phone_holding(const struct phone *p)
{
	return (struct holding){ .ctl = p->ctl, .itl = p->itl };
}

/* The general file of a list, whose name its header carries. */
static inline const char *phone_list_file(enum phone_subject subject)
{
	return subject == PHONE_CTL ? "CTLFile.tlv" : "ITLFile.tlv";
}

/* phone_words.c: what a real phone would show */
void words_put(const struct phone *p, struct phone_verdict *v);

/* phone_stage.c: walking the stages, and the fetching of their files */
void stage_begin(struct phone *p, enum phone_stage stage, int64_t now);
void stage_end(struct phone *p, enum phone_outcome outcome, int64_t now); /* tells, goes on */
void stage_reject(struct phone *p, int64_t now);                          /* verdict.why says why */
void stage_fetched(struct phone *p, const struct phone_event *event, int64_t now);
void stage_absent(struct phone *p, const struct phone_event *event, int64_t now);
void stage_fetch_failed(struct phone *p, const struct phone_event *event, int64_t now);
void stage_open(struct phone *p, const char *name, int64_t now);

/* phone_judge.c: is it believed? */
void judge_list(struct phone *p, int64_t now);
void judge_file(struct phone *p, int64_t now);
void judge_firmware(struct phone *p, int64_t now);
void judge_accept(struct phone *p, enum phone_basis basis, int64_t now);
enum believed_thing judge_thing(const struct phone *p);
struct reader judge_bytes(const struct phone *p); /* of what is being judged, header included */
void judge_configured(struct phone *p, const struct phone_event *event, int64_t now);
void judge_not_configured(struct phone *p, const struct phone_event *event, int64_t now);

/* phone_ask.c: TVS, and what it said before */
void ask_begin(struct phone *p, enum phone_question question, int64_t now);
void ask_shown(struct phone *p, const struct phone_event *event, int64_t now);
void ask_answered(struct phone *p, const struct phone_event *event, int64_t now);
void ask_failed(struct phone *p, const struct phone_event *event, int64_t now);
bool ask_remember(struct phone *p, const struct phone_answer *answer);
void ask_forget(struct phone *p); /* all answers: nobody is left who may give them */

/* phone_service.c: the page that the configuration names */
bool service_begin(struct phone *p); /* false: there is none */
void service_shown(struct phone *p, const struct phone_event *event, int64_t now);
void service_connect_failed(struct phone *p, const struct phone_event *event, int64_t now);
void service_vouched(struct phone *p, enum phone_basis basis, int64_t now);
void service_visited(struct phone *p, const struct phone_event *event, int64_t now);
