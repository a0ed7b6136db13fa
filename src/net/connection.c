#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/connection_impl.h"

enum { LINGER_MS = 1000, CLOSING_MS = 10000, BLOCK = 16 << 10 };

static const char too_slow_to_leave[] = "did not read what it was sent";

static void connection_free(struct connection *c)
{
	struct event *const events[] = { c->readable, c->writable, c->timer };
	struct evbuffer *const buffers[] = { c->input, c->output, c->wire };
	tls_talk_free(c->talk); /* before its wire */
	for (size_t i = 0; i < COUNT(buffers); i++)
		if (buffers[i] != NULL)
			evbuffer_free(buffers[i]);
	for (size_t i = 0; i < COUNT(events); i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (c->fd >= 0)
		(void)close(c->fd);
	free(c);
}

void connection_end(struct connection *c, const struct error *why)
{
	connection_leave(c);
	c->stage = CONNECTION_LINGER; /* nothing is sent any more */
	c->busy = true;
	if (c->talk != NULL && why == NULL)
		tls_talk_keep_session(c->talk);
	c->kind->closed(c, why);
	connection_free(c);
}

void connection_deadline(struct connection *c, uint64_t ms, const char *late)
{
	struct timeval after = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	c->late = late;
	if (ms > 0)
		(void)event_add(c->timer, &after);
	else
		(void)event_del(c->timer);
}

struct evbuffer *connection_input(struct connection *c)
{
	return c->input;
}

void connection_wake(struct connection *c)
{
	event_active(c->readable, EV_TIMEOUT, 0);
}

void connection_resume(struct connection *c)
{
	c->look_again = true;
	if (c->stage == CONNECTION_OPEN)
		connection_wake(c);
}

/* what the loop waits for */

static bool wants_input(const struct connection *c)
{
	bool crowded = c->stage == CONNECTION_OPEN && evbuffer_get_length(c->input) >= c->input_max;
	return c->stage != CONNECTION_CONNECTING && !c->peer_ended && !c->paused && !crowded;
}

static void on_writable(int fd, short what, void *context);

static bool await_room(struct connection *c)
{
	if (c->writable == NULL)
		c->writable = event_new(c->base, c->fd, EV_WRITE, on_writable, c);
	return c->writable != NULL && event_add(c->writable, NULL) == 0;
}

/* Tells the loop, where what is waited for has changed. */
static void attend(struct connection *c)
{
	struct error why = { 0 };
	bool wanted = wants_input(c), fine = !c->full || await_room(c);
	if (wanted && !c->listening)
		fine = event_add(c->readable, NULL) == 0 && fine;
	if (!wanted && c->listening)
		(void)event_del(c->readable);
	c->listening = wanted;
	if (fine)
		return;
	fail_memory(&why);
	connection_end(c, &why);
}

/* the end of a call, and of a connection */

/* All has left: wait a moment for the peer's own end. Closing at once over input that nobody read
 * would reset the connection and take the answer with it. */
static void linger(struct connection *c)
{
	if (c->peer_ended || c->input == NULL || c->server == NULL) {
		connection_end(c, NULL);
		return;
	}
	(void)shutdown(c->fd, SHUT_WR);
	c->stage = CONNECTION_LINGER;
	c->paused = false;
	connection_deadline(c, LINGER_MS, NULL);
	attend(c);
}

static void broke(struct connection *c, struct error *why)
{
	bool handshake = c->stage == CONNECTION_HANDSHAKE;
	fail_in(why, handshake ? "the TLS handshake failed" : "the connection broke");
	connection_end(c, c->stage == CONNECTION_LINGER ? NULL : why);
}

static void all_left(struct connection *c)
{
	bool sent = c->sending;
	c->sending = false;
	if (c->stage == CONNECTION_CLOSING) {
		linger(c);
		return;
	}
	if (c->stage == CONNECTION_OPEN && c->paused) {
		c->paused = false;
		connection_resume(c);
	}
	if (c->stage == CONNECTION_OPEN && sent && c->kind->drained != NULL)
		c->kind->drained(c);
	attend(c);
}

/* The last thing in each call from the loop: it may end the connection. */
static void settle(struct connection *c)
{
	struct error why = { 0 };
	c->busy = false;
	if (!connection_write(c, &why))
		broke(c, &why);
	else if (connection_unsent(c) == 0)
		all_left(c);
	else
		attend(c);
}

static void peer_ended(struct connection *c)
{
	struct error why = { 0 };
	bool answering = false;
	c->peer_ended = true;
	if (c->stage == CONNECTION_SILENT || c->stage == CONNECTION_HANDSHAKE) {
		fail(&why, FAULT_IO, "%s",
			c->stage == CONNECTION_SILENT ? "left without a word"
						      : "left during the TLS handshake");
		connection_end(c, &why);
		return;
	}
	if (c->stage == CONNECTION_OPEN && !c->kind->ended(c, &answering, &why)) {
		connection_end(c, &why);
		return;
	}
	bool more = answering || connection_unsent(c) > 0;
	if (!more || c->stage == CONNECTION_LINGER) {
		connection_end(c, NULL);
		return;
	}
	if (!answering && c->stage == CONNECTION_OPEN)
		connection_close(c);
	settle(c);
}

/* what comes */

/* False: it is gone. */
static bool take_input(struct connection *c)
{
	struct error why = { 0 };
	c->look_again = false;
	if (c->stage != CONNECTION_OPEN) {
		(void)evbuffer_drain(c->input, evbuffer_get_length(c->input));
		return true;
	}
	if (!c->kind->input(c, &why)) {
		connection_end(c, &why);
		return false;
	}
	c->paused = connection_unsent(c) > CONNECTION_BACKLOG;
	return true;
}

/* It gets what speaking needs; TLS starts its handshake, plain is open. */
static bool speak(struct connection *c, struct error *err)
{
	c->input = evbuffer_new();
	c->output = evbuffer_new();
	c->wire = c->tls ? evbuffer_new() : NULL;
	if (c->input == NULL || c->output == NULL || (c->tls && c->wire == NULL))
		return fail_memory(err);
	if (c->tls)
		c->talk = c->server == NULL
			? tls_talk_connect(c->wire, err)
			: tls_talk_accept(connection_server_tls(c->server), c->wire, err);
	if (c->tls && c->talk == NULL)
		return false;
	c->stage = c->tls ? CONNECTION_HANDSHAKE : CONNECTION_OPEN;
	if (c->stage == CONNECTION_OPEN) {
		connection_deadline(c, 0, NULL);
		c->kind->opened(c);
	}
	return true;
}

/* The handshake goes on, or what came is understood. False: it is gone. */
static bool hear(struct connection *c, struct reader bytes, bool *ended)
{
	struct error why = { 0 };
	if (c->talk == NULL) {
		if (evbuffer_add(c->input, bytes.at, bytes.left) == 0)
			return true;
		fail_memory(&why);
		connection_end(c, &why);
		return false;
	}
	enum tls_outcome outcome = tls_talk_hear(c->talk, bytes, c->input, &why);
	*ended = outcome == TLS_ENDED;
	if (outcome == TLS_BROKEN) {
		if (!connection_write(c, NULL)) /* the alert, if it can leave */
			c->full = true;
		broke(c, &why);
		return false;
	}
	if (c->stage == CONNECTION_HANDSHAKE && tls_talk_open(c->talk)) {
		c->stage = CONNECTION_OPEN;
		connection_deadline(c, 0, NULL);
		c->kind->opened(c);
	}
	return true;
}

static void heard(struct connection *c, struct reader bytes)
{
	struct error why = { 0 };
	bool ended = false;
	if (c->stage == CONNECTION_CLOSING || c->stage == CONNECTION_LINGER) {
		settle(c); /* it comes too late */
		return;
	}
	if (c->stage == CONNECTION_SILENT && !speak(c, &why)) {
		connection_end(c, &why);
		return;
	}
	if (!hear(c, bytes, &ended) || (evbuffer_get_length(c->input) > 0 && !take_input(c)))
		return;
	/* TLS answers some of what it hears itself: a wish to renegotiate, with an alert. */
	if (c->stage == CONNECTION_OPEN && connection_unsent(c) > CONNECTION_BACKLOG)
		c->paused = true;
	if (ended)
		peer_ended(c);
	else
		settle(c);
}

static void receive(struct connection *c)
{
	struct error why = { 0 };
	uint8_t block[BLOCK];
	ssize_t got = recv(c->fd, block, sizeof(block), MSG_DONTWAIT);
	if (got > 0) {
		heard(c, reader_of(block, (size_t)got));
	} else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		settle(c);
	} else if (got == 0 || c->stage == CONNECTION_SILENT) {
		peer_ended(c);
	} else {
		fail(&why, FAULT_IO, "%s", strerror(errno));
		broke(c, &why);
	}
}

/* EV_TIMEOUT: nothing came, but there is something to do. */
static void on_readable(int fd, short what, void *context)
{
	(void)fd;
	struct connection *c = context;
	c->busy = true;
	if (c->look_again && c->input != NULL && !take_input(c))
		return;
	if ((what & EV_READ) != 0 && c->listening)
		receive(c);
	else
		settle(c);
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

static void on_writable(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct connection *c = context;
	struct error why = { 0 };
	bool ended = false;
	c->busy = true;
	c->full = false;
	if (c->stage == CONNECTION_CONNECTING) {
		if (!connected(c, &why) || !speak(c, &why)) {
			connection_end(c, &why);
			return;
		}
		if (c->talk != NULL && !hear(c, reader_of(NULL, 0), &ended))
			return;
	}
	settle(c);
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
	} else {
		connection_end(c, NULL);
	}
}

bool connection_start(struct connection *c, struct error *err)
{
	c->input_max = SIZE_MAX;
	c->timer = evtimer_new(c->base, timer_fired, c);
	c->readable = event_new(c->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	c->listening = c->stage != CONNECTION_CONNECTING;
	if (c->timer == NULL || c->readable == NULL ||
		(c->listening ? event_add(c->readable, NULL) != 0 : !await_room(c)))
		return fail_memory(err);
	if (c->tls || c->stage == CONNECTION_CONNECTING) {
		connection_deadline(c, c->limits->handshake_ms,
			c->tls ? "no TLS handshake in time" : "no connection in time");
		return true;
	}
	return speak(c, err);
}

static int dial(const struct address *to, const struct address *source, struct error *err)
{
	char text[ADDRESS_TEXT_SIZE];
	int fd = socket(to->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		fail_errno(err, "making a socket");
		return -1;
	}
	int on = 1;
	if (to->storage.ss_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* a courtesy */
	/* The port is chosen at connect: many from one source to many servers. */
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

void connection_close(struct connection *c)
{
	if (c->stage == CONNECTION_CLOSING || c->stage == CONNECTION_LINGER)
		return;
	c->stage = CONNECTION_CLOSING;
	connection_deadline(c, CLOSING_MS, too_slow_to_leave);
	if (!c->busy)
		connection_wake(c);
}
