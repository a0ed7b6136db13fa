#include "courier/syslog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/writer.h"
#include "net/datagram.h"
#include "net/stream.h"
#include "pki/cert_issuer.h"
#include "run/files.h"

enum { FRAME_LIMIT = 8 << 20, WAIT_MS = 10000, LENGTH_SIZE = 16 };

static const struct target_kind {
	const char *scheme;
	bool datagrams, tls;
} kinds[] = { { "udp:", true, false }, { "tcp:", false, false }, { "tls:", false, true } };

struct syslog_sender {
	struct loop *loop;
	const struct target_kind *kind; /* NULL: none */
	struct address to;
	struct cert *known;
	struct datagram *datagrams;
	struct sending *sending;
};

struct sending { /* over a connection of its own */
	struct syslog_sender *sender;
	struct writer frames;
	struct error why;
	bool sent;
	syslog_sent_fn *fn;
	void *context;
	struct sending *next;
};

/* lines and frames */

static struct reader next_line(struct reader *lines)
{
	const uint8_t *end = lines->left > 0 ? memchr(lines->at, '\n', lines->left) : NULL;
	size_t size = end == NULL ? lines->left : (size_t)(end - lines->at);
	struct reader line = reader_sub(lines, size);
	if (end != NULL)
		(void)reader_u8(lines);
	return line;
}

static void write_frames(struct reader lines, struct writer *out)
{
	char length[LENGTH_SIZE];
	while (lines.left > 0) {
		struct reader line = next_line(&lines);
		(void)snprintf(length, sizeof(length), "%zu ", line.left);
		writer_text(out, length);
		writer_bytes(out, line);
	}
}

/* a connection */

static bool is_known(const struct sending *sending, struct stream *s, struct error *err)
{
	const struct cert *known = sending->sender->known;
	if (!sending->sender->kind->tls)
		return true;
	AUTO(cert) shown = stream_peer_cert(s, err);
	if (shown == NULL)
		return false;
	return cert_same(shown, known) || cert_signed_by(shown, known, NULL) ||
		fail(err, FAULT_UNTRUSTED,
			"it shows %.160s, which is not the certificate that was expected",
			cert_subject(shown, NAME_APPLIANCE));
}

static void on_opened(struct stream *s, void *context)
{
	struct sending *sending = context;
	if (is_known(sending, s, &sending->why)) {
		stream_send(s, writer_written(&sending->frames));
		sending->sent = true;
	}
	stream_close(s);
}

static bool no_body(struct reader header, size_t *out, struct error *err)
{
	(void)header;
	(void)err; /* nothing is wrong with what nobody reads */
	*out = 0;
	return true;
}

static bool ignore(struct stream *s, struct reader whole, void *context, struct error *err)
{
	(void)s;
	(void)whole;
	(void)context;
	return fail(err, FAULT_MALFORMED, "a syslog server has nothing to say");
}

static void unlink_sending(struct sending *sending)
{
	struct sending **at = &sending->sender->sending;
	while (*at != NULL && *at != sending)
		at = &(*at)->next;
	if (*at == sending)
		*at = sending->next;
}

static void on_closed(struct stream *s, const struct error *why, void *context)
{
	(void)s;
	struct sending *sending = context;
	if (sending->sender == NULL) { /* whoever asked has ended */
		writer_done(&sending->frames);
		free(sending);
		return;
	}
	if (!sending->sent && sending->why.fault == FAULT_NONE && why != NULL)
		sending->why = *why;
	if (!sending->sent && sending->why.fault == FAULT_NONE)
		(void)fail(&sending->why, FAULT_IO, "it hung up");
	if (sending->sent && why != NULL) {
		sending->sent = false;
		sending->why = *why;
	}
	unlink_sending(sending);
	sending->fn(sending->sent ? NULL : &sending->why, sending->context);
	writer_done(&sending->frames);
	free(sending);
}

static const struct protocol protocol = {
	.name = "syslog",
	.header_size = 1,
	.body_size = no_body,
	.opened = on_opened,
	.message = ignore,
	.closed = on_closed,
};

static bool connect_and_send(struct syslog_sender *s, struct reader lines, syslog_sent_fn *fn,
	void *context, struct error *err)
{
	static const struct stream_limits limits = {
		.handshake_ms = WAIT_MS, .message_ms = WAIT_MS, .idle_ms = WAIT_MS
	};
	const struct stream_target target = { .to = s->to, .tls = s->kind->tls };
	struct sending *sending = calloc(1, sizeof(*sending));
	if (sending == NULL)
		return fail_memory(err);
	*sending = (struct sending){ .sender = s,
		.frames = writer_new(FRAME_LIMIT),
		.fn = fn,
		.context = context,
		.next = s->sending };
	write_frames(lines, &sending->frames);
	if (sending->frames.ok &&
		stream_open(s->loop, &target, &protocol, &limits, sending, err) != NULL) {
		s->sending = sending;
		return true;
	}
	if (!sending->frames.ok)
		(void)fail(err, FAULT_LIMIT, "more than %d bytes at a time", FRAME_LIMIT);
	writer_done(&sending->frames);
	free(sending);
	return false;
}

void syslog_send(struct syslog_sender *s, struct reader lines, syslog_sent_fn *fn, void *context)
{
	struct error err = { 0 };
	if (s->kind == NULL) {
		(void)fail(&err, FAULT_USAGE, "[courier] syslog names no server");
		fn(&err, context);
		return;
	}
	if (!s->kind->datagrams) {
		if (!connect_and_send(s, lines, fn, context, &err))
			fn(&err, context);
		return;
	}
	while (lines.left > 0)
		datagram_send(s->datagrams, &s->to, next_line(&lines));
	fn(NULL, context);
}

/* life */

static void ignore_datagram(struct datagram *d, const struct address *from,
	const struct address *to, struct reader bytes, void *context)
{
	(void)d; /* nobody has anything to say to us */
	(void)from;
	(void)to;
	(void)bytes;
	(void)context;
}

static bool read_certificate(struct syslog_sender *s, const char *path, struct error *err)
{
	AUTO_DONE(bytes) pem = { 0 };
	if (!file_read(path, LIMIT_UPLOAD, &pem, err))
		return fail_in(err, "[courier] syslog-certificate");
	s->known = cert_parse_pem(bytes_reader(&pem), err);
	return s->known != NULL || fail_in(err, "[courier] syslog-certificate, %s", path);
}

static bool take_target(struct syslog_sender *s, const struct settings *settings, struct error *err)
{
	const char *target = settings->syslog;
	if (strcmp(target, "none") == 0)
		return true;
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strncmp(target, kinds[i].scheme, strlen(kinds[i].scheme)) == 0)
			s->kind = &kinds[i];
	if (s->kind == NULL || !address_parse(target + strlen(s->kind->scheme), &s->to, err))
		return fail(err, FAULT_USAGE,
			"[courier] syslog: \"%s\" is neither none nor udp:, tcp: or tls: and "
			"address:port",
			target);
	if (s->kind->tls)
		return read_certificate(s, settings->syslog_certificate, err);
	struct address local;
	bool six = s->to.storage.ss_family == AF_INET6;
	if (!s->kind->datagrams)
		return true;
	if (!address_of(six ? "::" : "0.0.0.0", 0, &local, err))
		return false;
	s->datagrams = datagram_open(s->loop, &local, ignore_datagram, s, err);
	return s->datagrams != NULL;
}

struct syslog_sender *syslog_sender_new(
	struct loop *l, const struct settings *settings, struct error *err)
{
	struct syslog_sender *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	s->loop = l;
	if (take_target(s, settings, err))
		return s;
	syslog_sender_free(s);
	return NULL;
}

void syslog_sender_free(struct syslog_sender *s)
{
	if (s == NULL)
		return;
	for (struct sending *at = s->sending; at != NULL; at = at->next)
		at->sender = NULL;
	datagram_free(s->datagrams);
	cert_free(s->known);
	free(s);
}
