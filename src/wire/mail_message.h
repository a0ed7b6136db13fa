#pragma once
/*
 * A letter as mail servers take it: RFC 5322 with MIME, lines of at most 998 bytes that end in CR
 * LF. Plain ASCII goes as it is; what has longer lines, other letters or control bytes goes quoted
 * printable (RFC 2045). Nothing in it can begin a header field of its own.
 */
#include <stdint.h>

#include "base/writer.h"

enum { MAIL_ADDRESS_MAX = 254, MAIL_SUBJECT_MAX = 200 };

/* "who@where" in printable ASCII, each half with something in it: RFC 5321 without quotes. */
bool mail_address_valid(const char *address);

struct mail_message {
	const char *from;
	const char *const *to; /* NULL-terminated */
	const char *subject;   /* printable ASCII */
	int64_t written;
	const char *id; /* left of the @ of its Message-ID, the same whenever it is sent again */
	struct reader body; /* UTF-8, lines end in a line feed */
};

/* FAULT_USAGE: an address or the subject is none. FAULT_LIMIT: the writer is full. */
bool mail_message_write(const struct mail_message *m, struct writer *out, struct error *err)
	MUST_CHECK;
