#include "fetch/tvs_question.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/small_server.h"
#include "net/stream.h"

enum { TIMEOUT_MS = 5000, SHORT_MS = 300 };

static struct key_ring *ring;
static struct elsewhere server;

static void filled(struct small_server *s, struct key_ring *keys)
{
	(void)keys;
	small_server_vouch(s, "callmanager", "\1\2\3");
}

static int scene_made(void **state)
{
	static const struct small_server_plan plan = { .address = "127.0.0.1", .tvs = "tvs-2048" };
	(void)state;
	ring = key_ring_new();
	(void)key_ring_get(ring, "tvs-2048");
	(void)key_ring_get(ring, "callmanager");
	(void)key_ring_get(ring, "stranger");
	small_server_elsewhere(ring, &plan, filled, &server);
	return 0;
}

static int scene_freed(void **state)
{
	(void)state;
	small_server_kill(&server);
	key_ring_free(ring);
	return 0;
}

static struct tvs_message about(const char *name)
{
	return (struct tvs_message){ .command = TVS_VERIFY_REQUEST,
		.session = 1001,
		.device = "CP-8861-SEP001122334455",
		.certificate = cert_der(key_ring_get(ring, name)->cert) };
}

static void a_yes_comes_with_roles_and_the_servers_certificate(void **state)
{
	(void)state;
	const struct server_place place = { "127.0.0.1", server.tvs, TIMEOUT_MS };
	struct tvs_message question = about("callmanager");
	struct error err = { 0 };
	AUTO_DONE(tvs_reply) reply = { 0 };
	if (!tvs_question_ask(&place, &question, &reply, &err))
		fail_msg("%s", err.text);
	assert_int_equal(reply.message.status, TVS_VALID);
	assert_int_equal(reply.message.role_count, 3);
	assert_memory_equal(reply.message.roles, "\1\2\3", 3);
	assert_int_equal(reply.message.ttl, 86400);
	assert_true(reader_same(
		bytes_reader(&reply.server), cert_der(key_ring_get(ring, "tvs-2048")->cert)));
}

static void a_no_is_an_answer_too(void **state)
{
	(void)state;
	const struct server_place place = { "127.0.0.1", server.tvs, TIMEOUT_MS };
	struct tvs_message question = about("stranger");
	struct error err = { 0 };
	AUTO_DONE(tvs_reply) reply = { 0 };
	if (!tvs_question_ask(&place, &question, &reply, &err))
		fail_msg("%s", err.text);
	assert_int_equal(reply.message.status, TVS_INVALID);
	assert_int_equal(reply.message.role_count, 0);
}

static void refused(const struct server_place *place, enum fault fault, const char *words)
{
	struct tvs_message question = about("callmanager");
	struct error err = { 0 };
	struct tvs_reply reply = { 0 };
	assert_false(tvs_question_ask(place, &question, &reply, &err));
	if (err.fault != fault || strstr(err.text, words) == NULL)
		fail_msg("%s: %s", fault_name(err.fault), err.text);
	assert_null(reply.whole.data);
	assert_null(reply.server.data);
}

static void nobody_there_is_an_error_of_the_network(void **state)
{
	(void)state;
	refused(&(struct server_place){ "127.0.0.9", server.tvs, TIMEOUT_MS }, FAULT_IO,
		"127.0.0.9");
	refused(&(struct server_place){ "127.0.0.1", server.http, TIMEOUT_MS }, FAULT_IO,
		"TLS handshake");
	refused(&(struct server_place){ "nobody.invalid", server.tvs, TIMEOUT_MS }, FAULT_IO,
		"nobody.invalid");
}

static void places_are_read(void **state)
{
	(void)state;
	static const char *const bad[] = { "", ":", ":2445", "a:", "a:0", "a:65536", "a:x", "a/b",
		"a@b", "a?b", "[::1", "a:1/x", "a b\n" };
	struct server_place place = { "kept", 7, 8 };
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error err = { 0 };
		if (tvs_place_read(bad[i], &place, &err))
			fail_msg("read: %s", bad[i]);
		assert_int_equal(err.fault, FAULT_USAGE);
		assert_string_equal(place.host, "kept");
	}
	assert_true(tvs_place_read("pub.example", &place, NULL));
	assert_string_equal(place.host, "pub.example");
	assert_int_equal(place.port, 2445);
	assert_true(tvs_place_read("[::1]:77", &place, NULL));
	assert_string_equal(place.host, "::1");
	assert_int_equal(place.port, 77);
	assert_int_equal(place.timeout_ms, 8);
}

static void a_question_that_is_too_long_is_not_sent(void **state)
{
	(void)state;
	static const uint8_t blob[LIMIT_MESSAGE];
	const struct server_place place = { "127.0.0.1", server.tvs, TIMEOUT_MS };
	struct tvs_message question = about("callmanager");
	struct error err = { 0 };
	AUTO_DONE(tvs_reply) reply = { 0 };
	question.certificate = reader_of(blob, sizeof(blob));
	assert_false(tvs_question_ask(&place, &question, &reply, &err));
	assert_non_null(strstr(err.text, "the question is over"));
}

/* A TLS server in a process of its own that answers whatever is asked with these bytes. */
struct liar {
	struct reader answer;
	bool hangs_up;
	pid_t pid;
	uint16_t port;
};

static bool lie(struct stream *s, struct reader whole, void *context, struct error *err)
{
	const struct liar *liar = context;
	(void)whole;
	if (liar->hangs_up)
		return fail_memory(err);
	if (liar->answer.left > 0)
		stream_send(s, liar->answer);
	return true;
}

static void parted(struct stream *s, const struct error *why, void *context)
{
	(void)s;
	(void)why;
	(void)context;
}

static void serve_lies(struct liar *liar, int fd)
{
	static const struct protocol protocol = { .name = "liar",
		.header_size = TVS_HEADER_SIZE,
		.body_size = tvs_message_body_size,
		.message = lie,
		.closed = parted };
	static const struct stream_limits limits = { 5000, 5000, 5000, 0, 0 };
	const struct ring_key *key = key_ring_get(ring, "tvs-2048");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	AUTO(loop) loop = loop_new(NULL);
	AUTO(identity) identity = identity_new(key->cert, key->key, NULL);
	AUTO(tls_server) tls = tls_server_new(identity, true, NULL);
	if (stream_serve(loop, fd, tls, &protocol, &limits, liar, NULL) != NULL)
		(void)!loop_run(loop, NULL);
	_exit(1);
}

static void liar_start(struct liar *liar)
{
	struct address at;
	assert_true(address_of("127.0.0.1", 0, &at, NULL));
	int fd = listen_stream(&at, NULL);
	assert_true(fd >= 0 && address_of_socket(fd, &at, NULL));
	liar->port = address_port(&at);
	liar->pid = fork();
	assert_true(liar->pid >= 0);
	if (liar->pid == 0)
		serve_lies(liar, fd);
	(void)close(fd);
}

static void lies_are_told_from_answers(
	struct liar liar, uint64_t timeout_ms, enum fault fault, const char *words)
{
	liar_start(&liar);
	refused(&(struct server_place){ "127.0.0.1", liar.port, timeout_ms }, fault, words);
	(void)kill(liar.pid, SIGKILL);
	(void)waitpid(liar.pid, NULL, 0);
}

#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1, true                                    \
	}

static void an_answer_that_is_none_is_malformed(void **state)
{
	(void)state;
	static const struct {
		struct reader answer;
		const char *words;
	} lies[] = {
		{ BYTES("HTTP/1.1 400 no\r\n"), "tvs: starts with" },
		{ BYTES("\x57\2\2\0\0\0\3\xe9\0\4\7\0\1\1"), "tvs: version 2" },
		{ BYTES("\x57\1\2\0\0\0\3\xe9\xff\xff\7\0\1\1"), "tvs: message body" },
		{ BYTES("\x57\1\2\0\0\0\3\xe9\0\4\7\0\1\2"), "status 2 is unknown" },
		{ BYTES("\x57\1\2\0\0\0\3\xe9\0\4\7\0\1\0"), "roles is missing" },
		{ BYTES("\x57\1\2\0\0\0\3\xe8\0\4\7\0\1\1"), "session 1000" },
		{ BYTES("\x57\1\4\0\0\0\3\xe9\0\4\7\0\1\1"), "command 4 came back" },
		{ BYTES("\x57\1\11\0\0\0\3\xe9\0\0"), "command 9 is unknown" },
	};
	for (size_t i = 0; i < COUNT(lies); i++)
		lies_are_told_from_answers((struct liar){ .answer = lies[i].answer }, TIMEOUT_MS,
			FAULT_MALFORMED, lies[i].words);
}

static void no_answer_is_an_error_of_the_network(void **state)
{
	(void)state;
	lies_are_told_from_answers(
		(struct liar){ .hangs_up = true }, TIMEOUT_MS, FAULT_IO, "127.0.0.1");
	lies_are_told_from_answers((struct liar){ 0 }, SHORT_MS, FAULT_IO, "127.0.0.1");
	lies_are_told_from_answers(
		(struct liar){ .answer = BYTES("\x57\1\2") }, SHORT_MS, FAULT_IO, "127.0.0.1");
	lies_are_told_from_answers((struct liar){ .answer = BYTES("\x57\1\2\0\0\0\3\xe9\0\4\7\0") },
		SHORT_MS, FAULT_IO, "127.0.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_yes_comes_with_roles_and_the_servers_certificate),
		cmocka_unit_test(a_no_is_an_answer_too),
		cmocka_unit_test(nobody_there_is_an_error_of_the_network),
		cmocka_unit_test(places_are_read),
		cmocka_unit_test(a_question_that_is_too_long_is_not_sent),
		cmocka_unit_test(an_answer_that_is_none_is_malformed),
		cmocka_unit_test(no_answer_is_an_error_of_the_network),
	};
	return cmocka_run_group_tests(tests, scene_made, scene_freed);
}
