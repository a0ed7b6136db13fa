/* TFTP as phones speak it: requests on the known port, transfers from fresh ones beside it, the
 * conversation in talk/tftp_server.h. docs/formats/tftp.md */
#include "provision/provision_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/text.h"
#include "provision/tftp_transfers.h"
#include "run/log.h"

enum {
	FRESH_PORTS = 256, /* which one, nobody can tell who does not hear the answer */
	GUESSES_MOST = 4,  /* wrong ones from one address in GUESSES_MS */
	GUESSES_MS = 60000,
	DRAWN = 256, /* random bytes had at once */
	BLOCK_SIZE_MAX = 1428,
	PATIENCE_MS = 30000,
	LONG_MS = 60000, /* with nothing to wait for */
	TOLD_MOST = 200, /* refusals in a second */
	SECOND_MS = 1000,
	PHONES_KNOWN = 1 << 10, /* whose round trip is remembered */
	GUESSERS = 1 << 14,
	TRANSFERS_OVER = 1 << 10,
};

static_assert(BLOCK_SIZE_MAX + TFTP_DATA_HEADER <= DATAGRAM_PORTS_ROOM, "a block fits");

struct known_phone {
	uint64_t hash; /* of its address */
	int64_t wait_ms;
};

/* Addresses that share a place are one here: else who guesses in the name of one could have it
 * forgotten by asking in the name of another. */
struct guesser {
	int64_t since; /* the minute in which wrong ports are counted */
	unsigned guesses;
};

struct tftp_face {
	struct provision *provision;
	struct datagram_ports *ports;
	struct transfers *transfers;
	struct timer *timer;
	int64_t wakes_at;
	uint8_t drawn[DRAWN]; /* random; the first `left` are unused */
	size_t left;
	int64_t told_since; /* the second in which refusals are counted */
	size_t told, untold;
	struct known_phone known[PHONES_KNOWN];
	struct guesser guessers[GUESSERS];
	uint64_t over[TRANSFERS_OVER];    /* ways of transfers that ended lately, as hashes */
	uint64_t guessed[TRANSFERS_OVER]; /* ways that were guessed lately */
};

/* Of a transfer that is in no table any more. */
static void transfer_free(struct transfer *t)
{
	content_free(t->content);
	free(t);
}

static uint64_t way_hash(const struct datagram_way *way)
{
	return address_hash(&way->peer) + way->port;
}

static void transfer_end(struct transfer *t)
{
	uint64_t hash = way_hash(&t->way);
	t->face->over[hash % TRANSFERS_OVER] = hash;
	transfers_remove(t->face->transfers, t);
	transfer_free(t);
}

/* sending */

static void send_bytes(struct tftp_face *f, const struct datagram_way *way, struct reader bytes)
{
	size_t size = bytes.left;
	if (size > DATAGRAM_PORTS_ROOM)
		return;
	reader_copy(&bytes, datagram_ports_room(f->ports), size);
	datagram_ports_send(f->ports, way, size);
}

static void emit(struct reader bytes, void *context)
{
	struct transfer *t = context;
	send_bytes(t->face, &t->way, bytes);
}

static void emit_block(const struct tftp_block *block, void *context)
{
	struct transfer *t = context;
	struct datagram_ports *ports = t->face->ports;
	uint8_t *room = datagram_ports_room(ports);
	struct writer w = writer_on(room, TFTP_DATA_HEADER);
	tftp_data_header(&w, block->number);
	if (t->trouble.fault == FAULT_NONE &&
		content_read(t->content, block->offset, room + TFTP_DATA_HEADER, block->size,
			&t->trouble))
		datagram_ports_send(ports, &t->way, TFTP_DATA_HEADER + block->size);
}

static void send_error(struct tftp_face *f, const struct datagram_way *way, enum tftp_error code,
	const char *message)
{
	struct tftp_packet packet = { .opcode = TFTP_ERROR, .error = (uint16_t)code };
	uint8_t bytes[256];
	struct writer w = writer_on(bytes, sizeof(bytes));
	text_printable(reader_of_text(message), packet.message, sizeof(packet.message));
	tftp_packet_write(&w, &packet);
	if (w.ok)
		send_bytes(f, way, writer_written(&w));
}

static size_t draw(struct tftp_face *f)
{
	static_assert(FRESH_PORTS == UINT8_MAX + 1, "a byte says which port");
	if (f->left == 0 && getrandom(f->drawn, sizeof(f->drawn), 0) == sizeof(f->drawn))
		f->left = sizeof(f->drawn);
	return f->left > 0 ? f->drawn[--f->left] : 0;
}

/* The way of a new answer: from a port drawn for it, on which nothing goes to that phone's yet. Who
 * asks in another's name cannot acknowledge what comes from a port that he does not know. */
static struct datagram_way fresh_way(struct tftp_face *f, const struct datagram_way *asked)
{
	struct datagram_way way = *asked;
	size_t first = draw(f);
	for (size_t i = 0; i < FRESH_PORTS; i++) {
		way.port = 1 + (first + i) % FRESH_PORTS;
		if (transfers_find(f->transfers, &way) == NULL)
			break;
	}
	return way;
}

/* telling */

static void tell_end(const struct transfer *t)
{
	char peer[ADDRESS_TEXT_SIZE], name[LIMIT_FILE_NAME];
	address_text(&t->way.peer, peer);
	text_escape(reader_of_text(t->request.name), name, sizeof(name));
	if (t->server.complete)
		log_info("%s fetched %s, %llu bytes by TFTP", peer, name,
			(unsigned long long)content_size(t->content));
	else
		log_info("%s did not fetch %s by TFTP: %s", peer, name, t->server.why.text);
}

static enum tftp_error code_of(enum fault fault)
{
	return fault == FAULT_MISSING    ? TFTP_NOT_FOUND
		: fault == FAULT_REFUSED ? TFTP_ACCESS
					 : TFTP_UNDEFINED;
}

static void next_second(struct tftp_face *f, int64_t now_ms)
{
	if (now_ms - f->told_since < SECOND_MS)
		return;
	if (f->untold > 0)
		log_warning(
			"%zu more TFTP requests were refused, too many to tell each", f->untold);
	f->told_since = now_ms;
	f->told = f->untold = 0;
}

/* A flood must not fill the log as well. */
static bool may_tell(struct tftp_face *f)
{
	next_second(f, clock_monotonic_ms());
	if (f->told == TOLD_MOST) {
		f->untold++;
		return false;
	}
	f->told++;
	return true;
}

/* "No such file" is the usual answer to a phone without a CTL: not worth a warning. `name` is NULL
 * where it is not about one. */
static void tell_refusal(
	struct tftp_face *f, const struct address *phone, const char *name, const struct error *why)
{
	char peer[ADDRESS_TEXT_SIZE], escaped[LIMIT_FILE_NAME];
	if (!may_tell(f))
		return;
	address_text(phone, peer);
	if (name != NULL && why->fault == FAULT_MISSING)
		log_info("%s asked for %s by TFTP: %s", peer,
			text_escape(reader_of_text(name), escaped, sizeof(escaped)), why->text);
	else
		log_refused(peer, "tftp", why);
}

static void refuse(struct tftp_face *f, const struct datagram_way *asked, const char *name,
	const struct error *why)
{
	const struct datagram_way way = fresh_way(f, asked);
	tell_refusal(f, &asked->peer, name, why);
	send_error(f, &way, code_of(why->fault),
		why->fault == FAULT_MISSING ? "File not found" : why->text);
}

/* time */

static struct known_phone *known_phone(struct tftp_face *f, const struct address *phone)
{
	uint64_t hash = address_host_hash(phone);
	struct known_phone *known = &f->known[hash % PHONES_KNOWN];
	if (known->hash != hash)
		*known = (struct known_phone){ .hash = hash };
	return known;
}

static void wake_at(struct tftp_face *f, int64_t when_ms)
{
	if (when_ms >= f->wakes_at)
		return;
	int64_t wait = when_ms - clock_monotonic_ms();
	f->wakes_at = when_ms;
	timer_restart(f->timer, wait < 1 ? 1 : (uint64_t)wait);
}

/* After every step: the transfer has failed, is over, or will be looked at when it is time. True:
 * it goes on. */
static bool settle(struct transfer *t)
{
	struct tftp_face *f = t->face;
	if (t->trouble.fault != FAULT_NONE) {
		send_error(f, &t->way, TFTP_UNDEFINED, t->trouble.text);
		t->server.ended = true;
		t->server.why = t->trouble;
	}
	if (t->server.ended) {
		known_phone(f, &t->way.peer)->wait_ms = round_trip_wait(&t->server.round_trip);
		tell_end(t);
		transfer_end(t);
		return false;
	}
	if (t->state == TRANSFER_UNPROVEN && tftp_server_proven(&t->server))
		transfers_move(f->transfers, t, TRANSFER_PROVEN);
	wake_at(f, t->server.resend_at);
	return true;
}

static void tick_all(struct tftp_face *f, enum transfer_state state, int64_t now, int64_t *next)
{
	struct transfer *t = transfers_oldest(f->transfers, state), *newer;
	for (; t != NULL; t = newer) {
		newer = t->newer;
		if (t->server.resend_at <= now) {
			const struct tftp_server_out out = { emit, emit_block, t };
			tftp_server_tick(&t->server, now, &out);
			if (!settle(t))
				continue;
		}
		if (t->server.resend_at < *next)
			*next = t->server.resend_at;
	}
}

static void on_tick(void *context)
{
	struct tftp_face *f = context;
	int64_t now = clock_monotonic_ms(), next = INT64_MAX;
	next_second(f, now);
	f->wakes_at = now; /* settle() has no need to set the clock */
	tick_all(f, TRANSFER_UNPROVEN, now, &next);
	tick_all(f, TRANSFER_PROVEN, now, &next);
	f->wakes_at = INT64_MAX;
	wake_at(f, next < now + LONG_MS ? next : now + LONG_MS);
	datagram_ports_flush(f->ports);
}

/* serving */

static void on_supply(struct content *content, const struct error *err, void *context)
{
	struct transfer *t = context;
	struct tftp_face *f = t->face;
	const struct tftp_server_settings settings = {
		.block_size_max = BLOCK_SIZE_MAX,
		.window_max = LIMIT_TFTP_WINDOW,
		.patience_ms = PATIENCE_MS,
		.first_wait_ms = known_phone(f, &t->way.peer)->wait_ms,
	};
	const struct tftp_server_out out = { emit, emit_block, t };
	if (err != NULL) {
		refuse(f, &t->way, t->request.name, err);
		transfer_end(t);
	} else {
		t->content = content_keep(content);
		transfers_move(f->transfers, t, TRANSFER_UNPROVEN);
		tftp_server_start(&t->server, &t->request, content_size(content), &settings,
			clock_monotonic_ms(), &out);
		(void)settle(t);
	}
	datagram_ports_flush(f->ports);
}

static bool within_limits(struct tftp_face *f, const struct address *phone, struct error *err)
{
	const struct settings *settings = f->provision->settings;
	size_t same = transfers_of(f->transfers, phone), all = transfers_count(f->transfers);
	if (settings->tftp_per_source != 0 && same >= settings->tftp_per_source)
		return fail(err, FAULT_BUSY, "%zu transfers from one address, no more are allowed",
			same);
	if (settings->tftp_transfers == 0 || all < settings->tftp_transfers)
		return true;
	struct transfer *victim = transfers_victim(f->transfers, phone);
	if (victim == NULL)
		return fail(
			err, FAULT_BUSY, "%zu transfers are under way, no more are allowed", all);
	transfer_end(victim); /* as if its phone had gone: it asks again if it is there */
	return true;
}

static struct transfer *transfer_new(struct tftp_face *f, const struct datagram_way *asked,
	const struct tftp_packet *request, struct error *err)
{
	struct transfer *t = calloc(1, sizeof(*t));
	if (t == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	t->face = f;
	t->way = fresh_way(f, asked);
	t->request = *request;
	t->request.data = (struct reader){ 0 };
	if (transfers_add(f->transfers, t, err))
		return t;
	free(t);
	return NULL;
}

static void serve(
	struct tftp_face *f, const struct datagram_way *asked, const struct tftp_packet *request)
{
	struct error err = { 0 };
	struct found_file found;
	struct transfer *t;
	if (!catalogue_find(&f->provision->catalogue, request->name, false, &found, &err)) {
		refuse(f, asked, request->name, &err);
		return;
	}
	if (within_limits(f, &asked->peer, &err) &&
		(t = transfer_new(f, asked, request, &err)) != NULL) {
		provision_supply(f->provision, &found, on_supply, t);
		return;
	}
	found_file_done(&found);
	refuse(f, asked, request->name, &err);
}

/* What is no read request. Acknowledgements and errors that stray here are not answered: two who
 * answer errors with errors never end. */
static void refuse_packet(struct tftp_face *f, const struct datagram_way *asked,
	const struct tftp_packet *packet, struct error *why)
{
	const struct datagram_way way = fresh_way(f, asked);
	bool fine = why->fault == FAULT_NONE;
	if (fine)
		(void)fail(why, FAULT_REFUSED, "%s",
			packet->opcode == TFTP_WRITE ? "nothing is written here"
						     : "only read requests come in here");
	tell_refusal(f, &asked->peer, NULL, why);
	if (fine && packet->opcode == TFTP_WRITE)
		send_error(f, &way, TFTP_ACCESS, why->text);
	else if (!fine || packet->opcode == TFTP_READ)
		send_error(f, &way, why->fault == FAULT_LIMIT ? TFTP_OPTION : TFTP_ILLEGAL,
			why->fault == FAULT_LIMIT ? why->text : "not a read request");
}

/* Asked again by a phone that did not hear the first answer, which comes again. Where it had gone
 * on and then fell silent it may have started anew, and gets another transfer beside the first. */
static bool is_repeated(
	const struct tftp_face *f, const struct address *phone, const struct tftp_packet *request)
{
	const struct transfer *t = transfers_named(f->transfers, phone, request->name);
	return t != NULL && (t->state != TRANSFER_PROVEN || t->server.tries == 1);
}

static struct guesser *guesser_of(struct tftp_face *f, const struct address *phone)
{
	return &f->guessers[address_host_hash(phone) % GUESSERS];
}

static bool guesses_too_much(struct tftp_face *f, const struct address *phone)
{
	const struct guesser *guesser = guesser_of(f, phone);
	return guesser->guesses >= GUESSES_MOST &&
		clock_monotonic_ms() - guesser->since <= GUESSES_MS;
}

static void on_request(struct tftp_face *f, const struct datagram_way *asked, struct reader bytes)
{
	struct tftp_packet packet;
	struct error err = { 0 };
	bool fine = tftp_packet_parse(bytes, &packet, &err);
	if (!fine || packet.opcode != TFTP_READ || packet.mode == TFTP_MAIL)
		refuse_packet(f, asked, &packet, &err);
	else if (!is_repeated(f, &asked->peer, &packet) && !guesses_too_much(f, &asked->peer))
		serve(f, asked, &packet);
}

static struct transfer *unproven_of(const struct tftp_face *f, const struct address *peer)
{
	struct transfer *t = transfers_oldest(f->transfers, TRANSFER_UNPROVEN);
	while (t != NULL && !address_same(&t->way.peer, peer))
		t = t->newer;
	return t;
}

/* It waits for this peer's first word, and that went to another port: somebody guesses who did not
 * hear the answer. */
static void on_guess(struct tftp_face *f, struct transfer *t)
{
	struct guesser *guesser = guesser_of(f, &t->way.peer);
	int64_t now = clock_monotonic_ms();
	if (now - guesser->since > GUESSES_MS)
		*guesser = (struct guesser){ .since = now };
	guesser->guesses++;
	t->server.ended = true;
	(void)fail(
		&t->server.why, FAULT_REFUSED, "acknowledged at a port that it was not sent from");
	tell_end(t);
	transfer_end(t);
}

static void on_stranger(
	struct tftp_face *f, const struct datagram_way *way, const struct tftp_packet *packet)
{
	uint64_t hash = way_hash(way);
	if (f->over[hash % TRANSFERS_OVER] == hash)
		return; /* late words of its own transfer, which is over */
	struct transfer *waiting = unproven_of(f, &way->peer);
	if (waiting != NULL) {
		on_guess(f, waiting);
		f->guessed[hash % TRANSFERS_OVER] = hash;
		return;
	}
	if (f->guessed[hash % TRANSFERS_OVER] == hash)
		return;                   /* the rest of the same guess */
	if (packet->opcode != TFTP_ERROR) /* errors about errors never end */
		send_error(f, way, TFTP_UNKNOWN_TID, "this transfer is another's");
}

static void on_datagram(const struct datagram_way *way, struct reader bytes, void *context)
{
	struct tftp_face *f = context;
	struct tftp_packet packet;
	struct error err = { 0 };
	if (way->port == 0) {
		on_request(f, way, bytes);
		return;
	}
	struct transfer *t = transfers_find(f->transfers, way);
	bool fine = tftp_packet_parse(bytes, &packet, &err);
	if (t == NULL || t->state == TRANSFER_AWAITED) {
		if (fine)
			on_stranger(f, way, &packet);
		return;
	}
	if (!fine) {
		tell_refusal(f, &way->peer, NULL, &err);
		return;
	}
	const struct tftp_server_out out = { emit, emit_block, t };
	tftp_server_packet(&t->server, &packet, clock_monotonic_ms(), &out);
	(void)settle(t);
}

struct tftp_face *tftp_face_new(struct provision *p, int fd, struct error *err)
{
	static const struct datagram_ports_events events = { on_datagram, NULL };
	struct tftp_face *f = calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	f->provision = p;
	f->wakes_at = INT64_MAX;
	f->told_since = clock_monotonic_ms();
	f->ports = datagram_ports_new(p->loop, fd, FRESH_PORTS, &events, f, err);
	if (f->ports != NULL)
		f->timer = timer_new(p->loop, LONG_MS, false, on_tick, f, err);
	if (f->timer != NULL)
		f->transfers = transfers_new(err);
	if (f->transfers != NULL)
		return f;
	tftp_face_free(f);
	return NULL;
}

static void end_all(struct tftp_face *f, enum transfer_state state)
{
	for (struct transfer *t; (t = transfers_oldest(f->transfers, state)) != NULL;)
		transfer_end(t);
}

void tftp_face_free(struct tftp_face *f)
{
	if (f == NULL)
		return;
	for (int state = 0; f->transfers != NULL && state < TRANSFER_STATES; state++)
		end_all(f, (enum transfer_state)state);
	transfers_free(f->transfers);
	timer_free(f->timer);
	datagram_ports_free(f->ports);
	free(f);
}
