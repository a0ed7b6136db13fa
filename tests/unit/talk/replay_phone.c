#include "replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "talk/phone.h"

enum { TOLD = 8, CONFIGURATIONS = 8 };

struct phone_scene {
	struct replay *replay;
	struct phone_settings settings;
	struct phone *phone;
	int64_t now;
	size_t told_count, told_at;
	struct phone_verdict told[TOLD];
	size_t configuration_count;
	struct {
		char name[32];
		struct phone_configuration value;
	} configurations[CONFIGURATIONS];
};

static void told(const struct phone_verdict *verdict, void *context)
{
	struct phone_scene *s = context;
	if (s->told_count == TOLD)
		replay_fail(s->replay, "too many verdicts");
	s->told[s->told_count++] = *verdict;
}

/* phone NAME [http]; server ADDRESS [tftp=N] [http=N]; configuration NAME tvs=… load=… service=… */
static void make_phone(struct phone_scene *s)
{
	struct replay *r = s->replay;
	(void)snprintf(s->settings.model, sizeof(s->settings.model), "CP-8861");
	(void)snprintf(s->settings.name, sizeof(s->settings.name), "%s", replay_word(r, 1));
	s->settings.http_first = r->count > 2 && strcmp(r->words[2], "http") == 0;
}

static void make_server(struct phone_scene *s)
{
	struct replay *r = s->replay;
	struct phone_server *server = &s->settings.servers[s->settings.server_count++];
	(void)snprintf(server->address, sizeof(server->address), "%s", replay_word(r, 1));
	server->tftp_port = (uint16_t)replay_value_number(r, "tftp", 0);
	server->http_port = (uint16_t)replay_value_number(r, "http", 0);
}

static void add_tvs(struct phone_scene *s, struct phone_configuration *c, const char *text)
{
	const char *colon = strchr(text, ':');
	if (colon == NULL)
		replay_fail(s->replay, "%s is no address and port", text);
	struct phone_tvs *tvs = &c->tvs[c->tvs_count++];
	char port[8] = "";
	(void)snprintf(tvs->address, sizeof(tvs->address), "%.*s", (int)(colon - text), text);
	(void)snprintf(port, sizeof(port), "%.*s", (int)strcspn(colon + 1, ","), colon + 1);
	tvs->port = (uint16_t)replay_number(s->replay, port);
}

static void make_configuration(struct phone_scene *s)
{
	struct replay *r = s->replay;
	struct phone_configuration c = { 0 };
	const char *tvs = replay_value(r, "tvs");
	const char *load = replay_value(r, "load"), *service = replay_value(r, "service");
	while (tvs != NULL && *tvs != '\0') {
		add_tvs(s, &c, tvs);
		tvs += strcspn(tvs, ",");
		tvs += *tvs == ',' ? 1 : 0;
	}
	(void)snprintf(c.load, sizeof(c.load), "%s", load != NULL ? load : "");
	(void)snprintf(c.service_url, sizeof(c.service_url), "%s", service != NULL ? service : "");
	if (s->configuration_count == CONFIGURATIONS)
		replay_fail(r, "too many configurations");
	(void)snprintf(s->configurations[s->configuration_count].name,
		sizeof(s->configurations[0].name), "%s", replay_word(r, 1));
	s->configurations[s->configuration_count++].value = c;
}

static const struct phone_configuration *find_configuration(
	const struct phone_scene *s, const char *name)
{
	for (size_t i = 0; i < s->configuration_count; i++)
		if (strcmp(s->configurations[i].name, name) == 0)
			return &s->configurations[i].value;
	replay_fail(s->replay, "no configuration %s", name);
}

static struct phone *the_phone(struct phone_scene *s)
{
	struct error err = { 0 };
	if (s->phone == NULL)
		s->phone = phone_new(&s->settings, told, s, &err);
	if (s->phone == NULL)
		replay_fail(s->replay, "%s", err.text);
	return s->phone;
}

/* holds ctl|itl OBJECT; remembers configuration NAME; remembers answer KEY roles=… ttl=… */
static void restore(struct phone_scene *s)
{
	struct replay *r = s->replay;
	struct error err = { 0 };
	const char *what = replay_word(r, 1), *name = replay_word(r, 2);
	bool ok = true;
	if (strcmp(what, "ctl") == 0 || strcmp(what, "itl") == 0) {
		ok = phone_restore_list(the_phone(s), what[0] == 'c' ? PHONE_CTL : PHONE_ITL,
			replay_object(r, name), &err);
	} else if (strcmp(what, "configuration") == 0) {
		phone_restore_configuration(the_phone(s), find_configuration(s, name));
	} else {
		struct phone_answer answer = { .cert = key_ring_get(r->ring, name)->cert };
		answer.role_count = replay_roles(r, replay_value(r, "roles"), answer.roles);
		answer.expires = s->now + (int64_t)replay_value_number(r, "ttl", 0);
		ok = phone_restore_answer(the_phone(s), &answer, &err);
	}
	if (!ok)
		replay_fail(r, "%s", err.text);
}

static void nothing_untold(struct phone_scene *s)
{
	if (s->told_at < s->told_count)
		replay_fail(s->replay, "the phone also told: %s (%s)", s->told[s->told_at].words,
			s->told[s->told_at].why.text);
	s->told_at = s->told_count = 0;
}

static void step(struct phone_scene *s, const struct phone_event *event)
{
	struct error err = { 0 };
	nothing_untold(s);
	if (!phone_step(the_phone(s), event, s->now, &err))
		replay_fail(s->replay, "%s", err.text);
}

/* answer no | valid certificate=KEY roles=… ttl=… [session=N] [command=N] | bytes OBJECT */
static void answer(struct phone_scene *s)
{
	struct replay *r = s->replay;
	const char *kind = replay_word(r, 1);
	if (strcmp(kind, "bytes") == 0) {
		step(s,
			&(struct phone_event){ .happening = PHONE_ANSWERED,
				.bytes = replay_object(r, replay_word(r, 2)) });
		return;
	}
	struct tvs_message question, reply = { 0 };
	if (!tvs_message_parse(phone_action(s->phone)->message, &question, NULL))
		replay_fail(r, "there is no question");
	reply.command =
		(enum tvs_command)replay_value_number(r, "command", (uint64_t)question.command + 1);
	reply.session = (uint32_t)replay_value_number(r, "session", question.session);
	reply.status = strcmp(kind, "valid") == 0 ? TVS_VALID : TVS_INVALID;
	if (reply.status == TVS_VALID) {
		const char *certificate = replay_value(r, "certificate");
		reply.role_count = replay_roles(r, replay_value(r, "roles"), reply.roles);
		reply.ttl = (uint32_t)replay_value_number(r, "ttl", 86400);
		if (certificate != NULL)
			reply.certificate = cert_der(key_ring_get(r->ring, certificate)->cert);
	}
	AUTO_DONE(writer) w = writer_new(LIMIT_MESSAGE + TVS_HEADER_SIZE);
	tvs_message_write(&w, &reply);
	step(s, &(struct phone_event){ .happening = PHONE_ANSWERED, .bytes = writer_written(&w) });
}

static void failed(struct phone_scene *s)
{
	struct replay *r = s->replay;
	struct error why = { .fault = FAULT_IO };
	if (r->count > 1 && !fault_from_name(r->words[1], &why.fault))
		replay_fail(r, "%s is no fault", r->words[1]);
	(void)snprintf(why.text, sizeof(why.text), "%s", r->count > 2 ? r->words[2] : "refused");
	step(s, &(struct phone_event){ .happening = PHONE_FAILED, .why = &why });
}

static bool happens(struct phone_scene *s)
{
	struct replay *r = s->replay;
	if (replay_is(r, "boot"))
		step(s, &(struct phone_event){ .happening = PHONE_BOOT });
	else if (replay_is(r, "open"))
		step(s,
			&(struct phone_event){
				.happening = PHONE_OPEN, .name = replay_word(r, 1) });
	else if (replay_is(r, "got"))
		step(s,
			&(struct phone_event){ .happening = PHONE_FETCHED,
				.bytes = replay_object(r, replay_word(r, 1)) });
	else if (replay_is(r, "absent"))
		step(s, &(struct phone_event){ .happening = PHONE_ABSENT });
	else if (replay_is(r, "shown"))
		step(s,
			&(struct phone_event){ .happening = PHONE_SHOWN,
				.bytes =
					cert_der(key_ring_get(r->ring, replay_word(r, 1))->cert) });
	else if (replay_is(r, "shown-bytes"))
		step(s,
			&(struct phone_event){ .happening = PHONE_SHOWN,
				.bytes = replay_object(r, replay_word(r, 1)) });
	else if (replay_is(r, "configured"))
		step(s,
			&(struct phone_event){ .happening = PHONE_CONFIGURED,
				.configuration = find_configuration(s, replay_word(r, 1)) });
	else if (replay_is(r, "visited"))
		step(s,
			&(struct phone_event){ .happening = PHONE_VISITED,
				.status = (int)replay_number(r, replay_word(r, 1)) });
	else
		return false;
	return true;
}

static const struct phone_action *action(struct phone_scene *s, enum phone_act act)
{
	static const char *const names[] = { "rest", "fetch", "connect", "send", "read", "visit" };
	const struct phone_action *a = phone_action(the_phone(s));
	if (a->act != act)
		replay_fail(s->replay, "the phone does not %s, it does %s %s", names[act],
			names[a->act], a->act == PHONE_FETCH ? a->name : "");
	return a;
}

static void same(
	const struct phone_scene *s, const char *what, const char *got, const char *expected)
{
	if (strcmp(got, expected) != 0)
		replay_fail(s->replay, "%s: \"%s\" where \"%s\" was expected", what, got, expected);
}

static void fetches(struct phone_scene *s)
{
	const struct phone_action *a = action(s, PHONE_FETCH);
	same(s, "transport", phone_transport_name(a->transport), replay_word(s->replay, 1));
	same(s, "server", a->server->address, replay_word(s->replay, 2));
	same(s, "name", a->name, replay_word(s->replay, 3));
}

static void connects(struct phone_scene *s)
{
	const struct phone_action *a = action(s, PHONE_CONNECT);
	char text[ADDRESS_SIZE + 8];
	(void)snprintf(text, sizeof(text), "%s:%u", a->address, (unsigned)a->port);
	same(s, "address", text, replay_word(s->replay, 1));
}

/* asks signer KEY | server KEY [session=N] */
static void asks(struct phone_scene *s)
{
	struct replay *r = s->replay;
	struct tvs_message m;
	if (!tvs_message_parse(action(s, PHONE_SEND)->message, &m, NULL))
		replay_fail(r, "the phone sends no TVS message");
	bool signer = strcmp(replay_word(r, 1), "signer") == 0;
	const struct cert *cert = key_ring_get(r->ring, replay_word(r, 2))->cert;
	char label[PHONE_MODEL_SIZE + DEVICE_NAME_SIZE];
	(void)snprintf(label, sizeof(label), "%s-%s", s->settings.model, s->settings.name);
	same(s, "device", m.device, label);
	if (m.command != (signer ? TVS_QUERY_REQUEST : TVS_VERIFY_REQUEST))
		replay_fail(r, "the phone asks with command %d", (int)m.command);
	bool fits = signer ? reader_same(m.serial, cert_serial(cert)) &&
			reader_same(
				m.subject, reader_of_text(cert_subject(cert, NAME_APPLIANCE))) &&
			reader_same(m.issuer, reader_of_text(cert_issuer(cert, NAME_APPLIANCE)))
			   : reader_same(m.certificate, cert_der(cert));
	if (!fits)
		replay_fail(r, "the phone asks about somebody else");
	if (replay_value_number(r, "session", m.session) != m.session)
		replay_fail(r, "the phone asks in session %u", m.session);
}

static void visits(struct phone_scene *s)
{
	struct replay *r = s->replay;
	const struct phone_action *a = action(s, PHONE_VISIT);
	same(s, "URL", a->url, replay_word(r, 1));
	const struct cert *cert = key_ring_get(r->ring, replay_word(r, 2))->cert;
	if (memcmp(a->pin, cert_digest(cert), sizeof(a->pin)) != 0)
		replay_fail(r, "the page would be taken from another certificate");
}

/* tell SUBJECT OUTCOME BASIS|- WORDS [tvs=…] [why=…] [good=yes|no] */
static void tells(struct phone_scene *s)
{
	struct replay *r = s->replay;
	if (s->told_at == s->told_count)
		replay_fail(r, "the phone tells nothing");
	const struct phone_verdict *v = &s->told[s->told_at++];
	const char *basis = phone_basis_name(v->basis);
	const char *tvs = replay_value(r, "tvs"), *why = replay_value(r, "why");
	same(s, "words", v->words, replay_word(r, 4));
	same(s, "subject", phone_subject_name(v->subject), replay_word(r, 1));
	same(s, "outcome", phone_outcome_name(v->outcome), replay_word(r, 2));
	same(s, "basis", basis[0] != '\0' ? basis : "-", replay_word(r, 3));
	same(s, "tvs", v->tvs, tvs != NULL ? tvs : "");
	if (why != NULL && strstr(v->why.text, why) == NULL)
		replay_fail(r, "\"%s\" says nothing of \"%s\"", v->why.text, why);
	bool bad = v->outcome == PHONE_REJECTED || v->outcome == PHONE_UNREACHED;
	if (bad != (v->why.fault != FAULT_NONE) && v->outcome != PHONE_NONE)
		replay_fail(r, "outcome %s with the reason \"%s\"", phone_outcome_name(v->outcome),
			v->why.text);
	if (bad && phone_verdict_good(v))
		replay_fail(r, "called good");
}

/* keeps ctl|itl OBJECT|nothing; keeps answers N; keeps tvs N */
static void keeps(struct phone_scene *s)
{
	struct replay *r = s->replay;
	const char *what = replay_word(r, 1), *name = replay_word(r, 2);
	size_t count;
	(void)phone_answers(s->phone, &count);
	if (strcmp(what, "answers") == 0) {
		if (count != replay_number(r, name))
			replay_fail(r, "it keeps %zu answers", count);
	} else {
		struct reader kept = phone_list(s->phone, what[0] == 'c' ? PHONE_CTL : PHONE_ITL);
		bool nothing = strcmp(name, "nothing") == 0;
		if (nothing ? kept.left > 0 : !reader_same(kept, replay_object(r, name)))
			replay_fail(r, "it keeps another %s", what);
	}
}

static bool follows(struct phone_scene *s)
{
	struct replay *r = s->replay;
	if (replay_is(r, "fetch"))
		fetches(s);
	else if (replay_is(r, "connect"))
		connects(s);
	else if (replay_is(r, "asks"))
		asks(s);
	else if (replay_is(r, "visit"))
		visits(s);
	else if (replay_is(r, "tell"))
		tells(s);
	else if (replay_is(r, "keeps"))
		keeps(s);
	else if (replay_is(r, "rest"))
		(void)action(s, PHONE_REST);
	else if (replay_is(r, "read")) {
		if (!reader_same(action(s, PHONE_READ)->file, reader_of_text(replay_word(r, 1))))
			replay_fail(r, "other text is read");
	} else
		return false;
	return true;
}

static bool prepares(struct phone_scene *s)
{
	struct replay *r = s->replay;
	if (replay_is(r, "phone"))
		make_phone(s);
	else if (replay_is(r, "server"))
		make_server(s);
	else if (replay_is(r, "configuration"))
		make_configuration(s);
	else if (replay_is(r, "holds") || replay_is(r, "remembers"))
		restore(s);
	else if (replay_is(r, "later"))
		s->now += (int64_t)replay_number(r, replay_word(r, 1));
	else
		return replay_makes_object(r);
	return true;
}

/* An event that answers nothing must be refused and change nothing. */
static void refused(struct phone_scene *s)
{
	struct error err = { 0 };
	static const enum phone_happening all[] = { PHONE_BOOT, PHONE_OPEN, PHONE_FETCHED,
		PHONE_ABSENT, PHONE_SHOWN, PHONE_ANSWERED, PHONE_CONFIGURED, PHONE_VISITED };
	enum phone_act act = phone_action(s->phone)->act;
	for (size_t i = 0; i < COUNT(all); i++) {
		bool fits = (act == PHONE_REST && all[i] <= PHONE_OPEN) ||
			(act == PHONE_FETCH &&
				(all[i] == PHONE_FETCHED || all[i] == PHONE_ABSENT)) ||
			(act == PHONE_CONNECT && all[i] == PHONE_SHOWN) ||
			(act == PHONE_SEND && all[i] == PHONE_ANSWERED) ||
			(act == PHONE_READ && all[i] == PHONE_CONFIGURED) ||
			(act == PHONE_VISIT && all[i] == PHONE_VISITED);
		if (fits)
			continue;
		if (phone_step(
			    s->phone, &(struct phone_event){ .happening = all[i] }, s->now, &err) ||
			err.fault != FAULT_REFUSED || phone_action(s->phone)->act != act)
			replay_fail(s->replay, "event %d is not refused", (int)all[i]);
	}
}

void replay_phone(struct replay *r)
{
	struct phone_scene *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->replay = r;
	s->now = 1700001000;
	while (replay_next(r)) {
		if (!prepares(s) && !happens(s) && !follows(s)) {
			if (replay_is(r, "answer"))
				answer(s);
			else if (replay_is(r, "failed"))
				failed(s);
			else
				replay_fail(r, "what is %s?", r->words[0]);
		}
		if (s->phone != NULL)
			refused(s);
	}
	nothing_untold(s);
	if (s->phone == NULL || phone_action(s->phone)->act != PHONE_REST)
		replay_fail(r, "the transcript ends, the phone does not");
	phone_free(s->phone);
	free(s);
}
