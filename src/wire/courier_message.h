#pragma once
/*
 * Between a node's manager and its courier. The manager asks that a notice be sent, whole; the
 * answer comes when whoever receives it has taken it, as far as that can be known, the refusal says
 * why not: FAULT_REFUSED when the receiver was there and answered no. Where it goes is the
 * courier's setting, never the manager's word. docs/formats/sibling.md
 */
#include "base/writer.h"

enum courier_operation {
	COURIER_SEND = 1, /* u8 target, text -> nothing */
	/* files of certificates in the folder of the SFTP server, wire/bulk_message.h */
	COURIER_BULK_STORE = 2, /* name, rows -> nothing */
	COURIER_BULK_FETCH = 3, /* name -> rows */
	COURIER_BULK_NAMES = 4, /* nothing -> names, a line feed behind each */
};

enum courier_target {
	COURIER_SYSLOG,  /* RFC 5424 messages, each with a line feed behind it */
	COURIER_WEBHOOK, /* one JSON object, posted */
	COURIER_MAIL,    /* courier_letter, mailed */
	COURIER_TARGETS,
};

enum { COURIER_SUBJECT_SIZE = 200 };
struct courier_letter {
	int64_t written; /* seconds since 1970 */
	char subject[COURIER_SUBJECT_SIZE];
	struct reader body; /* lines end in a line feed; borrowed */
};
void courier_letter_write(struct writer *w, const struct courier_letter *letter);
bool courier_letter_parse(struct reader bytes, struct courier_letter *out, struct error *err)
	MUST_CHECK;
