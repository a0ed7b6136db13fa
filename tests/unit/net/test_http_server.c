#include "scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "net/http_server.h"

static const struct http_limits generous = { 5000, 5000, 1024, 2000, 0, 0 };

struct site {
	struct scene *scene;
	struct http_server *server;
	struct address at;
	char path[64];
	unsigned asked, bad, sent, cut;
	struct error why;
	char bad_peer[ADDRESS_TEXT_SIZE], peer[ADDRESS_TEXT_SIZE];
	struct http_exchange *kept;
	bool has_uid;
	uint32_t uid;
	uint8_t *lent; /* out to an answer */
	unsigned released;
};

static void sent(bool whole, void *context)
{
	struct site *s = context;
	s->sent += whole ? 1 : 0;
	s->cut += whole ? 0 : 1;
}

/* What is lent must not be touched afterwards: it is gone, and a sanitizer would tell. */
static void release(void *context)
{
	struct site *s = context;
	s->released++;
	free(s->lent);
	s->lent = NULL;
}

static void answer_lent(struct site *s, struct http_exchange *x, size_t size)
{
	s->lent = malloc(size);
	for (size_t i = 0; i < size; i++)
		s->lent[i] = (uint8_t)(i * 7 + i / 256);
	const struct http_lent lent = { reader_of(s->lent, size), release, s };
	http_answer_lent(x, 200, "*/*", &lent);
}

static void answer_size(struct http_exchange *x, size_t size, bool file)
{
	uint8_t *bytes = malloc(size);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	if (!file) {
		http_answer(x, 200, "*/*", reader_of(bytes, size));
	} else {
		int fd = memfd_create("firmware", MFD_CLOEXEC);
		assert_int_equal(write(fd, bytes, size), (ssize_t)size);
		http_answer_file(x, "*/*", fd, size);
	}
	free(bytes);
}

static void came(struct http_exchange *x, void *context)
{
	struct site *s = context;
	char body[2100];
	s->asked++;
	(void)snprintf(s->peer, sizeof(s->peer), "%s", http_peer(x));
	s->has_uid = http_peer_uid(x, &s->uid);
	http_on_sent(x, sent, s);
	const char *path = http_path(x);
	uint64_t size = 0;
	if (text_same_nocase(path, "/keep")) {
		s->kept = x;
	} else if (strncmp(path, "/size/", 6) == 0 && text_number(path + 6, 0, 9000000, &size)) {
		answer_size(x, (size_t)size, false);
	} else if (strncmp(path, "/file/", 6) == 0 && text_number(path + 6, 0, 9000000, &size)) {
		answer_size(x, (size_t)size, true);
	} else if (strncmp(path, "/lent/", 6) == 0 && text_number(path + 6, 0, 9000000, &size)) {
		answer_lent(s, x, (size_t)size);
	} else if (strcmp(path, "/cut") == 0) {
		int fd = memfd_create("short", MFD_CLOEXEC);
		http_answer_file(x, "*/*", fd, 100);
	} else if (strcmp(path, "/missing") == 0) {
		http_answer(x, 404, "text/plain", reader_of_text("missing\n"));
	} else {
		struct reader given = http_body(x);
		const char *value = NULL;
		const char *name = http_query_at(x, 0, &value);
		(void)snprintf(body, sizeof(body), "%d %s %s=%s h=%s b=%.*s", (int)http_method(x),
			path, name != NULL ? name : "-", name != NULL ? value : "-",
			http_header(x, "X-Test") ? http_header(x, "X-Test") : "-", (int)given.left,
			(const char *)given.at);
		assert_null(http_query_at(x, 1, &value));
		http_set_header(x, "X-Answer", "yes");
		http_answer(x, 200, "text/plain", reader_of_text(body));
	}
}

static void bad(const char *peer, const struct error *why, void *context)
{
	struct site *s = context;
	s->bad++;
	s->why = *why;
	(void)snprintf(s->bad_peer, sizeof(s->bad_peer), "%s", peer);
}

static void serve(struct site *s, struct scene *scene, const struct http_limits *limits)
{
	struct error err = { 0 };
	s->scene = scene;
	int fd = scene_listen(&s->at);
	s->server = http_serve(scene->loop, fd, NULL, limits, came, s, &err);
	assert_non_null(s->server);
	http_server_on_bad(s->server, bad);
}

/* What came back until the end of the connection, or until nothing more is expected. */
struct heard {
	int fd;
	char *text;
	size_t size, capacity, want;
	bool done, reset;
	struct watch *watch;
};

static void listen_on(void *context)
{
	struct heard *h = context;
	ssize_t got = recv(h->fd, h->text + h->size, h->capacity - h->size - 1, MSG_DONTWAIT);
	if (got > 0) {
		h->size += (size_t)got;
		h->text[h->size] = '\0';
	}
	int number = 0; /* EPIPE: a reset behind an orderly end */
	socklen_t size = sizeof(number);
	h->reset = (got < 0 && errno == ECONNRESET) ||
		(got == 0 && getsockopt(h->fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 &&
			number != 0);
	h->done = got == 0 || (got < 0 && errno != EAGAIN) || (h->want > 0 && h->size >= h->want);
	if (h->done) {
		watch_free(h->watch);
		h->watch = NULL;
	}
}

/* `want` bytes, or with 0 all until the end. free() the text. A reset
 * makes *size SIZE_MAX. */
static char *hear(struct scene *s, int fd, size_t want, size_t *size)
{
	struct heard h = { .fd = fd, .capacity = 10000000, .want = want };
	h.text = calloc(1, h.capacity);
	h.watch = watch_readable(s->loop, fd, listen_on, &h, NULL);
	scene_until(s, &h.done);
	if (size != NULL)
		*size = h.reset ? SIZE_MAX : h.size;
	return h.text;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* One connection, one text, everything that comes back. */
static char *ask(struct site *s, const char *text)
{
	int fd = scene_dial(&s->at, NULL);
	say(fd, text);
	char *heard = hear(s->scene, fd, 0, NULL);
	(void)close(fd);
	return heard;
}

static void expect_start(struct site *s, const char *text, const char *start)
{
	char *heard = ask(s, text);
	assert_int_equal(strncmp(heard, start, strlen(start)), 0);
	free(heard);
}

static void an_answer_looks_like_this(void **state)
{
	struct site s = { 0 };
	serve(&s, *state, &generous);
	char *heard = ask(&s,
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
	serve(&s, *state, &generous);
	char *whole = ask(&s, text);
	for (size_t at = 1; at < sizeof(text) - 1; at++) {
		int fd = scene_dial(&s.at, NULL);
		assert_int_equal(send(fd, text, at, 0), (ssize_t)at);
		scene_for(s.scene, 1);
		assert_int_equal(s.asked, at);
		say(fd, text + at);
		char *heard = hear(s.scene, fd, 0, NULL);
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
	serve(&s, *state, &generous);
	char *heard = ask(&s,
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
	serve(&s, *state, &generous);
	for (size_t k = 0; k < COUNT(kinds); k++)
		for (size_t i = 0; i < COUNT(sizes); i++) {
			char text[80];
			size_t size = 0;
			(void)snprintf(text, sizeof(text), "GET /%s/%zu HTTP/1.0\r\n\r\n", kinds[k],
				sizes[i]);
			int fd = scene_dial(&s.at, NULL);
			say(fd, text);
			char *heard = hear(s.scene, fd, 0, &size);
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
	serve(&s, *state, &generous);
	char *heard = ask(&s, "GET /cut HTTP/1.1\r\n\r\n");
	assert_null(strstr(heard, "200")); /* nothing that looks whole */
	free(heard);
	scene_until_count(s.scene, &s.cut, 1);
	http_server_free(s.server);
}

static void an_answer_may_come_later_or_too_late(void **state)
{
	struct site s = { 0 };
	serve(&s, *state, &generous);
	int fd = scene_dial(&s.at, NULL);
	say(fd, "GET /keep HTTP/1.1\r\n\r\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0); /* still listening */
	scene_until_count(s.scene, &s.asked, 1);
	scene_for(s.scene, 5);
	http_answer(s.kept, 200, "text/plain", reader_of_text("later"));
	char *heard = hear(s.scene, fd, 0, NULL);
	assert_non_null(strstr(heard, "\r\n\r\nlater"));
	free(heard);
	(void)close(fd);
	scene_until_count(s.scene, &s.sent, 1);

	struct linger now = { .l_onoff = 1 };
	fd = scene_dial(&s.at, NULL);
	say(fd, "GET /keep HTTP/1.1\r\n\r\n");
	scene_until_count(s.scene, &s.asked, 2);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	(void)close(fd);
	scene_for(s.scene, 5);
	assert_int_equal(s.cut, 0); /* not told before the handler has ended it */
	http_answer(s.kept, 200, "text/plain", reader_of_text("too late"));
	assert_int_equal(s.cut, 1);

	fd = scene_dial(&s.at, NULL);
	say(fd, "GET /keep HTTP/1.1\r\n\r\n");
	scene_until_count(s.scene, &s.asked, 3);
	http_server_free(s.server); /* the exchange outlives the server */
	http_answer(s.kept, 200, "text/plain", reader_of_text("too late"));
	assert_int_equal(s.cut, 2);
	(void)close(fd);
}

static void a_peer_that_leaves_while_an_answer_leaves_is_told(void **state)
{
	struct site s = { 0 };
	serve(&s, *state, &generous);
	int fd = scene_dial(&s.at, NULL);
	say(fd, "GET /size/9000000 HTTP/1.1\r\n\r\n");
	free(hear(s.scene, fd, 1000, NULL));
	(void)close(fd);
	scene_until_count(s.scene, &s.cut, 1);
	assert_int_equal(s.sent, 0);
	http_server_free(s.server);
}

static void what_is_lent_comes_back(void **state)
{
	struct site s = { 0 };
	serve(&s, *state, &generous);
	int fd = scene_dial(&s.at, NULL);
	say(fd, "HEAD /lent/70000 HTTP/1.1\r\n\r\nHEAD /lent/0 HTTP/1.0\r\n\r\n");
	char *heard = hear(s.scene, fd, 0, NULL);
	assert_non_null(strstr(heard, "Content-Length: 70000\r\n"));
	free(heard);
	(void)close(fd);
	scene_until_count(s.scene, &s.released, 2);

	fd = scene_dial(&s.at, NULL); /* the peer leaves in the middle of it */
	say(fd, "GET /lent/9000000 HTTP/1.1\r\n\r\n");
	free(hear(s.scene, fd, 1000, NULL));
	assert_int_equal(s.released, 2);
	(void)close(fd);
	scene_until_count(s.scene, &s.cut, 1);
	assert_int_equal(s.released, 3);

	fd = scene_dial(&s.at, NULL); /* the server ends in the middle of it */
	say(fd, "GET /lent/9000000 HTTP/1.1\r\n\r\n");
	free(hear(s.scene, fd, 1000, NULL));
	struct http_exchange *late = NULL;
	int second = scene_dial(&s.at, NULL);
	say(second, "GET /keep HTTP/1.1\r\n\r\n");
	scene_until_count(s.scene, &s.asked, 5);
	late = s.kept;
	http_server_free(s.server);
	assert_int_equal(s.released, 4);
	answer_lent(&s, late, 10); /* nobody is there any more */
	assert_int_equal(s.released, 5);
	(void)close(fd);
	(void)close(second);
}

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
	serve(&s, *state, &generous);
	for (unsigned i = 0; i < COUNT(rows); i++) {
		expect_start(&s, rows[i].text, rows[i].start);
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
	serve(&s, *state, &generous);
	int fd = scene_dial(&s.at, NULL);
	say(fd, text);
	assert_int_equal(send(fd, more, sizeof(more), MSG_NOSIGNAL), sizeof(more));
	scene_until_count(s.scene, &s.bad, 1);
	scene_for(s.scene, 10);
	size_t size = 0;
	char *heard = hear(s.scene, fd, 0, &size);
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
	serve(&s, *state, &generous);
	int fill = 1024 - (int)strlen("GET / HTTP/1.0\r\nA: \r\n\r\n");
	for (int more = 0; more < 2; more++) {
		(void)snprintf(
			text, sizeof(text), "GET / HTTP/1.0\r\nA: %0*d\r\n\r\n", fill + more, 0);
		expect_start(&s, text, more == 0 ? "HTTP/1.1 200 " : "HTTP/1.1 431 ");
	}
	assert_int_equal(s.why.fault, FAULT_LIMIT);
	(void)snprintf(text, sizeof(text), "GET / HTTP/1.0\r\nA: %03000d", 0); /* and no end */
	expect_start(&s, text, "HTTP/1.1 431 ");
	(void)snprintf(
		text, sizeof(text), "POST / HTTP/1.0\r\nContent-Length: 2000\r\n\r\n%02000d", 0);
	expect_start(&s, text, "HTTP/1.1 200 ");
	http_server_free(s.server);
}

static void leaving_in_the_middle_is_told(void **state)
{
	static const char text[] = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
	struct site s = { 0 };
	serve(&s, *state, &generous);
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
	serve(&s, *state, &limits);
	for (unsigned i = 0; i < COUNT(starts); i++) {
		struct dripping d = { .fd = scene_dial(&s.at, NULL) };
		say(d.fd, starts[i]);
		struct timer *t = timer_new(s.scene->loop, 5, true, drip, &d, NULL);
		free(hear(s.scene, d.fd, 0, NULL));
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
	serve(&s, *state, &limits);
	expect_start(&s, "", "");
	expect_start(&s, "GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ");
	assert_int_equal(s.bad, 0);
	http_server_free(s.server);
}

static void who_does_not_read_is_cut_off(void **state)
{
	const struct http_limits limits = { 5000, 200, 1024, 2000, 0, 0 };
	struct site s = { 0 };
	serve(&s, *state, &limits);
	int fd = scene_dial(&s.at, NULL);
	say(fd, "GET /size/9000000 HTTP/1.1\r\n\r\n");
	scene_until_count(s.scene, &s.cut, 1);
	(void)close(fd);
	http_server_free(s.server);
}

static void connections_have_a_cap(void **state)
{
	const struct http_limits limits = { 5000, 5000, 1024, 2000, 2, 0 };
	struct site s = { 0 };
	serve(&s, *state, &limits);
	int a = scene_dial(&s.at, NULL), b = scene_dial(&s.at, NULL);
	expect_start(&s, "GET / HTTP/1.0\r\n\r\n", "");
	assert_int_equal(s.asked, 0);
	assert_int_equal(s.bad, 1);
	assert_int_equal(s.why.fault, FAULT_LIMIT);
	(void)close(a);
	scene_for(s.scene, 5);
	expect_start(&s, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ");
	(void)close(b);
	http_server_free(s.server);
}

static void one_address_has_a_cap_of_its_own(void **state)
{
	const struct http_limits limits = { 5000, 5000, 1024, 2000, 4, 2 };
	struct site s = { 0 };
	serve(&s, *state, &limits);
	int a = scene_dial(&s.at, NULL), b = scene_dial(&s.at, NULL);
	expect_start(&s, "GET / HTTP/1.0\r\n\r\n", "");
	assert_int_equal(s.bad, 1);
	assert_int_equal(s.why.fault, FAULT_LIMIT);
	int other = scene_dial(&s.at, "127.0.0.2");
	say(other, "GET / HTTP/1.0\r\n\r\n");
	scene_until_count(s.scene, &s.asked, 1);
	assert_int_equal(s.bad, 1);
	(void)close(a);
	(void)close(b);
	(void)close(other);
	http_server_free(s.server);
}

static void a_body_is_asked_for_when_that_is_expected(void **state)
{
	static const char more[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct site s = { 0 };
	serve(&s, *state, &generous);
	int fd = scene_dial(&s.at, NULL);
	say(fd, "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	char *heard = hear(s.scene, fd, sizeof(more) - 1, NULL);
	assert_string_equal(heard, more);
	free(heard);
	say(fd, "abc");
	heard = hear(s.scene, fd, 0, NULL);
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
	s.server = http_serve(scene->loop, listening, NULL, &generous, came, &s, &err);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	say(fd, "GET /u HTTP/1.0\r\n\r\n");
	char *heard = hear(scene, fd, 0, NULL);
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
		CASE(what_is_no_request_is_answered_and_told),
		CASE(a_refusal_is_heard_over_what_is_still_being_sent),
		CASE(head_and_body_have_limits_to_the_byte),
		CASE(leaving_in_the_middle_is_told),
		CASE(a_slow_loris_is_cut_off),
		CASE(an_idle_connection_ends_without_a_word),
		CASE(who_does_not_read_is_cut_off),
		CASE(connections_have_a_cap),
		CASE(one_address_has_a_cap_of_its_own),
		CASE(a_body_is_asked_for_when_that_is_expected),
		CASE(a_unix_socket_tells_who_asks),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
