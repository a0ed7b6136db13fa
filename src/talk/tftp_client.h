#pragma once
/* One TFTP read from the client's side, pure like tftp_server.h. The received bytes are owned. */
#include "base/bytes.h"
#include "talk/tftp_server.h"

struct tftp_client_settings {
	uint16_t block_size; /* 0: no options at all, as old phones */
	uint16_t window;     /* 0 or 1: no windowsize option */
	size_t limit;        /* bytes of the file at most */
	unsigned tries;
	int64_t timeout_ms;
};

struct tftp_client {
	struct tftp_client_settings settings;
	char name[LIMIT_FILE_NAME];
	struct writer received;
	size_t block_size;
	uint32_t window;
	uint64_t blocks; /* received in order */
	unsigned since_ack;
	unsigned tries;
	int64_t resend_at;
	bool started; /* the server has answered from its own port */
	bool ended;
	struct error why; /* FAULT_NONE when ended whole; FAULT_MISSING for error 1 */
};

bool tftp_client_start(struct tftp_client *t, const char *name,
	const struct tftp_client_settings *settings, int64_t now_ms, const struct tftp_out *out,
	struct error *err) MUST_CHECK;
/* Also after its end: a last block that comes again is acknowledged again. */
void tftp_client_packet(struct tftp_client *t, const struct tftp_packet *packet, int64_t now_ms,
	const struct tftp_out *out);
void tftp_client_tick(struct tftp_client *t, int64_t now_ms, const struct tftp_out *out);
/* The server's host says that nobody listens there. */
void tftp_client_refused(struct tftp_client *t);
void tftp_client_done(struct tftp_client *t);
