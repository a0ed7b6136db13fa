#include "fetch/transfer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/datagram.h"
#include "wire/tftp_packet.h"

enum { BLOCK = 512, TIMEOUT_MS = 60000, LATER_MS = 100 };

/* A server that gives one file of a block and a byte, and two strangers: one who sends an error
 * into the transfer, then one who sends data. The second's answer is waited for. */
struct scene {
	struct loop *loop;
	struct datagram *server;
	struct stranger {
		struct scene *scene;
		struct datagram *socket;
		unsigned answers;
		uint16_t code;
	} liar, intruder;
	struct address client;
	size_t size;
	enum fault fault;
	char why[320];
	struct timer *later;
	bool leaves; /* the intruder sends its block and closes its port */
};

static void send_to_client(struct scene *s, struct datagram *from, const struct tftp_packet *packet)
{
	uint8_t memory[BLOCK + 64];
	struct writer w = writer_on(memory, sizeof(memory));
	tftp_packet_write(&w, packet);
	assert_true(w.ok);
	datagram_send(from, &s->client, writer_written(&w));
}

static void send_data(struct scene *s, struct datagram *from, uint16_t block, size_t size)
{
	static const uint8_t zeros[BLOCK];
	const struct tftp_packet packet = {
		.opcode = TFTP_DATA,
		.block = block,
		.data = reader_of(zeros, size),
	};
	send_to_client(s, from, &packet);
}

/* The good block comes once our refusal of the intruder's was refused in its turn. */
static void good_block(void *context)
{
	struct scene *s = context;
	send_data(s, s->server, 2, 1);
}

static void leave(struct scene *s)
{
	datagram_free(TAKE(s->intruder.socket));
	s->later = timer_new(s->loop, LATER_MS, false, good_block, s, NULL);
	assert_non_null(s->later);
}

static void server_heard(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context)
{
	struct scene *s = context;
	struct tftp_packet packet;
	(void)to;
	assert_true(tftp_packet_parse(bytes, &packet, NULL));
	s->client = *from;
	if (packet.opcode == TFTP_READ) {
		send_data(s, d, 1, BLOCK);
	} else if (packet.opcode == TFTP_ACK && packet.block == 1) {
		const struct tftp_packet lie = { .opcode = TFTP_ERROR, .error = TFTP_NOT_FOUND };
		send_to_client(s, s->liar.socket, &lie);
		send_data(s, s->intruder.socket, 2, 1);
		if (s->leaves)
			leave(s);
	}
}

static void stranger_heard(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context)
{
	struct stranger *stranger = context;
	struct scene *s = stranger->scene;
	struct tftp_packet packet;
	(void)d;
	(void)from;
	(void)to;
	assert_true(tftp_packet_parse(bytes, &packet, NULL));
	stranger->answers++;
	stranger->code = packet.opcode == TFTP_ERROR ? packet.error : 0;
	if (stranger == &s->intruder)
		send_data(s, s->server, 2, 1);
}

static struct datagram *opened(struct scene *s, datagram_fn *fn, void *context)
{
	struct address local;
	assert_true(address_of("127.0.0.1", 0, &local, NULL));
	struct datagram *d = datagram_open(s->loop, &local, fn, context, NULL);
	assert_non_null(d);
	return d;
}

static void ended(struct reader file, const struct error *err, void *context)
{
	struct scene *s = context;
	s->size = file.left;
	s->fault = err != NULL ? err->fault : FAULT_NONE;
	(void)snprintf(s->why, sizeof(s->why), "%s", err != NULL ? err->text : "");
	loop_stop(s->loop);
}

static void strangers_neither_end_a_transfer_nor_start_a_quarrel(void **state)
{
	(void)state;
	struct scene s = { .loop = loop_new(NULL) };
	assert_non_null(s.loop);
	s.liar.scene = s.intruder.scene = &s;
	s.server = opened(&s, server_heard, &s);
	s.liar.socket = opened(&s, stranger_heard, &s.liar);
	s.intruder.socket = opened(&s, stranger_heard, &s.intruder);
	const struct transfer_question question = {
		.kind = TRANSFER_TFTP,
		.server = *datagram_local(s.server),
		.name = "ITLFile.tlv",
		.limit = BLOCK + 1,
		.timeout_ms = TIMEOUT_MS,
	};
	struct transfer *t = transfer_start(s.loop, &question, ended, &s, NULL);
	assert_non_null(t);
	assert_true(loop_run(s.loop, NULL));
	assert_int_equal(s.fault, FAULT_NONE);
	assert_int_equal(s.size, BLOCK + 1);
	assert_int_equal(s.intruder.answers, 1);
	assert_int_equal(s.intruder.code, TFTP_UNKNOWN_TID);
	assert_int_equal(s.liar.answers, 0);
	transfer_free(t);
	datagram_free(s.server);
	datagram_free(s.liar.socket);
	datagram_free(s.intruder.socket);
	loop_free(s.loop);
}

/* A port that nobody else can take, and that hears nobody but a peer who does not exist. */
static int closed_port(struct address *at)
{
	struct address local, peer;
	assert_true(address_of("127.0.0.3", 0, &local, NULL));
	assert_true(address_of("127.0.0.4", 9, &peer, NULL));
	int fd = listen_datagram(&local, NULL);
	assert_true(fd >= 0 && address_of_socket(fd, at, NULL));
	assert_int_equal(connect(fd, (struct sockaddr *)&peer.storage, peer.size), 0);
	return fd;
}

/* Returns how long it took. */
static int64_t ask_nobody(struct scene *s, bool heeds_refusal, uint64_t timeout_ms)
{
	int64_t start = clock_monotonic_ms();
	struct address closed;
	int fd = closed_port(&closed);
	const struct transfer_question question = {
		.kind = TRANSFER_TFTP,
		.server = closed,
		.name = "ITLFile.tlv",
		.limit = BLOCK,
		.timeout_ms = timeout_ms,
		.heeds_refusal = heeds_refusal,
	};
	struct transfer *t = transfer_start(s->loop, &question, ended, s, NULL);
	assert_non_null(t);
	assert_true(loop_run(s->loop, NULL));
	transfer_free(t);
	(void)close(fd);
	assert_int_equal(s->fault, FAULT_IO);
	return clock_monotonic_ms() - start;
}

/* An hour of patience, which nobody has: that it ends at all shows it. */
static void a_closed_port_ends_it_at_once(void **state)
{
	(void)state;
	struct scene s = { .loop = loop_new(NULL) };
	assert_non_null(s.loop);
	assert_in_range(ask_nobody(&s, true, 3600000), 0, 600000);
	assert_non_null(strstr(s.why, "nobody serves TFTP there"));
	loop_free(s.loop);
}

static void a_phone_asks_a_closed_port_again(void **state)
{
	(void)state;
	struct scene s = { .loop = loop_new(NULL) };
	assert_non_null(s.loop);
	assert_in_range(ask_nobody(&s, false, 300), 300, 600000);
	assert_non_null(strstr(s.why, "no answer after"));
	loop_free(s.loop);
}

/* A stranger sends data and closes; that its port refuses our error 5 is not the server's word. */
static void a_strangers_closed_port_ends_nothing(void **state)
{
	(void)state;
	struct scene s = { .loop = loop_new(NULL), .leaves = true };
	assert_non_null(s.loop);
	s.liar.scene = s.intruder.scene = &s;
	s.server = opened(&s, server_heard, &s);
	s.liar.socket = opened(&s, stranger_heard, &s.liar);
	s.intruder.socket = opened(&s, stranger_heard, &s.intruder);
	const struct transfer_question question = {
		.kind = TRANSFER_TFTP,
		.server = *datagram_local(s.server),
		.name = "ITLFile.tlv",
		.limit = BLOCK + 1,
		.timeout_ms = TIMEOUT_MS,
		.heeds_refusal = true,
	};
	struct transfer *t = transfer_start(s.loop, &question, ended, &s, NULL);
	assert_non_null(t);
	assert_true(loop_run(s.loop, NULL));
	assert_int_equal(s.fault, FAULT_NONE);
	assert_int_equal(s.size, BLOCK + 1);
	assert_null(s.intruder.socket);
	transfer_free(t);
	timer_free(s.later);
	datagram_free(s.server);
	datagram_free(s.liar.socket);
	loop_free(s.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_neither_end_a_transfer_nor_start_a_quarrel),
		cmocka_unit_test(a_closed_port_ends_it_at_once),
		cmocka_unit_test(a_phone_asks_a_closed_port_again),
		cmocka_unit_test(a_strangers_closed_port_ends_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
