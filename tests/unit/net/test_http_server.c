#include "site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void an_answer_looks_like_this(void **state)
{
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	char *heard = site_ask(&s,
		"POST /a%20b?q=1%262 HTTP/1.0\r\nHost:127.0.0.1\r\nx-test: t\r\n"
		"Content-Length: 4\r\n\r\nbody");
	assert_string_equal(heard,
		"HTTP/1.1 200 OK\r\nContent-Length: 23\r\n"
		"Content-Type: text/plain\r\nCache-Control: no-store\r\n"
		"Connection: close\r\nX-Answer: yes\r\n\r\n"
		"2 /a b q=1&2 h=t b=body");
	free(heard);
	assert_int_equal(s.sent, 1);
	assert_int_equal(strncmp(s.peer, "127.0.0.1:", 10), 0);
	assert_false(s.has_uid);
	http_server_free(s.server);
}

static void a_request_split_at_each_byte_is_one_request(void **state)
{
	static const char text[] = "POST /x?q=v HTTP/1.0\r\nHost:h\r\nContent-Length: 3\r\n\r\nabc";
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	char *whole = site_ask(&s, text);
	for (size_t at = 1; at < sizeof(text) - 1; at++) {
		int fd = scene_dial(&s.at, NULL);
		assert_int_equal(send(fd, text, at, 0), (ssize_t)at);
		scene_for(s.scene, 1);
		assert_int_equal(s.asked, at);
		site_say(fd, text + at);
		char *heard = site_hear(s.scene, fd, 0, NULL);
		assert_string_equal(heard, whole);
		free(heard);
		(void)close(fd);
	}
	free(whole);
	assert_int_equal(s.bad, 0);
	http_server_free(s.server);
}

static void a_connection_is_kept_and_requests_may_queue(void **state)
{
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	char *heard = site_ask(&s,
		"GET /missing HTTP/1.1\r\n\r\nHEAD /size/5 HTTP/1.1\r\n\r\n"
		"GET /size/0 HTTP/1.1\r\n\r\nGET /missing HTTP/1.1\r\n"
		"Connection: close\r\n\r\nGET /never HTTP/1.1\r\n\r\n");
	assert_string_equal(heard,
		"HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\nContent-Type: text/plain\r\n"
		"Cache-Control: no-store\r\n\r\nmissing\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: */*\r\n"
		"Cache-Control: no-store\r\n\r\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Type: */*\r\n"
		"Cache-Control: no-store\r\n\r\n"
		"HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\nContent-Type: text/plain\r\n"
		"Cache-Control: no-store\r\nConnection: close\r\n\r\nmissing\n");
	free(heard);
	assert_int_equal(s.asked, 4);
	assert_int_equal(s.sent, 4);
	http_server_free(s.server);
}

static void large_answers_leave_whole(void **state)
{
	static const char *const kinds[] = { "size", "file", "lent" };
	static const size_t sizes[] = { 1, 8192, 8193, 65535, 65536, 65537, 131072, 5000000 };
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	for (size_t k = 0; k < COUNT(kinds); k++)
		for (size_t i = 0; i < COUNT(sizes); i++) {
			char text[80];
			size_t size = 0;
			(void)snprintf(text, sizeof(text), "GET /%s/%zu HTTP/1.0\r\n\r\n", kinds[k],
				sizes[i]);
			int fd = scene_dial(&s.at, NULL);
			site_say(fd, text);
			char *heard = site_hear(s.scene, fd, 0, &size);
			const char *body = strstr(heard, "\r\n\r\n") + 4;
			assert_int_equal(size - (size_t)(body - heard), sizes[i]);
			for (size_t at = 0; at < sizes[i]; at += 97)
				assert_int_equal((uint8_t)body[at], (uint8_t)(at * 7 + at / 256));
			free(heard);
			(void)close(fd);
		}
	assert_int_equal(s.sent, 24);
	assert_int_equal(s.released, 8);
	http_server_free(s.server);
}

static void a_file_that_was_cut_ends_the_connection(void **state)
{
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	char *heard = site_ask(&s, "GET /cut HTTP/1.1\r\n\r\n");
	assert_null(strstr(heard, "200")); /* nothing that looks whole */
	free(heard);
	scene_until_count(s.scene, &s.cut, 1);
	http_server_free(s.server);
}

static void an_answer_may_come_later_or_too_late(void **state)
{
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	int fd = scene_dial(&s.at, NULL);
	site_say(fd, "GET /keep HTTP/1.1\r\n\r\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0); /* still listening */
	scene_until_count(s.scene, &s.asked, 1);
	scene_for(s.scene, 5);
	http_answer(s.kept, 200, "text/plain", reader_of_text("later"));
	char *heard = site_hear(s.scene, fd, 0, NULL);
	assert_non_null(strstr(heard, "\r\n\r\nlater"));
	free(heard);
	(void)close(fd);
	scene_until_count(s.scene, &s.sent, 1);

	struct linger now = { .l_onoff = 1 };
	fd = scene_dial(&s.at, NULL);
	site_say(fd, "GET /keep HTTP/1.1\r\n\r\n");
	scene_until_count(s.scene, &s.asked, 2);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	(void)close(fd);
	scene_for(s.scene, 5);
	assert_int_equal(s.cut, 0); /* not told before the handler has ended it */
	http_answer(s.kept, 200, "text/plain", reader_of_text("too late"));
	assert_int_equal(s.cut, 1);

	fd = scene_dial(&s.at, NULL);
	site_say(fd, "GET /keep HTTP/1.1\r\n\r\n");
	scene_until_count(s.scene, &s.asked, 3);
	http_server_free(s.server); /* the exchange outlives the server */
	http_answer(s.kept, 200, "text/plain", reader_of_text("too late"));
	assert_int_equal(s.cut, 2);
	(void)close(fd);
}

static void a_peer_that_leaves_while_an_answer_leaves_is_told(void **state)
{
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	int fd = scene_dial(&s.at, NULL);
	site_say(fd, "GET /size/9000000 HTTP/1.1\r\n\r\n");
	free(site_hear(s.scene, fd, 1000, NULL));
	(void)close(fd);
	scene_until_count(s.scene, &s.cut, 1);
	assert_int_equal(s.sent, 0);
	http_server_free(s.server);
}

static void what_is_lent_comes_back(void **state)
{
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	int fd = scene_dial(&s.at, NULL);
	site_say(fd, "HEAD /lent/70000 HTTP/1.1\r\n\r\nHEAD /lent/0 HTTP/1.0\r\n\r\n");
	char *heard = site_hear(s.scene, fd, 0, NULL);
	assert_non_null(strstr(heard, "Content-Length: 70000\r\n"));
	free(heard);
	(void)close(fd);
	scene_until_count(s.scene, &s.released, 2);

	fd = scene_dial(&s.at, NULL); /* the peer leaves in the middle of it */
	site_say(fd, "GET /lent/9000000 HTTP/1.1\r\n\r\n");
	free(site_hear(s.scene, fd, 1000, NULL));
	assert_int_equal(s.released, 2);
	(void)close(fd);
	scene_until_count(s.scene, &s.cut, 1);
	assert_int_equal(s.released, 3);

	fd = scene_dial(&s.at, NULL); /* the server ends in the middle of it */
	site_say(fd, "GET /lent/9000000 HTTP/1.1\r\n\r\n");
	free(site_hear(s.scene, fd, 1000, NULL));
	struct http_exchange *late = NULL;
	int second = scene_dial(&s.at, NULL);
	site_say(second, "GET /keep HTTP/1.1\r\n\r\n");
	scene_until_count(s.scene, &s.asked, 5);
	late = s.kept;
	http_server_free(s.server);
	assert_int_equal(s.released, 4);
	site_lend(&s, late, 10); /* nobody is there any more */
	assert_int_equal(s.released, 5);
	(void)close(fd);
	(void)close(second);
}

static void a_body_is_asked_for_when_that_is_expected(void **state)
{
	static const char more[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	int fd = scene_dial(&s.at, NULL);
	site_say(fd, "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	char *heard = site_hear(s.scene, fd, sizeof(more) - 1, NULL);
	assert_string_equal(heard, more);
	free(heard);
	site_say(fd, "abc");
	heard = site_hear(s.scene, fd, 0, NULL);
	assert_non_null(strstr(heard, "b=abc"));
	free(heard);
	(void)close(fd);
	http_server_free(s.server);
}

static void a_unix_socket_tells_who_asks(void **state)
{
	struct scene *scene = *state;
	struct site s = { .scene = scene };
	struct error err = { 0 };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s/admin", scene->directory);
	int listening = listen_unix(name.sun_path, SOCK_STREAM, 0600, &err);
	s.server = http_serve(scene->loop, listening, NULL, &site_limits, site_came, &s, &err);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	site_say(fd, "GET /u HTTP/1.0\r\n\r\n");
	char *heard = site_hear(scene, fd, 0, NULL);
	assert_non_null(strstr(heard, "200 OK"));
	free(heard);
	(void)close(fd);
	assert_true(s.has_uid);
	assert_int_equal(s.uid, getuid());
	assert_string_equal(s.peer, "unix");
	http_server_free(s.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(an_answer_looks_like_this),
		CASE(a_request_split_at_each_byte_is_one_request),
		CASE(a_connection_is_kept_and_requests_may_queue),
		CASE(large_answers_leave_whole),
		CASE(a_file_that_was_cut_ends_the_connection),
		CASE(an_answer_may_come_later_or_too_late),
		CASE(a_peer_that_leaves_while_an_answer_leaves_is_told),
		CASE(what_is_lent_comes_back),
		CASE(a_body_is_asked_for_when_that_is_expected),
		CASE(a_unix_socket_tells_who_asks),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
