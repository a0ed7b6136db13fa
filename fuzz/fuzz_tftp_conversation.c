/* A transfer with a peer that says whatever it likes. The server sends only stretches of its file,
 * no more than the window at a time and three datagrams to an address that has not answered; the
 * client takes no more than its limit and says one thing at a time. Both come to an end, with a
 * reason where it is not the good one. Bytes 0 to 2 choose the scene; then a size and a datagram of
 * that size, again and again, where size 0 lets time pass. */
#include "talk/tftp_client.h"
#include "target.h"

enum { TICKS_MAX = 200, UNPROVEN_MAX = 3, LIMIT = 3000 };

static const uint64_t file_sizes[] = { 0, 1, 511, 512, 513, 5000, 40000000, (uint64_t)1 << 33 };

struct scene {
	struct tftp_server server;
	struct tftp_client client;
	int64_t now;
	size_t said;     /* in this turn */
	size_t unproven; /* to an address that may be forged */
};

static void said_something(struct scene *s)
{
	s->said++;
	s->unproven += !tftp_server_proven(&s->server);
}

static void server_says(struct reader datagram, void *context)
{
	struct tftp_packet packet;
	assert(tftp_packet_parse(datagram, &packet, NULL) && packet.opcode == TFTP_OACK);
	said_something(context);
}

static void server_sends(const struct tftp_block *block, void *context)
{
	struct scene *s = context;
	const struct tftp_server *t = &s->server;
	assert(block->size <= t->block_size && block->offset + block->size <= t->file_size);
	assert(block->offset % t->block_size == 0);
	assert(block->number == (uint16_t)(block->offset / t->block_size + 1));
	assert(block->size == t->block_size || block->offset + block->size == t->file_size);
	said_something(s);
}

static void client_says(struct reader datagram, void *context)
{
	struct scene *s = context;
	struct tftp_packet packet;
	assert(tftp_packet_parse(datagram, &packet, NULL));
	assert(packet.opcode != TFTP_DATA && packet.opcode != TFTP_OACK);
	s->said++;
}

static void check_server(struct scene *s, bool had_ended)
{
	const struct tftp_server *t = &s->server;
	assert(s->unproven <= UNPROVEN_MAX);
	assert(s->said <= (t->window > 1 ? t->window : 1) && (!had_ended || s->said == 0));
	assert(!t->complete || (t->ended && t->acknowledged == t->file_size / t->block_size + 1));
	assert(!t->ended || t->complete || !refused(&t->why));
	s->said = 0;
}

/* In memory of exactly its size. */
static bool next_packet(struct reader *input, struct tftp_packet *out, struct bytes *memory)
{
	struct error err = { 0 };
	struct reader datagram = reader_sub(input, reader_u8(input));
	bytes_done(memory);
	if (!input->ok || datagram.left == 0 || !bytes_copy(memory, datagram, NULL))
		return false;
	if (tftp_packet_parse(bytes_reader(memory), out, &err))
		return true;
	(void)refused(&err);
	return false;
}

static void serve(struct scene *s, struct reader input, uint64_t file_size, bool careful)
{
	struct tftp_packet packet;
	struct tftp_server_out out = { server_says, server_sends, s };
	struct tftp_server_settings settings = { careful ? 1428 : LIMIT_TFTP_BLOCK,
		careful ? 1 : LIMIT_TFTP_WINDOW, 30000, careful ? 300 : 0 };
	AUTO_DONE(bytes) memory = { 0 };
	if (!next_packet(&input, &packet, &memory) || packet.opcode != TFTP_READ)
		return;
	tftp_server_start(&s->server, &packet, file_size, &settings, s->now, &out);
	check_server(s, false);
	for (size_t idle = 0; idle < TICKS_MAX; idle += input.left == 0) {
		bool had_ended = s->server.ended;
		s->now += 20;
		if (next_packet(&input, &packet, &memory))
			tftp_server_packet(&s->server, &packet, s->now, &out);
		else {
			s->now = s->server.resend_at > s->now ? s->server.resend_at : s->now;
			tftp_server_tick(&s->server, s->now, &out);
		}
		check_server(s, had_ended);
	}
	assert(s->server.ended);
}

static void check_client(struct scene *s)
{
	const struct tftp_client *t = &s->client;
	assert(s->said <= 1 && t->received.used <= LIMIT);
	assert(t->received.used <= t->blocks * t->block_size);
	s->said = 0;
}

static void fetch(struct scene *s, struct reader input, bool old)
{
	struct error err = { 0 };
	struct tftp_packet packet;
	struct tftp_out out = { client_says, s };
	struct tftp_client_settings settings = { old ? 0 : 1428, old ? 0 : 8, LIMIT, 4, 1000 };
	AUTO_DONE(bytes) memory = { 0 };
	assert(tftp_client_start(&s->client, "ITLFile.tlv", &settings, s->now, &out, &err));
	check_client(s);
	for (size_t idle = 0; idle < TICKS_MAX; idle += input.left == 0) {
		s->now += 20;
		if (next_packet(&input, &packet, &memory))
			tftp_client_packet(&s->client, &packet, s->now, &out);
		else {
			s->now = s->client.resend_at > s->now ? s->client.resend_at : s->now;
			tftp_client_tick(&s->client, s->now, &out);
		}
		check_client(s);
	}
	assert(s->client.ended);
	tftp_client_done(&s->client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scene s = { .now = 1000 };
	struct reader input = reader_of(data, size);
	uint8_t role = reader_u8(&input);
	uint8_t which = reader_u8(&input);
	if (!input.ok)
		return 0;
	if (role % 2 == 0)
		serve(&s, input, file_sizes[which % COUNT(file_sizes)], (role & 2) != 0);
	else
		fetch(&s, input, (role & 2) != 0);
	return 0;
}
