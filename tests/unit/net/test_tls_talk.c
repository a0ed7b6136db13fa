/* One end is ours, the other OpenSSL's own; between them bytes, cut as they never are by a network
 * that one asks nicely. */
#include "paper.h"
#include "scene.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls.h"
#include "net/tls_impl.h"

enum { MANY = 100000 };

struct paper {
	struct identity *who;
	struct tls_server *old, *new;
};

static int group_set_up(void **state)
{
	struct paper *p = calloc(1, sizeof(*p));
	p->who = paper_identity("talk.example");
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

struct pair {
	struct tls_talk *talk;
	struct evbuffer *wire, *plain; /* what it sends, what it understood */
	SSL_CTX *context;
	SSL *peer;
	BIO *in, *out;
	size_t step; /* bytes that our end hears at a time */
	enum tls_outcome outcome;
	struct error why;
};

static void begin(struct pair *p, struct tls_server *server, int version, size_t step)
{
	*p = (struct pair){ .wire = evbuffer_new(), .plain = evbuffer_new(), .step = step };
	p->talk = tls_talk_accept(server, p->wire, NULL);
	assert_non_null(p->talk);
	p->context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(p->context, version);
	SSL_CTX_set_max_proto_version(p->context, version);
	SSL_CTX_set_cipher_list(p->context, "DEFAULT:@SECLEVEL=0");
	p->peer = SSL_new(p->context);
	p->in = BIO_new(BIO_s_mem());
	p->out = BIO_new(BIO_s_mem());
	SSL_set_bio(p->peer, p->in, p->out);
	SSL_set_connect_state(p->peer);
}

static void end(struct pair *p)
{
	tls_talk_free(p->talk);
	evbuffer_free(p->wire);
	evbuffer_free(p->plain);
	SSL_free(p->peer);
	SSL_CTX_free(p->context);
	ERR_clear_error();
}

static void to_us(struct pair *p)
{
	uint8_t *bytes = NULL;
	long size = BIO_get_mem_data(p->out, &bytes);
	for (size_t at = 0; at < (size_t)size && p->outcome == TLS_GOES_ON; at += p->step) {
		size_t left = (size_t)size - at, part = left < p->step ? left : p->step;
		p->outcome = tls_talk_hear(p->talk, reader_of(bytes + at, part), p->plain, &p->why);
	}
	(void)BIO_reset(p->out);
}

static void to_peer(struct pair *p)
{
	size_t size = evbuffer_get_length(p->wire);
	if (size > 0)
		assert_int_equal(BIO_write(p->in, evbuffer_pullup(p->wire, -1), (int)size), size);
	(void)evbuffer_drain(p->wire, size);
}

/* Until the peer has done its part; its last flight has not been heard yet. */
static void shake(struct pair *p)
{
	for (unsigned i = 0; i < 10 && SSL_do_handshake(p->peer) != 1; i++) {
		to_us(p);
		to_peer(p);
	}
	assert_true(SSL_is_init_finished(p->peer));
}

static void expect_plain(struct pair *p, const void *bytes, size_t size)
{
	assert_int_equal(evbuffer_get_length(p->plain), size);
	assert_memory_equal(evbuffer_pullup(p->plain, -1), bytes, size);
	(void)evbuffer_drain(p->plain, size);
}

static void records_may_be_cut_anywhere(void **state)
{
	static const int versions[] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION,
		TLS1_3_VERSION };
	static const size_t steps[] = { 1, 2, 5, 6, 1000, SIZE_MAX / 2 };
	const struct paper *paper = *state;
	for (size_t i = 0; i < COUNT(versions) * COUNT(steps); i++) {
		struct pair p;
		char answer[8] = { 0 };
		begin(&p, paper->old, versions[i % COUNT(versions)], steps[i / COUNT(versions)]);
		shake(&p);
		/* The first question travels with the end of the handshake. */
		assert_int_equal(SSL_write(p.peer, "question", 8), 8);
		assert_int_equal(SSL_write(p.peer, "another", 7), 7);
		to_us(&p);
		assert_int_equal(p.outcome, TLS_GOES_ON);
		assert_true(tls_talk_open(p.talk));
		expect_plain(&p, "questionanother", 15);
		assert_true(tls_talk_say(p.talk, reader_of("answer", 6), NULL));
		to_peer(&p);
		assert_int_equal(SSL_read(p.peer, answer, sizeof(answer)), 6);
		assert_string_equal(answer, "answer");
		end(&p);
	}
}

static void nothing_heard_is_nothing_said(void **state)
{
	const struct paper *paper = *state;
	struct pair p;
	begin(&p, paper->old, TLS1_2_VERSION, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(
			tls_talk_hear(p.talk, reader_of(NULL, 0), p.plain, &p.why), TLS_GOES_ON);
	assert_false(tls_talk_open(p.talk));
	assert_int_equal(evbuffer_get_length(p.wire), 0);
	tls_talk_goodbye(p.talk); /* to nobody */
	shake(&p);
	to_us(&p);
	assert_true(tls_talk_open(p.talk));
	assert_true(tls_talk_say(p.talk, reader_of(NULL, 0), NULL));
	assert_int_equal(evbuffer_get_length(p.wire), 0);
	end(&p);
	tls_talk_free(NULL);
}

static void what_is_long_arrives_whole(void **state)
{
	const struct paper *paper = *state;
	struct pair p;
	uint8_t *much = malloc(MANY), *got = calloc(1, MANY);
	for (size_t i = 0; i < MANY; i++)
		much[i] = (uint8_t)(i * 7 + i / 251);
	begin(&p, paper->old, TLS1_3_VERSION, 1500);
	shake(&p);
	assert_int_equal(SSL_write(p.peer, much, MANY), MANY);
	to_us(&p);
	expect_plain(&p, much, MANY);
	assert_true(tls_talk_say(p.talk, reader_of(much, MANY), NULL));
	to_peer(&p);
	size_t have = 0;
	for (int part; (part = SSL_read(p.peer, got + have, (int)(MANY - have))) > 0;)
		have += (size_t)part;
	assert_int_equal(have, MANY);
	assert_memory_equal(got, much, MANY);
	free(much);
	free(got);
	end(&p);
}

static void a_goodbye_ends_what_is_heard(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	const struct paper *paper = *state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct pair p;
		char byte;
		begin(&p, paper->old, versions[i], SIZE_MAX / 2);
		shake(&p);
		assert_int_equal(SSL_write(p.peer, "last", 4), 4);
		assert_int_equal(SSL_shutdown(p.peer), 0);
		assert_int_equal(BIO_write(p.out, "garbage", 7), 7);
		to_us(&p);
		assert_int_equal(p.outcome, TLS_ENDED);
		expect_plain(&p, "last", 4);
		/* It may still be told something. */
		assert_true(tls_talk_say(p.talk, reader_of("end", 3), NULL));
		tls_talk_goodbye(p.talk);
		size_t once = evbuffer_get_length(p.wire);
		tls_talk_goodbye(p.talk);
		assert_int_equal(evbuffer_get_length(p.wire), once);
		to_peer(&p);
		while (SSL_read(p.peer, &byte, 1) == 1)
			continue;
		assert_int_equal(SSL_get_error(p.peer, 0), SSL_ERROR_ZERO_RETURN);
		end(&p);
	}
}

/* What the peer reads that was told why; the alert must have been in the wire. */
static void expect_alert(struct pair *p, int reason)
{
	char byte;
	ERR_clear_error();
	to_peer(p);
	assert_true(SSL_read(p->peer, &byte, 1) <= 0);
	assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), reason);
}

static void a_changed_byte_is_noticed_and_the_peer_told(void **state)
{
	const struct paper *paper = *state;
	for (size_t at = 5; at < 20; at++) {
		struct pair p;
		uint8_t *bytes;
		begin(&p, paper->old, TLS1_2_VERSION, SIZE_MAX / 2);
		shake(&p);
		to_us(&p);
		assert_int_equal(SSL_write(p.peer, "question", 8), 8);
		(void)BIO_get_mem_data(p.out, &bytes);
		bytes[at] ^= 1;
		to_us(&p);
		assert_int_equal(p.outcome, TLS_BROKEN);
		assert_int_equal(p.why.fault, FAULT_MALFORMED);
		assert_non_null(strstr(p.why.text, "bad record mac"));
		assert_int_equal(evbuffer_get_length(p.plain), 0);
		to_peer(&p);
		expect_alert(&p, SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
		end(&p);
	}
}

static void who_speaks_too_old_a_version_is_told(void **state)
{
	const struct paper *paper = *state;
	struct pair p;
	begin(&p, paper->new, TLS1_1_VERSION, SIZE_MAX / 2);
	assert_true(SSL_do_handshake(p.peer) != 1);
	to_us(&p);
	assert_int_equal(p.outcome, TLS_BROKEN);
	assert_non_null(strstr(p.why.text, "unsupported protocol"));
	assert_false(tls_talk_open(p.talk));
	expect_alert(&p, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_may_be_cut_anywhere),
		cmocka_unit_test(nothing_heard_is_nothing_said),
		cmocka_unit_test(what_is_long_arrives_whole),
		cmocka_unit_test(a_goodbye_ends_what_is_heard),
		cmocka_unit_test(a_changed_byte_is_noticed_and_the_peer_told),
		cmocka_unit_test(who_speaks_too_old_a_version_is_told),
	};
	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
