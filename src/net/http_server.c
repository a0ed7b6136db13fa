#include "net/http_server.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/http_exchange_impl.h"

static const char request_late[] = "a request was begun and not finished in time";
static const char idle_late[] = "nothing was asked";

static struct http_connection *http_of(struct connection *c)
{
	struct http_connection *h = (struct http_connection *)c;
	h->server = c->context;
	return h;
}

static void tell_bad(struct http_connection *h, const struct error *why)
{
	char peer[ADDRESS_TEXT_SIZE];
	if (h->server->bad != NULL && !h->told)
		h->server->bad(address_text(&h->connection.peer, peer), why, h->server->context);
	h->told = true;
}

/* What is no request gets a sentence and the end of its connection. */
static void answer_bad(struct http_connection *h, const struct error *why)
{
	bool limit = why->fault == FAULT_LIMIT;
	bool head = h->exchange == NULL;
	int status = why->fault == FAULT_REFUSED ? 501 : limit && head ? 431 : limit ? 413 : 400;
	uint8_t memory[1024];
	struct writer w = writer_on(memory, sizeof(memory));
	http_head_write(&w, status, "text/plain; charset=utf-8", strlen(why->text) + 1, false);
	writer_text(&w, "\r\n");
	writer_text(&w, why->text);
	writer_text(&w, "\n");
	tell_bad(h, why);
	connection_send(&h->connection, writer_written(&w));
	connection_close(&h->connection);
}

/* Takes the head off the input when it is whole: then h->exchange is set. */
static bool take_head(struct http_connection *h, struct evbuffer *input, struct error *err)
{
	const struct http_limits *limits = &h->server->limits;
	size_t have = evbuffer_get_length(input);
	size_t look = have < limits->header + 1 ? have : limits->header + 1;
	const uint8_t *bytes = evbuffer_pullup(input, (ev_ssize_t)look);
	if (bytes == NULL)
		return fail_memory(err);
	if (bytes[0] != '\r' && bytes[0] != '\n' && (bytes[0] <= ' ' || bytes[0] >= 0x7F))
		return fail(err, FAULT_MALFORMED, "the first line is no HTTP request"); /* TLS? */
	size_t size = http_head_size(reader_of(bytes, look), &h->looked);
	if (size > limits->header || (size == 0 && look > limits->header))
		return fail(err, FAULT_LIMIT, "a request's head of more than %zu bytes",
			limits->header);
	if (size == 0)
		return true;
	AUTO(http_exchange) x = http_exchange_new(h, err);
	if (x == NULL || !http_request_parse(reader_of(bytes, size), &x->request, err))
		return false;
	(void)evbuffer_drain(input, size);
	h->looked = 0;
	h->exchange = TAKE(x);
	if (h->exchange->request.body > limits->body)
		return fail(err, FAULT_LIMIT, "a body of %zu bytes, %zu are allowed",
			h->exchange->request.body, limits->body);
	if (h->exchange->request.expects && h->exchange->request.body > 0)
		connection_send(&h->connection, reader_of_text("HTTP/1.1 100 Continue\r\n\r\n"));
	return true;
}

static bool take_body(struct http_connection *h, struct evbuffer *input, struct error *err)
{
	struct http_exchange *x = h->exchange;
	size_t size = x->request.body;
	const uint8_t *bytes = size > 0 ? evbuffer_pullup(input, (ev_ssize_t)size) : NULL;
	if ((size > 0 && bytes == NULL) || !bytes_copy(&x->body, reader_of(bytes, size), NULL))
		return fail_memory(err);
	(void)evbuffer_drain(input, size);
	return true;
}

/* True with h->delivered when a whole request is there; false with err when there is none. */
static bool read_request(struct http_connection *h, struct evbuffer *input, struct error *err)
{
	if (h->exchange == NULL && !take_head(h, input, err))
		return false;
	if (h->exchange == NULL || evbuffer_get_length(input) < h->exchange->request.body)
		return true;
	h->delivered = take_body(h, input, err);
	return h->delivered;
}

static bool http_input(struct connection *c, struct error *err)
{
	struct http_connection *h = http_of(c);
	struct evbuffer *input = connection_input(c);
	struct error why = { 0 };
	(void)err; /* what is wrong is answered, not cut off */
	if (h->delivered || evbuffer_get_length(input) == 0)
		return true;
	if (!h->begun)
		connection_deadline(c, h->server->limits.request_ms, request_late);
	h->begun = true;
	if (!read_request(h, input, &why)) {
		answer_bad(h, &why);
		return true;
	}
	if (!h->delivered)
		return true;
	h->begun = false;
	connection_deadline(c, 0, NULL); /* the handler keeps its own */
	h->server->fn(h->exchange, h->server->context);
	return true;
}

static void await_request(struct http_connection *h)
{
	connection_deadline(&h->connection, h->server->limits.idle_ms, idle_late);
	connection_resume(&h->connection);
}

static void http_opened(struct connection *c)
{
	struct http_connection *h = http_of(c);
	const struct http_limits *limits = &h->server->limits;
	h->opened = true;
	c->input_max = limits->header + limits->body + 1;
	await_request(h);
}

static void http_drained(struct connection *c)
{
	struct http_connection *h = http_of(c);
	struct http_exchange *x = h->exchange;
	if (x == NULL || !x->answered || !http_exchange_continue(x))
		return;
	bool keep = x->request.keep && !c->peer_ended;
	http_exchange_end(x, true);
	if (keep)
		await_request(h);
	else
		connection_close(c);
}

static bool http_ended(struct connection *c, bool *answering, struct error *err)
{
	struct http_connection *h = http_of(c);
	*answering = h->delivered;
	if (h->begun)
		return fail(err, FAULT_MALFORMED, "left in the middle of a request");
	return true;
}

static void http_closed(struct connection *c, const struct error *why)
{
	struct http_connection *h = http_of(c);
	struct http_exchange *x = TAKE(h->exchange);
	bool idle = h->opened && !h->begun && x == NULL;
	if (why != NULL && !h->delivered && !idle)
		tell_bad(h, why);
	if (x == NULL)
		return;
	x->at = NULL;
	if (!h->delivered)
		http_exchange_free(x);
	else if (x->answered)
		http_exchange_end(x, false); /* else the handler will notice */
}

static void http_refused(void *context, const struct address *peer, const struct error *why)
{
	const struct http_server *s = context;
	char text[ADDRESS_TEXT_SIZE];
	if (s->bad != NULL)
		s->bad(address_text(peer, text), why, s->context);
}

static const struct connection_kind http_kind = { .size = sizeof(struct http_connection),
	.opened = http_opened,
	.input = http_input,
	.drained = http_drained,
	.ended = http_ended,
	.closed = http_closed,
	.refused = http_refused };

struct http_server *http_serve(struct loop *l, int fd, struct tls_server *tls,
	const struct http_limits *limits, http_fn *fn, void *context, struct error *err)
{
	const struct stream_limits under = { .handshake_ms = limits->request_ms,
		.total = limits->connections,
		.per_source = limits->per_source };
	struct http_server *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)close(fd);
		fail_memory(err);
		return NULL;
	}
	*s = (struct http_server){ .limits = *limits, .fn = fn, .context = context };
	s->connections = connection_serve(l, fd, tls, &http_kind, &under, s, err);
	if (s->connections == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void http_server_on_bad(
	struct http_server *s, void (*fn)(const char *peer, const struct error *why, void *context))
{
	s->bad = fn;
}

void http_server_free(struct http_server *s)
{
	if (s == NULL)
		return;
	connection_server_free(s->connections);
	free(s);
}
