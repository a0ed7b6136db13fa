#include "net/datagram_ports.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	IN_BATCH = 32,
	BATCHES_AT_ONCE = 4, /* of one port, before the others have their turn */
	ONE_BY_ONE = 8,      /* times, of a port where no second one waited */
	OUT_BATCH = 64,
	OUT_BYTES = OUT_BATCH * DATAGRAM_PORTS_ROOM,
	RUN_SEGMENTS = 64,     /* UDP_MAX_SEGMENTS of older kernels */
	RUN_BYTES = 60000,     /* of one packet before the kernel cuts it */
	KERNEL_ROOM = 4 << 20, /* asked for; the system's bound may be lower */
};

union control {
	struct cmsghdr head;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
};

/* Datagrams in a row that leave together: all of `each` bytes but for the last, which may be
 * shorter. */
struct run {
	struct datagram_way way;
	size_t offset, size, each;
};

struct port {
	struct datagram_ports *owner;
	int fd;
	struct event *event;
	unsigned one_by_one; /* times still */
};

struct datagram_ports {
	const struct datagram_ports_events *events;
	void *context;
	struct address local; /* as bound */
	bool wildcard;        /* so each datagram says to and from which address it goes */
	bool reading;         /* a batch, after which everything leaves */
	bool segments;        /* the kernel cuts runs (UDP_SEGMENT) */
	size_t run_count, used;
	size_t count;
	struct run runs[OUT_BATCH];
	uint8_t out[OUT_BYTES];
	struct mmsghdr messages[OUT_BATCH];
	struct iovec parts[OUT_BATCH];
	union control controls[OUT_BATCH];
	struct mmsghdr in_messages[IN_BATCH];
	struct iovec in_parts[IN_BATCH];
	struct address in_from[IN_BATCH];
	union control in_controls[IN_BATCH];
	uint8_t in[IN_BATCH][DATAGRAM_PORTS_LONGEST];
	struct port ports[];
};

/* leaving */

static void *add_control(struct msghdr *m, int level, int type, size_t size)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)m->msg_control + m->msg_controllen);
	*c = (struct cmsghdr){ CMSG_LEN(size), level, type };
	m->msg_controllen += CMSG_SPACE(size);
	return CMSG_DATA(c);
}

static void add_source(struct msghdr *m, const struct address *local)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&local->storage;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&local->storage;
	if (local->storage.ss_family == AF_INET6) {
		struct in6_pktinfo info = { .ipi6_addr = six->sin6_addr };
		memcpy(add_control(m, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(info)), &info,
			sizeof(info));
	} else {
		struct in_pktinfo info = { .ipi_spec_dst = four->sin_addr };
		memcpy(add_control(m, IPPROTO_IP, IP_PKTINFO, sizeof(info)), &info, sizeof(info));
	}
}

static void prepare(struct datagram_ports *p, size_t index)
{
	struct run *run = &p->runs[index];
	struct msghdr *m = &p->messages[index].msg_hdr;
	p->parts[index] = (struct iovec){ p->out + run->offset, run->size };
	*m = (struct msghdr){ .msg_name = &run->way.peer.storage,
		.msg_namelen = run->way.peer.size,
		.msg_iov = &p->parts[index],
		.msg_iovlen = 1,
		.msg_control = p->controls[index].bytes };
	if (p->wildcard)
		add_source(m, &run->way.local);
	if (run->size > run->each) {
		uint16_t each = (uint16_t)run->each;
		memcpy(add_control(m, SOL_UDP, UDP_SEGMENT, sizeof(each)), &each, sizeof(each));
	}
	if (m->msg_controllen == 0)
		m->msg_control = NULL;
}

/* Where the kernel, or the card, does not cut. UDP may lose any of them. */
static void send_singly(struct datagram_ports *p, size_t index)
{
	const struct run *run = &p->runs[index];
	for (size_t at = 0; at < run->size; at += run->each) {
		size_t left = run->size - at;
		struct run one = *run;
		one.offset += at;
		one.size = one.each = left < run->each ? left : run->each;
		p->runs[index] = one;
		prepare(p, index);
		p->runs[index] = *run;
		(void)sendmsg(p->ports[run->way.port].fd, &p->messages[index].msg_hdr,
			MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

/* Runs of one port, in order; whoever needs an answer to what is lost asks again. */
static void send_runs(struct datagram_ports *p, size_t first, size_t end)
{
	int fd = p->ports[p->runs[first].way.port].fd;
	while (first < end) {
		int sent = sendmmsg(fd, &p->messages[first], (unsigned)(end - first),
			MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0) {
			first += (size_t)sent;
			continue;
		}
		bool cut = p->runs[first].size > p->runs[first].each;
		if (cut && errno != EAGAIN && errno != ENOBUFS) {
			p->segments = false;
			send_singly(p, first);
		}
		first++;
	}
}

static void leave(struct datagram_ports *p)
{
	for (size_t i = 0; i < p->run_count; i++)
		prepare(p, i);
	for (size_t first = 0, i = 1; i <= p->run_count; i++)
		if (i == p->run_count || p->runs[i].way.port != p->runs[first].way.port) {
			send_runs(p, first, i);
			first = i;
		}
	p->run_count = p->used = 0;
}

void datagram_ports_flush(struct datagram_ports *p)
{
	if (!p->reading && p->run_count > 0)
		leave(p);
}

uint8_t *datagram_ports_room(struct datagram_ports *p)
{
	if (p->run_count == OUT_BATCH || OUT_BYTES - p->used < DATAGRAM_PORTS_ROOM)
		leave(p);
	return p->out + p->used;
}

static bool continues(const struct datagram_ports *p, const struct datagram_way *way, size_t size)
{
	if (!p->segments || p->run_count == 0 || size == 0)
		return false;
	const struct run *run = &p->runs[p->run_count - 1];
	return run->way.port == way->port && size <= run->each && run->size % run->each == 0 &&
		run->size + size <= RUN_BYTES && run->size / run->each < RUN_SEGMENTS &&
		address_same(&run->way.peer, &way->peer) &&
		address_same_host(&run->way.local, &way->local);
}

void datagram_ports_send(struct datagram_ports *p, const struct datagram_way *way, size_t size)
{
	if (continues(p, way, size))
		p->runs[p->run_count - 1].size += size;
	else
		p->runs[p->run_count++] = (struct run){ *way, p->used, size, size };
	p->used += size;
}

/* coming in */

static struct address destination(struct msghdr *message, const struct address *local)
{
	struct address to = *local;
	struct sockaddr_in *four = (struct sockaddr_in *)&to.storage;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&to.storage;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		struct reader value = reader_of(CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
		struct in_pktinfo info = { 0 };
		struct in6_pktinfo info6 = { 0 };
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			reader_copy(&value, &info, sizeof(info));
			four->sin_addr = info.ipi_spec_dst; /* ours, also of a broadcast */
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			reader_copy(&value, &info6, sizeof(info6));
			six->sin6_addr = info6.ipi6_addr;
		}
	}
	return to;
}

static int receive(struct datagram_ports *p, size_t port, unsigned most)
{
	for (size_t i = 0; i < most; i++) {
		struct msghdr *m = &p->in_messages[i].msg_hdr;
		m->msg_namelen = sizeof(p->in_from[i].storage);
		m->msg_controllen = p->wildcard ? sizeof(p->in_controls[i]) : 0;
	}
	return recvmmsg(p->ports[port].fd, p->in_messages, most, MSG_DONTWAIT, NULL);
}

static void took(struct datagram_ports *p, size_t port, int count)
{
	struct datagram_way way = { .port = port };
	p->reading = true;
	for (int i = 0; i < count; i++) {
		struct msghdr *m = &p->in_messages[i].msg_hdr;
		p->in_from[i].size = m->msg_namelen;
		way.peer = p->in_from[i];
		way.local = destination(m, &p->local);
		p->events->came(&way, reader_of(p->in[i], p->in_messages[i].msg_len), p->context);
	}
	p->reading = false;
	datagram_ports_flush(p);
}

/* To look whether a second one waits costs half of what it costs to take one, and where a port has
 * one transfer there is none: it is not looked for each time. What is left there comes next turn.
 */
static unsigned expected(struct port *port)
{
	if (port->one_by_one == 0)
		return IN_BATCH;
	port->one_by_one--;
	return 1;
}

static void became_readable(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct port *port = context;
	struct datagram_ports *p = port->owner;
	size_t number = (size_t)(port - p->ports);
	unsigned most = expected(port);
	int got = IN_BATCH;
	for (unsigned turn = 0; got == IN_BATCH && turn < BATCHES_AT_ONCE; turn++) {
		got = receive(p, number, most);
		took(p, number, got);
	}
	if (most > 1 && got == 1)
		port->one_by_one = ONE_BY_ONE;
	if (p->events->batch_done != NULL)
		p->events->batch_done(p->context);
}

/* opening */

static bool ask_for_destinations(int fd, const struct address *local)
{
	int on = 1;
	if (local->storage.ss_family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0;
	return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;
}

/* Takes fd over. */
static bool add_port(struct loop *l, struct datagram_ports *p, int fd, struct error *err)
{
	struct port *port = &p->ports[p->count];
	int room = KERNEL_ROOM;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)); /* as much as it gives */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	*port = (struct port){ .owner = p, .fd = fd };
	p->count++;
	if (p->wildcard && !ask_for_destinations(fd, &p->local))
		return fail_errno(err, "preparing a UDP socket");
	port->event = event_new(loop_base(l), fd, EV_READ | EV_PERSIST, became_readable, port);
	if (port->event == NULL || event_add(port->event, NULL) != 0)
		return fail(err, FAULT_IO, "a UDP socket cannot be watched");
	return true;
}

static bool is_wildcard(const struct address *local)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&local->storage;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&local->storage;
	return local->storage.ss_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr)
						    : four->sin_addr.s_addr == INADDR_ANY;
}

/* The kernel chooses the port. */
static struct address beside(const struct address *local)
{
	struct address fresh = *local;
	struct sockaddr_in *four = (struct sockaddr_in *)&fresh.storage;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&fresh.storage;
	if (local->storage.ss_family == AF_INET6)
		six->sin6_port = 0;
	else
		four->sin_port = 0;
	return fresh;
}

static void lay_out(struct datagram_ports *p)
{
	for (size_t i = 0; i < IN_BATCH; i++) {
		p->in_parts[i] = (struct iovec){ p->in[i], sizeof(p->in[i]) };
		p->in_messages[i].msg_hdr = (struct msghdr){ .msg_name = &p->in_from[i].storage,
			.msg_iov = &p->in_parts[i],
			.msg_iovlen = 1,
			.msg_control = p->in_controls[i].bytes };
	}
}

struct datagram_ports *datagram_ports_new(struct loop *l, int fd, size_t fresh,
	const struct datagram_ports_events *events, void *context, struct error *err)
{
	struct datagram_ports *p = calloc(1, sizeof(*p) + (fresh + 1) * sizeof(p->ports[0]));
	if (p == NULL) {
		(void)close(fd);
		fail_memory(err);
		return NULL;
	}
	p->events = events;
	p->context = context;
	p->segments = true;
	lay_out(p);
	bool fine = address_of_socket(fd, &p->local, err);
	p->wildcard = fine && is_wildcard(&p->local);
	fine = add_port(l, p, fd, fine ? err : NULL) && fine;
	const struct address local = beside(&p->local);
	while (fine && p->count <= fresh) {
		int other = listen_datagram(&local, err);
		fine = other >= 0 && add_port(l, p, other, err);
	}
	if (fine)
		return p;
	datagram_ports_free(p);
	return NULL;
}

void datagram_ports_free(struct datagram_ports *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->count; i++) {
		if (p->ports[i].event != NULL)
			event_free(p->ports[i].event);
		(void)close(p->ports[i].fd);
	}
	free(p);
}

size_t datagram_ports_count(const struct datagram_ports *p)
{
	return p->count;
}
