#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/connection_impl.h"

enum { SOURCE_BUCKETS = 256, ACCEPT_AT_ONCE = 64, ACCEPT_PAUSE = 100 /* ms */ };

/* How many connections an address has: a phone needs few, an attacker wants all. */
struct source {
	struct address host;
	size_t count;
	struct source *next;
};

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
	struct source *sources[SOURCE_BUCKETS];
};

static struct source **find_source(struct connection_server *s, const struct address *a)
{
	char host[ADDRESS_TEXT_SIZE];
	uint32_t hash = 2166136261U; /* FNV-1a */
	for (const char *at = address_host(a, host); *at != '\0'; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619U;
	struct source **found = &s->sources[hash % SOURCE_BUCKETS];
	while (*found != NULL && !address_same_host(&(*found)->host, a))
		found = &(*found)->next;
	return found;
}

static bool count_in(struct connection_server *s, const struct address *peer, struct error *why)
{
	struct source **source = find_source(s, peer);
	if (s->limits.total > 0 && s->count >= s->limits.total)
		return fail(
			why, FAULT_LIMIT, "%zu connections are open, that is the limit", s->count);
	if (*source == NULL)
		*source = calloc(1, sizeof(**source));
	if (*source == NULL)
		return fail_memory(why);
	struct source *own = *source;
	own->host = *peer;
	if (s->limits.per_source > 0 && own->count >= s->limits.per_source)
		return fail(why, FAULT_LIMIT,
			"this address has %zu connections open, that is the limit", own->count);
	own->count++;
	s->count++;
	return true;
}

static void count_out(struct connection_server *s, const struct address *peer)
{
	struct source **source = find_source(s, peer);
	struct source *own = *source;
	s->count--;
	if (--own->count == 0) {
		*source = own->next;
		free(own);
	}
}

void connection_leave(struct connection *c)
{
	if (c->server == NULL || c->link == NULL)
		return;
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	c->link = NULL;
	count_out(c->server, &c->peer);
}

struct tls_server *connection_server_tls(const struct connection_server *s)
{
	return s->tls;
}

static struct connection *connection_accept(
	struct connection_server *s, int fd, const struct address *peer)
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
		.next = s->connections,
		.link = &s->connections };
	if (c->next != NULL)
		c->next->link = &c->next;
	s->connections = c;
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
	if (!count_in(s, peer, &why)) {
		refuse(s, fd, peer, &why);
		return;
	}
	struct connection *c = connection_accept(s, fd, peer);
	if (c == NULL) {
		count_out(s, peer);
		fail_memory(&why);
		refuse(s, fd, peer, &why);
	} else if (!connection_start(c, &why)) {
		connection_end(c, &why);
	}
}

/* Without a descriptor left accept would fail for ever at once: give others a moment to end. */
static void pause_accepting(struct connection_server *s)
{
	struct timeval after = { .tv_usec = ACCEPT_PAUSE * 1000 };
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
		took(s, client, &peer);
	}
}

struct connection_server *connection_serve(struct loop *l, int fd, struct tls_server *tls,
	const struct connection_kind *kind, const struct stream_limits *limits, void *context,
	struct error *err)
{
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
	s->accepting = event_new(s->base, fd, EV_READ | EV_PERSIST, came, s);
	s->pause = evtimer_new(s->base, accept_again, s);
	if (s->accepting == NULL || s->pause == NULL || event_add(s->accepting, NULL) != 0) {
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
	(void)close(s->fd);
	free(s);
}
