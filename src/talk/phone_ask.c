#include "talk/phone_impl.h"

#include <stdio.h>

static const struct phone_tvs *present_server(const struct phone *p)
{
	return &p->configuration.tvs[p->tvs];
}

static size_t server_count(const struct phone *p)
{
	return p->has_configuration ? p->configuration.tvs_count : 0;
}

static void answered_no(struct phone *p, int64_t now)
{
	p->question = QUESTION_NONE;
	stage_reject(p, now);
}

/* Goes to the server p->tvs, or gives up after the last. */
static void connect_server(struct phone *p, int64_t now)
{
	if (p->tvs >= server_count(p)) {
		if (server_count(p) == 0)
			fail(&p->verdict.why, FAULT_UNTRUSTED,
				"the signer is not held, and no configuration names a TVS to ask");
		else
			fail_in(&p->verdict.why, "no TVS could be asked, the last");
		answered_no(p, now);
		return;
	}
	p->action = (struct phone_action){
		.act = PHONE_CONNECT,
		.address = present_server(p)->address,
		.port = present_server(p)->port,
	};
}

static void next_server(struct phone *p, int64_t now)
{
	fail_in(&p->verdict.why, "%s:%u", present_server(p)->address,
		(unsigned)present_server(p)->port);
	p->tvs++;
	connect_server(p, now);
}

/* Does this certificate with these roles settle the question? */
static bool settles(const struct phone *p, const struct cert *cert, const uint8_t *roles,
	size_t role_count, struct error *why)
{
	if (p->question == QUESTION_SIGNER)
		return believe_vouched(
			judge_thing(p), judge_bytes(p), &p->header, cert, roles, role_count, why);
	for (size_t i = 0; i < role_count; i++)
		if (roles[i] == ROLE_APP_SERVER && cert_same(cert, p->page_server))
			return true;
	return fail(why, FAULT_UNTRUSTED,
		"TVS knows the server's certificate, but not with role %d", ROLE_APP_SERVER);
}

static bool is_remembered(const struct phone *p, int64_t now)
{
	for (size_t i = 0; i < p->answer_count; i++) {
		const struct phone_answer *answer = &p->answers[i];
		if (answer->expires > now &&
			settles(p, answer->cert, answer->roles, answer->role_count, NULL))
			return true;
	}
	return false;
}

void ask_begin(struct phone *p, enum phone_question question, int64_t now)
{
	p->question = question;
	p->tvs = 0;
	p->verdict.why = (struct error){ 0 };
	if (is_remembered(p, now)) {
		p->question = QUESTION_NONE;
		judge_accept(p, PHONE_BY_MEMORY, now);
		return;
	}
	connect_server(p, now);
}

static bool write_question(struct phone *p, struct error *err)
{
	struct tvs_message message = { .session = p->session++ };
	struct writer label = writer_on(message.device, sizeof(message.device) - 1);
	writer_text(&label, p->settings.model);
	writer_text(&label, "-");
	writer_text(&label, p->settings.name);
	if (p->question == QUESTION_SIGNER) {
		message.command = TVS_QUERY_REQUEST;
		message.subject = p->header.signer_name;
		message.issuer = p->header.issuer_name;
		message.serial = p->header.serial;
	} else {
		message.command = TVS_VERIFY_REQUEST;
		message.certificate = cert_der(p->page_server);
	}
	AUTO_DONE(writer) w = writer_new(TVS_HEADER_SIZE + LIMIT_MESSAGE);
	tvs_message_write(&w, &message);
	bytes_done(&p->message);
	return writer_take(&w, &p->message, err);
}

void ask_shown(struct phone *p, const struct phone_event *event, int64_t now)
{
	struct holding holding = phone_holding(p);
	AUTO(cert) server = cert_parse(event->bytes, &p->verdict.why);
	if (server == NULL) {
		next_server(p, now);
		return;
	}
	if (!believe_server(&holding, server, ROLE_TVS)) {
		fail(&p->verdict.why, FAULT_UNTRUSTED,
			"shows a certificate that no held list has with role %d", ROLE_TVS);
		next_server(p, now);
		return;
	}
	if (!write_question(p, &p->verdict.why)) {
		next_server(p, now);
		return;
	}
	p->action = (struct phone_action){
		.act = PHONE_SEND,
		.message = bytes_reader(&p->message),
	};
}

/* The soonest to expire makes room. */
static struct phone_answer *place_for_answer(struct phone *p, const struct cert *cert)
{
	struct phone_answer *soonest = &p->answers[0];
	for (size_t i = 0; i < p->answer_count; i++) {
		if (cert_same(p->answers[i].cert, cert))
			return &p->answers[i];
		if (p->answers[i].expires < soonest->expires)
			soonest = &p->answers[i];
	}
	return p->answer_count < PHONE_ANSWERS ? &p->answers[p->answer_count++] : soonest;
}

bool ask_remember(struct phone *p, const struct phone_answer *answer)
{
	if (answer->role_count > TVS_ROLES_MAX)
		return false;
	struct cert *cert = cert_keep(answer->cert);
	struct phone_answer *place = place_for_answer(p, cert);
	cert_free(place->cert);
	*place = *answer;
	place->cert = cert;
	return true;
}

void ask_forget(struct phone *p)
{
	for (size_t i = 0; i < p->answer_count; i++)
		cert_free(TAKE(p->answers[i].cert));
	p->answer_count = 0;
}

static void remember(
	struct phone *p, struct cert *cert, const struct tvs_message *answer, int64_t now)
{
	if (answer->ttl == 0)
		return;
	struct phone_answer kept = { .cert = cert, .role_count = answer->role_count };
	for (size_t i = 0; i < answer->role_count; i++)
		kept.roles[i] = answer->roles[i];
	uint32_t ttl = answer->ttl < PHONE_ANSWER_MAX_TTL ? answer->ttl : PHONE_ANSWER_MAX_TTL;
	kept.expires = now + ttl;
	(void)ask_remember(p, &kept); /* the parser bounds the roles */
}

static struct cert *vouched_cert(
	const struct phone *p, const struct tvs_message *answer, struct error *err)
{
	if (p->question == QUESTION_SERVER)
		return cert_keep(p->page_server);
	return cert_parse(answer->certificate, err);
}

/* False: that was no answer to our question. */
static bool is_answer(
	const struct phone *p, struct reader bytes, struct tvs_message *out, struct error *err)
{
	struct tvs_message question;
	if (!tvs_message_parse(bytes_reader(&p->message), &question, err) ||
		!tvs_message_parse(bytes, out, err))
		return false;
	if (out->command != question.command + 1)
		return fail(err, FAULT_MALFORMED, "answers command %d with %d",
			(int)question.command, (int)out->command);
	return out->session == question.session ||
		fail(err, FAULT_MALFORMED, "answers session %u, the question was %u", out->session,
			question.session);
}

void ask_answered(struct phone *p, const struct phone_event *event, int64_t now)
{
	struct error *why = &p->verdict.why;
	struct tvs_message answer;
	if (!is_answer(p, event->bytes, &answer, why)) {
		next_server(p, now);
		return;
	}
	AUTO(cert) cert = answer.status == TVS_VALID ? vouched_cert(p, &answer, why) : NULL;
	if (answer.status == TVS_VALID && cert == NULL) {
		next_server(p, now);
		return;
	}
	(void)snprintf(p->verdict.tvs, sizeof(p->verdict.tvs), "%s:%u", present_server(p)->address,
		(unsigned)present_server(p)->port);
	if (answer.status != TVS_VALID)
		fail(why, FAULT_UNTRUSTED, "TVS at %s does not vouch for it", p->verdict.tvs);
	if (answer.status != TVS_VALID || !settles(p, cert, answer.roles, answer.role_count, why)) {
		answered_no(p, now);
		return;
	}
	remember(p, cert, &answer, now);
	p->question = QUESTION_NONE;
	judge_accept(p, PHONE_BY_TVS, now);
}

void ask_failed(struct phone *p, const struct phone_event *event, int64_t now)
{
	if (event->why != NULL)
		p->verdict.why = *event->why;
	else
		fail(&p->verdict.why, FAULT_IO, "no answer");
	next_server(p, now);
}
