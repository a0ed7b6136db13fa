#include "talk/tftp_client.h"

#include "base/text.h"

enum { BLOCK_SIZE = 512 }; /* without options, RFC 1350 */

static bool wants_window(const struct tftp_client *t)
{
	return t->settings.window > 1;
}

static void send_request(const struct tftp_client *t, const struct tftp_out *out)
{
	struct tftp_packet packet = { .opcode = TFTP_READ, .mode = TFTP_OCTET };
	if (!text_copy(packet.name, sizeof(packet.name), t->name, NULL))
		return; /* checked at the start */
	packet.options = (struct tftp_options){
		.has_block_size = t->settings.block_size != 0,
		.block_size = t->settings.block_size,
		.has_transfer_size = t->settings.block_size != 0,
		.has_window = wants_window(t),
		.window = t->settings.window,
	};
	tftp_send(&packet, out);
}

static void acknowledge(struct tftp_client *t, const struct tftp_out *out)
{
	struct tftp_packet packet = { .opcode = TFTP_ACK, .block = (uint16_t)t->blocks };
	t->since_ack = 0;
	tftp_send(&packet, out);
}

static void set_timer(struct tftp_client *t, int64_t now_ms)
{
	t->resend_at = now_ms + t->settings.timeout_ms;
}

static void progress(struct tftp_client *t, int64_t now_ms)
{
	t->tries = 1;
	set_timer(t, now_ms);
}

/* Ends the transfer and tells the server so, where it is the server's fault. */
static void refuse(struct tftp_client *t, enum tftp_error code, const struct tftp_out *out)
{
	struct tftp_packet packet = { .opcode = TFTP_ERROR, .error = (uint16_t)code };
	if (!text_copy(packet.message, sizeof(packet.message), "refused by the client", NULL))
		return; /* it fits */
	t->ended = true;
	tftp_send(&packet, out);
}

bool tftp_client_start(struct tftp_client *t, const char *name,
	const struct tftp_client_settings *settings, int64_t now_ms, const struct tftp_out *out,
	struct error *err)
{
	struct tftp_client start = {
		.settings = *settings,
		.received = writer_new(settings->limit),
		.block_size = BLOCK_SIZE,
		.window = 1,
	};
	if (!text_copy(start.name, sizeof(start.name), name, err))
		return fail_in(err, "tftp name");
	*t = start;
	progress(t, now_ms);
	send_request(t, out);
	return true;
}

/* No more than what was asked: RFC 2348, 7440. */
static bool is_granted(const struct tftp_client *t, const struct tftp_options *o)
{
	return (!o->has_block_size || o->block_size <= t->settings.block_size) &&
		(!o->has_window || (wants_window(t) && o->window <= t->settings.window)) &&
		(!o->has_transfer_size || t->settings.block_size != 0) && !o->has_timeout;
}

/* Only the first is progress: a server that says nothing else has fallen silent. */
static void options_granted(struct tftp_client *t, const struct tftp_packet *packet, int64_t now_ms,
	const struct tftp_out *out)
{
	const struct tftp_options *o = &packet->options;
	if (t->blocks > 0)
		return; /* late */
	if (!is_granted(t, o)) {
		fail(&t->why, FAULT_MALFORMED,
			"tftp: the server grants options that were not asked");
		refuse(t, TFTP_OPTION, out);
		return;
	}
	if (o->has_transfer_size && o->transfer_size > t->settings.limit) {
		fail(&t->why, FAULT_LIMIT, "%s has %llu bytes, more than %zu", t->name,
			(unsigned long long)o->transfer_size, t->settings.limit);
		refuse(t, TFTP_FULL, out);
		return;
	}
	t->block_size = o->has_block_size ? o->block_size : BLOCK_SIZE;
	t->window = o->has_window ? o->window : 1;
	if (!t->started)
		progress(t, now_ms);
	acknowledge(t, out);
}

static void next_block(struct tftp_client *t, struct reader data, const struct tftp_out *out)
{
	if (data.left > t->block_size) {
		fail(&t->why, FAULT_MALFORMED, "tftp: a block of %zu bytes where %zu were agreed",
			data.left, t->block_size);
		refuse(t, TFTP_ILLEGAL, out);
		return;
	}
	writer_bytes(&t->received, data);
	if (!t->received.ok) {
		fail(&t->why, FAULT_LIMIT, "%s has more than %zu bytes", t->name,
			t->settings.limit);
		refuse(t, TFTP_FULL, out);
		return;
	}
	t->blocks++;
	t->since_ack++;
	t->ended = data.left < t->block_size;
	if (t->ended || t->since_ack >= t->window)
		acknowledge(t, out);
}

static void data_arrived(struct tftp_client *t, const struct tftp_packet *packet, int64_t now_ms,
	const struct tftp_out *out)
{
	uint16_t ahead = (uint16_t)(packet->block - (uint16_t)t->blocks);
	if (ahead == 1 && !t->ended) {
		next_block(t, packet->data, out);
		progress(t, now_ms);
	} else if (ahead == 0 && t->blocks > 0) {
		acknowledge(t, out); /* our acknowledgement was lost */
	} else if (ahead <= t->window && t->since_ack > 0) {
		acknowledge(t, out); /* a gap in this window: go on after what came in order */
	}
}

static void refused(struct tftp_client *t, const struct tftp_packet *packet)
{
	t->ended = true;
	fail(&t->why, packet->error == TFTP_NOT_FOUND ? FAULT_MISSING : FAULT_REFUSED,
		"%s: the server says error %u %s", t->name, packet->error, packet->message);
}

void tftp_client_packet(struct tftp_client *t, const struct tftp_packet *packet, int64_t now_ms,
	const struct tftp_out *out)
{
	if (t->ended && (t->why.fault != FAULT_NONE || packet->opcode != TFTP_DATA))
		return;
	switch (packet->opcode) {
	case TFTP_DATA:
		data_arrived(t, packet, now_ms, out);
		break;
	case TFTP_OACK:
		options_granted(t, packet, now_ms, out);
		break;
	case TFTP_ERROR:
		refused(t, packet);
		break;
	case TFTP_READ:
	case TFTP_WRITE:
	case TFTP_ACK:
		return; /* not for a client that reads */
	}
	t->started = true;
}

void tftp_client_tick(struct tftp_client *t, int64_t now_ms, const struct tftp_out *out)
{
	if (t->ended || now_ms < t->resend_at)
		return;
	if (t->tries >= t->settings.tries) {
		t->ended = true;
		fail(&t->why, FAULT_IO, "%s: no answer after %u tries", t->name, t->tries);
		return;
	}
	t->tries++;
	set_timer(t, now_ms);
	if (t->started)
		acknowledge(t, out);
	else
		send_request(t, out);
}

void tftp_client_refused(struct tftp_client *t)
{
	if (t->ended)
		return;
	t->ended = true;
	fail(&t->why, FAULT_IO,
		t->started ? "the server has gone: its port is closed"
			   : "nobody serves TFTP there: the port is closed");
}

void tftp_client_done(struct tftp_client *t)
{
	writer_done(&t->received);
}
