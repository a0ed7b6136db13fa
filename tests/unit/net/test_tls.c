#include "letters.h"
#include "paper.h"

#include <malloc.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/tls.h"

static const struct stream_limits generous = { 5000, 5000, 5000, 0, 0 };

struct paper {
	struct identity *who;
	struct tls_server *old, *new;
};

static int group_set_up(void **state)
{
	struct paper *p = calloc(1, sizeof(*p));
	p->who = paper_identity("tvs.example");
	p->old = tls_server_new(p->who, true, NULL);
	p->new = tls_server_new(p->who, false, NULL);
	*state = p;
	return p->old != NULL && p->new != NULL ? 0 : -1;
}

static int group_tear_down(void **state)
{
	struct paper *p = *state;
	tls_server_free(p->old);
	tls_server_free(p->new);
	identity_free(p->who);
	free(p);
	return 0;
}

struct play {
	struct scene *scene;
	struct paper *paper;
};

/* The group's state is the paper; each case gets it with a scene. */
static int set_up(void **state)
{
	struct play *p = calloc(1, sizeof(*p));
	void *scene = NULL;
	p->paper = *state;
	if (scene_set_up(&scene) != 0)
		return -1;
	p->scene = scene;
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct play *p = *state;
	void *scene = p->scene;
	*state = p->paper;
	free(p);
	return scene_tear_down(&scene);
}

static bool refuse_to_renegotiate(SSL *ssl)
{
	return SSL_renegotiate(ssl) != 1 || SSL_do_handshake(ssl) != 1;
}

/* A session on its way from one child to the next: shared memory. */
struct carried {
	size_t size;
	unsigned char der[8192];
};

/* Where children keep their session, and which one they go on with; NULL: nowhere, none. */
static struct carried *keep, *go_on;

/* What a client of other make does, in a child: its verdict is the exit status. */
struct caller {
	const struct letters *server;
	int min, max;        /* TLS versions */
	const char *ciphers; /* of TLS 1.2 and below */
	bool renegotiate, resume, shutdown, flood;
};

enum {
	FINE = 0,
	NO_HANDSHAKE = 1,
	NO_ANSWER = 2,
	NOT_ONE_RECORD = 3,
	NOT_RESUMED = 4,
	RENEGOTIATED = 5,
	WRONG_VERSION = 6,
	NO_GOODBYE = 7,
	NO_FLOOD = 8
};

static SSL *shake(SSL_CTX *context, const struct letters *server, SSL_SESSION *session)
{
	SSL *ssl = SSL_new(context);
	int fd = scene_dial(&server->at, NULL);
	SSL_set_fd(ssl, fd);
	if (session != NULL)
		SSL_set_session(ssl, session);
	return SSL_connect(ssl) == 1 ? ssl : NULL;
}

/* Records of application data that came; of TLS 1.3 they cannot be told from others. */
static void count_records(
	int sent, int version, int type, const void *bytes, size_t size, SSL *ssl, void *context)
{
	unsigned *count = context;
	(void)version;
	(void)ssl;
	if (sent == 0 && type == SSL3_RT_HEADER && size > 0 &&
		*(const uint8_t *)bytes == SSL3_RT_APPLICATION_DATA)
		(*count)++;
}

static int converse(SSL *ssl, const char *text)
{
	unsigned records = 0;
	uint8_t out[LETTERS_MAX + 2], in[LETTERS_MAX + 2];
	size_t size = letters_write(out, text);
	SSL_set_msg_callback(ssl, count_records);
	SSL_set_msg_callback_arg(ssl, &records);
	if (SSL_write(ssl, out, (int)size) != (int)size)
		return NO_ANSWER;
	int got = SSL_read(ssl, in, sizeof(in)); /* one record at most */
	SSL_set_msg_callback(ssl, NULL);
	if (got <= 0)
		return NO_ANSWER;
	if (SSL_version(ssl) < TLS1_3_VERSION && records != 1)
		return NOT_ONE_RECORD;
	return (size_t)got == size && memcmp(in, out, size) == 0 ? FINE : NOT_ONE_RECORD;
}

static bool keep_session(SSL *ssl, struct carried *out)
{
	unsigned char *at = out->der;
	int size = i2d_SSL_SESSION(SSL_get0_session(ssl), NULL);
	if (size <= 0 || (size_t)size > sizeof(out->der))
		return false;
	out->size = (size_t)i2d_SSL_SESSION(SSL_get0_session(ssl), &at);
	return true;
}

/* Asks for much and reads it in small bites: the server waits, and goes on as there is room. */
static int drink(SSL *ssl)
{
	char bite[1000];
	uint8_t out[16];
	int size = (int)letters_write(out, "flood"), narrow = 65536;
	size_t have = 0;
	(void)setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_RCVBUF, &narrow, sizeof(narrow));
	if (SSL_write(ssl, out, size) != size || SSL_write(ssl, out, size) != size)
		return NO_ANSWER;
	while (have < 2 * (size_t)FLOOD) {
		int got = SSL_read(ssl, bite, sizeof(bite));
		if (got <= 0)
			return NO_FLOOD;
		have += (size_t)got;
	}
	return have == 2 * (size_t)FLOOD ? FINE : NO_FLOOD;
}

static int act(const struct caller *c)
{
	char text[600];
	memset(text, 't', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(context, c->min);
	SSL_CTX_set_max_proto_version(context, c->max);
	if (SSL_CTX_set_cipher_list(context, c->ciphers) != 1)
		return NO_HANDSHAKE;
	SSL_SESSION *session = NULL;
	const unsigned char *der = go_on != NULL ? go_on->der : NULL;
	if (der != NULL)
		session = d2i_SSL_SESSION(NULL, &der, (long)go_on->size);
	SSL *ssl = shake(context, c->server, session);
	if (ssl == NULL)
		return NO_HANDSHAKE;
	if (SSL_version(ssl) != c->max)
		return WRONG_VERSION;
	int verdict = c->flood ? drink(ssl) : FINE;
	if (verdict == FINE)
		verdict = converse(ssl, text);
	if (verdict != FINE)
		return verdict;
	if (keep != NULL && !keep_session(ssl, keep))
		return NOT_RESUMED;
	if (session != NULL)
		return SSL_session_reused(ssl) == 1 ? FINE : NOT_RESUMED;
	if (c->renegotiate && !refuse_to_renegotiate(ssl))
		return RENEGOTIATED;
	if (c->shutdown) {
		char byte;
		verdict = converse(ssl, "bye");
		bool goodbye = SSL_read(ssl, &byte, 1) == 0 &&
			SSL_get_error(ssl, 0) == SSL_ERROR_ZERO_RETURN &&
			(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
		return verdict != FINE ? verdict : goodbye ? FINE : NO_GOODBYE;
	}
	if (!c->resume)
		return FINE;
	SSL *again = shake(context, c->server, SSL_get1_session(ssl));
	return again != NULL && SSL_session_reused(again) == 1 ? FINE : NOT_RESUMED;
}

struct child {
	pid_t pid;
	int status;
	bool ended;
};

static void look(void *context)
{
	struct child *c = context;
	if (!c->ended && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->ended = true;
}

static int call(struct scene *s, const struct caller *caller)
{
	struct child c = { .pid = fork() };
	if (c.pid == 0) {
		(void)alarm(20);
		_exit(act(caller));
	}
	struct timer *t = timer_new(s->loop, 2, true, look, &c, NULL);
	scene_until(s, &c.ended);
	timer_free(t);
	assert_true(WIFEXITED(c.status));
	return WEXITSTATUS(c.status);
}

static void phones_of_every_age_are_served(void **state)
{
	const struct play *p = *state;
	struct letters l = { 0 };
	letters_serve(&l, p->scene, p->paper->old, &generous);
	const struct caller rows[] = {
		{ &l, TLS1_VERSION, TLS1_VERSION, "AES256-SHA:@SECLEVEL=0", false, true, false,
			false },
		{ &l, TLS1_VERSION, TLS1_VERSION, "AES128-SHA:@SECLEVEL=0", true, false, false,
			false },
		{ &l, TLS1_1_VERSION, TLS1_1_VERSION, "ALL:@SECLEVEL=0", false, false, true,
			false },
		{ &l, TLS1_VERSION, TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", false, true,
			false, false },
		{ &l, TLS1_2_VERSION, TLS1_2_VERSION, "AES256-GCM-SHA384", false, false, true,
			false },
		{ &l, TLS1_2_VERSION, TLS1_2_VERSION, "AES256-GCM-SHA384", true, false, false,
			false },
		{ &l, TLS1_VERSION, TLS1_3_VERSION, "DEFAULT", false, true, false, false },
		{ &l, TLS1_3_VERSION, TLS1_3_VERSION, "DEFAULT", false, false, true, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(call(p->scene, &rows[i]), FINE);
	stream_server_free(l.server);
}

static void who_reads_slowly_gets_everything(void **state)
{
	const struct play *p = *state;
	const struct stream_limits patient = { 60000, 60000, 60000, 0, 0 };
	struct letters l = { 0 };
	letters_serve(&l, p->scene, p->paper->old, &patient);
	const struct caller old = { .server = &l,
		.min = TLS1_VERSION,
		.max = TLS1_VERSION,
		.ciphers = "DEFAULT:@SECLEVEL=0",
		.flood = true };
	const struct caller new = { .server = &l,
		.min = TLS1_3_VERSION,
		.max = TLS1_3_VERSION,
		.ciphers = "DEFAULT",
		.flood = true };
	assert_int_equal(call(p->scene, &old), FINE);
	assert_int_equal(call(p->scene, &new), FINE);
	scene_until_count(p->scene, &l.closed, 2);
	assert_int_equal(l.ended_well, 2);
	stream_server_free(l.server);
}

/* By ticket; keys of tickets are changed every two hours by the server's clock, which is ours here,
 * while the client's and OpenSSL's stand still. */
static void sessions_end_with_their_keys_and_their_identity(void **state)
{
	static const int versions[] = { TLS1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION };
	static const struct {
		int64_t later;
		int verdict;
	} rows[] = { { 0, FINE }, { 3600, FINE }, { 7100, FINE }, { 7201, NOT_RESUMED },
		{ 2 * 7201 + 1, NOT_RESUMED }, { -315360000, NOT_RESUMED } };
	const struct play *p = *state;
	struct carried *session = mmap(
		NULL, sizeof(*session), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(session, MAP_FAILED);
	for (size_t i = 0; i < COUNT(versions) * COUNT(rows); i++) {
		struct letters l = { 0 }, other = { 0 };
		AUTO(tls_server) tls = tls_server_new(p->paper->who, true, NULL);
		letters_serve(&l, p->scene, tls, &generous);
		letters_serve(&other, p->scene, p->paper->old, &generous);
		struct caller caller = { &l, versions[i % COUNT(versions)],
			versions[i % COUNT(versions)], "DEFAULT:@SECLEVEL=0", false, false, false,
			false };
		keep = session;
		assert_int_equal(call(p->scene, &caller), FINE);
		keep = NULL;
		go_on = session;
		clock_set_offset(rows[i / COUNT(versions)].later);
		if (call(p->scene, &caller) != rows[i / COUNT(versions)].verdict)
			fail_msg("version %x, %lld s later", (unsigned)caller.max,
				(long long)rows[i / COUNT(versions)].later);
		clock_set_offset(0);
		caller.server =
			&other; /* made anew, as after a restart: the certificate may differ */
		assert_int_equal(call(p->scene, &caller), NOT_RESUMED);
		go_on = NULL;
		stream_server_free(l.server);
		stream_server_free(other.server);
	}
	(void)munmap(session, sizeof(*session));
}

static void without_old_phones_tls_starts_at_1_2(void **state)
{
	const struct play *p = *state;
	struct letters l = { 0 };
	letters_serve(&l, p->scene, p->paper->new, &generous);
	const struct caller old = { &l, TLS1_VERSION, TLS1_1_VERSION, "ALL:@SECLEVEL=0", false,
		false, false, false };
	const struct caller new = { &l, TLS1_2_VERSION, TLS1_2_VERSION, "DEFAULT", false, false,
		false, false };
	assert_int_equal(call(p->scene, &old), NO_HANDSHAKE);
	scene_until_count(p->scene, &l.closed, 1);
	assert_int_equal(l.why.fault, FAULT_MALFORMED);
	assert_non_null(strstr(l.why.text, "unsupported protocol"));
	assert_int_equal(l.opened, 0);
	assert_int_equal(call(p->scene, &new), FINE);
	stream_server_free(l.server);
}

static void ciphers_without_secrecy_find_no_match(void **state)
{
	const struct play *p = *state;
	struct letters l = { 0 };
	static const char *const ciphers[] = { "NULL-SHA:@SECLEVEL=0", "aNULL:@SECLEVEL=0" };
	letters_serve(&l, p->scene, p->paper->old, &generous);
	for (unsigned i = 0; i < COUNT(ciphers); i++) {
		const struct caller c = { &l, TLS1_VERSION, TLS1_2_VERSION, ciphers[i], false,
			false, false, false };
		assert_int_equal(call(p->scene, &c), NO_HANDSHAKE);
		scene_until_count(p->scene, &l.closed, i + 1);
		assert_non_null(strstr(l.why.text, "no shared cipher"));
	}
	stream_server_free(l.server);
}

/* Writes bytes to a TLS server and waits for its verdict. */
static void provoke(struct letters *l, const void *bytes, size_t size, bool leave)
{
	unsigned before = l->closed;
	int fd = scene_dial(&l->at, NULL);
	if (size > 0)
		assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
	if (leave)
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
	scene_until_count(l->scene, &l->closed, before + 1);
	(void)close(fd);
	assert_int_equal(l->ended_well, 0);
	assert_true(l->why.text[0] != '\0');
}

static void garbage_is_named(void **state)
{
	const struct play *p = *state;
	struct letters l = { 0 };
	static const char http[] = "GET / HTTP/1.1\r\nHost: tvs\r\n\r\n";
	static const uint8_t wrong_version[] = { 22, 9, 9, 0, 4, 1, 0, 0, 0 };
	static const uint8_t zeros[64] = { 0 };
	static const uint8_t unknown_ca[] = { 21, 3, 1, 0, 2, 2, 48 };
	letters_serve(&l, p->scene, p->paper->old, &generous);
	provoke(&l, http, sizeof(http) - 1, false);
	assert_string_equal(l.why.text, "the TLS handshake failed: http request");
	assert_int_equal(l.why.fault, FAULT_MALFORMED);
	provoke(&l, wrong_version, sizeof(wrong_version), false);
	assert_non_null(strstr(l.why.text, "wrong version number"));
	provoke(&l, zeros, sizeof(zeros), false);
	provoke(&l, unknown_ca, sizeof(unknown_ca), false);
	provoke(&l, "", 0, true);
	assert_string_equal(l.why.text, "left without a word");
	provoke(&l, "\x16\x03\x01\x02\x00\x01", 6, true);
	assert_string_equal(l.why.text, "left during the TLS handshake");
	assert_int_equal(l.opened, 0);
	stream_server_free(l.server);
}

static void a_handshake_has_one_deadline(void **state)
{
	const struct play *p = *state;
	const struct stream_limits limits = { .handshake_ms = 40, .idle_ms = 5000 };
	struct letters l = { 0 };
	letters_serve(&l, p->scene, p->paper->old, &limits);
	provoke(&l, "", 0, false);
	assert_int_equal(l.why.fault, FAULT_LIMIT);
	provoke(&l, "\x16\x03\x01\x02\x00\x01", 6, false);
	assert_int_equal(l.why.fault, FAULT_LIMIT);
	assert_non_null(strstr(l.why.text, "no TLS handshake in time"));
	stream_server_free(l.server);
}

static void silent_connections_cost_little(void **state)
{
	enum { MANY = 400 };
	const struct play *p = *state;
	struct letters l = { 0 };
	static int fds[MANY];
	letters_serve(&l, p->scene, p->paper->old, &generous);
	struct rlimit files;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_cur < 2 * MANY + 50)
		skip();
	fds[0] = scene_dial(&l.at, NULL);
	scene_for(l.scene, 5);
	unsigned descriptors = scene_descriptors();
	size_t before = mallinfo2().uordblks; /* zero under AddressSanitizer */
	for (unsigned i = 1; i < MANY; i++)
		fds[i] = scene_dial(&l.at, NULL);
	while (scene_descriptors() < descriptors + 2 * (MANY - 1))
		scene_for(l.scene, 2);
	size_t cost = (mallinfo2().uordblks - before) / (MANY - 1);
	assert_in_range(cost, 0, 1536);
	for (unsigned i = 0; i < MANY; i++)
		(void)close(fds[i]);
	stream_server_free(l.server);
}

static void a_client_sees_the_certificate(void **state)
{
	const struct play *p = *state;
	struct letters server = { 0 }, client = { .scene = p->scene };
	struct error err = { 0 };
	uint8_t bytes[LETTERS_MAX + 2];
	letters_serve(&server, p->scene, p->paper->old, &generous);
	const struct stream_target target = { .to = server.at, .tls = true };
	struct stream *s =
		stream_open(p->scene->loop, &target, &letters_protocol, &generous, &client, &err);
	assert_non_null(s);
	scene_until_count(p->scene, &client.opened, 1);
	AUTO(cert) shown = stream_peer_cert(s, &err);
	assert_non_null(shown);
	assert_true(cert_same(shown, identity_cert(p->paper->who)));
	scene_until_count(p->scene, &server.opened, 1);
	assert_null(stream_peer_cert(server.last, &err)); /* none is wanted of phones */
	assert_int_equal(err.fault, FAULT_MISSING);
	stream_send(s, reader_of(bytes, letters_write(bytes, "bye")));
	scene_until_count(p->scene, &client.closed, 1);
	scene_until_count(p->scene, &server.closed, 1);
	assert_int_equal(client.ended_well, 1);
	assert_int_equal(server.ended_well, 1);
	stream_server_free(server.server);
}

static void a_client_of_a_plain_server_learns_why_not(void **state)
{
	const struct play *p = *state;
	struct letters server = { 0 }, client = { .scene = p->scene };
	struct error err = { 0 };
	letters_serve(&server, p->scene, NULL, &generous);
	const struct stream_target target = { .to = server.at, .tls = true };
	assert_non_null(
		stream_open(p->scene->loop, &target, &letters_protocol, &generous, &client, &err));
	scene_until_count(p->scene, &client.closed, 1);
	assert_int_equal(client.opened, 0);
	assert_int_not_equal(client.why.fault, FAULT_NONE);
	scene_until_count(p->scene, &server.closed, 1);
	stream_server_free(server.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		CASE(phones_of_every_age_are_served),
		CASE(who_reads_slowly_gets_everything),
		CASE(sessions_end_with_their_keys_and_their_identity),
		CASE(without_old_phones_tls_starts_at_1_2),
		CASE(ciphers_without_secrecy_find_no_match),
		CASE(garbage_is_named),
		CASE(a_handshake_has_one_deadline),
		CASE(silent_connections_cost_little),
		CASE(a_client_sees_the_certificate),
		CASE(a_client_of_a_plain_server_learns_why_not),
#undef CASE
	};
	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
