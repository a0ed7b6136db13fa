#include "net/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/connection_impl.h"

enum { HEADER_MAX = 64 };

static const char message_late[] = "a message was begun and not finished in time";
static const char silent[] = "silent for too long";
static const char unread[] = "did not read what it was sent";

struct stream {
	struct connection connection;
	const struct protocol *protocol;
	struct stream_limits limits; /* of a client; a server's are the server's */
	void *context, *user;
	bool begun; /* part of a message has come: its deadline runs */
	bool spoke; /* a whole one has */
};

struct stream_server {
	struct connection_server *connections;
	const struct protocol *protocol;
	void *context;
};

/* A server's connections come without protocol and context; their server has both. */
static struct stream *stream_of(struct connection *c)
{
	struct stream *s = (struct stream *)c;
	if (s->protocol == NULL) {
		const struct stream_server *server = c->context;
		s->protocol = server->protocol;
		s->context = server->context;
	}
	return s;
}

/* A client of ours that has said what it wanted may fall silent; a server that we ask may not. */
static void await_message(struct stream *s)
{
	struct connection *c = &s->connection;
	bool may_end = c->server != NULL && s->spoke;
	if (!s->begun)
		connection_deadline(c, c->limits->idle_ms, may_end ? NULL : silent);
}

static void stream_opened(struct connection *c)
{
	struct stream *s = stream_of(c);
	await_message(s);
	if (s->protocol->opened != NULL)
		s->protocol->opened(s, s->context);
}

/* The size of the message at the front of the input; 0 while its header is not whole. */
static bool whole_size(struct stream *s, struct evbuffer *input, size_t *out, struct error *err)
{
	uint8_t header[HEADER_MAX];
	size_t body = 0;
	*out = 0;
	if (evbuffer_get_length(input) < s->protocol->header_size)
		return true;
	(void)evbuffer_copyout(input, header, s->protocol->header_size);
	if (!s->protocol->body_size(reader_of(header, s->protocol->header_size), &body, err))
		return false;
	*out = s->protocol->header_size + body;
	return true;
}

static bool one_message(struct stream *s, struct evbuffer *input, size_t size, struct error *err)
{
	const uint8_t *bytes = evbuffer_pullup(input, (ev_ssize_t)size);
	if (bytes == NULL)
		return fail_memory(err);
	bool fine = s->protocol->message(s, reader_of(bytes, size), s->context, err);
	(void)evbuffer_drain(input, size);
	s->begun = false;
	s->spoke = true;
	return fine;
}

static bool stream_input(struct connection *c, struct error *err)
{
	struct stream *s = stream_of(c);
	struct evbuffer *input = connection_input(c);
	while (c->stage == CONNECTION_OPEN && connection_unsent(c) <= CONNECTION_BACKLOG) {
		size_t size = 0;
		if (!whole_size(s, input, &size, err))
			return false;
		if (size == 0 || evbuffer_get_length(input) < size)
			break;
		if (!one_message(s, input, size, err))
			return false;
		if (c->stage == CONNECTION_OPEN)
			await_message(s);
	}
	if (c->stage != CONNECTION_OPEN || s->begun || evbuffer_get_length(input) == 0)
		return true;
	if (connection_unsent(c) > CONNECTION_BACKLOG) {
		connection_deadline(c, c->limits->idle_ms, unread);
		return true;
	}
	s->begun = true; /* from now on, however slowly the rest comes */
	connection_deadline(c, c->limits->message_ms, message_late);
	return true;
}

static bool stream_ended(struct connection *c, bool *answering, struct error *err)
{
	*answering = false;
	if (evbuffer_get_length(connection_input(c)) > 0)
		return fail(err, FAULT_MALFORMED, "left in the middle of a message");
	return true;
}

static void stream_closed(struct connection *c, const struct error *why)
{
	struct stream *s = stream_of(c);
	s->protocol->closed(s, why, s->context);
}

static void stream_refused(void *context, const struct address *peer, const struct error *why)
{
	const struct stream_server *server = context;
	if (server->protocol->refused != NULL)
		server->protocol->refused(peer, why, server->context);
}

static const struct connection_kind stream_kind = { .size = sizeof(struct stream),
	.opened = stream_opened,
	.input = stream_input,
	.ended = stream_ended,
	.closed = stream_closed,
	.refused = stream_refused };

struct stream_server *stream_serve(struct loop *l, int fd, struct tls_server *tls,
	const struct protocol *protocol, const struct stream_limits *limits, void *context,
	struct error *err)
{
	assert(protocol->header_size > 0 && protocol->header_size <= HEADER_MAX);
	struct stream_server *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)close(fd);
		fail_memory(err);
		return NULL;
	}
	s->protocol = protocol;
	s->context = context;
	s->connections = connection_serve(l, fd, tls, &stream_kind, limits, s, err);
	if (s->connections == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void stream_server_free(struct stream_server *s)
{
	if (s == NULL)
		return;
	connection_server_free(s->connections);
	free(s);
}

struct stream *stream_open(struct loop *l, const struct stream_target *target,
	const struct protocol *protocol, const struct stream_limits *limits, void *context,
	struct error *err)
{
	assert(protocol->header_size > 0 && protocol->header_size <= HEADER_MAX);
	struct connection *c = connection_open(l, target, &stream_kind, limits, context, err);
	if (c == NULL)
		return NULL;
	struct stream *s = (struct stream *)c;
	s->protocol = protocol;
	s->limits = *limits;
	s->context = context;
	c->limits = &s->limits;
	return s;
}

void stream_send(struct stream *s, struct reader message)
{
	connection_send(&s->connection, message);
	if (s->connection.stage == CONNECTION_OPEN)
		await_message(s);
}

void stream_close(struct stream *s)
{
	connection_close(&s->connection);
}

const struct address *stream_peer(const struct stream *s)
{
	return &s->connection.peer;
}

struct cert *stream_peer_cert(const struct stream *s, struct error *err)
{
	return tls_talk_peer_cert(s->connection.talk, err);
}

void stream_security(const struct stream *s, struct stream_security *out)
{
	*out = (struct stream_security){ 0 };
	tls_talk_security(s->connection.talk, out);
}

void stream_set_user(struct stream *s, void *user)
{
	s->user = user;
}

void *stream_user(const struct stream *s)
{
	return s->user;
}
