#include "site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

const struct http_limits site_limits = { 5000, 5000, 1024, 2000, 0, 0 };

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

void site_lend(struct site *s, struct http_exchange *x, size_t size)
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

void site_came(struct http_exchange *x, void *context)
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
		site_lend(s, x, (size_t)size);
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

void site_serve(struct site *s, struct scene *scene, const struct http_limits *limits)
{
	struct error err = { 0 };
	s->scene = scene;
	int fd = scene_listen(&s->at);
	s->server = http_serve(scene->loop, fd, NULL, limits, site_came, s, &err);
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

char *site_hear(struct scene *s, int fd, size_t want, size_t *size)
{
	struct heard h = { .fd = fd, .capacity = 10000000, .want = want };
	h.text = calloc(1, h.capacity);
	h.watch = watch_readable(s->loop, fd, listen_on, &h, NULL);
	scene_until(s, &h.done);
	if (size != NULL)
		*size = h.reset ? SIZE_MAX : h.size;
	return h.text;
}

void site_say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

char *site_ask(struct site *s, const char *text)
{
	int fd = scene_dial(&s->at, NULL);
	site_say(fd, text);
	char *heard = site_hear(s->scene, fd, 0, NULL);
	(void)close(fd);
	return heard;
}

void site_expect(struct site *s, const char *text, const char *start)
{
	char *heard = site_ask(s, text);
	assert_int_equal(strncmp(heard, start, strlen(start)), 0);
	free(heard);
}
