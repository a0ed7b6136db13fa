#pragma once
/*
 * An HTTP/1.1 server on one listening socket, TCP, TLS or Unix, with one deadline for a whole
 * request, caps on header, body and connections, and nothing chunked. libevent's evhttp has neither
 * a cap on connections nor word of what it refuses, so connections are kept here, and requests are
 * read with libhttp-parser.
 */
#include "net/address.h"
#include "net/loop.h"
#include "net/tls.h"

struct http_server;
struct http_exchange; /* one request, to be answered once, now or later */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_OTHER };

struct http_limits {
	uint64_t request_ms;              /* from the first byte of a request to its last */
	uint64_t idle_ms;                 /* between requests, and while an answer leaves */
	size_t header, body, connections; /* bytes, bytes, count */
	size_t per_source;                /* connections from one address; 0: no cap */
};

typedef void http_fn(struct http_exchange *x, void *context);

struct http_server *http_serve(struct loop *l, int fd, struct tls_server *tls,
	const struct http_limits *limits, http_fn *fn, void *context,
	struct error *err); /* takes fd over, also on failure; tls may be NULL, and outlives it */
/* Requests that never became one (garbage, too long, too slow) are told to `fn`. May be NULL. */
void http_server_on_bad(struct http_server *s,
	void (*fn)(const char *peer, const struct error *why, void *context));
/* Not from inside one of its callbacks. Open exchanges still have to be answered. */
void http_server_free(struct http_server *s);

enum http_method http_method(const struct http_exchange *x);
const char *http_path(const struct http_exchange *x); /* percent-decoded once, starts with '/' */
/* The fields of the query one after the other: the name as it came, and its value, decoded; NULL
 * after the last. */
const char *http_query_at(const struct http_exchange *x, size_t index, const char **value);
struct reader http_body(const struct http_exchange *x);
const char *http_header(const struct http_exchange *x, const char *name); /* or NULL */
const char *http_peer(const struct http_exchange *x);             /* "127.16.0.3:4711", or "unix" */
bool http_peer_uid(const struct http_exchange *x, uint32_t *out); /* Unix sockets only */

/* Ends the exchange, also when the peer has left. `body` is copied; HEAD answers get its length
 * only. */
void http_answer(struct http_exchange *x, int status, const char *content_type, struct reader body);
/* The same with a body that is not copied: it stays as it is until `release`, which is called once
 * and may come from inside this call. */
struct http_lent {
	struct reader body;
	void (*release)(void *context);
	void *context;
};
void http_answer_lent(struct http_exchange *x, int status, const char *content_type,
	const struct http_lent *lent);
/* A file from an open descriptor (taken over), for firmware. */
void http_answer_file(struct http_exchange *x, const char *content_type, int fd, size_t size);
void http_set_header(struct http_exchange *x, const char *name, const char *value);
/* Told once when the last byte of an answer was handed to the network, or the peer left before.
 * Called before the answer; fn may be NULL. */
void http_on_sent(struct http_exchange *x, void (*fn)(bool whole, void *context), void *context);
