#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/connection_impl.h"
#include "net/source_counts.h"

enum { ACCEPT_AT_ONCE = 64, ACCEPT_PAUSE = 100000 /* us */ };

struct connection_server {
	struct event_base *base;
	int fd;
	struct tls_server *tls;
	const struct connection_kind *kind;
	struct stream_limits limits;
	void *context;
	struct event *accepting, *pause;
	struct connection *connections;
	size_t count;
	struct source_counts *sources;
	bool starved; /* no descriptor is left, and it was said */
};

/* A phone needs few connections, an attacker wants all. On success it is counted. */
static bool within_caps(struct connection_server *s, const struct address *peer,
	struct source **source, struct error *why)
{
	if (s->limits.total > 0 && s->count >= s->limits.total)
		return fail(
			why, FAULT_LIMIT, "%zu connections are open, that is the limit", s->count);
	if (s->limits.per_source == 0)
		return true;
	struct source *found = source_enter(s->sources, peer, why);
	if (found == NULL)
		return false;
	if (source_count(found) <= s->limits.per_source) {
		*source = found;
		return true;
	}
	source_leave(s->sources, found);
	return fail(why, FAULT_LIMIT, "this address has %zu connections open, that is the limit",
		s->limits.per_source);
}

void connection_leave(struct connection *c)
{
	if (c->server == NULL || c->link == NULL)
		return;
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	c->link = NULL;
	c->server->count--;
	if (c->source != NULL)
		source_leave(c->server->sources, TAKE(c->source));
}

struct tls_server *connection_server_tls(const struct connection_server *s)
{
	return s->tls;
}

static struct connection *connection_accept(
	struct connection_server *s, int fd, const struct address *peer, struct source *source)
{
	struct connection *c = calloc(1, s->kind->size);
	if (c == NULL)
		return NULL;
	*c = (struct connection){ .kind = s->kind,
		.server = s,
		.base = s->base,
		.context = s->context,
		.limits = &s->limits,
		.tls = s->tls != NULL,
		.stage = CONNECTION_SILENT,
		.fd = fd,
		.peer = *peer,
		.source = source,
		.next = s->connections,
		.link = &s->connections };
	if (c->next != NULL)
		c->next->link = &c->next;
	s->connections = c;
	s->count++;
	return c;
}

static void refuse(
	struct connection_server *s, int fd, const struct address *peer, const struct error *why)
{
	(void)close(fd);
	if (s->kind->refused != NULL)
		s->kind->refused(s->context, peer, why);
}

static void took(struct connection_server *s, int fd, const struct address *peer)
{
	struct error why = { 0 };
	struct source *source = NULL;
	if (!within_caps(s, peer, &source, &why)) {
		refuse(s, fd, peer, &why);
		return;
	}
	struct connection *c = connection_accept(s, fd, peer, source);
	if (c == NULL) {
		if (source != NULL)
			source_leave(s->sources, source);
		fail_memory(&why);
		refuse(s, fd, peer, &why);
	} else if (!connection_start(c, &why)) {
		connection_end(c, &why);
	}
}

/* In place of the peers, whom nobody knows yet, stands the address that they came to. */
static void tell_starved(struct connection_server *s)
{
	struct address own = { 0 };
	struct error why = { 0 };
	fail_errno(&why, "those who connect wait, allow more open files");
	if (!s->starved && s->kind->refused != NULL && address_of_socket(s->fd, &own, NULL))
		s->kind->refused(s->context, &own, &why);
	s->starved = true;
}

/* Without a descriptor left accept would fail for ever at once: give others a moment to end. */
static void pause_accepting(struct connection_server *s)
{
	struct timeval after = { .tv_usec = ACCEPT_PAUSE };
	tell_starved(s);
	(void)event_del(s->accepting);
	(void)event_add(s->pause, &after);
}

static void accept_again(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct connection_server *s = context;
	(void)event_add(s->accepting, NULL);
}

static void came(int fd, short what, void *context)
{
	(void)what;
	struct connection_server *s = context;
	for (unsigned i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct address peer = { .size = sizeof(peer.storage) };
		int client = accept4(fd, (struct sockaddr *)&peer.storage, &peer.size,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
			pause_accepting(s);
		if (client < 0)
			return; /* none waiting, or one that has left already */
		s->starved = false;
		took(s, client, &peer);
	}
}

struct connection_server *connection_serve(struct loop *l, int fd, struct tls_server *tls,
	const struct connection_kind *kind, const struct stream_limits *limits, void *context,
	struct error *err)
{
	int on = 1;
	struct connection_server *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)close(fd);
		fail_memory(err);
		return NULL;
	}
	*s = (struct connection_server){ .base = loop_base(l),
		.fd = fd,
		.tls = tls,
		.kind = kind,
		.limits = *limits,
		.context = context };
	/* Those that are accepted have it from here; Unix sockets know nothing of it. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	s->sources = source_counts_new();
	s->accepting = event_new(s->base, fd, EV_READ | EV_PERSIST, came, s);
	s->pause = evtimer_new(s->base, accept_again, s);
	if (s->sources == NULL || s->accepting == NULL || s->pause == NULL ||
		event_add(s->accepting, NULL) != 0) {
		connection_server_free(s);
		fail(err, FAULT_IO, "a listening socket cannot be watched");
		return NULL;
	}
	return s;
}

void connection_server_free(struct connection_server *s)
{
	if (s == NULL)
		return;
	while (s->connections != NULL)
		connection_end(s->connections, NULL);
	if (s->accepting != NULL)
		event_free(s->accepting);
	if (s->pause != NULL)
		event_free(s->pause);
	source_counts_free(s->sources);
	(void)close(s->fd);
	free(s);
}
