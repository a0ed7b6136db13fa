#pragma once
/* The server's side of a TVS conversation: one request in, one answer out. Pure. */
#include "trust/vouch.h"
#include "wire/tvs_message.h"

struct tvs_asked { /* what the shell may log and the ledger may keep */
	enum tvs_command command;
	char device[LIMIT_DEVICE_NAME]; /* unauthenticated */
	bool valid;
	char about[160]; /* the certificate or signer that was asked about, printable */
};

/* Writes exactly one message. False: not a request; hang up. */
bool tvs_answer(const struct vouch *v, struct reader request, uint32_t ttl, int64_t now,
	struct writer *out, struct tvs_asked *asked, struct error *err) MUST_CHECK;
