#include "fetch/capf_question.h"

#include "fetch/server_address.h"

struct asking {
	struct loop *loop;
	struct timer *rest;
	bool opened;
	struct capf_seen seen;
};

static void greeted(struct stream *s, void *context)
{
	struct asking *a = context;
	struct capf_seen *seen = &a->seen;
	AUTO(cert) server = stream_peer_cert(s, &seen->why);
	a->opened = server != NULL && bytes_copy(&seen->server, cert_der(server), &seen->why);
	stream_security(s, &seen->security);
	if (!a->opened)
		stream_close(s);
}

static bool header_came(struct reader header, size_t *out, struct error *err)
{
	if (capf_message_body_size(header, out, err))
		return true;
	if (err != NULL)
		err->fault = FAULT_MALFORMED; /* also what is too long for us */
	return false;
}

static bool message_came(struct stream *s, struct reader whole, void *context, struct error *err)
{
	struct asking *a = context;
	AUTO_DONE(writer) answer = writer_new(CAPF_HEADER_SIZE + LIMIT_MESSAGE);
	if (a->seen.look.ended)
		return true; /* more than was asked for */
	if (!capf_look_message(&a->seen.look, whole, &answer, err))
		return false;
	if (answer.used > 0)
		stream_send(s, writer_written(&answer));
	if (a->seen.look.ended)
		stream_close(s);
	return true;
}

static void stop(void *context)
{
	struct asking *a = context;
	loop_stop(a->loop);
}

static bool heard_all(const struct capf_look *look)
{
	return look->ended && look->count > 0;
}

static void parted(struct stream *s, const struct error *why, void *context)
{
	struct asking *a = context;
	struct error *told = &a->seen.why;
	(void)s;
	if (why != NULL && (!heard_all(&a->seen.look) || why->fault == FAULT_MALFORMED)) {
		*told = *why;
		if (why->fault != FAULT_MALFORMED)
			told->fault = FAULT_IO;
	} else if (!heard_all(&a->seen.look) && told->fault == FAULT_NONE) {
		fail(told, FAULT_IO, "hung up without a word");
	}
	/* the loop goes round once more, so that what the connection put off is done, and freed */
	a->rest = timer_new(a->loop, 0, false, stop, a, NULL);
	if (a->rest == NULL)
		loop_stop(a->loop);
}

static bool run(struct asking *a, const struct server_place *place, struct error *err)
{
	static const struct protocol protocol = {
		.name = "capf",
		.header_size = CAPF_HEADER_SIZE,
		.body_size = header_came,
		.opened = greeted,
		.message = message_came,
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
	if (fine && !a->opened)
		return fail(err, FAULT_IO, "%s", a->seen.why.text);
	return fine;
}

bool capf_question_ask(const struct server_place *place, const char *device, struct capf_seen *out,
	struct error *err)
{
	if (device != NULL && !capf_look_device(device, err))
		return false; /* before anybody is called */
	AUTO(loop) loop = loop_new(err);
	if (loop == NULL)
		return false;
	struct error why = { 0 };
	struct asking a = { .loop = loop, .seen = { .look = { .device = device } } };
	if (!run(&a, place, &why)) {
		capf_seen_done(&a.seen);
		(void)fail(err, why.fault, "%s", why.text);
		return fail_in(err, "CAPF at %s:%u", place->host, (unsigned)place->port);
	}
	*out = a.seen;
	return true;
}

void capf_seen_done(struct capf_seen *seen)
{
	bytes_done(&seen->server);
	*seen = (struct capf_seen){ 0 };
}
