#include "emulator/handset.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "emulator/configuration_file.h"
#include "emulator/line.h"
#include "fetch/transfer.h"
#include "net/http_client.h"

enum { PAGE_SIZE = 1 << 20 };

struct handset {
	struct loop *loop;
	struct phone *phone;
	struct handset_state state;
	const struct handset_events *events;
	void *context;
	char source[ADDRESS_SIZE];
	uint64_t timeout_ms;

	struct transfer *transfer; /* what is under way, one of them at most */
	struct line *line;
	struct http_client *http;
};

static void go_on(struct handset *h);

static const char *source_of(const struct handset *h)
{
	return h->source[0] != '\0' ? h->source : NULL;
}

/* Each event that is fed here answers the action under way, so the brain takes it. */
static void step(struct handset *h, const struct phone_event *event)
{
	bool taken = phone_step(h->phone, event, clock_now(), NULL);
	assert(taken);
}

static void file_came(struct reader file, const struct error *err, void *context)
{
	struct handset *h = context;
	struct phone_event event = { .happening = PHONE_FETCHED, .bytes = file };
	if (err != NULL)
		event = (struct phone_event){
			.happening = err->fault == FAULT_MISSING ? PHONE_ABSENT : PHONE_FAILED,
			.why = err,
		};
	step(h, &event);
	transfer_free(TAKE(h->transfer));
	go_on(h);
}

static bool fetch(struct handset *h, const struct phone_action *action, struct error *err)
{
	bool http = action->transport == PHONE_HTTP;
	struct transfer_question question = {
		.kind = http ? TRANSFER_HTTP : TRANSFER_TFTP,
		.source = source_of(h),
		.name = action->name,
		.limit = action->limit,
		.timeout_ms = h->timeout_ms,
	};
	uint16_t port = http ? action->server->http_port : action->server->tftp_port;
	if (!address_of(action->server->address, port, &question.server, err))
		return false;
	h->transfer = transfer_start(h->loop, &question, file_came, h, err);
	return h->transfer != NULL;
}

static void certificate_shown(struct reader certificate, void *context)
{
	struct handset *h = context;
	step(h, &(struct phone_event){ .happening = PHONE_SHOWN, .bytes = certificate });
	go_on(h);
}

static void answered(struct reader message, void *context)
{
	struct handset *h = context;
	step(h, &(struct phone_event){ .happening = PHONE_ANSWERED, .bytes = message });
	go_on(h);
}

static void line_failed(const struct error *why, void *context)
{
	struct handset *h = context;
	h->line = NULL;
	step(h, &(struct phone_event){ .happening = PHONE_FAILED, .why = why });
	go_on(h);
}

static bool connect_line(struct handset *h, const struct phone_action *action, struct error *err)
{
	static const struct line_events events = { certificate_shown, answered, line_failed };
	struct line_plan plan = { .source = source_of(h), .timeout_ms = h->timeout_ms };
	if (!address_of(action->address, action->port, &plan.server, err))
		return fail_in(err, "emulated phones know servers by address only");
	h->line = line_open(h->loop, &plan, &events, h, err);
	return h->line != NULL;
}

static void page_came(const struct http_reply *reply, const struct error *err, void *context)
{
	struct handset *h = context;
	struct phone_event event = { .happening = PHONE_FAILED, .why = err };
	if (err == NULL)
		event = (struct phone_event){
			.happening = PHONE_VISITED,
			.status = reply->status,
		};
	step(h, &event);
	http_client_free(TAKE(h->http));
	go_on(h);
}

static bool visit(struct handset *h, const struct phone_action *action, struct error *err)
{
	const struct http_question question = {
		.method = "GET",
		.url = action->url,
		.source = source_of(h),
		.timeout_ms = h->timeout_ms,
		.limit = PAGE_SIZE,
		.pin = action->pin,
	};
	h->http = http_client_new(h->loop, err);
	if (h->http == NULL || http_ask(h->http, &question, page_came, h, err))
		return h->http != NULL;
	http_client_free(TAKE(h->http));
	return false;
}

static bool read_configuration(
	struct handset *h, const struct phone_action *action, struct error *err)
{
	struct phone_configuration configuration;
	struct bytes file;
	if (!configuration_file_read(action->file, &configuration, err) ||
		!bytes_copy(&file, action->file, err))
		return false;
	h->state.configuration_changed = h->state.configuration_changed ||
		!reader_same(bytes_reader(&file), bytes_reader(&h->state.configuration));
	bytes_done(&h->state.configuration);
	h->state.configuration = file;
	step(h,
		&(struct phone_event){
			.happening = PHONE_CONFIGURED,
			.configuration = &configuration,
		});
	return true;
}

/* Begins what the brain wants; false: it could not even be begun. */
static bool act(struct handset *h, const struct phone_action *action, struct error *err)
{
	switch (action->act) {
	case PHONE_FETCH:
		return fetch(h, action, err);
	case PHONE_CONNECT:
		return connect_line(h, action, err);
	case PHONE_READ:
		return read_configuration(h, action, err);
	case PHONE_VISIT:
		return visit(h, action, err);
	case PHONE_SEND:
	case PHONE_REST:
		break;
	}
	return true;
}

static void rest(struct handset *h)
{
	struct error err = { 0 };
	bool saved = handset_state_save(&h->state, h->phone, &err);
	h->events->rested(saved ? NULL : &err, h->context);
}

/* Begins the next action, or ends. A line that was opened is kept for a question, no longer. */
static void go_on(struct handset *h)
{
	const struct phone_action *action = phone_action(h->phone);
	while (action->act != PHONE_REST && action->act != PHONE_SEND) {
		struct error err = { 0 };
		line_hang_up(TAKE(h->line));
		bool reads = action->act == PHONE_READ;
		if (!act(h, action, &err))
			step(h, &(struct phone_event){ .happening = PHONE_FAILED, .why = &err });
		else if (!reads)
			return; /* its end comes from the loop */
	}
	if (action->act == PHONE_SEND) {
		line_send(h->line, action->message);
		return;
	}
	line_hang_up(TAKE(h->line));
	rest(h);
}

static bool begin(struct handset *h, const struct phone_event *event, struct error *err)
{
	if (phone_action(h->phone)->act != PHONE_REST)
		return fail(err, FAULT_BUSY, "the phone is busy");
	if (!phone_step(h->phone, event, clock_now(), err))
		return false;
	h->state.boots += event->happening == PHONE_BOOT ? 1 : 0;
	go_on(h);
	return true;
}

bool handset_boot(struct handset *h, struct error *err)
{
	return begin(h, &(struct phone_event){ .happening = PHONE_BOOT }, err);
}

bool handset_open(struct handset *h, const char *file, struct error *err)
{
	return begin(h, &(struct phone_event){ .happening = PHONE_OPEN, .name = file }, err);
}

bool handset_set_servers(
	struct handset *h, const struct phone_server *servers, size_t count, struct error *err)
{
	return phone_set_servers(h->phone, servers, count, err);
}

static void told(const struct phone_verdict *verdict, void *context)
{
	struct handset *h = context;
	h->events->verdict(verdict, h->context);
}

static bool fill(struct handset *h, const struct handset_plan *plan, struct error *err)
{
	struct address source;
	if (plan->source != NULL &&
		(!address_of(plan->source, 0, &source, err) ||
			!text_copy(h->source, sizeof(h->source), plan->source, err)))
		return false;
	h->phone = phone_new(plan->phone, told, h, err);
	return h->phone != NULL && handset_state_open(&h->state, plan->directory, h->phone, err);
}

struct handset *handset_new(struct loop *l, const struct handset_plan *plan,
	const struct handset_events *events, void *context, struct error *err)
{
	AUTO(handset) h = calloc(1, sizeof(*h));
	if (h == NULL) {
		fail_memory(err);
		return NULL;
	}
	h->loop = l;
	h->events = events;
	h->context = context;
	h->timeout_ms = plan->timeout_ms;
	h->state.directory = -1;
	return fill(h, plan, err) ? TAKE(h) : NULL;
}

void handset_free(struct handset *h)
{
	if (h == NULL)
		return;
	transfer_free(h->transfer);
	line_hang_up(h->line);
	http_client_free(h->http);
	handset_state_done(&h->state);
	phone_free(h->phone);
	free(h);
}

const struct phone *handset_phone(const struct handset *h)
{
	return h->phone;
}

unsigned handset_boots(const struct handset *h)
{
	return h->state.boots;
}
