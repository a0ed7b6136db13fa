#pragma once
/*
 * Between a node's manager and its courier. The manager asks that a notice be sent, whole; the
 * answer comes when whoever receives it has taken it, as far as that can be known, the refusal says
 * why not. Where it goes is the courier's setting, never the manager's word.
 * docs/formats/sibling.md
 */

enum courier_operation {
	COURIER_SEND = 1, /* u8 target, text -> nothing */
};

enum courier_target {
	COURIER_SYSLOG,  /* RFC 5424 messages, each with a line feed behind it */
	COURIER_WEBHOOK, /* one JSON object, posted */
	COURIER_TARGETS,
};
