#pragma once
/*
 * One exchange of an HTTP server: http_server.c reads requests, http_exchange.c sends answers in
 * pieces, so that neither a large file nor a slow reader fills the memory.
 */
#include "base/writer.h"
#include "net/connection_impl.h"
#include "net/http_request.h"
#include "net/http_server.h"

struct http_connection {
	struct connection connection;
	struct http_server *server;
	struct http_exchange *exchange; /* being read, answered or sent */
	bool delivered;                 /* the exchange is with the handler, or beyond */
	bool opened;                    /* handshake done */
	bool begun;                     /* part of a request has come: its deadline runs */
	bool told;                      /* on_bad knows */
	size_t looked;                  /* bytes of the input without an end of a head */
};

struct http_exchange {
	struct http_connection *at; /* NULL: the peer left */
	struct http_request request;
	struct bytes body;
	char peer[ADDRESS_TEXT_SIZE];
	bool has_uid;
	uint32_t uid;
	bool answered;
	struct writer headers; /* of the answer, the caller's */
	struct bytes copied;   /* of the answer: our own … */
	struct http_lent lent; /* … or somebody's (release NULL: none) … */
	int fd;                /* … or from a file; -1: none */
	size_t sent, size;
	void (*on_sent)(bool whole, void *context);
	void *on_sent_context;
};

struct http_server {
	struct connection_server *connections;
	struct http_limits limits;
	http_fn *fn;
	void *context;
	void (*bad)(const char *peer, const struct error *why, void *context);
};

/* NULL when there is no memory. */
struct http_exchange *http_exchange_new(struct http_connection *h, struct error *err);
void http_exchange_free(struct http_exchange *x);
DEFINE_AUTO(http_exchange, http_exchange_free);
/* The last of it: on_sent is told, the connection is free for the next. */
void http_exchange_end(struct http_exchange *x, bool whole);
/* More of the answer may go out. True when all of it has. */
bool http_exchange_continue(struct http_exchange *x);
/* Status line and the fields that every answer has. */
void http_head_write(
	struct writer *w, int status, const char *content_type, size_t size, bool keep);
