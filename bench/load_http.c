/*
 * Fetches numbered files over HTTP, each once, on several connections that stay open.
 *
 * usage: bench-load-http ADDRESS PORT CONNECTIONS DEPTH FIRST COUNT BEFORE AFTER
 *
 * The path of file N is /BEFORE N AFTER. Each connection comes from an address of its own in
 * 127.16.0.0/12 and has DEPTH questions open. Prints seconds, and how many bytes bodies had.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, PIECE = 64 << 10, QUESTION = 512, HEAD = 4096 };

struct connection {
	int fd;
	unsigned open;    /* questions */
	char head[HEAD];  /* of the answer that is coming in */
	size_t head_size; /* what of it is here */
	size_t body_left;
	int in_body;
};

struct load {
	struct sockaddr_in server;
	unsigned depth;
	unsigned long next, end, done;
	unsigned long long bytes;
	const char *before, *after;
};

static double seconds_now(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int fail(const char *what)
{
	(void)fprintf(stderr, "bench-load-http: %s: %s\n", what, strerror(errno));
	return 0;
}

static int ask_more(struct load *l, struct connection *c)
{
	char text[QUESTION];
	while (c->open < l->depth && l->next < l->end) {
		int size = snprintf(text, sizeof(text),
			"GET /%s%lu%s HTTP/1.1\r\nHost: pub\r\n\r\n", l->before, l->next, l->after);
		if (send(c->fd, text, (size_t)size, MSG_NOSIGNAL) != size)
			return fail("asking");
		l->next++;
		c->open++;
	}
	return 1;
}

static int open_connection(struct load *l, struct connection *c, unsigned number)
{
	struct sockaddr_in own = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f100001U + number) };
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || bind(c->fd, (const struct sockaddr *)&own, sizeof(own)) != 0 ||
		connect(c->fd, (const struct sockaddr *)&l->server, sizeof(l->server)) != 0)
		return fail("connecting");
	return ask_more(l, c);
}

/* The head is whole: what it promises. */
static int head_came(struct load *l, struct connection *c)
{
	const char *length = strcasestr(c->head, "\r\nContent-Length:");
	if (strncmp(c->head, "HTTP/1.1 200 ", 13) != 0 || length == NULL) {
		(void)fprintf(stderr, "bench-load-http: an answer that is none: %.200s\n", c->head);
		return 0;
	}
	c->body_left = strtoul(length + 17, NULL, 10);
	c->in_body = 1;
	c->head_size = 0;
	l->bytes += c->body_left;
	return 1;
}

static int take(struct load *l, struct connection *c, const char *bytes, size_t size)
{
	while (size > 0 || (c->in_body && c->body_left == 0)) {
		if (c->in_body) {
			size_t part = size < c->body_left ? size : c->body_left;
			bytes += part;
			size -= part;
			c->body_left -= part;
			if (c->body_left > 0)
				return 1;
			c->in_body = 0;
			c->open--;
			l->done++;
			continue;
		}
		if (c->head_size + 1 >= sizeof(c->head))
			return fail("an answer's head is too long");
		c->head[c->head_size++] = *bytes++;
		c->head[c->head_size] = '\0';
		size--;
		if (c->head_size >= 4 && memcmp(c->head + c->head_size - 4, "\r\n\r\n", 4) == 0 &&
			!head_came(l, c))
			return 0;
	}
	return 1;
}

static int readable(struct load *l, struct connection *c)
{
	static char piece[PIECE];
	ssize_t got = recv(c->fd, piece, sizeof(piece), MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (got <= 0)
		return fail("an answer did not come whole");
	return take(l, c, piece, (size_t)got) && ask_more(l, c);
}

static int run(struct load *l, unsigned count)
{
	static struct connection connections[CONNECTIONS_MAX];
	static struct pollfd watched[CONNECTIONS_MAX];
	double started = seconds_now();
	unsigned long all = l->end - l->next;
	for (unsigned i = 0; i < count; i++) {
		if (!open_connection(l, &connections[i], i))
			return 1;
		watched[i] = (struct pollfd){ .fd = connections[i].fd, .events = POLLIN };
	}
	while (l->done < all) {
		if (poll(watched, count, 30000) <= 0) {
			(void)fprintf(stderr, "bench-load-http: %lu of %lu came\n", l->done, all);
			return 1;
		}
		for (unsigned i = 0; i < count; i++)
			if (watched[i].revents != 0 && !readable(l, &connections[i]))
				return 1;
	}
	(void)printf("%.6f %llu\n", seconds_now() - started, l->bytes);
	return 0;
}

int main(int argc, char **argv)
{
	struct load l = { .server = { .sin_family = AF_INET } };
	if (argc != 9 || inet_pton(AF_INET, argv[1], &l.server.sin_addr) != 1) {
		(void)fprintf(stderr,
			"usage: bench-load-http ADDRESS PORT CONNECTIONS DEPTH FIRST "
			"COUNT BEFORE AFTER\n");
		return 2;
	}
	unsigned long count = strtoul(argv[3], NULL, 10);
	l.server.sin_port = htons((unsigned short)strtoul(argv[2], NULL, 10));
	l.depth = (unsigned)strtoul(argv[4], NULL, 10);
	l.next = strtoul(argv[5], NULL, 10);
	l.end = l.next + strtoul(argv[6], NULL, 10);
	l.before = argv[7];
	l.after = argv[8];
	return run(&l, (unsigned)(count < CONNECTIONS_MAX ? count : CONNECTIONS_MAX));
}
