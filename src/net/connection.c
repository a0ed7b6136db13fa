#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/connection_impl.h"
#include "net/tls_impl.h"

enum { LINGER_MS = 1000, CLOSING_MS = 10000 };

static const char too_slow_to_leave[] = "did not read what it was sent";

static void connection_free(struct connection *c)
{
	if (c->bev != NULL)
		bufferevent_free(c->bev); /* with it the descriptor */
	if (c->fd >= 0)
		(void)close(c->fd);
	if (c->wait != NULL)
		event_free(c->wait);
	if (c->timer != NULL)
		event_free(c->timer);
	free(c);
}

void connection_end(struct connection *c, const struct error *why)
{
	connection_leave(c);
	c->stage = CONNECTION_LINGER; /* nothing is sent any more */
	if (c->bev != NULL)
		bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
	if (c->bev != NULL && c->tls && why == NULL)
		tls_keep_session(c->bev);
	c->kind->closed(c, why);
	connection_free(c);
}

void connection_deadline(struct connection *c, uint64_t ms, const char *late)
{
	struct timeval after = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	c->late = late;
	(void)event_del(c->timer);
	if (ms > 0)
		(void)event_add(c->timer, &after);
}

static void soon(struct connection *c)
{
	struct timeval now = { 0 };
	(void)event_add(c->timer, &now);
}

struct evbuffer *connection_input(struct connection *c)
{
	return bufferevent_get_input(c->bev);
}

size_t connection_unsent(const struct connection *c)
{
	return c->bev == NULL ? 0 : evbuffer_get_length(bufferevent_get_output(c->bev));
}

/* All has left: say goodbye and wait a moment for the peer's own end. Closing at once over input
 * that nobody read would reset the connection and take the answer with it. */
static void linger(struct connection *c)
{
	if (c->peer_ended || c->bev == NULL || c->server == NULL) {
		if (c->bev != NULL && !c->peer_ended)
			tls_goodbye(c->bev);
		connection_end(c, NULL);
		return;
	}
	tls_goodbye(c->bev);
	(void)shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	c->stage = CONNECTION_LINGER;
	(void)bufferevent_enable(c->bev, EV_READ);
	connection_deadline(c, LINGER_MS, NULL);
}

static void dispatch(struct connection *c)
{
	struct error why = { 0 };
	if (c->stage != CONNECTION_OPEN) {
		(void)evbuffer_drain(connection_input(c), evbuffer_get_length(connection_input(c)));
		return;
	}
	if (!c->kind->input(c, &why))
		connection_end(c, &why);
	else if (connection_unsent(c) > CONNECTION_BACKLOG)
		(void)bufferevent_disable(c->bev, EV_READ);
}

static void on_read(struct bufferevent *bev, void *context)
{
	(void)bev;
	dispatch(context);
}

static void on_written(struct bufferevent *bev, void *context)
{
	struct connection *c = context;
	if (connection_unsent(c) > 0)
		return;
	if (c->stage == CONNECTION_CLOSING) {
		linger(c);
		return;
	}
	if (c->stage != CONNECTION_OPEN)
		return;
	bool paused = !c->peer_ended && (bufferevent_get_enabled(bev) & EV_READ) == 0;
	if (paused) {
		(void)bufferevent_enable(bev, EV_READ);
		connection_resume(c);
	}
	if (c->kind->drained != NULL)
		c->kind->drained(c);
}

static void peer_ended(struct connection *c)
{
	struct error why = { 0 };
	bool answering = false;
	c->peer_ended = true;
	if (c->stage == CONNECTION_HANDSHAKE) {
		fail(&why, FAULT_IO, "left during the TLS handshake");
		connection_end(c, &why);
		return;
	}
	if (c->stage == CONNECTION_OPEN && !c->kind->ended(c, &answering, &why)) {
		connection_end(c, &why);
		return;
	}
	bool more = answering || connection_unsent(c) > 0;
	if (!more || c->stage == CONNECTION_LINGER)
		connection_end(c, NULL);
	else if (!answering && c->stage == CONNECTION_OPEN)
		connection_close(c);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
	struct connection *c = context;
	struct error why = { 0 };
	if ((what & BEV_EVENT_CONNECTED) != 0) {
		if (c->stage != CONNECTION_HANDSHAKE)
			return; /* given up meanwhile */
		c->stage = CONNECTION_OPEN;
		connection_deadline(c, 0, NULL);
		c->kind->opened(c);
		return;
	}
	if ((what & BEV_EVENT_EOF) != 0) {
		peer_ended(c);
		return;
	}
	if ((what & BEV_EVENT_ERROR) == 0)
		return;
	bool handshake = c->stage == CONNECTION_HANDSHAKE;
	tls_fail(bev, handshake ? "the TLS handshake failed" : "the connection broke", &why);
	connection_end(c, c->stage == CONNECTION_LINGER ? NULL : &why);
}

/* The descriptor becomes a bufferevent. TLS starts its handshake, plain is open. */
static bool speak(struct connection *c, struct error *err)
{
	if (!c->tls)
		c->bev = bufferevent_socket_new(c->base, c->fd, BEV_OPT_CLOSE_ON_FREE);
	else if (c->server != NULL)
		c->bev = tls_server_bufferevent(
			c->base, c->fd, connection_server_tls(c->server), err);
	else
		c->bev = tls_client_bufferevent(c->base, c->fd, err);
	if (c->bev == NULL)
		return c->tls ? false : fail_memory(err);
	c->fd = -1;
	c->stage = c->tls ? CONNECTION_HANDSHAKE : CONNECTION_OPEN;
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	if (c->stage == CONNECTION_OPEN) {
		connection_deadline(c, 0, NULL);
		c->kind->opened(c);
	}
	return true;
}

static bool connected(struct connection *c, struct error *err)
{
	int number = 0;
	socklen_t size = sizeof(number);
	char text[ADDRESS_TEXT_SIZE];
	(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &number, &size);
	if (number == 0 && c->refusal == 0)
		return true;
	errno = number != 0 ? number : c->refusal;
	return fail_errno(err, "connecting to %s", address_text(&c->peer, text));
}

/* The first byte of a TLS client has come, or a connection of our own stands; or somebody wants
 * the input looked at again. */
static void awaited(int fd, short what, void *context)
{
	(void)what;
	struct connection *c = context;
	struct error why = { 0 };
	char byte;
	if (c->bev != NULL) {
		dispatch(c);
		return;
	}
	if (c->stage == CONNECTION_SILENT && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
		fail(&why, FAULT_IO, "left without a word");
		connection_end(c, &why);
		return;
	}
	bool fine = c->stage == CONNECTION_SILENT || connected(c, &why);
	if (!fine || !speak(c, &why))
		connection_end(c, &why);
}

static void timer_fired(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct connection *c = context;
	struct error why = { 0 };
	if (c->late != NULL) {
		fail(&why, FAULT_LIMIT, "%s", c->late);
		connection_end(c, &why);
	} else if (c->stage == CONNECTION_OPEN) {
		connection_close(c);
	} else if (c->stage == CONNECTION_CLOSING && connection_unsent(c) == 0) {
		linger(c);
	} else {
		connection_end(c, NULL);
	}
}

bool connection_start(struct connection *c, struct error *err)
{
	int on = 1;
	if (c->peer.storage.ss_family != AF_UNIX)
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* a courtesy */
	short what = c->stage == CONNECTION_CONNECTING ? EV_WRITE : EV_READ;
	bool waits = c->tls || c->stage == CONNECTION_CONNECTING;
	c->timer = evtimer_new(c->base, timer_fired, c);
	c->wait = event_new(c->base, c->fd, what, awaited, c);
	if (c->timer == NULL || c->wait == NULL || (waits && event_add(c->wait, NULL) != 0))
		return fail_memory(err);
	if (!waits)
		return speak(c, err);
	connection_deadline(c, c->limits->handshake_ms,
		c->tls ? "no TLS handshake in time" : "no connection in time");
	return true;
}

static int dial(const struct address *to, const struct address *source, struct error *err)
{
	char text[ADDRESS_TEXT_SIZE];
	int fd = socket(to->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		fail_errno(err, "making a socket");
		return -1;
	}
	int on = 1; /* the port is chosen at connect: many from one source to many servers */
	if (source != NULL && address_port(source) == 0)
		(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (source != NULL &&
		bind(fd, (const struct sockaddr *)&source->storage, source->size) != 0)
		fail_errno(err, "connecting from %s", address_text(source, text));
	else
		return fd;
	(void)close(fd);
	return -1;
}

/* A network that refuses at once is told like one that refuses later. */
static void reach(struct connection *c)
{
	const struct sockaddr *to = (const struct sockaddr *)&c->peer.storage;
	if (connect(c->fd, to, c->peer.size) != 0 && errno != EINPROGRESS)
		c->refusal = errno;
}

struct connection *connection_open(struct loop *l, const struct stream_target *target,
	const struct connection_kind *kind, const struct stream_limits *limits, void *context,
	struct error *err)
{
	struct connection *c = calloc(1, kind->size);
	int fd = c != NULL ? dial(&target->to, target->source, err) : -1;
	if (c == NULL || fd < 0) {
		if (c == NULL)
			fail_memory(err);
		free(c);
		return NULL;
	}
	*c = (struct connection){ .kind = kind,
		.base = loop_base(l),
		.context = context,
		.limits = limits,
		.tls = target->tls,
		.stage = CONNECTION_CONNECTING,
		.fd = fd,
		.peer = target->to };
	reach(c);
	if (connection_start(c, err))
		return c;
	connection_free(c);
	return NULL;
}

static void free_piece(const void *data, size_t size, void *context)
{
	(void)data;
	(void)size;
	free(context);
}

/* A piece of its own in the buffer becomes one record of TLS, or one segment. */
void connection_give(struct connection *c, struct bytes *piece)
{
	struct bytes given = *piece;
	*piece = (struct bytes){ 0 };
	bool wanted = c->stage == CONNECTION_OPEN && given.size > 0;
	if (wanted &&
		evbuffer_add_reference(bufferevent_get_output(c->bev), given.data, given.size,
			free_piece, given.data) == 0)
		return;
	bytes_done(&given);
	if (wanted)
		connection_close(c); /* no memory: better gone than half told */
}

void connection_lend(struct connection *c, struct reader bytes)
{
	if (c->stage != CONNECTION_OPEN || bytes.left == 0)
		return;
	if (evbuffer_add_reference(
		    bufferevent_get_output(c->bev), bytes.at, bytes.left, NULL, NULL) != 0)
		connection_close(c);
}

void connection_send(struct connection *c, struct reader bytes)
{
	struct bytes copy = { 0 };
	if (c->stage != CONNECTION_OPEN || bytes.left == 0)
		return;
	if (bytes_copy(&copy, bytes, NULL))
		connection_give(c, &copy);
	else
		connection_close(c);
}

void connection_resume(struct connection *c)
{
	if (c->stage == CONNECTION_OPEN)
		event_active(c->wait, EV_TIMEOUT, 0);
}

void connection_close(struct connection *c)
{
	if (c->stage == CONNECTION_CLOSING || c->stage == CONNECTION_LINGER)
		return;
	bool open = c->stage == CONNECTION_OPEN;
	c->stage = CONNECTION_CLOSING;
	if (c->wait != NULL)
		(void)event_del(c->wait);
	if (open && connection_unsent(c) > 0) {
		connection_deadline(c, CLOSING_MS, too_slow_to_leave);
		return;
	}
	c->late = NULL;
	soon(c);
}
