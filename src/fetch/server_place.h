#pragma once
/* Where a server is that somebody wants to ask, and for how long. */
#include "cluster/node.h"

struct server_place {
	char host[HOST_NAME_SIZE]; /* a name or a numeric address */
	uint16_t port;
	uint64_t timeout_ms; /* for the handshake, for silence, and for a message that has begun */
};

/* "HOST", "HOST:PORT", "[::1]:PORT". The deadline stays. FAULT_USAGE. */
bool server_place_read(const char *text, uint16_t usual_port, struct server_place *out,
	struct error *err) MUST_CHECK;
