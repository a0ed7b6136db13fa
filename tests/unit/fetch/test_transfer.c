#include "fetch/transfer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/datagram.h"
#include "wire/tftp_packet.h"

enum { BLOCK = 512, TIMEOUT_MS = 5000 };

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_neither_end_a_transfer_nor_start_a_quarrel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
