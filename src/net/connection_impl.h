#pragma once
/*
 * One connection, TCP or Unix, plain or TLS, with its deadline and its orderly end; and the server
 * that accepts them under caps. stream.c and http_server.c stand on it. A TLS connection costs next
 * to nothing before its first byte: the SSL object is made then.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "net/stream.h"

enum { CONNECTION_BACKLOG = 256 << 10 }; /* bytes not yet read by the peer: we stop listening */

enum connection_stage {
	CONNECTION_CONNECTING, /* client: TCP under way */
	CONNECTION_SILENT,     /* TLS server: nothing has come yet */
	CONNECTION_HANDSHAKE,
	CONNECTION_OPEN,
	CONNECTION_CLOSING, /* what was sent is leaving */
	CONNECTION_LINGER,  /* all has left; the peer's end is awaited, so that no reset eats it */
};

struct connection_server;

/* The first member of its owner, which is allocated with it and freed with it. */
struct connection {
	const struct connection_kind *kind;
	struct connection_server *server; /* NULL: a client */
	struct event_base *base;
	void *context;
	const struct stream_limits *limits;
	bool tls;
	bool peer_ended; /* it will send no more */
	enum connection_stage stage;
	int fd;      /* -1 once bev has it */
	int refusal; /* errno of a connect that failed at once */
	struct bufferevent *bev;
	struct event *wait, *timer;
	const char *late; /* what to say when the timer fires */
	struct address peer;
	struct connection *next, **link; /* in the server's list */
};

struct connection_kind {
	size_t size; /* of the owner */
	void (*opened)(struct connection *c);
	/* Something is in connection_input. False ends the connection with err. */
	bool (*input)(struct connection *c, struct error *err);
	void (*drained)(struct connection *c); /* all that was sent has left; may be NULL */
	/* The peer sends no more. False with err: it left in the middle of something. True with
	 * *answering: more is to be sent before the end. */
	bool (*ended)(struct connection *c, bool *answering, struct error *err);
	void (*closed)(struct connection *c, const struct error *why); /* the last call */
	void (*refused)(void *context, const struct address *peer, const struct error *why);
};

struct connection_server *connection_serve(struct loop *l, int fd, struct tls_server *tls,
	const struct connection_kind *kind, const struct stream_limits *limits, void *context,
	struct error *err); /* takes fd over */
void connection_server_free(struct connection_server *s);

/* A client: `limits` must live as long as the connection. */
struct connection *connection_open(struct loop *l, const struct stream_target *target,
	const struct connection_kind *kind, const struct stream_limits *limits, void *context,
	struct error *err);

struct evbuffer *connection_input(struct connection *c);
/* Restarts the one deadline; 0: none. `late` is the sentence for when it passes; NULL: the
 * connection then simply ends. */
void connection_deadline(struct connection *c, uint64_t ms, const char *late);
void connection_send(struct connection *c, struct reader bytes); /* one write */
/* The same without a copy: bytes that are handed over, and bytes that stay until all has left or
 * the connection has ended. */
void connection_give(struct connection *c, struct bytes *piece); /* empty afterwards */
void connection_lend(struct connection *c, struct reader bytes);
size_t connection_unsent(const struct connection *c);
/* Looks at the input again, from the loop: after a pause of the owner's. */
void connection_resume(struct connection *c);
/* Ends it from the loop after what was sent has left. */
void connection_close(struct connection *c);

/* For connection.c and connection_server.c. */
bool connection_start(struct connection *c, struct error *err);
void connection_end(struct connection *c, const struct error *why);
void connection_leave(struct connection *c); /* out of its server's list and counts */
struct tls_server *connection_server_tls(const struct connection_server *s);
