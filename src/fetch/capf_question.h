#pragma once
/*
 * A look at somebody's CAPF, as a phone would have it; blocks. The server's certificate is not
 * judged but handed back. docs/capf-status.md
 */
#include "base/bytes.h"
#include "fetch/server_place.h"
#include "net/stream.h"
#include "talk/capf_look.h"

struct capf_seen {
	struct bytes server; /* DER of the certificate that the server showed */
	struct stream_security security;
	struct capf_look look;
	/* FAULT_NONE: it was heard to its end. FAULT_MALFORMED: what came is not CAPF; FAULT_IO:
	 * silence, or it hung up. */
	struct error why;
};

/* `device` may be NULL. False: it was not reached: nobody there, no TLS, too slow (FAULT_IO), or a
 * device name that is none (FAULT_USAGE). */
bool capf_question_ask(const struct server_place *place, const char *device, struct capf_seen *out,
	struct error *err) MUST_CHECK;
void capf_seen_done(struct capf_seen *seen); /* copes with twice */
