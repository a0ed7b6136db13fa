#pragma once
/*
 * TCP, plain or TLS, framed into messages for a protocol it does not understand. A header may
 * arrive in pieces; a message leaves in one write; deadlines for the handshake, for a message that
 * has begun and for silence are kept here; so are the caps in total and per source address.
 */
#include "base/bytes.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/tls.h"

struct stream; /* one connection */

struct protocol {
	const char *name;
	size_t header_size;
	/* Bytes that follow this header; false hangs up with err. */
	bool (*body_size)(struct reader header, size_t *out, struct error *err);
	void (*opened)(struct stream *s, void *context); /* handshake done; may be NULL */
	/* A whole message. false hangs up with err. */
	bool (*message)(struct stream *s, struct reader whole, void *context, struct error *err);
	/* Ends every stream that was accepted or opened, once, also one that never got as far as
	 * `opened`. why NULL: it simply ended, which a server's client may also do by falling
	 * silent after a message. FAULT_LIMIT: too slow, or silent all the time. */
	void (*closed)(struct stream *s, const struct error *why, void *context);
	/* A connection beyond a cap was closed unheard. May be NULL. */
	void (*refused)(const struct address *peer, const struct error *why, void *context);
};

struct stream_limits {
	uint64_t handshake_ms, message_ms, idle_ms; /* 0: no deadline */
	size_t total, per_source;                   /* connections; 0: no cap */
};

struct stream_server;
/* Takes listening fd over, also on failure. tls may be NULL; it must outlive the server. */
struct stream_server *stream_serve(struct loop *l, int fd, struct tls_server *tls,
	const struct protocol *protocol, const struct stream_limits *limits, void *context,
	struct error *err);
/* Ends its connections. Not from inside one of its callbacks. */
void stream_server_free(struct stream_server *s);

struct stream_target {
	struct address to;
	const struct address *source; /* of our own; NULL: whatever the kernel takes */
	bool tls;
};

/* Client: TLS without judging the certificate: `opened` gets stream_peer_cert and decides.
 * `context` as given. NULL only for lack of memory or a bad address; a refused connection arrives
 * as `closed`. */
struct stream *stream_open(struct loop *l, const struct stream_target *target,
	const struct protocol *protocol, const struct stream_limits *limits, void *context,
	struct error *err);

void stream_send(struct stream *s, struct reader message); /* one write; only when opened */
/* After what was sent has left; `closed` comes from the loop, never from inside this call. */
void stream_close(struct stream *s);
const struct address *stream_peer(const struct stream *s);
/* The certificate that the other side showed; yours, or NULL with err. */
struct cert *stream_peer_cert(const struct stream *s, struct error *err);
/* What TLS settled on; both "" on a plain connection, and before it is opened. */
struct stream_security {
	char version[16]; /* "TLSv1.2" */
	char cipher[64];  /* "ECDHE-RSA-AES256-GCM-SHA384" */
};
void stream_security(const struct stream *s, struct stream_security *out);
void stream_set_user(struct stream *s, void *user); /* the protocol's own, per connection */
void *stream_user(const struct stream *s);
