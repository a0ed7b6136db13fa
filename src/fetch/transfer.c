#include "fetch/transfer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/datagram.h"
#include "net/http_client.h"
#include "talk/tftp_client.h"

enum {
	TRY_MS = 1000, /* after which a datagram is sent again */
	TICK_MS = 50,
	URL_SIZE = ADDRESS_TEXT_SIZE + 3 * LIMIT_FILE_NAME + 16,
	HTTP_FINE = 200,
	HTTP_NOT_FOUND = 404,
};

struct transfer {
	transfer_fn *fn;
	void *context;
	struct http_client *http;

	struct datagram *socket;
	struct timer *timer;
	struct address server; /* TFTP: its port changes with the first answer */
	struct tftp_client tftp;
	bool answered;
	struct reader certificate; /* lent by the HTTP client while fn runs */
};

/* The caller may free the transfer inside fn: nothing of it is touched afterwards. */
static void end(struct transfer *t, struct reader file, const struct error *err)
{
	transfer_fn *fn = t->fn;
	t->fn = NULL;
	if (fn != NULL)
		fn(file, err, t->context);
}

static void send_datagram(struct reader bytes, void *context)
{
	struct transfer *t = context;
	datagram_send(t->socket, &t->server, bytes);
}

static void end_tftp(struct transfer *t)
{
	if (!t->tftp.ended || t->fn == NULL)
		return;
	bool whole = t->tftp.why.fault == FAULT_NONE;
	struct reader none = reader_of(NULL, 0);
	end(t, whole ? writer_written(&t->tftp.received) : none, whole ? NULL : &t->tftp.why);
}

/* Somebody else's packet does not end our transfer. RFC 1350 section 4 */
static void refuse_stranger(struct datagram *d, const struct address *from)
{
	const struct tftp_packet refusal = {
		.opcode = TFTP_ERROR,
		.error = TFTP_UNKNOWN_TID,
		.message = "this transfer is with another port",
	};
	uint8_t memory[128];
	struct writer w = writer_on(memory, sizeof(memory));
	tftp_packet_write(&w, &refusal);
	datagram_send(d, from, writer_written(&w));
}

static void datagram_came(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context)
{
	struct transfer *t = context;
	struct tftp_packet packet;
	(void)to;
	bool known =
		t->answered ? address_same(from, &t->server) : address_same_host(from, &t->server);
	if (!tftp_packet_parse(bytes, &packet, NULL))
		return; /* as if it were lost */
	if (!known) {
		if (packet.opcode != TFTP_ERROR) /* two who answer errors with errors never end */
			refuse_stranger(d, from);
		return;
	}
	t->answered = true;
	t->server = *from;
	tftp_client_packet(
		&t->tftp, &packet, clock_monotonic_ms(), &(struct tftp_out){ send_datagram, t });
	end_tftp(t);
}

static void came_back(struct datagram *d, const struct address *to, void *context)
{
	struct transfer *t = context;
	(void)d;
	if (!address_same(to, &t->server))
		return; /* what we told a stranger */
	tftp_client_refused(&t->tftp);
	end_tftp(t);
}

static void tick(void *context)
{
	struct transfer *t = context;
	tftp_client_tick(&t->tftp, clock_monotonic_ms(), &(struct tftp_out){ send_datagram, t });
	end_tftp(t);
}

static bool local_address(const struct transfer_question *q, struct address *out, struct error *err)
{
	bool four = q->server.storage.ss_family == AF_INET;
	const char *any = four ? "0.0.0.0" : "::";
	return address_of(q->source != NULL ? q->source : any, 0, out, err);
}

static bool start_tftp(
	struct transfer *t, struct loop *l, const struct transfer_question *q, struct error *err)
{
	uint64_t each = q->timeout_ms / 2 < TRY_MS ? q->timeout_ms / 2 + 1 : TRY_MS;
	struct tftp_client_settings settings = {
		.block_size = q->block_size,
		.window = q->window,
		.limit = q->limit,
		.tries = (unsigned)(q->timeout_ms / each) + 1,
		.timeout_ms = (int64_t)each,
	};
	struct address local;
	if (!local_address(q, &local, err))
		return false;
	t->server = q->server;
	t->socket = datagram_open(l, &local, datagram_came, t, err);
	if (t->socket == NULL ||
		(q->heeds_refusal && !datagram_heed_refusals(t->socket, came_back, err)))
		return false;
	t->timer = timer_new(l, TICK_MS, true, tick, t, err);
	return t->timer != NULL &&
		tftp_client_start(&t->tftp, q->name, &settings, clock_monotonic_ms(),
			&(struct tftp_out){ send_datagram, t }, err);
}

static void page_came(const struct http_reply *reply, const struct error *err, void *context)
{
	struct transfer *t = context;
	struct error why = { 0 };
	struct reader none = reader_of(NULL, 0);
	if (reply == NULL) {
		end(t, none, err);
		return;
	}
	t->certificate = reply->certificate;
	if (reply->status == HTTP_FINE) {
		end(t, reply->body, NULL);
	} else {
		fail(&why, reply->status == HTTP_NOT_FOUND ? FAULT_MISSING : FAULT_IO,
			"the server answers %d", reply->status);
		end(t, none, &why);
	}
}

static bool is_plain(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' ||
		byte == '/' || byte == '~' || byte == '+';
}

static void write_url(struct writer *w, const struct transfer_question *q)
{
	char address[ADDRESS_TEXT_SIZE], escape[4];
	writer_text(w, q->kind == TRANSFER_HTTPS ? "https://" : "http://");
	writer_text(w, address_text(&q->server, address));
	writer_text(w, "/");
	for (struct reader name = reader_of_text(q->name); name.left > 0;) {
		uint8_t byte = reader_u8(&name);
		(void)snprintf(escape, sizeof(escape), is_plain(byte) ? "%c" : "%%%02X", byte);
		writer_text(w, escape);
	}
	writer_u8(w, '\0');
}

static bool start_http(
	struct transfer *t, struct loop *l, const struct transfer_question *q, struct error *err)
{
	char url[URL_SIZE];
	struct writer w = writer_on(url, sizeof(url));
	write_url(&w, q);
	if (!w.ok)
		return fail(err, FAULT_LIMIT, "the name %.40s… is too long", q->name);
	t->http = http_client_new(l, err);
	const struct http_question question = {
		.method = "GET",
		.url = url,
		.source = q->source,
		.timeout_ms = q->timeout_ms,
		.limit = q->limit,
		.unnamed = q->unnamed,
	};
	return t->http != NULL && http_ask(t->http, &question, page_came, t, err);
}

struct transfer *transfer_start(struct loop *l, const struct transfer_question *question,
	transfer_fn *fn, void *context, struct error *err)
{
	struct transfer *t = calloc(1, sizeof(*t));
	if (t == NULL) {
		fail_memory(err);
		return NULL;
	}
	t->fn = fn;
	t->context = context;
	bool fine = question->kind == TRANSFER_TFTP ? start_tftp(t, l, question, err)
						    : start_http(t, l, question, err);
	if (fine)
		return t;
	transfer_free(t);
	return NULL;
}

struct reader transfer_certificate(const struct transfer *t)
{
	return t->certificate;
}

void transfer_free(struct transfer *t)
{
	if (t == NULL)
		return;
	timer_free(t->timer);
	datagram_free(t->socket);
	http_client_free(t->http);
	tftp_client_done(&t->tftp);
	free(t);
}
