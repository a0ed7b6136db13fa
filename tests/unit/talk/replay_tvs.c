#include "replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "talk/tvs_server.h"

struct tvs_scene {
	struct replay *replay;
	struct vouch *vouch;
	int64_t now;
	uint32_t ttl;
	uint32_t session;
	bool answered; /* there is an answer that no line has looked at */
	struct bytes answer;
	struct tvs_asked asked;
	struct error why;
};

static void ask(struct tvs_scene *s, struct reader request)
{
	if (s->answered)
		replay_fail(s->replay, "nobody looked at the last answer");
	AUTO_DONE(writer) w = writer_new(LIMIT_MESSAGE + TVS_HEADER_SIZE);
	bytes_done(&s->answer);
	s->why = (struct error){ 0 };
	s->answered = true;
	if (!tvs_answer(s->vouch, request, s->ttl, s->now, &w, &s->asked, &s->why))
		return;
	if (!writer_take(&w, &s->answer, NULL))
		replay_fail(s->replay, "the answer does not fit");
}

/* query KEY [form=builder] [session=N]; verify KEY [session=N]; with command=N as something else */
static void ask_about(struct tvs_scene *s, bool query)
{
	struct replay *r = s->replay;
	const struct cert *cert = key_ring_get(r->ring, replay_word(r, 1))->cert;
	enum name_form form = replay_value(r, "form") != NULL ? NAME_BUILDER : NAME_APPLIANCE;
	struct tvs_message m = {
		.command = query ? TVS_QUERY_REQUEST : TVS_VERIFY_REQUEST,
		.session = (uint32_t)replay_value_number(r, "session", 1001),
		.device = "CP-8861-SEP001122334455",
	};
	s->session = m.session;
	if (query) {
		m.subject = reader_of_text(cert_subject(cert, form));
		m.issuer = reader_of_text(cert_issuer(cert, form));
		m.serial = cert_serial(cert);
	} else {
		m.certificate = cert_der(cert);
	}
	AUTO_DONE(writer) w = writer_new(LIMIT_MESSAGE + TVS_HEADER_SIZE);
	tvs_message_write(&w, &m);
	ask(s, writer_written(&w));
}

/* answer no; answer valid roles=… [certificate=KEY] [ttl=N] */
static void check_answer(struct tvs_scene *s)
{
	struct replay *r = s->replay;
	struct error err = { 0 };
	struct tvs_message m;
	bool valid = strcmp(replay_word(r, 1), "valid") == 0;
	if (!s->answered || s->answer.size == 0)
		replay_fail(r, "there is no answer: %s", s->why.text);
	if (!tvs_message_parse(bytes_reader(&s->answer), &m, &err))
		replay_fail(r, "%s", err.text);
	if (m.session != s->session || (m.status == TVS_VALID) != valid ||
		s->asked.valid != valid || m.command != s->asked.command + 1)
		replay_fail(
			r, "another answer: status %d, command %d", (int)m.status, (int)m.command);
	uint8_t roles[16];
	const char *text = replay_value(r, "roles"), *name = replay_value(r, "certificate");
	size_t count = replay_roles(r, text != NULL ? text : "", roles);
	if (m.role_count != count || memcmp(m.roles, roles, count) != 0)
		replay_fail(r, "other roles");
	struct reader none = reader_of(NULL, 0);
	struct reader der = name != NULL ? cert_der(key_ring_get(r->ring, name)->cert) : none;
	if (!reader_same(m.certificate, der))
		replay_fail(r, "another certificate");
	if (m.ttl != replay_value_number(r, "ttl", valid ? s->ttl : 0))
		replay_fail(r, "to be kept for %u s", m.ttl);
	s->answered = false;
}

static void check_hang_up(struct tvs_scene *s)
{
	struct replay *r = s->replay;
	if (!s->answered || s->answer.size > 0 || s->why.fault == FAULT_NONE)
		replay_fail(r, "it does not hang up");
	const char *why = replay_value(r, "why");
	if (why != NULL && strstr(s->why.text, why) == NULL)
		replay_fail(r, "\"%s\" says nothing of \"%s\"", s->why.text, why);
	s->answered = false;
}

static void vouch_for(struct tvs_scene *s)
{
	struct replay *r = s->replay;
	struct error err = { 0 };
	uint8_t roles[16];
	size_t count = replay_roles(r, replay_value(r, "roles"), roles);
	if (!vouch_add(
		    s->vouch, key_ring_get(r->ring, replay_word(r, 1))->cert, roles, count, &err))
		replay_fail(r, "%s", err.text);
}

static void about(struct tvs_scene *s)
{
	struct replay *r = s->replay;
	if (strcmp(s->asked.about, replay_word(r, 1)) != 0)
		replay_fail(r, "it was asked about \"%s\"", s->asked.about);
}

static void one_line(struct tvs_scene *s)
{
	struct replay *r = s->replay;
	if (replay_is(r, "vouch"))
		vouch_for(s);
	else if (replay_is(r, "ttl"))
		s->ttl = (uint32_t)replay_number(r, replay_word(r, 1));
	else if (replay_is(r, "later"))
		s->now += (int64_t)replay_number(r, replay_word(r, 1));
	else if (replay_is(r, "query") || replay_is(r, "verify"))
		ask_about(s, replay_is(r, "query"));
	else if (replay_is(r, "sends"))
		ask(s, replay_object(r, replay_word(r, 1)));
	else if (replay_is(r, "answer"))
		check_answer(s);
	else if (replay_is(r, "hang-up"))
		check_hang_up(s);
	else if (replay_is(r, "about"))
		about(s);
	else if (!replay_makes_object(r))
		replay_fail(r, "what is %s?", r->words[0]);
}

void replay_tvs(struct replay *r)
{
	struct error err = { 0 };
	struct tvs_scene s = { .replay = r, .now = 1700001000, .ttl = 86400 };
	s.vouch = vouch_new(&err);
	assert_non_null(s.vouch);
	while (replay_next(r))
		one_line(&s);
	if (s.answered)
		replay_fail(r, "nobody looked at the last answer");
	bytes_done(&s.answer);
	vouch_free(s.vouch);
}
