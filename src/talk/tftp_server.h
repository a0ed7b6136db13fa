#pragma once
/*
 * One TFTP transfer from the server's side: packet or tick in, datagrams out. Pure: time comes in
 * as monotonic milliseconds; of the file it knows the size only, and says which stretch of it
 * leaves next. docs/formats/tftp.md
 */
#include "talk/round_trip.h"
#include "wire/tftp_packet.h"

struct tftp_server_settings {
	uint16_t block_size_max; /* answer min(asked, this): 1428 fits an Ethernet frame */
	uint16_t window_max;
	int64_t patience_ms;   /* silence after which a peer that did answer is given up */
	int64_t first_wait_ms; /* for the first answer, where its peer is known; 0: a second */
};

struct tftp_server { /* in place; nothing to free */
	struct tftp_server_settings settings;
	struct tftp_options granted;
	uint64_t file_size;
	size_t block_size;
	uint32_t window;
	uint64_t acknowledged; /* blocks */
	uint64_t sent;         /* blocks */
	unsigned tries;        /* of the window that is under way */
	int64_t resend_at;     /* monotonic ms; the shell calls tftp_server_tick then */
	int64_t sent_at, heard_at;
	struct round_trip round_trip;
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

/* A stretch of the file that leaves as one datagram, behind a tftp_data_header. */
struct tftp_block {
	uint16_t number;
	uint64_t offset;
	size_t size;
};

struct tftp_server_out {
	void (*emit)(struct reader datagram, void *context);
	void (*emit_block)(const struct tftp_block *block, void *context);
	void *context;
};

/* For a shell that has the whole file in memory. */
void tftp_send_block(
	const struct tftp_block *block, struct reader file, const struct tftp_out *out);

void tftp_server_start(struct tftp_server *t, const struct tftp_packet *request, uint64_t file_size,
	const struct tftp_server_settings *settings, int64_t now_ms,
	const struct tftp_server_out *out);
void tftp_server_packet(struct tftp_server *t, const struct tftp_packet *packet, int64_t now_ms,
	const struct tftp_server_out *out);
void tftp_server_tick(struct tftp_server *t, int64_t now_ms, const struct tftp_server_out *out);
/* The peer has answered, so its address is not forged. */
bool tftp_server_proven(const struct tftp_server *t);
