#pragma once
/*
 * One TFTP transfer from the server's side: packet or tick in, datagrams out. Pure: time comes in
 * as monotonic milliseconds, the file as bytes. docs/formats/tftp.md
 */
#include "wire/tftp_packet.h"

struct tftp_server_settings {
	uint16_t block_size_max; /* answer min(asked, this): 1428 fits an Ethernet frame */
	uint16_t window_max;
	unsigned tries; /* sends of one window at most */
};

struct tftp_server { /* in place; nothing to free */
	struct reader file;
	struct tftp_server_settings settings;
	struct tftp_options granted;
	size_t block_size;
	uint32_t window;
	uint64_t acknowledged; /* blocks */
	uint64_t sent;         /* blocks */
	unsigned tries;
	int64_t resend_at;  /* monotonic ms; the shell calls tftp_server_tick then */
	int64_t round_trip; /* measured, ms; 0: not yet */
	int64_t sent_at;
	bool waits_for_oack;  /* an OACK was sent and not yet acknowledged */
	bool ended, complete; /* complete: the last block was acknowledged */
	struct error why;     /* ended and not complete: what went wrong */
};

/* Where datagrams leave: each call may emit several, to be sent in order. */
struct tftp_out {
	void (*emit)(struct reader datagram, void *context);
	void *context;
};

void tftp_send(const struct tftp_packet *packet, const struct tftp_out *out);

void tftp_server_start(struct tftp_server *t, const struct tftp_packet *request, struct reader file,
	const struct tftp_server_settings *settings, int64_t now_ms, const struct tftp_out *out);
void tftp_server_packet(struct tftp_server *t, const struct tftp_packet *packet, int64_t now_ms,
	const struct tftp_out *out);
void tftp_server_tick(struct tftp_server *t, int64_t now_ms, const struct tftp_out *out);
