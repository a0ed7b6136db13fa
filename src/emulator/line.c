#include "emulator/line.h"

#include <stdlib.h>

#include "net/stream.h"
#include "wire/tvs_message.h"

struct line {
	struct stream *stream;
	const struct line_events *events;
	void *context;
	bool hung_up; /* nobody listens any more; freed when the stream has closed */
};

static void opened(struct stream *s, void *context)
{
	struct line *line = context;
	struct error err = { 0 };
	if (line->hung_up)
		return;
	AUTO(cert) server = stream_peer_cert(s, &err);
	if (server == NULL) {
		line->hung_up = true;
		stream_close(s);
		line->events->failed(&err, line->context);
		return;
	}
	line->events->shown(cert_der(server), line->context);
}

static bool message(struct stream *s, struct reader whole, void *context, struct error *err)
{
	struct line *line = context;
	(void)s;
	(void)err;
	if (!line->hung_up)
		line->events->answered(whole, line->context);
	return true;
}

static void closed(struct stream *s, const struct error *why, void *context)
{
	struct line *line = context;
	struct error ended = { 0 };
	(void)s;
	fail(&ended, FAULT_IO, "the server hung up");
	if (!line->hung_up)
		line->events->failed(why != NULL ? why : &ended, line->context);
	free(line);
}

static const struct protocol tvs = {
	.name = "tvs",
	.header_size = TVS_HEADER_SIZE,
	.body_size = tvs_message_body_size,
	.opened = opened,
	.message = message,
	.closed = closed,
};

struct line *line_open(struct loop *l, const struct line_plan *plan,
	const struct line_events *events, void *context, struct error *err)
{
	struct address source;
	const struct stream_limits limits = {
		.handshake_ms = plan->timeout_ms,
		.message_ms = plan->timeout_ms,
		.idle_ms = plan->timeout_ms,
	};
	if (plan->source != NULL && !address_of(plan->source, 0, &source, err))
		return NULL;
	struct line *line = calloc(1, sizeof(*line));
	if (line == NULL) {
		fail_memory(err);
		return NULL;
	}
	line->events = events;
	line->context = context;
	const struct stream_target target = {
		.to = plan->server,
		.source = plan->source != NULL ? &source : NULL,
		.tls = true,
	};
	line->stream = stream_open(l, &target, &tvs, &limits, line, err);
	if (line->stream != NULL)
		return line;
	free(line);
	return NULL;
}

void line_send(struct line *line, struct reader bytes)
{
	stream_send(line->stream, bytes);
}

void line_hang_up(struct line *line)
{
	if (line == NULL)
		return;
	line->hung_up = true;
	stream_close(line->stream);
}
