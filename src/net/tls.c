#include "net/tls.h"

#include <event2/buffer.h>
#include <openssl/bio.h>
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
	BIO_METHOD *method;
	int64_t keyed_at; /* wall clock: since when tickets have these keys */
};

struct tls_talk {
	SSL *ssl;
	BIO_METHOD *own_method; /* of a client; a server's is the server's */
	struct reader came;     /* not read yet; lent for the time of a call */
	struct evbuffer *wire;
	bool open;
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

/* OpenSSL reads from what came, and writes into what is to be sent. */

static int wire_read(BIO *bio, char *out, int size)
{
	struct tls_talk *t = BIO_get_data(bio);
	size_t wanted = size > 0 ? (size_t)size : 0;
	size_t part = wanted < t->came.left ? wanted : t->came.left;
	BIO_clear_retry_flags(bio);
	if (part == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	reader_copy(&t->came, out, part);
	return (int)part;
}

static int wire_write(BIO *bio, const char *bytes, int size)
{
	const struct tls_talk *t = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	return size > 0 && evbuffer_add(t->wire, bytes, (size_t)size) == 0 ? size : -1;
}

static long wire_control(BIO *bio, int what, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return what == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *wire_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wire");
	if (method != NULL && BIO_meth_set_read(method, wire_read) == 1 &&
		BIO_meth_set_write(method, wire_write) == 1 &&
		BIO_meth_set_ctrl(method, wire_control) == 1)
		return method;
	BIO_meth_free(method);
	return NULL;
}

struct tls_server *tls_server_new(const struct identity *who, bool old_phones, struct error *err)
{
	struct tls_server *s = calloc(1, sizeof(*s));
	if (s != NULL) {
		s->context = SSL_CTX_new(TLS_server_method());
		s->method = wire_method();
	}
	if (s != NULL && s->context != NULL && s->method != NULL && allow(s->context, old_phones) &&
		remember_sessions(s->context) && show(s->context, who)) {
		settle(s->context);
		return s;
	}
	(void)fail_tls(err, "preparing TLS with its certificate and key");
	tls_server_free(s);
	return NULL;
}

void tls_server_free(struct tls_server *s)
{
	if (s == NULL)
		return;
	SSL_CTX_free(s->context);
	BIO_meth_free(s->method);
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

void tls_talk_free(struct tls_talk *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	BIO_meth_free(t->own_method);
	free(t);
}

static struct tls_talk *talk_new(
	SSL_CTX *context, const BIO_METHOD *method, struct evbuffer *wire, struct error *err)
{
	struct tls_talk *t = calloc(1, sizeof(*t));
	SSL *ssl = t != NULL ? SSL_new(context) : NULL;
	BIO *bio = ssl != NULL ? BIO_new(method) : NULL;
	if (bio == NULL) {
		(void)fail_tls(err, "starting TLS");
		SSL_free(ssl);
		free(t);
		return NULL;
	}
	*t = (struct tls_talk){ .ssl = ssl, .wire = wire };
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio); /* goes with it */
	return t;
}

struct tls_talk *tls_talk_accept(struct tls_server *s, struct evbuffer *wire, struct error *err)
{
	renew_ticket_keys(s);
	struct tls_talk *t = talk_new(s->context, s->method, wire, err);
	if (t != NULL)
		SSL_set_accept_state(t->ssl);
	return t;
}

struct tls_talk *tls_talk_connect(struct evbuffer *wire, struct error *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	BIO_METHOD *method = wire_method();
	struct tls_talk *t = NULL;
	if (context != NULL && method != NULL && allow(context, true)) {
		settle(context);
		t = talk_new(context, method, wire, err);
	} else {
		(void)fail_tls(err, "preparing TLS");
	}
	SSL_CTX_free(context); /* the SSL object keeps it */
	if (t == NULL) {
		BIO_meth_free(method);
		return NULL;
	}
	t->own_method = method;
	SSL_set_connect_state(t->ssl);
	return t;
}

static enum tls_outcome outcome(const struct tls_talk *t, int result, struct error *err)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return TLS_GOES_ON;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_ENDED;
	}
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	if (code == 0)
		(void)fail_memory(err); /* what comes and goes is in memory */
	else if (reason != NULL)
		(void)fail(err, FAULT_MALFORMED, "%s", reason);
	else
		(void)fail(err, FAULT_MALFORMED, "TLS error %lx", code);
	return TLS_BROKEN;
}

enum tls_outcome tls_talk_hear(
	struct tls_talk *t, struct reader bytes, struct evbuffer *plain, struct error *err)
{
	uint8_t block[TLS_RECORD];
	int got;
	t->came = bytes;
	ERR_clear_error();
	if (!t->open) {
		got = SSL_do_handshake(t->ssl);
		t->open = got == 1;
		if (!t->open)
			return outcome(t, got, err);
	}
	while ((got = SSL_read(t->ssl, block, sizeof(block))) > 0)
		if (evbuffer_add(plain, block, (size_t)got) != 0) {
			(void)fail_memory(err);
			return TLS_BROKEN;
		}
	return outcome(t, got, err);
}

bool tls_talk_open(const struct tls_talk *t)
{
	return t->open;
}

bool tls_talk_say(struct tls_talk *t, struct reader bytes, struct error *err)
{
	ERR_clear_error();
	if (bytes.left == 0 || SSL_write(t->ssl, bytes.at, (int)bytes.left) == (int)bytes.left)
		return true;
	return fail_tls(err, "sending by TLS");
}

void tls_talk_keep_session(struct tls_talk *t)
{
	SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void tls_talk_goodbye(struct tls_talk *t)
{
	(void)SSL_shutdown(t->ssl); /* the answer is not waited for */
	ERR_clear_error();
}

struct cert *tls_talk_peer_cert(const struct tls_talk *t, struct error *err)
{
	X509 *shown = t != NULL ? SSL_get1_peer_certificate(t->ssl) : NULL;
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

void tls_talk_security(const struct tls_talk *t, struct stream_security *out)
{
	if (t == NULL || SSL_get_current_cipher(t->ssl) == NULL)
		return;
	(void)snprintf(out->version, sizeof(out->version), "%s", SSL_get_version(t->ssl));
	(void)snprintf(out->cipher, sizeof(out->cipher), "%s", SSL_get_cipher_name(t->ssl));
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
