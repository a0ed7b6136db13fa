#pragma once
/* TLS as the rest of net/ sees it: a bufferevent that speaks it. OpenSSL stays in tls.c. */
#include <event2/bufferevent.h>

#include "net/stream.h"
#include "pki/cert.h"

/* Both take fd over when they succeed; it is closed with the bufferevent. */
struct bufferevent *tls_server_bufferevent(
	struct event_base *base, int fd, struct tls_server *s, struct error *err);
/* Accepts any certificate: whoever opened the connection judges it. */
struct bufferevent *tls_client_bufferevent(struct event_base *base, int fd, struct error *err);

/* Why a bufferevent failed, in OpenSSL's words or the system's. */
bool tls_fail(struct bufferevent *bev, const char *doing, struct error *err); /* always false */
/* It ended well: its session may be gone on with, also when the peer left without close_notify. */
void tls_keep_session(struct bufferevent *bev);
void tls_goodbye(struct bufferevent *bev); /* close_notify; harmless on a plain one */
struct cert *tls_peer_cert(struct bufferevent *bev, struct error *err);
void tls_security(struct bufferevent *bev, struct stream_security *out);

/* The one certificate that an HTTPS question accepts, and the one that was shown. */
struct tls_pin {
	bool wanted; /* else any certificate will do */
	uint8_t digest[DIGEST_SIZE];
	bool failed;        /* another one was shown */
	struct bytes shown; /* DER */
};

/* Makes libcurl's SSL_CTX judge by the pin alone. `pin` must outlive the transfer. */
void tls_pin_guard(void *ssl_ctx, struct tls_pin *pin);
