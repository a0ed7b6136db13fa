/*
 * Many clients at once against one server, TLS or plain: each connects from an address of its own
 * in 127.16.0.0/12, sends one request, reads one answer and leaves. Or they stay and do nothing.
 *
 * usage: bench-load-tls [OPTION ...] ADDRESS PORT REQUEST
 *
 *   --count N      connections in all (1000)
 *   --at-once N    of them under way at a time (8)
 *   --tls V        1.2, 1.3, or none (1.3)
 *   --resume       each client goes on with the session that it had last
 *   --http         the answer is HTTP with a Content-Length; otherwise a TVS message
 *   --sources N    addresses that the clients come from (256)
 *   --first A      the lowest of them (127.16.0.1)
 *   --hold STAGE   opens --count connections and keeps them: silent (TCP only), handshake (a
 *                  ClientHello that was answered), idle (after one answer), drip (a byte a second).
 *                  Prints "held" and how many, and ends with its standard input.
 *
 * REQUEST is a file with the bytes to send. Prints JSON: rate (a second), p50, p99 and longest (ms,
 * from connect to the whole answer), failures, resumed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 16, REQUEST_MAX = 4096, EVENTS = 256, PATIENCE_MS = 30000 };
enum stage { IDLE, CONNECTING, HANDSHAKE, ASKING, READING, ANSWERED, HELD };
enum hold { HOLD_NONE, HOLD_SILENT, HOLD_HANDSHAKE, HOLD_IDLE, HOLD_DRIP };

static struct {
	struct sockaddr_in to;
	uint32_t first;
	size_t count, at_once, sources;
	enum hold hold;
	bool tls, resume, http;
	unsigned char request[REQUEST_MAX];
	size_t request_size;
	SSL_CTX *context;
	int epoll;
	size_t begun, done, failures, resumed, held, dripped;
	double *waits;
} load = { .first = 0x7F100001U, .count = 1000, .at_once = 8, .sources = 256, .tls = true };

struct client {
	enum stage stage;
	int fd;
	SSL *ssl;
	SSL_SESSION *session; /* of the connection before */
	double began;
	size_t sent, got;
	unsigned watched;
	unsigned char *answer;
};

static double now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void leave(struct client *c)
{
	if (c->ssl != NULL && c->stage >= ASKING)
		(void)SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	c->ssl = NULL;
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	c->stage = IDLE;
	ERR_clear_error();
}

static void failed(struct client *c, const char *what)
{
	if (load.failures++ == 0)
		(void)fprintf(stderr, "bench-load-tls: %s: %s\n", what, strerror(errno));
	load.done++;
	leave(c);
}

static int session_came(SSL *ssl, SSL_SESSION *session)
{
	struct client *c = SSL_get_app_data(ssl);
	SSL_SESSION_free(c->session);
	c->session = session;
	return 1; /* ours now */
}

static bool watch(struct client *c, unsigned events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };
	int what = c->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
	if (c->watched == events)
		return true;
	c->watched = events;
	return epoll_ctl(load.epoll, what, c->fd, &event) == 0;
}

static int dial(size_t number)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	uint32_t host = (uint32_t)(number % load.sources);
	from.sin_addr.s_addr = htonl(load.first + (host / 250 << 8) + host % 250);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) != 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
		bind(fd, (const struct sockaddr *)&from, sizeof(from)) != 0 ||
		(connect(fd, (const struct sockaddr *)&load.to, sizeof(load.to)) != 0 &&
			errno != EINPROGRESS)) {
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	return fd;
}

static void begin(struct client *c)
{
	c->began = now_ms();
	c->sent = c->got = 0;
	c->watched = 0;
	c->fd = dial(load.begun++);
	c->stage = CONNECTING;
	if (c->fd < 0 || !watch(c, EPOLLOUT)) {
		failed(c, "connecting");
		return;
	}
	if (!load.tls)
		return;
	c->ssl = SSL_new(load.context);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1) {
		failed(c, "preparing TLS");
		return;
	}
	(void)SSL_set_app_data(c->ssl, c);
	SSL_set_connect_state(c->ssl);
	if (load.resume && c->session != NULL)
		(void)SSL_set_session(c->ssl, c->session);
}

/* What a TLS or plain call gave: bytes, 0 for "not now", -1 for an end. */
static long outcome(struct client *c, long result, unsigned plain_event)
{
	if (result > 0)
		return result;
	if (c->ssl == NULL) {
		bool later = result < 0 && (errno == EAGAIN || errno == EINPROGRESS);
		return later && watch(c, plain_event) ? 0 : -1;
	}
	int why = SSL_get_error(c->ssl, (int)result);
	if (why == SSL_ERROR_WANT_READ)
		return watch(c, EPOLLIN) ? 0 : -1;
	if (why == SSL_ERROR_WANT_WRITE)
		return watch(c, EPOLLOUT) ? 0 : -1;
	return -1;
}

static size_t answer_size(const struct client *c)
{
	if (!load.http)
		return c->got < 10 ? 0 : 10U + ((size_t)c->answer[8] << 8 | c->answer[9]);
	const char *end = memmem(c->answer, c->got, "\r\n\r\n", 4);
	const char *length = memmem(c->answer, c->got, "Content-Length: ", 16);
	if (end == NULL || length == NULL)
		return 0;
	return (size_t)(end - (const char *)c->answer) + 4 + strtoul(length + 16, NULL, 10);
}

static void finished(struct client *c)
{
	load.waits[load.done - load.failures] = now_ms() - c->began;
	if (c->ssl != NULL && SSL_session_reused(c->ssl))
		load.resumed++;
	if (load.hold == HOLD_IDLE) {
		c->stage = HELD;
		load.held++;
		return;
	}
	load.done++;
	leave(c);
}

static bool step_connect(struct client *c)
{
	int number = 0;
	socklen_t size = sizeof(number);
	(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &number, &size);
	if (number != 0) {
		errno = number;
		failed(c, "connecting");
		return false;
	}
	if (load.hold == HOLD_SILENT || load.hold == HOLD_DRIP) {
		c->stage = HELD;
		load.held++;
		return watch(c, load.hold == HOLD_DRIP ? EPOLLIN : EPOLLERR) && false;
	}
	c->stage = c->ssl != NULL ? HANDSHAKE : ASKING;
	return true;
}

static bool step_handshake(struct client *c)
{
	long got = outcome(c, SSL_do_handshake(c->ssl), 0);
	if (got < 0)
		failed(c, "handshake");
	else if (got > 0)
		c->stage = ASKING;
	else if (load.hold == HOLD_HANDSHAKE)
		c->stage = ANSWERED; /* the ClientHello has left; the answer is never read */
	return got > 0;
}

static bool step_ask(struct client *c)
{
	const unsigned char *rest = load.request + c->sent;
	size_t left = load.request_size - c->sent;
	long got = outcome(c,
		c->ssl != NULL ? SSL_write(c->ssl, rest, (int)left) : send(c->fd, rest, left, 0),
		EPOLLOUT);
	if (got < 0)
		failed(c, "asking");
	if (got <= 0)
		return false;
	c->sent += (size_t)got;
	if (c->sent == load.request_size) {
		c->stage = READING;
		(void)watch(c, EPOLLIN);
	}
	return true;
}

static bool step_read(struct client *c)
{
	size_t room = ANSWER_MAX - c->got;
	unsigned char *at = c->answer + c->got;
	long got = outcome(c,
		c->ssl != NULL ? SSL_read(c->ssl, at, (int)room) : recv(c->fd, at, room, 0),
		EPOLLIN);
	if (got < 0)
		failed(c, "reading the answer");
	if (got <= 0)
		return false;
	c->got += (size_t)got;
	size_t size = answer_size(c);
	if (size == 0 || c->got < size)
		return true;
	finished(c);
	return false;
}

/* What the server said to the ClientHello is here, and stays in the socket. */
static bool step_answered(struct client *c)
{
	char byte;
	if (recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
		if (errno != EAGAIN)
			failed(c, "handshake");
		return false;
	}
	c->stage = HELD;
	load.held++;
	return watch(c, EPOLLERR) && false;
}

/* The server hung up on somebody that only stays. */
static void dismissed(struct client *c)
{
	unsigned char bytes[4096];
	ssize_t got = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got > 0 || (got < 0 && errno == EAGAIN))
		return;
	load.held--;
	load.done++;
	leave(c);
}

static void go_on(struct client *c)
{
	static bool (*const steps[])(struct client *) = { [CONNECTING] = step_connect,
		[HANDSHAKE] = step_handshake,
		[ASKING] = step_ask,
		[READING] = step_read,
		[ANSWERED] = step_answered };
	while (c->stage != IDLE && c->stage != HELD)
		if (!steps[c->stage](c))
			return;
	if (c->stage == HELD)
		dismissed(c);
}

/* A byte each second: of a ClientHello's record, or of a request. */
static void drip(struct client *clients, double *last)
{
	static const unsigned char hello[] = { 22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3 };
	if (load.hold != HOLD_DRIP || now_ms() - *last < 1000)
		return;
	*last = now_ms();
	size_t at = load.dripped++;
	unsigned char byte = load.tls ? at < sizeof(hello) ? hello[at] : 0
				      : load.request[at % load.request_size];
	for (size_t i = 0; i < load.count; i++)
		if (clients[i].stage == HELD)
			(void)send(clients[i].fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool input_ended(bool wait)
{
	char byte;
	if (!wait)
		(void)fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	ssize_t got = read(STDIN_FILENO, &byte, 1);
	return got == 0;
}

static void stay(struct client *clients)
{
	struct epoll_event events[EVENTS];
	double last = 0;
	(void)printf("held %zu\n", load.held);
	(void)fflush(stdout);
	while (!input_ended(false)) {
		int count = epoll_wait(load.epoll, events, EVENTS, 100);
		for (int i = 0; i < count; i++)
			go_on(events[i].data.ptr);
		drip(clients, &last);
	}
}

/* Until all have had their answer. Who stays makes room for another, which is the next of the
 * array. False: nothing went on for too long. */
static bool run(struct client *clients)
{
	struct epoll_event events[EVENTS];
	double last = now_ms();
	while (load.begun < load.at_once)
		begin(&clients[load.begun]);
	while (load.done + load.held < load.count) {
		int count = epoll_wait(load.epoll, events, EVENTS, 1000);
		if (count > 0)
			last = now_ms();
		else if (now_ms() - last > PATIENCE_MS)
			return false;
		for (int i = 0; i < count; i++) {
			struct client *c = events[i].data.ptr;
			enum stage before = c->stage;
			go_on(c);
			bool room = c->stage == IDLE || (c->stage == HELD && before != HELD);
			if (room && load.begun < load.count)
				begin(load.hold != HOLD_NONE ? &clients[load.begun] : c);
		}
	}
	return true;
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static void report(double ms)
{
	size_t good = load.done - load.failures;
	qsort(load.waits, good, sizeof(*load.waits), by_size);
	double p50 = good > 0 ? load.waits[good / 2] : 0;
	double p99 = good > 0 ? load.waits[good - 1 - good / 100] : 0;
	(void)printf("{\"rate\": %.1f, \"p50\": %.3f, \"p99\": %.3f, \"longest\": %.3f, "
		     "\"failures\": %zu, \"resumed\": %zu}\n",
		(double)good / ms * 1e3, p50, p99, good > 0 ? load.waits[good - 1] : 0,
		load.failures, load.resumed);
}

static bool prepare_tls(const char *version)
{
	int number = strcmp(version, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
	load.tls = strcmp(version, "none") != 0;
	load.context = SSL_CTX_new(TLS_client_method());
	if (load.context == NULL || SSL_CTX_set_min_proto_version(load.context, number) != 1 ||
		SSL_CTX_set_max_proto_version(load.context, number) != 1)
		return false;
	SSL_CTX_set_verify(load.context, SSL_VERIFY_NONE, NULL);
	(void)SSL_CTX_set_mode(load.context, SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_session_cache_mode(
		load.context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(load.context, session_came);
	return true;
}

static bool read_target(char **words)
{
	FILE *file = fopen(words[2], "rb");
	load.to = (struct sockaddr_in){ .sin_family = AF_INET };
	load.to.sin_port = htons((uint16_t)strtoul(words[1], NULL, 10));
	if (file == NULL || inet_pton(AF_INET, words[0], &load.to.sin_addr) != 1)
		return false;
	load.request_size = fread(load.request, 1, sizeof(load.request), file);
	(void)fclose(file);
	return load.request_size > 0;
}

static bool read_address(const char *word, uint32_t *out)
{
	struct in_addr address;
	if (inet_pton(AF_INET, word, &address) != 1)
		return false;
	*out = ntohl(address.s_addr);
	return true;
}

static enum hold hold_of(const char *word)
{
	static const char *const words[] = { "", "silent", "handshake", "idle", "drip" };
	for (unsigned i = 1; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum hold)i;
	return HOLD_NONE;
}

static bool read_words(int argc, char **argv)
{
	static const struct option options[] = { { "count", 1, NULL, 'c' },
		{ "at-once", 1, NULL, 'a' }, { "tls", 1, NULL, 't' }, { "resume", 0, NULL, 'r' },
		{ "http", 0, NULL, 'h' }, { "sources", 1, NULL, 's' }, { "first", 1, NULL, 'f' },
		{ "hold", 1, NULL, 'o' }, { 0 } };
	const char *version = "1.3";
	bool sane = true;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'c')
			load.count = strtoul(optarg, NULL, 10);
		else if (option == 'a')
			load.at_once = strtoul(optarg, NULL, 10);
		else if (option == 's')
			load.sources = strtoul(optarg, NULL, 10);
		else if (option == 'f')
			sane = read_address(optarg, &load.first) && sane;
		else if (option == 't')
			version = optarg;
		else if (option == 'o')
			load.hold = hold_of(optarg);
		else if (option == 'r')
			load.resume = true;
		else if (option == 'h')
			load.http = true;
		else
			return false;
	}
	sane = sane && load.count > 0 && load.at_once > 0 && load.sources > 0;
	return sane && argc - optind == 3 && prepare_tls(version) && read_target(argv + optind);
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	if (!read_words(argc, argv)) {
		(void)fprintf(stderr, "usage: bench-load-tls [OPTION ...] ADDRESS PORT REQUEST\n");
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (load.at_once > load.count)
		load.at_once = load.count;
	size_t clients_max = load.hold != HOLD_NONE ? load.count : load.at_once;
	struct client *clients = calloc(clients_max, sizeof(*clients));
	load.waits = calloc(load.count, sizeof(*load.waits));
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (clients == NULL || load.waits == NULL || load.epoll < 0)
		return 1;
	for (size_t i = 0; i < clients_max; i++) {
		clients[i].fd = -1;
		clients[i].answer = malloc(ANSWER_MAX);
		if (clients[i].answer == NULL)
			return 1;
	}
	double started = now_ms();
	bool whole = run(clients);
	if (load.hold != HOLD_NONE)
		stay(clients);
	else
		report(now_ms() - started);
	return whole ? 0 : 1;
}
