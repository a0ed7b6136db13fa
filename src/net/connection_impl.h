#pragma once
/*
 * One connection, TCP or Unix, plain or TLS, with its deadline and its orderly end; and the server
 * that accepts them under caps. stream.c and http_server.c stand on it. A TLS connection costs next
 * to nothing before its first byte: the SSL object is made then.
 */
#include <event2/buffer.h>

#include "net/stream.h"
#include "net/tls_impl.h"

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
	struct address peer;
	bool tls;
	enum connection_stage stage;
	int fd;
	int refusal; /* errno of a connect that failed at once */
	/* NULL until it speaks: what came and was not taken yet, what is to be sent. */
	struct evbuffer *input, *output;
	struct tls_talk *talk; /* NULL on a plain one */
	struct evbuffer *wire; /* of TLS: records that are to be sent */
	size_t input_max;      /* bytes that nobody takes: the peer then waits */
	bool peer_ended;       /* it will send no more */
	bool listening;        /* the loop waits for what comes */
	bool paused;           /* the peer does not read what it is sent: it is not heard either */
	bool full;             /* the kernel takes no more: the loop waits until it does */
	bool sending;          /* something is on its way out */
	bool busy;             /* inside a call of ours, at whose end things are sent */
	bool look_again;       /* at the input, though nothing came */
	bool said_goodbye;
	struct event *readable, *timer;
	struct event *writable;          /* made when it is needed */
	const char *late;                /* what to say when the timer fires */
	struct source *source;           /* in the server's counts; NULL: not counted */
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
/* What is sent in one turn of the loop leaves together. */
void connection_send(struct connection *c, struct reader bytes);
/* The same without a copy: bytes that are handed over, and bytes that stay until all has left or
 * the connection has ended. */
void connection_give(struct connection *c, struct bytes *piece); /* empty afterwards */
void connection_lend(struct connection *c, struct reader bytes);
size_t connection_unsent(const struct connection *c);
/* Looks at the input again, from the loop: after a pause of the owner's. */
void connection_resume(struct connection *c);
/* Ends it from the loop after what was sent has left. */
void connection_close(struct connection *c);

/* For connection*.c. */
bool connection_start(struct connection *c, struct error *err);
void connection_end(struct connection *c, const struct error *why);
void connection_leave(struct connection *c); /* out of its server's list and counts */
/* Sends what the kernel takes. False: the connection is broken, err says why. */
bool connection_write(struct connection *c, struct error *err) MUST_CHECK;
/* Something is to be done for it, soon, from the loop. */
void connection_wake(struct connection *c);
struct tls_server *connection_server_tls(const struct connection_server *s);
