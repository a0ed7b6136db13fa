#pragma once
/*
 * TLS as the rest of net/ sees it: one end of a talk that owns no socket. What came from the
 * network is heard, what has to go there is put into a buffer, so that whoever owns the socket
 * decides what leaves together. OpenSSL stays in tls.c.
 */
#include <event2/buffer.h>

#include "net/stream.h"
#include "pki/cert.h"

struct tls_talk;

/* `wire` is the caller's, and outlives the talk: what is to be sent to the peer is appended. */
struct tls_talk *tls_talk_accept(struct tls_server *s, struct evbuffer *wire, struct error *err);
/* Accepts any certificate: whoever opened the connection judges it. Hear nothing to begin. */
struct tls_talk *tls_talk_connect(struct evbuffer *wire, struct error *err);
void tls_talk_free(struct tls_talk *t);

enum tls_outcome {
	TLS_GOES_ON,
	TLS_ENDED,  /* the peer has said that it will send no more */
	TLS_BROKEN, /* err says why; `wire` may have an alert for the peer */
};

/* Bytes that came; what they say is appended to `plain`. Records may be cut anywhere. */
enum tls_outcome tls_talk_hear(
	struct tls_talk *t, struct reader bytes, struct evbuffer *plain, struct error *err);
bool tls_talk_open(const struct tls_talk *t); /* the handshake is done */
/* One record, or several where it is longer than TLS_RECORD. */
enum { TLS_RECORD = 16 << 10 };
bool tls_talk_say(struct tls_talk *t, struct reader bytes, struct error *err) MUST_CHECK;
void tls_talk_goodbye(struct tls_talk *t); /* close_notify, once */
/* It ended well: its session may be gone on with, also when the peer left without close_notify. */
void tls_talk_keep_session(struct tls_talk *t);
struct cert *tls_talk_peer_cert(const struct tls_talk *t, struct error *err);
void tls_talk_security(const struct tls_talk *t, struct stream_security *out);

/* The one certificate that an HTTPS question accepts, and the one that was shown. */
struct tls_pin {
	bool wanted; /* else any certificate will do */
	uint8_t digest[DIGEST_SIZE];
	bool failed;        /* another one was shown */
	struct bytes shown; /* DER */
};

/* Makes libcurl's SSL_CTX judge by the pin alone. `pin` must outlive the transfer. */
void tls_pin_guard(void *ssl_ctx, struct tls_pin *pin);
