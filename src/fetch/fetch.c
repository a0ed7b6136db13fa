#include "fetch/fetch.h"

#include <string.h>

#include "fetch/server_address.h"
#include "fetch/transfer.h"
#include "net/stream.h"
#include "talk/url.h"

enum { BLOCK_SIZE = 1428, WINDOW = 8 }; /* an Ethernet frame; a server may grant less */

static const struct url_scheme schemes[] = {
	[TRANSFER_TFTP] = { "tftp", 69 },
	[TRANSFER_HTTP] = { "http", 6970 },
	[TRANSFER_HTTPS] = { "https", 6971 },
};

struct fetching {
	struct loop *loop;
	bool fine;
	struct bytes bytes;
	struct bytes certificate;
	struct transfer *transfer;
	struct error *err;
};

static enum transfer_kind kind_of(const struct url *url)
{
	enum transfer_kind kind = TRANSFER_TFTP;
	while (strcmp(schemes[kind].name, url->scheme) != 0)
		kind++;
	return kind;
}

static void file_came(struct reader file, const struct error *err, void *context)
{
	struct fetching *f = context;
	if (err == NULL)
		f->fine = bytes_copy(&f->bytes, file, f->err) &&
			bytes_copy(&f->certificate, transfer_certificate(f->transfer), f->err);
	else if (f->err != NULL)
		*f->err = *err;
	loop_stop(f->loop);
}

static bool run(struct fetching *f, const struct transfer_question *question, struct error *err)
{
	f->transfer = transfer_start(f->loop, question, file_came, f, err);
	bool fine = f->transfer != NULL && loop_run(f->loop, err) && f->fine;
	transfer_free(f->transfer);
	return fine;
}

bool fetch_url(
	const char *url, size_t limit, uint64_t timeout_ms, struct bytes *out, struct error *err)
{
	AUTO_DONE(bytes) certificate = { 0 };
	return fetch_url_shown(url, limit, timeout_ms, out, &certificate, err);
}

bool fetch_url_shown(const char *url, size_t limit, uint64_t timeout_ms, struct bytes *out,
	struct bytes *certificate, struct error *err)
{
	struct url parts;
	struct address server;
	if (!url_parse(url, schemes, COUNT(schemes), &parts, err))
		return false;
	if (parts.path[1] == '\0')
		return fail(err, FAULT_USAGE, "%.200s names no file", url);
	AUTO(loop) loop = loop_new(err);
	if (loop == NULL || !server_address(parts.host, parts.port, &server, err))
		return false;
	struct fetching f = { .loop = loop, .err = err };
	const struct transfer_question question = {
		.kind = kind_of(&parts),
		.server = server,
		.name = parts.path + 1,
		.limit = limit,
		.timeout_ms = timeout_ms,
		.block_size = BLOCK_SIZE,
		.window = WINDOW,
		.unnamed = true,
		.heeds_refusal = true,
	};
	if (!run(&f, &question, err)) {
		bytes_done(&f.bytes);
		bytes_done(&f.certificate);
		return fail_in(err, "fetching %.120s", url);
	}
	*out = f.bytes;
	*certificate = f.certificate;
	return true;
}

bool fetch_is_url(const char *text)
{
	return strstr(text, "://") != NULL;
}

/* A TLS server is greeted and left: its certificate is all that is wanted. */
static bool no_body(struct reader header, size_t *out, struct error *err)
{
	(void)header;
	(void)out;
	return fail(err, FAULT_REFUSED, "the server speaks first");
}

static bool no_message(struct stream *s, struct reader whole, void *context, struct error *err)
{
	(void)s;
	(void)whole;
	(void)context;
	return fail(err, FAULT_REFUSED, "the server speaks first");
}

static void greeted(struct stream *s, void *context)
{
	struct fetching *f = context;
	AUTO(cert) cert = stream_peer_cert(s, f->err);
	f->fine = cert != NULL && bytes_copy(&f->bytes, cert_der(cert), f->err);
	stream_close(s);
}

static void parted(struct stream *s, const struct error *why, void *context)
{
	struct fetching *f = context;
	(void)s;
	if (!f->fine && why != NULL && f->err != NULL)
		*f->err = *why;
	else if (!f->fine)
		fail(f->err, FAULT_IO, "the server hung up");
	loop_stop(f->loop);
}

bool fetch_certificate(
	const char *host, uint16_t port, uint64_t timeout_ms, struct bytes *der, struct error *err)
{
	static const struct protocol greeting = {
		.name = "greeting",
		.header_size = 1,
		.body_size = no_body,
		.opened = greeted,
		.message = no_message,
		.closed = parted,
	};
	const struct stream_limits limits = { .handshake_ms = timeout_ms, .idle_ms = timeout_ms };
	struct stream_target target = { .tls = true };
	AUTO(loop) loop = loop_new(err);
	if (loop == NULL || !server_address(host, port, &target.to, err))
		return false;
	struct fetching f = { .loop = loop, .err = err };
	if (stream_open(loop, &target, &greeting, &limits, &f, err) == NULL ||
		!loop_run(loop, err) || !f.fine) {
		bytes_done(&f.bytes);
		return fail_in(err, "the certificate of %s:%u", host, (unsigned)port);
	}
	*der = f.bytes;
	return true;
}
