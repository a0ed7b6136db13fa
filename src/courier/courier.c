#include "courier/courier.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "courier/syslog.h"
#include "net/http_client.h"
#include "net/sibling.h"
#include "run/log.h"
#include "run/process.h"
#include "wire/courier_message.h"

enum { POST_MS = 20000, ANSWER_LIMIT = 64 << 10 };

struct courier {
	const struct settings *settings;
	struct loop *loop;
	struct sibling_server *server;
	struct syslog_sender *syslog;
	struct http_client *http;
};

static void on_sent(const struct error *err, void *context)
{
	struct sibling_request *request = context;
	if (err != NULL)
		sibling_refuse(request, err);
	else
		sibling_answer(request, reader_of(NULL, 0));
}

static void on_posted(const struct http_reply *reply, const struct error *err, void *context)
{
	struct error why = { 0 };
	bool taken = err == NULL && reply->status / 100 == 2;
	if (err == NULL && !taken)
		(void)fail(&why, FAULT_IO, "it answers with status %d", reply->status);
	on_sent(taken ? NULL : err != NULL ? err : &why, context);
}

static void post(struct courier *c, struct reader json, struct sibling_request *request)
{
	struct error err = { 0 };
	const struct http_question question = {
		.method = "POST",
		.url = c->settings->webhook,
		.body = json,
		.timeout_ms = POST_MS,
		.limit = ANSWER_LIMIT,
	};
	if (strncmp(question.url, "http://", strlen("http://")) != 0)
		(void)fail(&err, FAULT_USAGE, "[courier] webhook is no http URL");
	else if (http_ask(c->http, &question, on_posted, request, &err))
		return;
	on_sent(&err, request);
}

static void on_request(struct sibling_request *request, void *context)
{
	struct courier *c = context;
	struct reader payload = sibling_payload(request);
	struct error err = { FAULT_REFUSED, "the courier does not do this" };
	uint8_t target = reader_u8(&payload);
	if (sibling_operation(request) == COURIER_SEND && target == COURIER_SYSLOG &&
		payload.left > 0)
		syslog_send(c->syslog, payload, on_sent, request);
	else if (sibling_operation(request) == COURIER_SEND && target == COURIER_WEBHOOK &&
		payload.left > 0)
		post(c, payload, request);
	else
		sibling_refuse(request, &err);
}

static void on_broken(unsigned tag, const struct error *why, void *context)
{
	(void)tag;
	(void)context;
	log_refused("manager", "sibling", why);
}

static bool admits(unsigned tag, int pid, void *context)
{
	(void)tag;
	(void)context;
	return process_is("manager", pid);
}

static void on_end(void *context)
{
	struct courier *c = context;
	loop_stop(c->loop);
}

static bool start(struct courier *c, struct error *err)
{
	static const struct sibling_events events = {
		.request = on_request, .broken = on_broken, .admits = admits
	};
	const char *paths[] = { NULL };
	c->syslog = syslog_sender_new(c->loop, c->settings, err);
	c->http = http_client_new(c->loop, err);
	if (c->syslog == NULL || c->http == NULL ||
		!process_enter(c->settings, "courier", SANDBOX_COURIER, paths, err))
		return false;
	c->server = sibling_serve(c->loop, process_socket("courier.manager"),
		process_user(c->settings, "manager"), 0, &events, c, err);
	return c->server != NULL && loop_on_signal(c->loop, SIGTERM, on_end, c, err);
}

bool courier_run(const struct settings *settings, struct error *err)
{
	struct courier c = { .settings = settings };
	AUTO(loop) loop = loop_new(err);
	c.loop = loop;
	bool fine = loop != NULL && start(&c, err);
	if (fine) {
		process_ready();
		fine = loop_run(loop, err);
	}
	http_client_free(c.http);
	syslog_sender_free(c.syslog);
	sibling_server_free(c.server);
	return fine;
}
