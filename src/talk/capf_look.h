#pragma once
/*
 * Looking at a CAPF server from the phone's side, pure: what it says first and, where a device is
 * named, what it answers to that. It ends there: no key is made, no certificate taken, so nothing
 * on either side changes. docs/capf-status.md
 */
#include "wire/capf_message.h"

enum { CAPF_LOOK_HEARD = 2 };

struct capf_heard {
	enum capf_command command;
	uint32_t session;
	bool has[CAPF_ELEMENTS];         /* which elements it carried */
	unsigned numbers[CAPF_ELEMENTS]; /* of those of one or two bytes */
};

struct capf_look {
	const char *device; /* NULL: it only listens */
	size_t count;
	struct capf_heard heard[CAPF_LOOK_HEARD];
	bool ended; /* all was heard: hang up */
};

/* A whole message came. What is to be sent is appended to `answer`, perhaps nothing. False: not
 * what a CAPF server says here; the look is over. FAULT_MALFORMED; FAULT_USAGE for a device name
 * that no phone has. */
bool capf_look_message(struct capf_look *l, struct reader whole, struct writer *answer,
	struct error *err) MUST_CHECK;
/* Could a device say this name? FAULT_USAGE. */
bool capf_look_device(const char *device, struct error *err) MUST_CHECK;
/* "no authentication", "a password", …: what element 8 asks for. NULL: not known. */
const char *capf_authentication_name(unsigned kind);
/* "nothing was to be done", …: element 1 of END_SESSION. NULL: not known. */
const char *capf_reason_means(unsigned reason);
