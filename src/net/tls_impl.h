#pragma once
/* TLS as the rest of net/ sees it: a bufferevent that speaks it. OpenSSL stays in tls.c. */
#include <event2/bufferevent.h>

#include "net/tls.h"
#include "pki/cert.h"

/* Both take fd over when they succeed; it is closed with the bufferevent. */
struct bufferevent *tls_server_bufferevent(struct event_base *base, int fd, struct tls_server *s,
	struct error *err);
/* Accepts any certificate: whoever opened the connection judges it. */
struct bufferevent *tls_client_bufferevent(struct event_base *base, int fd, struct error *err);

/* Why a bufferevent failed, in OpenSSL's words or the system's. */
bool tls_fail(struct bufferevent *bev, const char *doing, struct error *err); /* always false */
void tls_goodbye(struct bufferevent *bev); /* close_notify; harmless on a plain one */
struct cert *tls_peer_cert(struct bufferevent *bev, struct error *err);
