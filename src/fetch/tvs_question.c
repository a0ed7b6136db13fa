#include "fetch/tvs_question.h"

#include "fetch/server_address.h"
#include "net/stream.h"

enum { USUAL_PORT = 2445 };

bool tvs_place_read(const char *text, struct server_place *out, struct error *err)
{
	return server_place_read(text, USUAL_PORT, out, err);
}

struct asking {
	struct loop *loop;
	struct timer *rest;
	const struct tvs_message *question;
	bool fine;
	struct tvs_reply reply;
	struct error *err;
};

static bool send_question(struct stream *s, const struct tvs_message *question, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(TVS_HEADER_SIZE + LIMIT_MESSAGE);
	tvs_message_write(&w, question);
	if (!w.ok)
		return fail(err, FAULT_LIMIT, "the question is over %d bytes", LIMIT_MESSAGE);
	stream_send(s, writer_written(&w));
	return true;
}

static void greeted(struct stream *s, void *context)
{
	struct asking *a = context;
	AUTO(cert) server = stream_peer_cert(s, a->err);
	bool fine = server != NULL && bytes_copy(&a->reply.server, cert_der(server), a->err) &&
		send_question(s, a->question, a->err);
	if (!fine)
		stream_close(s);
}

static bool header_came(struct reader header, size_t *out, struct error *err)
{
	if (tvs_message_body_size(header, out, err))
		return true;
	if (err != NULL)
		err->fault = FAULT_MALFORMED; /* also what is too long for us */
	return false;
}

static bool answers(
	const struct tvs_message *question, const struct tvs_message *answer, struct error *err)
{
	if (answer->session != question->session)
		return fail(err, FAULT_MALFORMED, "the answer is to session %u, asked was %u",
			(unsigned)answer->session, (unsigned)question->session);
	if ((unsigned)answer->command != (unsigned)question->command + 1)
		return fail(err, FAULT_MALFORMED, "command %d came back, %d was awaited",
			(int)answer->command, (int)question->command + 1);
	return true;
}

static bool answer_came(struct stream *s, struct reader whole, void *context, struct error *err)
{
	struct asking *a = context;
	if (a->fine)
		return true; /* more than was asked for: the first counts */
	if (!bytes_copy(&a->reply.whole, whole, err) ||
		!tvs_message_parse(bytes_reader(&a->reply.whole), &a->reply.message, err) ||
		!answers(a->question, &a->reply.message, err))
		return false;
	a->fine = true;
	stream_close(s);
	return true;
}

static void stop(void *context)
{
	struct asking *a = context;
	loop_stop(a->loop);
}

/* What a protocol refuses is a judgement about the answer; all else, that there was none. */
static void parted(struct stream *s, const struct error *why, void *context)
{
	struct asking *a = context;
	bool opened = a->reply.server.data != NULL;
	(void)s;
	if (!a->fine && a->err != NULL && why != NULL) {
		*a->err = *why;
		bool judged =
			opened && (why->fault == FAULT_MALFORMED || why->fault == FAULT_REFUSED);
		a->err->fault = judged ? FAULT_MALFORMED : FAULT_IO;
	} else if (!a->fine && a->err != NULL && a->err->fault == FAULT_NONE) {
		fail(a->err, FAULT_IO, "hung up, or fell silent, without an answer");
	}
	/* the loop goes round once more, so that what the connection put off is done, and freed */
	a->rest = timer_new(a->loop, 0, false, stop, a, NULL);
	if (a->rest == NULL)
		loop_stop(a->loop);
}

static bool run(struct asking *a, const struct server_place *place, struct error *err)
{
	static const struct protocol protocol = {
		.name = "tvs",
		.header_size = TVS_HEADER_SIZE,
		.body_size = header_came,
		.opened = greeted,
		.message = answer_came,
		.closed = parted,
	};
	const struct stream_limits limits = { .handshake_ms = place->timeout_ms,
		.message_ms = place->timeout_ms,
		.idle_ms = place->timeout_ms };
	struct stream_target target = { .tls = true };
	bool fine = server_address(place->host, place->port, &target.to, err) &&
		stream_open(a->loop, &target, &protocol, &limits, a, err) != NULL &&
		loop_run(a->loop, err);
	timer_free(a->rest);
	return fine && a->fine;
}

bool tvs_question_ask(const struct server_place *place, const struct tvs_message *question,
	struct tvs_reply *out, struct error *err)
{
	AUTO(loop) loop = loop_new(err);
	if (loop == NULL)
		return false;
	struct error why = { 0 };
	struct asking a = { .loop = loop, .question = question, .err = &why };
	if (!run(&a, place, &why)) {
		tvs_reply_done(&a.reply);
		(void)fail(err, why.fault, "%s", why.text);
		return fail_in(err, "TVS at %s:%u", place->host, (unsigned)place->port);
	}
	*out = a.reply;
	return true;
}

void tvs_reply_done(struct tvs_reply *reply)
{
	bytes_done(&reply->server);
	bytes_done(&reply->whole);
	*reply = (struct tvs_reply){ 0 };
}
