/*
 * Many phones that fetch one file by TFTP, again and again, each from an address of its own in
 * 127.16.0.0/12 and from a fresh port for each transfer. Datagrams come in and leave in batches, so
 * that the server is what is measured. Every block is compared with the file as it should be.
 * Prints one line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	SOCKETS = 16, /* ports; a phone takes the next one for its next transfer */
	BATCH = 64,
	DATAGRAM = 65536,
	REQUEST = 300,
	TRIES = 8, /* of one datagram, by the phone */
	PHONES_MAX = 1 << 16,
	FIRST_PHONE = 0x7f100001, /* 127.16.0.1 */
	OPCODE_READ = 1,
	OPCODE_DATA = 3,
	OPCODE_ACK = 4,
	OPCODE_ERROR = 5,
	OPCODE_OACK = 6,
	BLOCK_SIZE = 512, /* without options, RFC 1350 */
};

struct phone {
	struct sockaddr_in server; /* its port changes with the first answer */
	unsigned socket;
	bool active, answered;
	size_t block_size;
	unsigned window, since_ack, tries;
	uint64_t blocks, started_us, deadline_us;
};

struct outgoing {
	struct sockaddr_in to;
	struct in_addr from;
	size_t size;
	uint8_t bytes[REQUEST];
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct port {
	int fd;
	unsigned queued;
	struct outgoing out[BATCH];
};

struct load {
	/* what was asked */
	struct sockaddr_in server;
	const char *name;
	uint8_t *content;
	size_t size;
	unsigned phone_count, block_size, window;
	uint64_t limit, timeout_us;
	double loss, seconds;
	/* what happened */
	uint64_t begun, done, in_time, failures, wrong, retries, end_us;
	bool late; /* the time is over; what was begun is still brought to its end */
	uint32_t *latencies_us;
	size_t latency_count, latency_room;
	uint64_t chance; /* of xorshift */
	struct phone *phones;
	struct port *ports;
	char first_error[160];
};

static void die(const char *what)
{
	fprintf(stderr, "load_tftp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static bool is_lost(struct load *l)
{
	if (l->loss <= 0)
		return false;
	l->chance ^= l->chance << 13;
	l->chance ^= l->chance >> 7;
	l->chance ^= l->chance << 17;
	return (double)(l->chance >> 11) / (double)(1ull << 53) < l->loss;
}

/* sending */

static void flush(struct port *p)
{
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	unsigned at = 0;
	for (unsigned i = 0; i < p->queued; i++) {
		struct outgoing *o = &p->out[i];
		parts[i] = (struct iovec){ o->bytes, o->size };
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &o->to,
			.msg_namelen = sizeof(o->to),
			.msg_iov = &parts[i],
			.msg_iovlen = 1,
			.msg_control = o->control,
			.msg_controllen = sizeof(o->control) };
		struct cmsghdr *c = CMSG_FIRSTHDR(&messages[i].msg_hdr);
		struct in_pktinfo info = { .ipi_spec_dst = o->from };
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
	while (at < p->queued) {
		int sent = sendmmsg(p->fd, messages + at, p->queued - at, 0);
		at += sent > 0 ? (unsigned)sent : 1; /* one that cannot leave is lost */
	}
	p->queued = 0;
}

static struct in_addr address_of(const struct load *l, const struct phone *p)
{
	return (struct in_addr){ htonl(FIRST_PHONE + (uint32_t)(p - l->phones)) };
}

static void queue(struct load *l, unsigned socket, const struct outgoing *o)
{
	struct port *port = &l->ports[socket];
	if (is_lost(l))
		return;
	port->out[port->queued].to = o->to;
	port->out[port->queued].from = o->from;
	port->out[port->queued].size = o->size;
	memcpy(port->out[port->queued].bytes, o->bytes, o->size);
	if (++port->queued == BATCH)
		flush(port);
}

static void acknowledge(struct load *l, unsigned socket, struct in_addr from,
	const struct sockaddr_in *to, uint64_t block)
{
	struct outgoing o = { .to = *to, .from = from, .size = 4 };
	o.bytes[1] = OPCODE_ACK;
	o.bytes[2] = (uint8_t)(block >> 8);
	o.bytes[3] = (uint8_t)block;
	queue(l, socket, &o);
}

static void add_option(struct outgoing *o, const char *name, unsigned value)
{
	int used =
		snprintf((char *)o->bytes + o->size, REQUEST - o->size, "%s%c%u", name, 0, value);
	o->size += (size_t)used + 1;
}

static void request(struct load *l, const struct phone *p)
{
	struct outgoing o = { .to = l->server, .from = address_of(l, p) };
	o.bytes[1] = OPCODE_READ;
	int used = snprintf((char *)o.bytes + 2, REQUEST - 2, "%s%coctet", l->name, 0);
	o.size = 2 + (size_t)used + 1;
	if (l->block_size != BLOCK_SIZE)
		add_option(&o, "blksize", l->block_size);
	if (l->window > 1)
		add_option(&o, "windowsize", l->window);
	queue(l, p->socket, &o);
}

/* one transfer */

static void begin(struct load *l, struct phone *p)
{
	uint64_t now = now_us();
	p->active = l->begun < l->limit && now < l->end_us;
	if (!p->active)
		return;
	l->begun++;
	p->socket = (p->socket + 1) % SOCKETS;
	p->server = l->server;
	p->answered = false;
	p->block_size = BLOCK_SIZE;
	p->window = 1;
	p->blocks = p->since_ack = 0;
	p->tries = 1;
	p->started_us = now;
	p->deadline_us = now + l->timeout_us;
	request(l, p);
}

static void note_latency(struct load *l, uint64_t us)
{
	if (l->latency_count == l->latency_room) {
		l->latency_room = l->latency_room * 2 + 1024;
		l->latencies_us =
			realloc(l->latencies_us, l->latency_room * sizeof(*l->latencies_us));
		if (l->latencies_us == NULL)
			die("memory");
	}
	l->latencies_us[l->latency_count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void failed(struct load *l, struct phone *p, const char *why)
{
	l->failures++;
	if (l->first_error[0] == '\0')
		(void)snprintf(l->first_error, sizeof(l->first_error), "%s", why);
	begin(l, p);
}

static void next_block(struct load *l, struct phone *p, const uint8_t *data, size_t size)
{
	uint64_t offset = p->blocks * p->block_size;
	size_t wanted = offset > l->size ? 0 : l->size - (size_t)offset;
	wanted = wanted > p->block_size ? p->block_size : wanted;
	if (size != wanted || memcmp(data, l->content + offset, size) != 0) {
		l->wrong++;
		failed(l, p, "wrong content");
		return;
	}
	p->blocks++;
	p->tries = 1;
	bool last = size < p->block_size;
	if (++p->since_ack >= p->window || last) {
		acknowledge(l, p->socket, address_of(l, p), &p->server, p->blocks);
		p->since_ack = 0;
	}
	if (!last)
		return;
	l->done++;
	note_latency(l, now_us() - p->started_us);
	begin(l, p);
}

static void data_came(struct load *l, struct phone *p, const uint8_t *bytes, size_t size)
{
	uint16_t block = (uint16_t)(bytes[2] << 8 | bytes[3]);
	uint16_t ahead = (uint16_t)(block - (uint16_t)p->blocks);
	if (ahead == 1) {
		next_block(l, p, bytes + 4, size - 4);
	} else if (ahead == 0 || p->since_ack > 0 || ahead >= 0x8000) {
		/* again, or behind a gap: after one acknowledgement the rest of the window is old
		 */
		if (ahead == 0 || ahead >= 0x8000 || p->since_ack > 0)
			acknowledge(l, p->socket, address_of(l, p), &p->server, p->blocks);
		p->since_ack = 0;
	}
}

static unsigned option_value(
	const uint8_t *bytes, size_t size, const char *name, unsigned otherwise)
{
	const char *at = (const char *)bytes + 2, *end = (const char *)bytes + size;
	while (at < end) {
		size_t length = strnlen(at, (size_t)(end - at));
		const char *value = at + length + 1;
		if (value >= end)
			return otherwise;
		if (strcasecmp(at, name) == 0)
			return (unsigned)strtoul(value, NULL, 10);
		at = value + strnlen(value, (size_t)(end - value)) + 1;
	}
	return otherwise;
}

static void options_came(struct load *l, struct phone *p, const uint8_t *bytes, size_t size)
{
	if (p->blocks > 0)
		return;
	p->block_size = option_value(bytes, size, "blksize", BLOCK_SIZE);
	p->window = option_value(bytes, size, "windowsize", 1);
	p->tries = 1;
	acknowledge(l, p->socket, address_of(l, p), &p->server, 0);
}

/* Of a transfer that is over: its last acknowledgement was lost. */
static void stray_came(struct load *l, unsigned socket, struct in_addr mine,
	const struct sockaddr_in *from, const uint8_t *bytes)
{
	if (bytes[1] == OPCODE_DATA)
		acknowledge(l, socket, mine, from, (uint64_t)(bytes[2] << 8 | bytes[3]));
}

struct arrival {
	struct sockaddr_in from;
	struct in_addr mine;
	unsigned socket;
	uint8_t *bytes;
	size_t size;
};

/* A transfer does not begin with another block than the first: this is of one before it. */
static bool is_late(const struct arrival *a)
{
	return a->bytes[1] == OPCODE_DATA && (a->bytes[2] != 0 || a->bytes[3] != 1);
}

static void came(struct load *l, const struct arrival *a)
{
	uint32_t index = ntohl(a->mine.s_addr) - FIRST_PHONE;
	if (index >= l->phone_count || a->size < 4 || is_lost(l))
		return;
	struct phone *p = &l->phones[index];
	if (!p->active || p->socket != a->socket ||
		(p->answered ? p->server.sin_port != a->from.sin_port : is_late(a))) {
		stray_came(l, a->socket, a->mine, &a->from, a->bytes);
		return;
	}
	p->answered = true;
	p->server = a->from;
	p->deadline_us = now_us() + l->timeout_us;
	if (a->bytes[1] == OPCODE_DATA) {
		data_came(l, p, a->bytes, a->size);
	} else if (a->bytes[1] == OPCODE_OACK) {
		options_came(l, p, a->bytes, a->size);
	} else if (a->bytes[1] == OPCODE_ERROR) {
		a->bytes[a->size - 1] = 0;
		failed(l, p, (const char *)a->bytes + 4);
	}
}

/* Memory for one batch. */
struct intake {
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	struct sockaddr_in from[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
	uint8_t *bytes;
};

static struct in_addr destination(struct msghdr *m)
{
	struct in_pktinfo info = { 0 };
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			memcpy(&info, CMSG_DATA(c), sizeof(info));
	return info.ipi_addr;
}

static void take_batch(struct load *l, unsigned socket, struct intake *in)
{
	size_t room = l->block_size + 600;
	for (unsigned i = 0; i < BATCH; i++) {
		in->parts[i] = (struct iovec){ in->bytes + i * room, room };
		in->messages[i].msg_hdr = (struct msghdr){ .msg_name = &in->from[i],
			.msg_namelen = sizeof(in->from[i]),
			.msg_iov = &in->parts[i],
			.msg_iovlen = 1,
			.msg_control = in->control[i],
			.msg_controllen = sizeof(in->control[i]) };
	}
	int got = recvmmsg(l->ports[socket].fd, in->messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		const struct arrival a = { in->from[i], destination(&in->messages[i].msg_hdr),
			socket, in->parts[i].iov_base, in->messages[i].msg_len };
		came(l, &a);
	}
}

/* What the phone does when nothing comes: it says its last word again. */
static unsigned remind(struct load *l)
{
	uint64_t now = now_us();
	unsigned active = 0;
	if (!l->late && now >= l->end_us) {
		l->late = true;
		l->in_time = l->done;
	}
	for (unsigned i = 0; i < l->phone_count; i++) {
		struct phone *p = &l->phones[i];
		active += p->active;
		if (!p->active || now < p->deadline_us)
			continue;
		if (p->tries++ == TRIES) {
			failed(l, p, "no answer");
			continue;
		}
		l->retries++;
		p->deadline_us = now + l->timeout_us;
		if (p->answered)
			acknowledge(l, p->socket, address_of(l, p), &p->server, p->blocks);
		else
			request(l, p);
	}
	return active;
}

static void run(struct load *l)
{
	struct pollfd polled[SOCKETS];
	struct intake *in = calloc(1, sizeof(*in));
	if (in == NULL || (in->bytes = malloc(BATCH * (l->block_size + 600))) == NULL)
		die("memory");
	for (unsigned i = 0; i < SOCKETS; i++)
		polled[i] = (struct pollfd){ l->ports[i].fd, POLLIN, 0 };
	for (unsigned i = 0; i < l->phone_count; i++) {
		l->phones[i].socket = i % SOCKETS;
		begin(l, &l->phones[i]);
	}
	uint64_t next_look = 0;
	for (;;) {
		for (unsigned i = 0; i < SOCKETS; i++)
			if (l->ports[i].queued > 0)
				flush(&l->ports[i]);
		if (now_us() >= next_look) {
			if (remind(l) == 0)
				break;
			next_look = now_us() + 2000;
			continue;
		}
		(void)poll(polled, SOCKETS, 2);
		for (unsigned i = 0; i < SOCKETS; i++)
			if ((polled[i].revents & POLLIN) != 0)
				take_batch(l, i, in);
	}
	free(in->bytes);
	free(in);
}

/* what was asked, and what came of it */

static void open_ports(struct load *l)
{
	l->ports = calloc(SOCKETS, sizeof(*l->ports));
	l->phones = calloc(l->phone_count, sizeof(*l->phones));
	if (l->ports == NULL || l->phones == NULL)
		die("memory");
	for (unsigned i = 0; i < SOCKETS; i++) {
		int on = 1, room = 8 << 20;
		struct sockaddr_in any = { .sin_family = AF_INET };
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0 ||
			bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0)
			die("socket");
		/* As root the bound of the system is none; otherwise as much as it gives. */
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0)
			(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
		l->ports[i].fd = fd;
	}
}

static void load_content(struct load *l, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL || fseek(file, 0, SEEK_END) != 0)
		die(path);
	l->size = (size_t)ftell(file);
	rewind(file);
	l->content = malloc(l->size + 1);
	if (l->content == NULL || fread(l->content, 1, l->size, file) != l->size)
		die(path);
	(void)fclose(file);
}

static int by_value(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return (left > right) - (left < right);
}

static double milliseconds(const struct load *l, double part)
{
	if (l->latency_count == 0)
		return 0;
	return l->latencies_us[(size_t)(part * (double)(l->latency_count - 1))] / 1000.0;
}

static void report(struct load *l, double took)
{
	double rate = l->late ? (double)l->in_time / l->seconds : (double)l->done / took;
	if (l->latency_count > 0)
		qsort(l->latencies_us, l->latency_count, sizeof(*l->latencies_us), by_value);
	printf("{\"transfers\": %llu, \"seconds\": %.3f, \"rate\": %.1f, \"failures\": %llu, "
	       "\"wrong\": %llu, \"retries\": %llu, \"p50_ms\": %.3f, \"p90_ms\": %.3f, "
	       "\"p99_ms\": %.3f, \"max_ms\": %.3f, \"error\": \"",
		(unsigned long long)l->done, took, rate, (unsigned long long)l->failures,
		(unsigned long long)l->wrong, (unsigned long long)l->retries, milliseconds(l, 0.5),
		milliseconds(l, 0.9), milliseconds(l, 0.99), milliseconds(l, 1));
	for (const char *c = l->first_error; *c != '\0'; c++)
		(void)putchar(
			*c < ' ' || *c == '"' || *c == '\\' || (unsigned char)*c > '~' ? '?' : *c);
	printf("\"}\n");
}

static const char usage[] =
	"usage: load_tftp --server ADDRESS --port PORT --name NAME --content FILE\n"
	"                 [--phones N] [--transfers N] [--seconds S] [--blksize N]\n"
	"                 [--windowsize N] [--loss PROBABILITY] [--timeout MS]\n";

static void read_options(struct load *l, int argc, char **argv)
{
	static const struct option rows[] = {
		{ "server", required_argument, NULL, 'a' },
		{ "port", required_argument, NULL, 'p' },
		{ "name", required_argument, NULL, 'n' },
		{ "content", required_argument, NULL, 'f' },
		{ "phones", required_argument, NULL, 'c' },
		{ "transfers", required_argument, NULL, 't' },
		{ "seconds", required_argument, NULL, 's' },
		{ "blksize", required_argument, NULL, 'b' },
		{ "windowsize", required_argument, NULL, 'w' },
		{ "loss", required_argument, NULL, 'l' },
		{ "timeout", required_argument, NULL, 'r' },
		{ 0 },
	};
	bool fine = true;
	int letter;
	while ((letter = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		switch (letter) {
		case 'a':
			fine = fine && inet_pton(AF_INET, optarg, &l->server.sin_addr) == 1;
			break;
		case 'p':
			l->server.sin_port = htons((uint16_t)strtoul(optarg, NULL, 10));
			break;
		case 'n':
			l->name = optarg;
			break;
		case 'f':
			load_content(l, optarg);
			break;
		case 'c':
			l->phone_count = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 't':
			l->limit = strtoull(optarg, NULL, 10);
			break;
		case 's':
			l->seconds = strtod(optarg, NULL);
			break;
		case 'b':
			l->block_size = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'w':
			l->window = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'l':
			l->loss = strtod(optarg, NULL);
			break;
		case 'r':
			l->timeout_us = strtoull(optarg, NULL, 10) * 1000;
			break;
		default:
			fine = false;
			break;
		}
	}
	fine = fine && l->server.sin_port != 0 && l->server.sin_addr.s_addr != 0 &&
		l->name != NULL && strlen(l->name) < 200 && l->content != NULL &&
		l->phone_count > 0 && l->phone_count <= PHONES_MAX && l->block_size >= 8 &&
		l->block_size <= DATAGRAM && l->loss < 1;
	if (!fine) {
		(void)fputs(usage, stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct load l = { .server = { .sin_family = AF_INET },
		.phone_count = 32,
		.block_size = BLOCK_SIZE,
		.window = 1,
		.limit = UINT64_MAX,
		.timeout_us = 1000000,
		.seconds = 5,
		.chance = 88172645463325252ull };
	read_options(&l, argc, argv);
	open_ports(&l);
	uint64_t start = now_us();
	l.end_us = start + (uint64_t)(l.seconds * 1e6);
	run(&l);
	uint64_t took = now_us() - start;
	report(&l, (double)took / 1e6);
	return l.wrong == 0 ? 0 : 1;
}
