#include "talk/tftp_server.h"

enum {
	BLOCK_SIZE = 512, /* without options, RFC 1350 */
	FIRST_TIMEOUT_MS = 1000,
	LEAST_TIMEOUT_MS = 250,
	MOST_TIMEOUT_MS = 8000,
	UNPROVEN_TRIES = 3, /* to an address that has not answered and may be forged */
};

void tftp_send(const struct tftp_packet *packet, const struct tftp_out *out)
{
	uint8_t memory[LIMIT_TFTP_BLOCK + 4];
	struct writer w = writer_on(memory, sizeof(memory));
	tftp_packet_write(&w, packet);
	if (w.ok)
		out->emit(writer_written(&w), out->context);
}

static uint64_t block_count(const struct tftp_server *t)
{
	return t->file.left / t->block_size + 1; /* the last one is short, if need be empty */
}

static void send_block(const struct tftp_server *t, uint64_t block, const struct tftp_out *out)
{
	struct reader rest = t->file;
	(void)reader_sub(&rest, (size_t)(block - 1) * t->block_size);
	size_t size = rest.left < t->block_size ? rest.left : t->block_size;
	struct tftp_packet packet = {
		.opcode = TFTP_DATA,
		.block = (uint16_t)block, /* wraps after 65535 */
		.data = reader_sub(&rest, size),
	};
	tftp_send(&packet, out);
}

/* What was asked, as far as we grant it: docs/formats/tftp.md#options */
static struct tftp_options grant(const struct tftp_options *asked, struct reader file,
	const struct tftp_server_settings *settings)
{
	struct tftp_options granted = *asked;
	if (granted.block_size > settings->block_size_max)
		granted.block_size = settings->block_size_max;
	if (granted.window > settings->window_max)
		granted.window = settings->window_max;
	granted.transfer_size = file.left;
	return granted;
}

static bool grants_any(const struct tftp_options *o)
{
	return o->has_block_size || o->has_transfer_size || o->has_timeout || o->has_window;
}

static int64_t timeout_of(const struct tftp_server *t)
{
	if (t->granted.has_timeout)
		return (int64_t)t->granted.timeout * 1000;
	int64_t wait = t->round_trip > 0 ? 4 * t->round_trip : FIRST_TIMEOUT_MS;
	if (wait < LEAST_TIMEOUT_MS)
		wait = LEAST_TIMEOUT_MS;
	for (unsigned i = 1; i < t->tries && wait < MOST_TIMEOUT_MS; i++)
		wait *= 2;
	return wait < MOST_TIMEOUT_MS ? wait : MOST_TIMEOUT_MS;
}

static void set_timer(struct tftp_server *t, int64_t now_ms)
{
	t->sent_at = now_ms;
	t->resend_at = now_ms + timeout_of(t);
}

static void send_oack(struct tftp_server *t, const struct tftp_out *out)
{
	struct tftp_packet packet = { .opcode = TFTP_OACK, .options = t->granted };
	tftp_send(&packet, out);
}

static void send_window(struct tftp_server *t, const struct tftp_out *out)
{
	uint64_t last = t->acknowledged + t->window;
	if (last > block_count(t))
		last = block_count(t);
	for (uint64_t block = t->acknowledged + 1; block <= last; block++)
		send_block(t, block, out);
	t->sent = last;
}

void tftp_server_start(struct tftp_server *t, const struct tftp_packet *request, struct reader file,
	const struct tftp_server_settings *settings, int64_t now_ms, const struct tftp_out *out)
{
	*t = (struct tftp_server){
		.file = file,
		.settings = *settings,
		.granted = grant(&request->options, file, settings),
		.block_size = BLOCK_SIZE,
		.window = 1,
		.tries = 1,
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

/* Karn's rule: only what was sent once tells how long the way is. */
static void measure(struct tftp_server *t, int64_t now_ms)
{
	if (t->tries > 1)
		return;
	int64_t sample = now_ms - t->sent_at > 0 ? now_ms - t->sent_at : 1;
	t->round_trip = t->round_trip == 0 ? sample : (7 * t->round_trip + sample) / 8;
}

/* How many blocks beyond the acknowledged ones this number confirms; 0 for a duplicate and for a
 * block that was not sent. */
static uint64_t newly_acknowledged(const struct tftp_server *t, uint16_t block)
{
	uint16_t ahead = (uint16_t)(block - (uint16_t)t->acknowledged);
	return ahead <= t->sent - t->acknowledged ? ahead : 0;
}

static void acknowledged(
	struct tftp_server *t, uint16_t block, int64_t now_ms, const struct tftp_out *out)
{
	uint64_t count = newly_acknowledged(t, block);
	bool starts = t->waits_for_oack && block == 0;
	if (count == 0 && !starts)
		return; /* never answered with data: that is the Sorcerer's Apprentice */
	measure(t, now_ms);
	t->waits_for_oack = false;
	t->acknowledged += count;
	t->tries = 1;
	if (t->acknowledged == block_count(t)) {
		t->ended = t->complete = true;
		return;
	}
	send_window(t, out);
	set_timer(t, now_ms);
}

void tftp_server_packet(struct tftp_server *t, const struct tftp_packet *packet, int64_t now_ms,
	const struct tftp_out *out)
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

static bool proven(const struct tftp_server *t)
{
	return t->acknowledged > 0 || (grants_any(&t->granted) && !t->waits_for_oack);
}

void tftp_server_tick(struct tftp_server *t, int64_t now_ms, const struct tftp_out *out)
{
	if (t->ended || now_ms < t->resend_at)
		return;
	unsigned tries = t->settings.tries;
	if (!proven(t) && tries > UNPROVEN_TRIES)
		tries = UNPROVEN_TRIES;
	if (t->tries >= tries) {
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
