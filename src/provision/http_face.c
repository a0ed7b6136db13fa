/* HTTP and HTTPS as phones speak them: GET and HEAD, whole files, never chunked.
 * docs/formats/provisioning.md#http */
#include "provision/provision_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "run/log.h"

enum { MILLISECONDS = 1000 };

static const char file_type[] = "application/octet-stream";

/* One download: what may be told when it has left. */
struct download {
	struct http_exchange *exchange;
	struct provision *provision;
	char peer[ADDRESS_TEXT_SIZE];
	char name[LIMIT_FILE_NAME];
	size_t size;
	bool secure, head;
};

static void on_sent(bool whole, void *context)
{
	struct download *d = context;
	const char *by = d->secure ? "HTTPS" : "HTTP";
	if (!whole)
		log_info("%s did not fetch %s by %s: it went away", d->peer, d->name, by);
	else if (!d->head)
		log_info("%s fetched %s, %zu bytes by %s", d->peer, d->name, d->size, by);
	free(d);
}

static int status_of(enum fault fault)
{
	return fault == FAULT_MISSING    ? 404
		: fault == FAULT_REFUSED ? 403
		: fault == FAULT_BUSY    ? 503
					 : 500;
}

static void refuse(struct download *d, const struct error *why)
{
	int status = status_of(why->fault);
	if (why->fault == FAULT_MISSING)
		log_info("%s asked for %s by HTTP: %s", d->peer, d->name, why->text);
	else
		log_refused(d->peer, "http", why);
	http_answer(d->exchange, status, "text/plain", reader_of_text(why->text));
	free(d);
}

static void release(void *context)
{
	content_free(context);
}

static void on_supply(struct content *content, const struct error *err, void *context)
{
	struct download *d = context;
	if (err != NULL) {
		refuse(d, err);
		return;
	}
	const struct http_lent lent = { content_bytes(content), release, content_keep(content) };
	d->size = lent.body.left;
	http_on_sent(d->exchange, on_sent, d);
	http_answer_lent(d->exchange, 200, file_type, &lent);
}

static void serve(struct download *d, const char *asked)
{
	struct found_file found;
	struct error err = { 0 };
	if (!catalogue_find(&d->provision->catalogue, asked, d->secure, &found, &err)) {
		refuse(d, &err);
		return;
	}
	if (found.fd < 0) {
		provision_supply(d->provision, &found, on_supply, d);
		return;
	}
	d->size = found.size;
	http_on_sent(d->exchange, on_sent, d);
	http_answer_file(d->exchange, file_type, found.fd, found.size);
}

static void on_request(struct http_exchange *x, struct provision *p, bool secure)
{
	enum http_method method = http_method(x);
	const char *path = http_path(x);
	struct download *d = calloc(1, sizeof(*d));
	if (d == NULL) {
		http_answer(x, 500, "text/plain", reader_of_text("out of memory"));
		return;
	}
	*d = (struct download){ .exchange = x, .provision = p, .secure = secure };
	d->head = method == HTTP_HEAD;
	text_escape(reader_of_text(http_peer(x)), d->peer, sizeof(d->peer));
	text_escape(reader_of_text(path + 1), d->name, sizeof(d->name));
	if (method != HTTP_GET && method != HTTP_HEAD) {
		http_set_header(x, "Allow", "GET, HEAD");
		struct error why = { FAULT_REFUSED, "only GET and HEAD are served" };
		log_refused(d->peer, "http", &why);
		http_answer(x, 405, "text/plain", reader_of_text(why.text));
		free(d);
		return;
	}
	serve(d, path);
}

static void on_plain(struct http_exchange *x, void *context)
{
	on_request(x, context, false);
}

static void on_secure(struct http_exchange *x, void *context)
{
	on_request(x, context, true);
}

static void on_bad(const char *peer, const struct error *why, void *context)
{
	(void)context;
	log_refused(peer, "http", why);
}

struct http_server *http_face_new(
	struct provision *p, int fd, struct tls_server *tls, struct error *err)
{
	const struct settings *s = p->settings;
	const struct http_limits limits = {
		.request_ms = s->http_request * MILLISECONDS,
		.idle_ms = s->http_idle * MILLISECONDS,
		.header = LIMIT_HTTP_HEADER,
		.body = 0,
		.connections = s->http_connections,
		.per_source = s->http_per_source,
	};
	struct http_server *server =
		http_serve(p->loop, fd, tls, &limits, tls == NULL ? on_plain : on_secure, p, err);
	if (server != NULL)
		http_server_on_bad(server, on_bad);
	return server;
}
