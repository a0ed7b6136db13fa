#include "net/tls.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/util.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "net/tls_impl.h"

enum {
	SESSIONS_MAX = 2048,
	SESSION_SECONDS = 7200, /* for which a phone may go on with a session */
	TICKET_KEYS_SIZE = 80,  /* what OpenSSL 3 wants: a name and two keys */
};

struct tls_server {
	SSL_CTX *context;
	int64_t keyed_at; /* wall clock: since when tickets have these keys */
};

static bool fail_tls(struct error *err, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return fail(err, FAULT_CRYPTO, "%s: %s", what, reason != NULL ? reason : "OpenSSL failed");
}

/* 7900 phones end at TLS 1.0 with AES-CBC and SHA-1, which OpenSSL allows at level 0 only. */
static bool allow(SSL_CTX *context, bool old)
{
	return SSL_CTX_set_min_proto_version(context, old ? TLS1_VERSION : TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_max_proto_version(context, 0) == 1 &&
		SSL_CTX_set_cipher_list(context, old ? "DEFAULT:@SECLEVEL=0" : "DEFAULT") == 1;
}

static void settle(SSL_CTX *context)
{
	/* No empty fragments: they put a second record in front of a message, and phones stall
	 * when one does not arrive whole. A peer that leaves without close_notify has ended. */
	(void)SSL_CTX_set_options(context,
		SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
			SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS | SSL_OP_CIPHER_SERVER_PREFERENCE |
			SSL_OP_LEGACY_SERVER_CONNECT);
	(void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
}

static bool remember_sessions(SSL_CTX *context)
{
	static const unsigned char name[] = "dialtrust";
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
	(void)SSL_CTX_sess_set_cache_size(context, SESSIONS_MAX);
	(void)SSL_CTX_set_timeout(context, SESSION_SECONDS);
	return SSL_CTX_set_num_tickets(context, 1) == 1 &&
		SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1) == 1;
}

static bool show(SSL_CTX *context, const struct identity *who)
{
	return SSL_CTX_use_certificate(context, identity_x509(who)) == 1 &&
		SSL_CTX_use_PrivateKey(context, identity_pkey(who)) == 1;
}

struct tls_server *tls_server_new(const struct identity *who, bool old_phones, struct error *err)
{
	struct tls_server *s = calloc(1, sizeof(*s));
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	if (s != NULL && context != NULL && allow(context, old_phones) &&
		remember_sessions(context) && show(context, who)) {
		settle(context);
		s->context = context;
		return s;
	}
	(void)fail_tls(err, "preparing TLS with its certificate and key");
	SSL_CTX_free(context);
	free(s);
	return NULL;
}

void tls_server_free(struct tls_server *s)
{
	if (s == NULL)
		return;
	SSL_CTX_free(s->context);
	free(s);
}

/* Who gets hold of ticket keys reads what was said under their tickets: they live two hours, in
 * this process alone, so that no session outlives its identity. A clock that was set back renews
 * them too. Whose ticket is too old has a full handshake. */
static void renew_ticket_keys(struct tls_server *s)
{
	int64_t now = clock_now();
	unsigned char keys[TICKET_KEYS_SIZE];
	if (now >= s->keyed_at && now < s->keyed_at + SESSION_SECONDS)
		return;
	if (RAND_priv_bytes(keys, sizeof(keys)) == 1 &&
		SSL_CTX_set_tlsext_ticket_keys(s->context, keys, sizeof(keys)) == 1)
		s->keyed_at = now;
	OPENSSL_cleanse(keys, sizeof(keys));
	ERR_clear_error();
}

static struct bufferevent *speak(struct event_base *base, int fd, SSL *ssl,
	enum bufferevent_ssl_state state, struct error *err)
{
	struct bufferevent *bev = NULL;
	if (ssl != NULL)
		bev = bufferevent_openssl_socket_new(base, fd, ssl, state, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		fail_tls(err, "starting TLS");
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

struct bufferevent *tls_server_bufferevent(
	struct event_base *base, int fd, struct tls_server *s, struct error *err)
{
	renew_ticket_keys(s);
	return speak(base, fd, SSL_new(s->context), BUFFEREVENT_SSL_ACCEPTING, err);
}

struct bufferevent *tls_client_bufferevent(struct event_base *base, int fd, struct error *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (context == NULL || !allow(context, true)) {
		SSL_CTX_free(context);
		fail_tls(err, "preparing TLS");
		return NULL;
	}
	settle(context);
	struct bufferevent *bev =
		speak(base, fd, SSL_new(context), BUFFEREVENT_SSL_CONNECTING, err);
	SSL_CTX_free(context); /* the SSL object keeps it */
	return bev;
}

bool tls_fail(struct bufferevent *bev, const char *doing, struct error *err)
{
	int number = EVUTIL_SOCKET_ERROR();
	unsigned long code = bufferevent_get_openssl_error(bev);
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	if (reason != NULL)
		return fail(err, FAULT_MALFORMED, "%s: %s", doing, reason);
	if (code != 0)
		return fail(err, FAULT_MALFORMED, "%s: TLS error %lx", doing, code);
	return fail(err, FAULT_IO, "%s: %s", doing,
		number != 0 ? evutil_socket_error_to_string(number) : "the peer left");
}

void tls_keep_session(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	if (ssl != NULL)
		SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void tls_goodbye(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	if (ssl == NULL)
		return;
	(void)SSL_shutdown(ssl); /* once: the answer is not waited for */
	ERR_clear_error();
}

struct cert *tls_peer_cert(struct bufferevent *bev, struct error *err)
{
	SSL *ssl = bev != NULL ? bufferevent_openssl_get_ssl(bev) : NULL;
	X509 *shown = ssl != NULL ? SSL_get1_peer_certificate(ssl) : NULL;
	if (shown == NULL) {
		fail(err, FAULT_MISSING, "the other side showed no certificate");
		return NULL;
	}
	unsigned char *der = NULL;
	int size = i2d_X509(shown, &der);
	X509_free(shown);
	if (size <= 0) {
		fail_tls(err, "reading the other side's certificate");
		return NULL;
	}
	struct cert *cert = cert_parse(reader_of(der, (size_t)size), err);
	OPENSSL_free(der);
	return cert;
}

void tls_security(struct bufferevent *bev, struct stream_security *out)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	if (ssl == NULL || SSL_get_current_cipher(ssl) == NULL)
		return;
	(void)snprintf(out->version, sizeof(out->version), "%s", SSL_get_version(ssl));
	(void)snprintf(out->cipher, sizeof(out->cipher), "%s", SSL_get_cipher_name(ssl));
}

static bool take_shown(struct tls_pin *pin, X509_STORE_CTX *judged)
{
	unsigned char *der = NULL;
	X509 *leaf = X509_STORE_CTX_get0_cert(judged);
	int size = leaf != NULL ? i2d_X509(leaf, &der) : 0;
	bytes_done(&pin->shown);
	bool fine = size > 0 && bytes_copy(&pin->shown, reader_of(der, (size_t)size), NULL);
	OPENSSL_free(der);
	return fine;
}

static int judge(X509_STORE_CTX *judged, void *context)
{
	struct tls_pin *pin = context;
	uint8_t digest[DIGEST_SIZE];
	bool fine =
		take_shown(pin, judged) && digest_sha256(bytes_reader(&pin->shown), digest, NULL);
	if (fine && pin->wanted)
		fine = reader_same(
			reader_of(digest, DIGEST_SIZE), reader_of(pin->digest, DIGEST_SIZE));
	pin->failed = !fine;
	X509_STORE_CTX_set_error(judged, fine ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
	return fine ? 1 : 0;
}

void tls_pin_guard(void *ssl_ctx, struct tls_pin *pin)
{
	SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ssl_ctx, judge, pin);
}
