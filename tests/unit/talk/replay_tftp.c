#include "replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "talk/tftp_client.h"

enum { SENT = 80 };

/* One transfer, seen from the server or from the client. */
struct tftp_scene {
	struct replay *replay;
	bool is_client;
	struct tftp_server server;
	struct tftp_client client;
	struct tftp_server_settings settings;
	int64_t now;
	struct bytes content;
	size_t block_size; /* that the transcript speaks of */
	uint64_t last;     /* block sent, unwrapped */
	size_t sent_count, sent_at;
	struct bytes sent[SENT];
};

static void emit(struct reader datagram, void *context)
{
	struct tftp_scene *s = context;
	if (s->sent_count == SENT)
		replay_fail(s->replay, "a flood of datagrams");
	if (!bytes_copy(&s->sent[s->sent_count++], datagram, NULL))
		replay_fail(s->replay, "out of memory");
}

static void emit_block(const struct tftp_block *block, void *context)
{
	struct tftp_scene *s = context;
	tftp_send_block(block, bytes_reader(&s->content), &(struct tftp_out){ emit, s });
}

static void nothing_unseen(struct tftp_scene *s)
{
	if (s->sent_at < s->sent_count)
		replay_fail(s->replay, "it also sent %zu bytes that no line speaks of, opcode %d",
			s->sent[s->sent_at].size, s->sent[s->sent_at].data[1]);
	for (size_t i = 0; i < s->sent_count; i++)
		bytes_done(&s->sent[i]);
	s->sent_count = s->sent_at = 0;
}

static const char *const opcodes[] = { "", "read", "write", "data", "ack", "error", "oack" };

static enum tftp_opcode opcode_of(const struct replay *r, const char *name)
{
	for (unsigned i = 1; i < COUNT(opcodes); i++)
		if (strcmp(opcodes[i], name) == 0)
			return (enum tftp_opcode)i;
	replay_fail(r, "no packet is called %s", name);
}

static struct tftp_options options_of(const struct replay *r)
{
	return (struct tftp_options){
		.has_block_size = replay_value(r, "blksize") != NULL,
		.block_size = (uint16_t)replay_value_number(r, "blksize", 0),
		.has_transfer_size = replay_value(r, "tsize") != NULL,
		.transfer_size = replay_value_number(r, "tsize", 0),
		.has_timeout = replay_value(r, "timeout") != NULL,
		.timeout = (uint8_t)replay_value_number(r, "timeout", 0),
		.has_window = replay_value(r, "windowsize") != NULL,
		.window = (uint16_t)replay_value_number(r, "windowsize", 0),
	};
}

/* The content as the block of this number, of `size` bytes, should show it. */
static struct reader block_data(const struct tftp_scene *s, uint64_t block, size_t size)
{
	struct reader rest = bytes_reader(&s->content);
	(void)reader_sub(&rest, (size_t)(block - 1) * s->block_size);
	struct reader data = reader_sub(&rest, size);
	if (!data.ok)
		replay_fail(s->replay, "the content has no %zu bytes in block %llu", size,
			(unsigned long long)block);
	return data;
}

/* PACKET: read NAME options… | data BLOCK SIZE | ack BLOCK | error CODE | oack options… */
static struct tftp_packet packet_of(const struct tftp_scene *s)
{
	const struct replay *r = s->replay;
	struct tftp_packet p = { .opcode = opcode_of(r, replay_word(r, 1)) };
	switch (p.opcode) {
	case TFTP_READ:
	case TFTP_WRITE:
		(void)snprintf(p.name, sizeof(p.name), "%s", replay_word(r, 2));
		p.options = options_of(r);
		break;
	case TFTP_DATA: {
		uint64_t block = replay_number(r, replay_word(r, 2));
		p.block = (uint16_t)block;
		p.data = block_data(s, block, (size_t)replay_number(r, replay_word(r, 3)));
		break;
	}
	case TFTP_ACK:
		p.block = (uint16_t)replay_number(r, replay_word(r, 2));
		break;
	case TFTP_ERROR:
		p.error = (uint16_t)replay_number(r, replay_word(r, 2));
		break;
	case TFTP_OACK:
		p.options = options_of(r);
		break;
	}
	return p;
}

static void receive(struct tftp_scene *s, const struct tftp_packet *packet)
{
	const struct tftp_out out = { emit, s };
	const struct tftp_server_out server_out = { emit, emit_block, s };
	nothing_unseen(s);
	if (s->is_client)
		tftp_client_packet(&s->client, packet, s->now, &out);
	else if (packet->opcode == TFTP_READ)
		tftp_server_start(
			&s->server, packet, s->content.size, &s->settings, s->now, &server_out);
	else
		tftp_server_packet(&s->server, packet, s->now, &server_out);
}

static struct tftp_packet next_sent(struct tftp_scene *s)
{
	struct error err = { 0 };
	struct tftp_packet p;
	if (s->sent_at == s->sent_count)
		replay_fail(s->replay, "nothing is sent");
	if (!tftp_packet_parse(bytes_reader(&s->sent[s->sent_at++]), &p, &err))
		replay_fail(s->replay, "%s", err.text);
	return p;
}

static void same_options(const struct tftp_scene *s, const struct tftp_options *got)
{
	struct tftp_options expected = options_of(s->replay);
	if (got->has_block_size != expected.has_block_size ||
		got->block_size != expected.block_size ||
		got->has_transfer_size != expected.has_transfer_size ||
		got->transfer_size != expected.transfer_size ||
		got->has_timeout != expected.has_timeout || got->timeout != expected.timeout ||
		got->has_window != expected.has_window || got->window != expected.window)
		replay_fail(s->replay,
			"other options: blksize %u, tsize %llu, timeout %u, "
			"windowsize %u",
			got->block_size, (unsigned long long)got->transfer_size, got->timeout,
			got->window);
}

static void sends(struct tftp_scene *s)
{
	struct replay *r = s->replay;
	enum tftp_opcode opcode = opcode_of(r, replay_word(r, 1));
	struct tftp_packet p = next_sent(s);
	if (p.opcode != opcode)
		replay_fail(r, "it sends %s, block %u", opcodes[p.opcode], p.block);
	if (opcode == TFTP_READ || opcode == TFTP_OACK)
		same_options(s, &p.options);
	if (opcode == TFTP_READ && strcmp(p.name, replay_word(r, 2)) != 0)
		replay_fail(r, "it asks for %s", p.name);
	if (opcode == TFTP_ERROR && p.error != replay_number(r, replay_word(r, 2)))
		replay_fail(r, "it sends error %u", p.error);
	if (opcode != TFTP_DATA && opcode != TFTP_ACK)
		return;
	uint64_t block = replay_number(r, replay_word(r, 2));
	if (p.block != (uint16_t)block)
		replay_fail(r, "it sends block %u", p.block);
	if (opcode == TFTP_DATA &&
		!reader_same(
			p.data, block_data(s, block, (size_t)replay_number(r, replay_word(r, 3)))))
		replay_fail(r, "block %u has %zu other bytes", p.block, p.data.left);
}

/* flow FROM TO: each of these blocks is sent, checked and acknowledged in its turn. */
static void flow(struct tftp_scene *s)
{
	struct replay *r = s->replay;
	uint64_t from = replay_number(r, replay_word(r, 1));
	uint64_t to = replay_number(r, replay_word(r, 2));
	for (uint64_t block = from; block <= to; block++) {
		struct tftp_packet p;
		if (s->is_client) {
			p = (struct tftp_packet){ TFTP_DATA, .block = (uint16_t)block,
				.data = block_data(s, block, s->block_size) };
			receive(s, &p);
			p = next_sent(s);
		} else {
			p = next_sent(s);
			if (!reader_same(p.data, block_data(s, block, s->block_size)))
				replay_fail(
					r, "block %llu has other bytes", (unsigned long long)block);
			receive(s, &(struct tftp_packet){ TFTP_ACK, .block = p.block });
		}
		if (p.block != (uint16_t)block)
			replay_fail(
				r, "block %u instead of %llu", p.block, (unsigned long long)block);
	}
}

static void wait(struct tftp_scene *s)
{
	const struct tftp_out out = { emit, s };
	const struct tftp_server_out server_out = { emit, emit_block, s };
	nothing_unseen(s);
	s->now += (int64_t)replay_number(s->replay, replay_word(s->replay, 1));
	if (s->is_client)
		tftp_client_tick(&s->client, s->now, &out);
	else
		tftp_server_tick(&s->server, s->now, &server_out);
}

/* ended whole | ended FAULT [WORDS]; going */
static void check_end(struct tftp_scene *s)
{
	struct replay *r = s->replay;
	const struct error *why = s->is_client ? &s->client.why : &s->server.why;
	bool ended = s->is_client ? s->client.ended : s->server.ended;
	const char *how = replay_word(r, 1);
	if (!ended)
		replay_fail(r, "it goes on");
	if (strcmp(how, "whole") != 0) {
		if (strcmp(fault_name(why->fault), how) != 0)
			replay_fail(r, "it ended with %s: %s", fault_name(why->fault), why->text);
		return;
	}
	if (why->fault != FAULT_NONE || (!s->is_client && !s->server.complete))
		replay_fail(r, "it did not end whole: %s", why->text);
	if (s->is_client &&
		!reader_same(writer_written(&s->client.received), bytes_reader(&s->content)))
		replay_fail(r, "it received %zu other bytes", s->client.received.used);
}

static void make_content(struct tftp_scene *s)
{
	size_t size = (size_t)replay_number(s->replay, replay_word(s->replay, 1));
	bytes_done(&s->content);
	s->content = (struct bytes){ malloc(size + 1), size };
	assert_non_null(s->content.data);
	for (size_t i = 0; i < size; i++)
		s->content.data[i] = (uint8_t)(i % 251 + i / 251);
}

/* fetch NAME [blksize=N] [windowsize=N] [limit=N] [tries=N] */
static void start_client(struct tftp_scene *s)
{
	struct replay *r = s->replay;
	struct error err = { 0 };
	const struct tftp_out out = { emit, s };
	struct tftp_client_settings settings = {
		.block_size = (uint16_t)replay_value_number(r, "blksize", 0),
		.window = (uint16_t)replay_value_number(r, "windowsize", 0),
		.limit = (size_t)replay_value_number(r, "limit", 1 << 20),
		.tries = (unsigned)replay_value_number(r, "tries", 3),
		.timeout_ms = 1000,
	};
	if (!tftp_client_start(&s->client, replay_word(r, 1), &settings, s->now, &out, &err))
		replay_fail(r, "%s", err.text);
}

static void one_line(struct tftp_scene *s)
{
	struct replay *r = s->replay;
	if (replay_is(r, "content"))
		make_content(s);
	else if (replay_is(r, "fetch"))
		start_client(s);
	else if (replay_is(r, "blocks"))
		s->block_size = (size_t)replay_number(r, replay_word(r, 1));
	else if (replay_is(r, "recv"))
		receive(s, &(struct tftp_packet[]){ packet_of(s) }[0]);
	else if (replay_is(r, "send"))
		sends(s);
	else if (replay_is(r, "flow"))
		flow(s);
	else if (replay_is(r, "wait"))
		wait(s);
	else if (replay_is(r, "refused"))
		tftp_client_refused(&s->client);
	else if (replay_is(r, "silence"))
		nothing_unseen(s);
	else if (replay_is(r, "ended"))
		check_end(s);
	else
		replay_fail(r, "what is %s?", r->words[0]);
}

static void replay_tftp(struct replay *r, bool is_client)
{
	struct tftp_scene *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->replay = r;
	s->is_client = is_client;
	s->settings = (struct tftp_server_settings){ 1428, 16, 30000, 0 };
	s->now = 1000000;
	s->block_size = 512;
	while (replay_next(r))
		one_line(s);
	nothing_unseen(s);
	if (is_client ? !s->client.ended : !s->server.ended)
		replay_fail(r, "the transcript ends, the transfer does not");
	tftp_client_done(&s->client);
	bytes_done(&s->content);
	free(s);
}

void replay_tftp_server(struct replay *r)
{
	replay_tftp(r, false);
}

void replay_tftp_client(struct replay *r)
{
	replay_tftp(r, true);
}
