#pragma once
/* Messages to a syslog server: a datagram each, or framed by their octets (RFC 6587, RFC 5425) over
 * one connection for all of them. */
#include "base/reader.h"
#include "net/loop.h"
#include "run/settings.h"

struct syslog_sender;

/* Reads the certificate of a tls: target, so before the sandbox closes. `settings` outlive it. */
struct syslog_sender *syslog_sender_new(
	struct loop *l, const struct settings *settings, struct error *err);
void syslog_sender_free(struct syslog_sender *s); /* what is under way is not told */

/* err NULL: they left, and the other side took the connection's end well. Once for each call. */
typedef void syslog_sent_fn(const struct error *err, void *context);
/* `lines`: messages, each with a line feed behind it. */
void syslog_send(struct syslog_sender *s, struct reader lines, syslog_sent_fn *fn, void *context);
