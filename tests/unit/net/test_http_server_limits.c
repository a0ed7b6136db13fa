#include "site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void what_is_no_request_is_answered_and_told(void **state)
{
	static const struct {
		const char *text, *start;
	} rows[] = {
		{ "garbage\r\n\r\n", "HTTP/1.1 400 " },
		{ "\x16\x03\x01", "HTTP/1.1 400 " }, /* TLS: no need to wait for more */
		{ "GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 501 " },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"HTTP/1.1 501 " },
		{ "POST / HTTP/1.1\r\nContent-Length: 2001\r\n\r\n", "HTTP/1.1 413 " },
		{ "POST / HTTP/1.1\r\nContent-Length: 18446744073709551609\r\n\r\n",
			"HTTP/1.1 413 " },
	};
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	for (unsigned i = 0; i < COUNT(rows); i++) {
		site_expect(&s, rows[i].text, rows[i].start);
		assert_int_equal(s.bad, i + 1);
		assert_true(s.why.text[0] != '\0');
		assert_int_equal(strncmp(s.bad_peer, "127.0.0.1:", 10), 0);
	}
	assert_int_equal(s.asked, 0);
	http_server_free(s.server);
}

static void a_refusal_is_heard_over_what_is_still_being_sent(void **state)
{
	static const char text[] = "POST / HTTP/1.1\r\nContent-Length: 2001\r\n\r\n";
	struct site s = { 0 };
	char more[60000] = { 0 };
	site_serve(&s, *state, &site_limits);
	int fd = scene_dial(&s.at, NULL);
	site_say(fd, text);
	assert_int_equal(send(fd, more, sizeof(more), MSG_NOSIGNAL), sizeof(more));
	scene_until_count(s.scene, &s.bad, 1);
	scene_for(s.scene, 10);
	size_t size = 0;
	char *heard = site_hear(s.scene, fd, 0, &size);
	assert_int_equal(size, strlen(heard)); /* a reset throws answers away */
	assert_int_equal(strncmp(heard, "HTTP/1.1 413 ", 13), 0);
	assert_non_null(strstr(heard, "2001 bytes"));
	free(heard);
	(void)close(fd);
	http_server_free(s.server);
}

static void head_and_body_have_limits_to_the_byte(void **state)
{
	struct site s = { 0 };
	char text[4096];
	site_serve(&s, *state, &site_limits);
	int fill = 1024 - (int)strlen("GET / HTTP/1.0\r\nA: \r\n\r\n");
	for (int more = 0; more < 2; more++) {
		(void)snprintf(
			text, sizeof(text), "GET / HTTP/1.0\r\nA: %0*d\r\n\r\n", fill + more, 0);
		site_expect(&s, text, more == 0 ? "HTTP/1.1 200 " : "HTTP/1.1 431 ");
	}
	assert_int_equal(s.why.fault, FAULT_LIMIT);
	(void)snprintf(text, sizeof(text), "GET / HTTP/1.0\r\nA: %03000d", 0); /* and no end */
	site_expect(&s, text, "HTTP/1.1 431 ");
	(void)snprintf(
		text, sizeof(text), "POST / HTTP/1.0\r\nContent-Length: 2000\r\n\r\n%02000d", 0);
	site_expect(&s, text, "HTTP/1.1 200 ");
	http_server_free(s.server);
}

static void leaving_in_the_middle_is_told(void **state)
{
	static const char text[] = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
	struct site s = { 0 };
	site_serve(&s, *state, &site_limits);
	for (unsigned cut = 1; cut < sizeof(text) - 1; cut++) {
		int fd = scene_dial(&s.at, NULL);
		assert_int_equal(send(fd, text, cut, 0), (ssize_t)cut);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		scene_until_count(s.scene, &s.bad, cut);
		assert_int_equal(s.why.fault, FAULT_MALFORMED);
		(void)close(fd);
	}
	assert_int_equal(s.asked, 0);
	http_server_free(s.server);
}

struct dripping {
	int fd;
};

static void drip(void *context)
{
	const struct dripping *d = context;
	(void)send(d->fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void a_slow_loris_is_cut_off(void **state)
{
	static const char *const starts[] = { "GET /",
		"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n" };
	const struct http_limits limits = { 60, 5000, 1024, 2000, 0, 0 };
	struct site s = { 0 };
	site_serve(&s, *state, &limits);
	for (unsigned i = 0; i < COUNT(starts); i++) {
		struct dripping d = { .fd = scene_dial(&s.at, NULL) };
		site_say(d.fd, starts[i]);
		struct timer *t = timer_new(s.scene->loop, 5, true, drip, &d, NULL);
		free(site_hear(s.scene, d.fd, 0, NULL));
		timer_free(t);
		(void)close(d.fd);
		assert_int_equal(s.bad, i + 1);
		assert_int_equal(s.why.fault, FAULT_LIMIT);
		assert_non_null(strstr(s.why.text, "not finished in time"));
	}
	assert_int_equal(s.asked, 0);
	http_server_free(s.server);
}

static void an_idle_connection_ends_without_a_word(void **state)
{
	const struct http_limits limits = { 5000, 200, 1024, 2000, 0, 0 };
	struct site s = { 0 };
	site_serve(&s, *state, &limits);
	site_expect(&s, "", "");
	site_expect(&s, "GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ");
	assert_int_equal(s.bad, 0);
	http_server_free(s.server);
}

static void who_does_not_read_is_cut_off(void **state)
{
	const struct http_limits limits = { 5000, 200, 1024, 2000, 0, 0 };
	struct site s = { 0 };
	site_serve(&s, *state, &limits);
	int fd = scene_dial(&s.at, NULL);
	site_say(fd, "GET /size/9000000 HTTP/1.1\r\n\r\n");
	scene_until_count(s.scene, &s.cut, 1);
	(void)close(fd);
	http_server_free(s.server);
}

static void connections_have_a_cap(void **state)
{
	const struct http_limits limits = { 5000, 5000, 1024, 2000, 2, 0 };
	struct site s = { 0 };
	site_serve(&s, *state, &limits);
	int a = scene_dial(&s.at, NULL), b = scene_dial(&s.at, NULL);
	site_expect(&s, "GET / HTTP/1.0\r\n\r\n", "");
	assert_int_equal(s.asked, 0);
	assert_int_equal(s.bad, 1);
	assert_int_equal(s.why.fault, FAULT_LIMIT);
	(void)close(a);
	scene_for(s.scene, 5);
	site_expect(&s, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ");
	(void)close(b);
	http_server_free(s.server);
}

static void one_address_has_a_cap_of_its_own(void **state)
{
	const struct http_limits limits = { 5000, 5000, 1024, 2000, 4, 2 };
	struct site s = { 0 };
	site_serve(&s, *state, &limits);
	int a = scene_dial(&s.at, NULL), b = scene_dial(&s.at, NULL);
	site_expect(&s, "GET / HTTP/1.0\r\n\r\n", "");
	assert_int_equal(s.bad, 1);
	assert_int_equal(s.why.fault, FAULT_LIMIT);
	int other = scene_dial(&s.at, "127.0.0.2");
	site_say(other, "GET / HTTP/1.0\r\n\r\n");
	scene_until_count(s.scene, &s.asked, 1);
	assert_int_equal(s.bad, 1);
	(void)close(a);
	(void)close(b);
	(void)close(other);
	http_server_free(s.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(what_is_no_request_is_answered_and_told),
		CASE(a_refusal_is_heard_over_what_is_still_being_sent),
		CASE(head_and_body_have_limits_to_the_byte),
		CASE(leaving_in_the_middle_is_told),
		CASE(a_slow_loris_is_cut_off),
		CASE(an_idle_connection_ends_without_a_word),
		CASE(who_does_not_read_is_cut_off),
		CASE(connections_have_a_cap),
		CASE(one_address_has_a_cap_of_its_own),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
