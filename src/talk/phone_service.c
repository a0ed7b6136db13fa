#include "talk/phone_impl.h"

#include <assert.h>
#include <string.h>

enum { HTTP_FINE = 200, HTTP_NOT_FOUND = 404 };

static const struct url_scheme schemes[] = { { "https", 443 } };

bool service_begin(struct phone *p)
{
	const char *text = p->configuration.service_url;
	if (!url_parse(text, schemes, COUNT(schemes), &p->page, NULL))
		return false;
	static_assert(sizeof(p->verdict.file) == PHONE_URL_SIZE, "a verdict can name every page");
	memcpy(p->verdict.file, text, PHONE_URL_SIZE);
	p->action = (struct phone_action){
		.act = PHONE_CONNECT,
		.address = p->page.host,
		.port = p->page.port,
	};
	return true;
}

void service_shown(struct phone *p, const struct phone_event *event, int64_t now)
{
	struct holding holding = phone_holding(p);
	p->page_server = cert_parse(event->bytes, &p->verdict.why);
	if (p->page_server == NULL)
		stage_reject(p, now);
	else if (believe_server(&holding, p->page_server, ROLE_APP_SERVER))
		judge_accept(p, PHONE_BY_LIST, now);
	else
		ask_begin(p, QUESTION_SERVER, now);
}

/* The request leaves only for the very certificate that was judged. */
void service_vouched(struct phone *p, enum phone_basis basis, int64_t now)
{
	(void)now;
	p->verdict.basis = basis;
	p->action = (struct phone_action){
		.act = PHONE_VISIT,
		.url = p->configuration.service_url,
	};
	struct reader digest = reader_of(cert_digest(p->page_server), DIGEST_SIZE);
	reader_copy(&digest, p->action.pin, sizeof(p->action.pin));
}

void service_connect_failed(struct phone *p, const struct phone_event *event, int64_t now)
{
	if (event->why != NULL)
		p->verdict.why = *event->why;
	p->verdict.basis = PHONE_BY_NOTHING;
	stage_end(
		p, p->verdict.why.fault == FAULT_UNTRUSTED ? PHONE_REJECTED : PHONE_UNREACHED, now);
}

void service_visited(struct phone *p, const struct phone_event *event, int64_t now)
{
	if (event->status == HTTP_FINE) {
		stage_end(p, PHONE_VERIFIED, now);
		return;
	}
	fail(&p->verdict.why, event->status == HTTP_NOT_FOUND ? FAULT_MISSING : FAULT_REFUSED,
		"the server answers %d", event->status);
	stage_end(p, event->status == HTTP_NOT_FOUND ? PHONE_NONE : PHONE_UNREACHED, now);
}
