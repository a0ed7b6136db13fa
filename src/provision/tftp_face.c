/* TFTP as phones speak it: a socket of its own for each transfer, the conversation in
 * talk/tftp_server.h. docs/formats/tftp.md */
#include "provision/provision_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/datagram.h"
#include "run/log.h"
#include "talk/tftp_server.h"

enum { BLOCK_SIZE_MAX = 1428, PATIENCE = 30000 /* ms */, NOT_STARTED = 60000 /* ms */ };

/* Who asks, and the address of ours that was asked: answers come from there, with a fresh port. */
struct route {
	struct address phone, local;
};

struct transfer {
	struct tftp_face *face;
	struct route route;
	struct tftp_packet request;
	struct datagram *socket; /* NULL while the file is being signed */
	struct content *content;
	struct timer *timer;
	struct tftp_server server;
	struct transfer *next;
};

struct tftp_face {
	struct provision *provision;
	struct datagram *socket;
	struct transfer *transfers;
	size_t count;
};

static const struct tftp_server_settings server_settings = {
	.block_size_max = BLOCK_SIZE_MAX,
	.window_max = LIMIT_TFTP_WINDOW,
	.patience_ms = PATIENCE,
};

/* Of a transfer that is in no list any more. */
static void transfer_end(struct transfer *t)
{
	datagram_free(t->socket);
	timer_free(t->timer);
	content_free(t->content);
	shelf_tidy(t->face->provision->shelf);
	free(t);
}

static void transfer_free(struct transfer *t)
{
	struct tftp_face *f = t->face;
	struct transfer **link = &f->transfers;
	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	f->count--;
	transfer_end(t);
}

static void emit(struct reader bytes, void *context)
{
	struct transfer *t = context;
	datagram_send(t->socket, &t->route.phone, bytes);
}

static void emit_block(const struct tftp_block *block, void *context)
{
	struct transfer *t = context;
	tftp_send_block(block, content_bytes(t->content), &(struct tftp_out){ emit, t });
}

static void tell_end(const struct transfer *t)
{
	char peer[ADDRESS_TEXT_SIZE], name[LIMIT_FILE_NAME];
	address_text(&t->route.phone, peer);
	text_escape(reader_of_text(t->request.name), name, sizeof(name));
	if (t->server.complete)
		log_info("%s fetched %s, %zu bytes by TFTP", peer, name,
			content_bytes(t->content).left);
	else
		log_info("%s did not fetch %s by TFTP: %s", peer, name,
			t->server.why.fault == FAULT_NONE ? "it went away" : t->server.why.text);
}

/* After every step: the transfer is over, or its clock is set. */
static void settle(struct transfer *t)
{
	if (t->server.ended) {
		tell_end(t);
		transfer_free(t);
		return;
	}
	int64_t wait = t->server.resend_at - clock_monotonic_ms();
	timer_restart(t->timer, wait < 1 ? 1 : (uint64_t)wait);
}

static void on_tick(void *context)
{
	struct transfer *t = context;
	const struct tftp_server_out out = { emit, emit_block, t };
	if (t->socket == NULL)
		return;
	tftp_server_tick(&t->server, clock_monotonic_ms(), &out);
	settle(t);
}

static void send_error(struct datagram *socket, const struct address *to, enum tftp_error code,
	const char *message)
{
	struct tftp_packet packet = { .opcode = TFTP_ERROR, .error = (uint16_t)code };
	uint8_t bytes[256];
	struct writer w = writer_on(bytes, sizeof(bytes));
	if (!text_copy(packet.message, sizeof(packet.message), message, NULL))
		packet.message[0] = '\0';
	tftp_packet_write(&w, &packet);
	if (w.ok)
		datagram_send(socket, to, writer_written(&w));
}

static void ignore(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context)
{
	(void)d;
	(void)from;
	(void)to;
	(void)bytes;
	(void)context;
}

/* Instead of a transfer. Clients that connect their socket hear only the address they asked. */
static void answer_error(
	struct tftp_face *f, const struct route *route, enum tftp_error code, const char *message)
{
	struct datagram *fresh =
		datagram_open(f->provision->loop, &route->local, ignore, NULL, NULL);
	send_error(fresh != NULL ? fresh : f->socket, &route->phone, code, message);
	datagram_free(fresh);
}

static void on_packet(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context)
{
	(void)to;
	struct transfer *t = context;
	struct tftp_packet packet;
	struct error err = { 0 };
	char peer[ADDRESS_TEXT_SIZE];
	const struct tftp_server_out out = { emit, emit_block, t };
	bool whole = tftp_packet_parse(bytes, &packet, &err);
	if (!address_same(from, &t->route.phone)) {
		if (whole && packet.opcode != TFTP_ERROR) /* errors about errors never end */
			send_error(d, from, TFTP_UNKNOWN_TID, "this transfer is another's");
		return;
	}
	if (!whole) {
		log_refused(address_text(from, peer), "tftp", &err);
		return;
	}
	tftp_server_packet(&t->server, &packet, clock_monotonic_ms(), &out);
	settle(t);
}

static enum tftp_error code_of(enum fault fault)
{
	return fault == FAULT_MISSING    ? TFTP_NOT_FOUND
		: fault == FAULT_REFUSED ? TFTP_ACCESS
					 : TFTP_UNDEFINED;
}

/* "No such file" is the usual answer to a phone without a CTL: not worth a warning. */
static void refuse(
	struct tftp_face *f, const struct route *route, const char *name, const struct error *why)
{
	char peer[ADDRESS_TEXT_SIZE], escaped[LIMIT_FILE_NAME];
	address_text(&route->phone, peer);
	text_escape(reader_of_text(name), escaped, sizeof(escaped));
	if (why->fault == FAULT_MISSING)
		log_info("%s asked for %s by TFTP: %s", peer, escaped, why->text);
	else
		log_refused(peer, "tftp", why);
	answer_error(f, route, code_of(why->fault),
		why->fault == FAULT_MISSING ? "File not found" : why->text);
}

static void on_supply(struct content *content, const struct error *err, void *context)
{
	struct transfer *t = context;
	struct tftp_face *f = t->face;
	struct error why = { 0 };
	if (err != NULL) {
		refuse(f, &t->route, t->request.name, err);
		transfer_free(t);
		return;
	}
	t->socket = datagram_open(f->provision->loop, &t->route.local, on_packet, t, &why);
	if (t->socket == NULL) {
		refuse(f, &t->route, t->request.name, &why);
		transfer_free(t);
		return;
	}
	const struct tftp_server_out out = { emit, emit_block, t };
	t->content = content_keep(content);
	tftp_server_start(&t->server, &t->request, content_bytes(content).left, &server_settings,
		clock_monotonic_ms(), &out);
	settle(t);
}

/* The same request again while it is being served: a phone that did not hear the first answer. */
static bool is_served(
	const struct tftp_face *f, const struct address *phone, const struct tftp_packet *request)
{
	for (const struct transfer *t = f->transfers; t != NULL; t = t->next)
		if (address_same(&t->route.phone, phone) &&
			strcmp(t->request.name, request->name) == 0)
			return true;
	return false;
}

static bool within_limits(const struct tftp_face *f, const struct address *phone, struct error *err)
{
	const struct settings *settings = f->provision->settings;
	size_t same = 0;
	for (const struct transfer *t = f->transfers; t != NULL; t = t->next)
		same += address_same_host(&t->route.phone, phone);
	if (settings->tftp_transfers != 0 && f->count >= settings->tftp_transfers)
		return fail(err, FAULT_BUSY, "%zu transfers are under way, no more are allowed",
			f->count);
	if (settings->tftp_per_source != 0 && same >= settings->tftp_per_source)
		return fail(err, FAULT_BUSY, "%zu transfers from one address, no more are allowed",
			same);
	return true;
}

static struct transfer *transfer_new(struct tftp_face *f, const struct route *route,
	const struct tftp_packet *request, struct error *err)
{
	struct transfer *t = calloc(1, sizeof(*t));
	if (t == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	t->face = f;
	t->route = *route;
	t->request = *request;
	t->request.data = (struct reader){ 0 };
	t->timer = timer_new(f->provision->loop, NOT_STARTED, false, on_tick, t, err);
	if (t->timer == NULL) {
		free(t);
		return NULL;
	}
	t->next = f->transfers;
	f->transfers = t;
	f->count++;
	return t;
}

static void serve(struct tftp_face *f, const struct route *route, const struct tftp_packet *request)
{
	struct error err = { 0 };
	struct found_file found;
	if (!within_limits(f, &route->phone, &err) ||
		!catalogue_find(&f->provision->catalogue, request->name, false, &found, &err)) {
		refuse(f, route, request->name, &err);
		return;
	}
	struct transfer *t = transfer_new(f, route, request, &err);
	if (t == NULL) {
		found_file_done(&found);
		refuse(f, route, request->name, &err);
		return;
	}
	provision_supply(f->provision, &found, on_supply, t);
}

static void on_request(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context)
{
	struct tftp_face *f = context;
	struct tftp_packet packet;
	struct error err = { 0 };
	char peer[ADDRESS_TEXT_SIZE], host[ADDRESS_TEXT_SIZE];
	struct route route = { .phone = *from };
	(void)d;
	if (!address_of(address_host(to, host), 0, &route.local, &err))
		return; /* it came to no address of ours */
	bool fine = tftp_packet_parse(bytes, &packet, &err);
	if (fine && packet.opcode == TFTP_READ && packet.mode != TFTP_MAIL) {
		if (!is_served(f, from, &packet))
			serve(f, &route, &packet);
		return;
	}
	if (fine)
		(void)fail(&err, FAULT_REFUSED, "%s",
			packet.opcode == TFTP_WRITE ? "nothing is written here"
						    : "only read requests come in here");
	log_refused(address_text(from, peer), "tftp", &err);
	if (fine && packet.opcode == TFTP_WRITE)
		answer_error(f, &route, TFTP_ACCESS, err.text);
	else if (!fine || packet.opcode == TFTP_READ)
		answer_error(f, &route, TFTP_ILLEGAL, "not a read request");
}

struct tftp_face *tftp_face_new(struct provision *p, int fd, struct error *err)
{
	struct tftp_face *f = calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	f->provision = p;
	f->socket = datagram_serve(p->loop, fd, on_request, f, err);
	if (f->socket == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

void tftp_face_free(struct tftp_face *f)
{
	if (f == NULL)
		return;
	while (f->transfers != NULL) {
		struct transfer *t = f->transfers;
		f->transfers = t->next;
		transfer_end(t);
	}
	datagram_free(f->socket);
	free(f);
}
