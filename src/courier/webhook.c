#include "courier/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "net/http_client.h"

enum { ANSWER_LIMIT = 64 << 10 };

static const struct scheme {
	const char *text;
	uint16_t port;
	bool tls;
} schemes[] = { { "http://", 80, false }, { "https://", 443, true } };

struct webhook {
	const char *url;
	const struct scheme *scheme; /* NULL: there is none to be posted to */
	struct place to;
	struct outside *outside;
	struct http_client *http;
};

static bool take_url(struct webhook *w, const char *url, struct error *err)
{
	if (strcmp(url, "none") == 0)
		return true;
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (strncmp(url, schemes[i].text, strlen(schemes[i].text)) == 0)
			w->scheme = &schemes[i];
	if (w->scheme == NULL)
		return fail(err, FAULT_USAGE,
			"[courier] webhook: \"%.100s\" is neither none nor an http or https URL",
			url);
	return place_of_url(url, w->scheme->text, w->scheme->port, &w->to, err) ||
		fail_in(err, "[courier] webhook");
}

struct webhook *webhook_new(
	struct loop *l, const struct settings *settings, struct outside *outside, struct error *err)
{
	struct webhook *w = calloc(1, sizeof(*w));
	if (w == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	w->url = settings->webhook;
	w->outside = outside;
	if (take_url(w, settings->webhook, err) && (w->http = http_client_new(l, err)) != NULL)
		return w;
	webhook_free(w);
	return NULL;
}

void webhook_free(struct webhook *w)
{
	if (w == NULL)
		return;
	http_client_free(w->http);
	free(w);
}

static void on_answer(const struct http_reply *reply, const struct error *err, void *context)
{
	struct error why = { 0 };
	if (err == NULL && reply->status / 100 != 2) {
		(void)fail(&why, FAULT_REFUSED, "it answers with status %d", reply->status);
		err = &why;
	}
	errand_end(context, err);
}

static void go(struct errand *errand)
{
	struct error err = { 0 };
	const struct webhook *w = errand->sender;
	const struct http_question question = {
		.method = "POST",
		.url = w->url,
		.body = errand->payload,
		.resolved = errand->resolved[0] == '\0' ? NULL : errand->resolved,
		.authorities =
			w->scheme->tls ? outside_authorities(w->outside) : reader_of(NULL, 0),
		.timeout_ms = OUTSIDE_SEND_MS,
		.limit = ANSWER_LIMIT,
	};
	if (!http_ask(w->http, &question, on_answer, errand, &err))
		errand_end(errand, &err);
}

void webhook_post(struct webhook *w, struct reader json, sent_fn *fn, void *context)
{
	struct error err = { 0 };
	const struct errand errand = {
		.payload = json, .sender = w, .go = go, .fn = fn, .context = context
	};
	if (w->scheme != NULL) {
		outside_send(w->outside, &w->to, &errand);
		return;
	}
	(void)fail(&err, FAULT_USAGE, "[courier] webhook names no URL");
	fn(&err, context);
}
