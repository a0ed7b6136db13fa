#include "courier/courier.h"

#include <signal.h>

#include "courier/bulk_files.h"
#include "courier/mail.h"
#include "courier/syslog.h"
#include "courier/webhook.h"
#include "net/sibling.h"
#include "run/log.h"
#include "run/process.h"
#include "wire/courier_message.h"

struct courier {
	const struct settings *settings;
	struct loop *loop;
	struct sibling_server *server;
	struct syslog_sender *syslog;
	struct outside *outside;
	struct webhook *webhook;
	struct mail *mail;
	struct bulk_files *bulk;
};

static void on_sent(const struct error *err, void *context)
{
	struct sibling_request *request = context;
	if (err != NULL)
		sibling_refuse(request, err);
	else
		sibling_answer(request, reader_of(NULL, 0));
}

static void on_request(struct sibling_request *request, void *context)
{
	struct courier *c = context;
	struct reader payload = sibling_payload(request);
	unsigned operation = sibling_operation(request);
	struct error err = { FAULT_USAGE, "the courier does not do this" };
	if (operation >= COURIER_BULK_STORE && operation <= COURIER_BULK_NAMES) {
		bulk_files_ask(c->bulk, request);
		return;
	}
	unsigned target = reader_u8(&payload);
	if (operation != COURIER_SEND || payload.left == 0)
		sibling_refuse(request, &err);
	else if (target == COURIER_SYSLOG)
		syslog_send(c->syslog, payload, on_sent, request);
	else if (target == COURIER_WEBHOOK)
		webhook_post(c->webhook, payload, on_sent, request);
	else if (target == COURIER_MAIL)
		mail_deliver(c->mail, payload, on_sent, request);
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
	if ((c->syslog = syslog_sender_new(c->loop, c->settings, err)) == NULL ||
		(c->outside = outside_new(c->loop, c->settings, err)) == NULL ||
		(c->webhook = webhook_new(c->loop, c->settings, c->outside, err)) == NULL ||
		(c->mail = mail_new(c->loop, c->settings, c->outside, err)) == NULL ||
		(c->bulk = bulk_files_new(c->loop, c->settings, err)) == NULL)
		return false;
	const char *paths[] = { bulk_files_path(c->bulk), NULL };
	if (!process_enter(c->settings, "courier", SANDBOX_COURIER, paths, err))
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
	outside_free(c.outside);
	mail_free(c.mail);
	bulk_files_free(c.bulk);
	webhook_free(c.webhook);
	syslog_sender_free(c.syslog);
	sibling_server_free(c.server);
	return fine;
}
