#include "talk/phone_impl.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SESSION = 1001 }; /* real phones count from here */

typedef void step_fn(struct phone *p, const struct phone_event *event, int64_t now);

static void on_boot(struct phone *p, const struct phone_event *event, int64_t now)
{
	(void)event;
	p->way = 0;
	p->ctl_is_new = false;
	stage_begin(p, STAGE_CTL, now);
}

static void on_open(struct phone *p, const struct phone_event *event, int64_t now)
{
	stage_open(p, event->name, now);
}

/* A connection is made to TVS while a question is under way, else to the server of a page. */
static void on_shown(struct phone *p, const struct phone_event *event, int64_t now)
{
	(p->question != QUESTION_NONE ? ask_shown : service_shown)(p, event, now);
}

static void on_connect_failed(struct phone *p, const struct phone_event *event, int64_t now)
{
	(p->question != QUESTION_NONE ? ask_failed : service_connect_failed)(p, event, now);
}

static const struct step {
	enum phone_act act;
	enum phone_happening happening;
	step_fn *run;
} steps[] = {
	{ PHONE_REST, PHONE_BOOT, on_boot },
	{ PHONE_REST, PHONE_OPEN, on_open },
	{ PHONE_FETCH, PHONE_FETCHED, stage_fetched },
	{ PHONE_FETCH, PHONE_ABSENT, stage_absent },
	{ PHONE_FETCH, PHONE_FAILED, stage_fetch_failed },
	{ PHONE_CONNECT, PHONE_SHOWN, on_shown },
	{ PHONE_CONNECT, PHONE_FAILED, on_connect_failed },
	{ PHONE_SEND, PHONE_ANSWERED, ask_answered },
	{ PHONE_SEND, PHONE_FAILED, ask_failed },
	{ PHONE_READ, PHONE_CONFIGURED, judge_configured },
	{ PHONE_READ, PHONE_FAILED, judge_not_configured },
	{ PHONE_VISIT, PHONE_VISITED, service_visited },
	{ PHONE_VISIT, PHONE_FAILED, service_connect_failed },
};

bool phone_step(struct phone *p, const struct phone_event *event, int64_t now, struct error *err)
{
	for (size_t i = 0; i < COUNT(steps); i++) {
		if (steps[i].act != p->action.act || steps[i].happening != event->happening)
			continue;
		if (event->name != NULL && strlen(event->name) + sizeof(".sgn") > LIMIT_FILE_NAME)
			return fail(err, FAULT_LIMIT, "%s: a file name of %zu bytes",
				p->settings.name, strlen(event->name));
		steps[i].run(p, event, now);
		return true;
	}
	return fail(err, FAULT_REFUSED, "%s: event %d while it does %d", p->settings.name,
		(int)event->happening, (int)p->action.act);
}

const struct phone_action *phone_action(const struct phone *p)
{
	return &p->action;
}

static bool settings_check(const struct phone_settings *s, struct error *err)
{
	if (!device_name_check(s->name, err))
		return false;
	if (strlen(s->model) + strlen("-") + strlen(s->name) >= LIMIT_DEVICE_NAME)
		return fail(err, FAULT_LIMIT, "%s-%s: a name of more than %d bytes", s->model,
			s->name, LIMIT_DEVICE_NAME - 1);
	if (s->server_count == 0 || s->server_count > PHONE_SERVERS)
		return fail(err, FAULT_USAGE, "%s: a phone has 1 to %d TFTP servers, not %zu",
			s->name, PHONE_SERVERS, s->server_count);
	return true;
}

struct phone *phone_new(const struct phone_settings *settings, phone_tell_fn *tell, void *context,
	struct error *err)
{
	if (!settings_check(settings, err))
		return NULL;
	struct phone *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		fail_memory(err);
		return NULL;
	}
	p->settings = *settings;
	p->tell = tell;
	p->context = context;
	p->session = FIRST_SESSION;
	p->stage = STAGE_OVER;
	return p;
}

void phone_free(struct phone *p)
{
	if (p == NULL)
		return;
	ask_forget(p);
	held_list_free(p->ctl);
	held_list_free(p->itl);
	held_list_free(p->candidate);
	cert_free(p->page_server);
	bytes_done(&p->file);
	bytes_done(&p->message);
	free(p);
}

bool phone_set_servers(
	struct phone *p, const struct phone_server *servers, size_t count, struct error *err)
{
	if (p->action.act != PHONE_REST)
		return fail(err, FAULT_BUSY, "%s is busy", p->settings.name);
	struct phone_settings settings = p->settings;
	settings.server_count = count;
	for (size_t i = 0; i < count && i < PHONE_SERVERS; i++)
		settings.servers[i] = servers[i];
	if (!settings_check(&settings, err))
		return false;
	p->settings = settings;
	p->way = 0;
	return true;
}

static struct held_list **place_of(struct phone *p, enum phone_subject which)
{
	return which == PHONE_CTL ? &p->ctl : &p->itl;
}

bool phone_restore_list(
	struct phone *p, enum phone_subject which, struct reader file, struct error *err)
{
	struct held_list *held = held_list_load(file, err);
	if (held == NULL)
		return fail_in(err, "%s: the %s that it held", p->settings.name,
			phone_subject_name(which));
	held_list_free(*place_of(p, which));
	*place_of(p, which) = held;
	return true;
}

void phone_restore_configuration(struct phone *p, const struct phone_configuration *configuration)
{
	p->configuration = *configuration;
	p->has_configuration = true;
}

bool phone_restore_answer(struct phone *p, const struct phone_answer *answer, struct error *err)
{
	return ask_remember(p, answer) ||
		fail(err, FAULT_LIMIT, "%s: an answer of TVS with %zu roles", p->settings.name,
			answer->role_count);
}

struct reader phone_list(const struct phone *p, enum phone_subject which)
{
	const struct held_list *held = which == PHONE_CTL ? p->ctl : p->itl;
	return held != NULL ? bytes_reader(&held->file) : reader_of(NULL, 0);
}

const struct phone_configuration *phone_configuration(const struct phone *p)
{
	return p->has_configuration ? &p->configuration : NULL;
}

const struct phone_answer *phone_answers(const struct phone *p, size_t *count)
{
	*count = p->answer_count;
	return p->answers;
}
