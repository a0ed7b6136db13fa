#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "net/http_exchange_impl.h"

enum {
	PIECE = 64 << 10,
	SMALL = 8 << 10, /* one record of TLS with its head costs less than the copy */
	HEADERS_MAX = 4096,
};

static const char answer_late[] = "did not read its answer";

struct http_exchange *http_exchange_new(struct http_connection *h, struct error *err)
{
	struct http_exchange *x = calloc(1, sizeof(*x));
	struct ucred who = { 0 };
	socklen_t size = sizeof(who);
	if (x == NULL) {
		fail_memory(err);
		return NULL;
	}
	*x = (struct http_exchange){ .at = h, .fd = -1, .headers = writer_new(HEADERS_MAX) };
	address_text(&h->connection.peer, x->peer);
	x->has_uid = h->connection.peer.storage.ss_family == AF_UNIX &&
		getsockopt(h->connection.fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0;
	x->uid = who.uid;
	return x;
}

void http_exchange_free(struct http_exchange *x)
{
	if (x == NULL)
		return;
	http_request_done(&x->request);
	bytes_done(&x->body);
	bytes_done(&x->copied);
	if (x->lent.release != NULL)
		x->lent.release(x->lent.context);
	writer_done(&x->headers);
	if (x->fd >= 0)
		(void)close(x->fd);
	free(x);
}
void http_exchange_end(struct http_exchange *x, bool whole)
{
	if (x->at != NULL) {
		x->at->exchange = NULL;
		x->at->delivered = false;
	}
	void (*fn)(bool, void *) = x->on_sent;
	void *context = x->on_sent_context;
	http_exchange_free(x);
	if (fn != NULL)
		fn(whole, context);
}

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} rows[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 204, "No Content" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 422, "Unprocessable Content" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].status == status)
			return rows[i].reason;
	return "Other";
}

void http_head_write(struct writer *w, int status, const char *content_type, size_t size, bool keep)
{
	char line[160];
	(void)snprintf(line, sizeof(line), "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n", status,
		reason_of(status), size);
	writer_text(w, line);
	(void)snprintf(line, sizeof(line), "Content-Type: %.80s\r\n", content_type);
	writer_text(w, line);
	writer_text(w, "Cache-Control: no-store\r\n");
	if (!keep)
		writer_text(w, "Connection: close\r\n");
}

static struct reader in_memory(const struct http_exchange *x, size_t size)
{
	struct reader rest = x->lent.release != NULL ? x->lent.body : bytes_reader(&x->copied);
	(void)reader_sub(&rest, x->sent);
	return reader_sub(&rest, size);
}

/* Head and body leave as one piece when that is small, else the body as it lies in memory. */
static bool send_memory(struct http_exchange *x, struct reader head, size_t size)
{
	struct connection *c = &x->at->connection;
	struct reader body = in_memory(x, size);
	if (size > SMALL || head.left == 0) {
		connection_send(c, head);
		connection_lend(c, body);
		return true;
	}
	AUTO_DONE(writer) w = writer_new(head.left + size);
	writer_bytes(&w, head);
	writer_bytes(&w, body);
	if (w.ok)
		connection_send(c, writer_written(&w));
	return w.ok;
}

/* False: it was cut meanwhile, and the length that we told is wrong; or there is no memory. */
static bool send_from_file(struct http_exchange *x, struct reader head, size_t size)
{
	AUTO_DONE(bytes) piece = { malloc(size), size };
	if (piece.data == NULL || pread(x->fd, piece.data, size, (off_t)x->sent) != (ssize_t)size)
		return false;
	connection_send(&x->at->connection, head);
	connection_give(&x->at->connection, &piece);
	return true;
}

/* The next piece of an answer, behind `head` when it is the first. */
static void send_piece(struct http_exchange *x, struct reader head)
{
	struct http_connection *h = x->at;
	size_t size = x->size - x->sent < PIECE ? x->size - x->sent : PIECE;
	connection_deadline(&h->connection, h->server->limits.idle_ms, answer_late);
	bool fine =
		x->fd < 0 || size == 0 ? send_memory(x, head, size) : send_from_file(x, head, size);
	x->sent += size;
	if (!fine)
		connection_close(&h->connection);
}

bool http_exchange_continue(struct http_exchange *x)
{
	if (x->sent == x->size)
		return true;
	send_piece(x, (struct reader){ .ok = true });
	return false;
}

static void start_answer(struct http_exchange *x, int status, const char *content_type, size_t size)
{
	AUTO_DONE(writer) head = writer_new(HEADERS_MAX + 1024);
	if (x->at == NULL) {
		http_exchange_end(x, false);
		return;
	}
	bool empty = http_method(x) == HTTP_HEAD;
	http_head_write(&head, status, content_type, size, x->request.keep);
	writer_bytes(&head, writer_written(&x->headers));
	writer_text(&head, "\r\n");
	x->answered = true;
	x->size = empty ? 0 : size;
	if (head.ok && x->headers.ok)
		send_piece(x, writer_written(&head));
	else
		connection_close(&x->at->connection);
}

void http_answer(struct http_exchange *x, int status, const char *content_type, struct reader body)
{
	bool wanted = x->at != NULL && http_method(x) != HTTP_HEAD;
	if (wanted && !bytes_copy(&x->copied, body, NULL)) {
		connection_close(&x->at->connection);
		x->answered = true;
		return;
	}
	start_answer(x, status, content_type, body.left);
}

void http_answer_lent(
	struct http_exchange *x, int status, const char *content_type, const struct http_lent *lent)
{
	x->lent = *lent;
	start_answer(x, status, content_type, lent->body.left);
}

void http_answer_file(struct http_exchange *x, const char *content_type, int fd, size_t size)
{
	x->fd = fd;
	start_answer(x, 200, content_type, size);
}

void http_set_header(struct http_exchange *x, const char *name, const char *value)
{
	writer_text(&x->headers, name);
	writer_text(&x->headers, ": ");
	writer_text(&x->headers, value);
	writer_text(&x->headers, "\r\n");
}

void http_on_sent(struct http_exchange *x, void (*fn)(bool whole, void *context), void *context)
{
	x->on_sent = fn;
	x->on_sent_context = context;
}

enum http_method http_method(const struct http_exchange *x)
{
	static const char *const names[HTTP_OTHER] = { [HTTP_GET] = "GET",
		[HTTP_HEAD] = "HEAD",
		[HTTP_POST] = "POST",
		[HTTP_PUT] = "PUT",
		[HTTP_DELETE] = "DELETE" };
	unsigned method = HTTP_GET;
	while (method != HTTP_OTHER && strcmp(names[method], x->request.method) != 0)
		method++;
	return (enum http_method)method;
}

const char *http_path(const struct http_exchange *x)
{
	return x->request.path;
}

const char *http_query_at(const struct http_exchange *x, size_t index, const char **value)
{
	const struct evkeyval *field = x->request.query->tqh_first;
	while (field != NULL && index-- > 0)
		field = field->next.tqe_next;
	if (field == NULL)
		return NULL;
	*value = field->value;
	return field->key;
}

struct reader http_body(const struct http_exchange *x)
{
	return bytes_reader(&x->body);
}

const char *http_header(const struct http_exchange *x, const char *name)
{
	return http_request_field(&x->request, name);
}

const char *http_peer(const struct http_exchange *x)
{
	return x->peer;
}

bool http_peer_uid(const struct http_exchange *x, uint32_t *out)
{
	if (x->has_uid)
		*out = x->uid;
	return x->has_uid;
}
