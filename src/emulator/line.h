#pragma once
/* A phone's TLS connection to one server: opened to see who is there, perhaps used for one
 * question, hung up. Whoever hangs up hears nothing more of it. */
#include "base/reader.h"
#include "net/address.h"
#include "net/loop.h"

struct line;

struct line_events {
	void (*shown)(struct reader certificate, void *context); /* connected; DER */
	void (*answered)(struct reader message, void *context);  /* a whole TVS message */
	void (*failed)(const struct error *why, void *context);  /* the line is gone */
};

struct line_plan {
	struct address server;
	const char *source; /* local address, or NULL */
	uint64_t timeout_ms;
};

struct line *line_open(struct loop *l, const struct line_plan *plan,
	const struct line_events *events, void *context, struct error *err);
void line_send(struct line *line, struct reader message); /* after shown */
void line_hang_up(struct line *line); /* at any time, also from inside an event; NULL is fine */
