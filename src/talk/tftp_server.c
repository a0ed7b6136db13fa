#include "talk/tftp_server.h"

enum {
	BLOCK_SIZE = 512, /* without options, RFC 1350 */
	FIRST_WAIT_MS = 1000,
	MOST_WAIT_MS = 8000,
	UNPROVEN_TRIES = 3, /* to an address that has not answered and may be forged */
};

void tftp_send(const struct tftp_packet *packet, const struct tftp_out *out)
{
	uint8_t memory[LIMIT_TFTP_BLOCK + TFTP_DATA_HEADER];
	struct writer w = writer_on(memory, sizeof(memory));
	tftp_packet_write(&w, packet);
	if (w.ok)
		out->emit(writer_written(&w), out->context);
}

void tftp_send_block(const struct tftp_block *block, struct reader file, const struct tftp_out *out)
{
	(void)reader_sub(&file, (size_t)block->offset);
	const struct tftp_packet packet = {
		.opcode = TFTP_DATA,
		.block = block->number,
		.data = reader_sub(&file, block->size),
	};
	tftp_send(&packet, out);
}

static uint64_t block_count(const struct tftp_server *t)
{
	return t->file_size / t->block_size + 1; /* the last one is short, if need be empty */
}

static void send_block(
	const struct tftp_server *t, uint64_t block, const struct tftp_server_out *out)
{
	uint64_t offset = (block - 1) * t->block_size, left = t->file_size - offset;
	const struct tftp_block leaves = {
		.number = (uint16_t)block, /* wraps after 65535 */
		.offset = offset,
		.size = left < t->block_size ? (size_t)left : t->block_size,
	};
	out->emit_block(&leaves, out->context);
}

/* What was asked, as far as we grant it: docs/formats/tftp.md#options */
static struct tftp_options grant(const struct tftp_options *asked, uint64_t file_size,
	const struct tftp_server_settings *settings)
{
	struct tftp_options granted = *asked;
	if (granted.block_size > settings->block_size_max)
		granted.block_size = settings->block_size_max;
	if (granted.window > settings->window_max)
		granted.window = settings->window_max;
	granted.transfer_size = file_size;
	return granted;
}

static bool grants_any(const struct tftp_options *o)
{
	return o->has_block_size || o->has_transfer_size || o->has_timeout || o->has_window;
}

bool tftp_server_proven(const struct tftp_server *t)
{
	return t->acknowledged > 0 || (grants_any(&t->granted) && !t->waits_for_oack);
}

/* Twice as long for each time that nothing came, so that who is far away is not drowned. */
static int64_t wait_of(const struct tftp_server *t)
{
	if (t->granted.has_timeout)
		return (int64_t)t->granted.timeout * 1000;
	int64_t wait = round_trip_wait(&t->round_trip);
	if (wait == 0)
		wait = t->tries == 1 && t->settings.first_wait_ms > 0 ? t->settings.first_wait_ms
								      : FIRST_WAIT_MS;
	for (unsigned i = 1; i < t->tries && wait < MOST_WAIT_MS; i++)
		wait *= 2;
	return wait < MOST_WAIT_MS ? wait : MOST_WAIT_MS;
}

static void set_timer(struct tftp_server *t, int64_t now_ms)
{
	t->sent_at = now_ms;
	t->resend_at = now_ms + wait_of(t);
}

static void send_oack(const struct tftp_server *t, const struct tftp_server_out *out)
{
	struct tftp_packet packet = { .opcode = TFTP_OACK, .options = t->granted };
	tftp_send(&packet, &(struct tftp_out){ out->emit, out->context });
}

static void send_window(struct tftp_server *t, const struct tftp_server_out *out)
{
	uint64_t last = t->acknowledged + t->window;
	if (last > block_count(t))
		last = block_count(t);
	for (uint64_t block = t->acknowledged + 1; block <= last; block++)
		send_block(t, block, out);
	t->sent = last;
}

void tftp_server_start(struct tftp_server *t, const struct tftp_packet *request, uint64_t file_size,
	const struct tftp_server_settings *settings, int64_t now_ms,
	const struct tftp_server_out *out)
{
	*t = (struct tftp_server){
		.settings = *settings,
		.granted = grant(&request->options, file_size, settings),
		.file_size = file_size,
		.block_size = BLOCK_SIZE,
		.window = 1,
		.tries = 1,
		.heard_at = now_ms,
	};
	if (t->granted.has_block_size)
		t->block_size = t->granted.block_size;
	if (t->granted.has_window)
		t->window = t->granted.window;
	t->waits_for_oack = grants_any(&t->granted);
	if (t->waits_for_oack)
		send_oack(t, out);
	else
		send_window(t, out);
	set_timer(t, now_ms);
}

/* How many blocks beyond the acknowledged ones this number confirms; 0 for a duplicate and for a
 * block that was not sent. */
static uint64_t newly_acknowledged(const struct tftp_server *t, uint16_t block)
{
	uint16_t ahead = (uint16_t)(block - (uint16_t)t->acknowledged);
	return ahead <= t->sent - t->acknowledged ? ahead : 0;
}

static void acknowledged(
	struct tftp_server *t, uint16_t block, int64_t now_ms, const struct tftp_server_out *out)
{
	uint64_t count = newly_acknowledged(t, block);
	bool starts = t->waits_for_oack && block == 0;
	if (count == 0 && !starts)
		return; /* never answered with data: that is the Sorcerer's Apprentice */
	if (t->tries == 1)
		round_trip_note(&t->round_trip, now_ms - t->sent_at);
	t->waits_for_oack = false;
	t->acknowledged += count;
	t->tries = 1;
	t->heard_at = now_ms;
	if (t->acknowledged == block_count(t)) {
		t->ended = t->complete = true;
		return;
	}
	send_window(t, out);
	set_timer(t, now_ms);
}

void tftp_server_packet(struct tftp_server *t, const struct tftp_packet *packet, int64_t now_ms,
	const struct tftp_server_out *out)
{
	if (t->ended)
		return;
	if (packet->opcode == TFTP_ACK) {
		acknowledged(t, packet->block, now_ms, out);
	} else if (packet->opcode == TFTP_ERROR) {
		t->ended = true;
		fail(&t->why, FAULT_REFUSED, "the client ended the transfer: error %u %s",
			packet->error, packet->message);
	}
}

/* Waits are short where the way is short: so it is time that ends a transfer, not their number. */
static bool given_up(const struct tftp_server *t, int64_t now_ms)
{
	if (t->tries < UNPROVEN_TRIES)
		return false;
	return !tftp_server_proven(t) || now_ms - t->heard_at >= t->settings.patience_ms;
}

void tftp_server_tick(struct tftp_server *t, int64_t now_ms, const struct tftp_server_out *out)
{
	if (t->ended || now_ms < t->resend_at)
		return;
	if (given_up(t, now_ms)) {
		t->ended = true;
		fail(&t->why, FAULT_IO, "no acknowledgement after block %llu, sent %u times",
			(unsigned long long)t->acknowledged, t->tries);
		return;
	}
	t->tries++;
	if (t->waits_for_oack)
		send_oack(t, out);
	else
		send_window(t, out);
	set_timer(t, now_ms);
}
