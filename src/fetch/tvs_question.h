#pragma once
/*
 * One question to somebody's TVS, one answer, as a phone has them; blocks. The server's certificate
 * is not judged but handed back: whoever asks may compare it with a list. docs/tvs-ask.md
 */
#include "base/bytes.h"
#include "fetch/server_place.h"
#include "wire/tvs_message.h"

/* "HOST", "HOST:PORT", "[::1]:PORT"; the usual port is 2445. The deadline stays. FAULT_USAGE. */
bool tvs_place_read(const char *text, struct server_place *out, struct error *err) MUST_CHECK;

struct tvs_reply {
	struct bytes server;        /* DER of the certificate that the server showed */
	struct bytes whole;         /* the answer's bytes */
	struct tvs_message message; /* points into `whole` */
};

/* FAULT_IO: nobody there, no TLS, too slow, or it hung up without an answer. FAULT_MALFORMED: what
 * came back is no answer to this question: other bytes, another session, the other command. */
bool tvs_question_ask(const struct server_place *place, const struct tvs_message *question,
	struct tvs_reply *out, struct error *err) MUST_CHECK;
void tvs_reply_done(struct tvs_reply *reply); /* copes with twice */
