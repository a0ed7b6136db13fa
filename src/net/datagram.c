#include "net/datagram.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAM_MAX = 65535, DATAGRAMS_AT_ONCE = 32 };

struct datagram {
	int fd;
	struct event *event;
	datagram_fn *fn;
	datagram_refused_fn *refused; /* NULL: not heeded */
	void *context;
	struct address local; /* as bound; the port is always right */
	bool *freed;          /* tells the reading loop that fn ended us */
};

static bool ask_for_destinations(int fd, const struct address *local)
{
	int on = 1;
	if (local->storage.ss_family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0;
	return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;
}

/* The address that the datagram was sent to, with our port. */
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

static bool receive(struct datagram *d)
{
	uint8_t bytes[DATAGRAM_MAX];
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct address from = { 0 };
	struct iovec part = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr message = { .msg_name = &from.storage,
		.msg_namelen = sizeof(from.storage),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(d->fd, &message, MSG_DONTWAIT);
	if (got < 0)
		return false;
	from.size = message.msg_namelen;
	struct address to = destination(&message, &d->local);
	d->fn(d, &from, &to, reader_of(bytes, (size_t)got), d->context);
	return true;
}

static bool tells_refusal(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		bool told = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
		struct reader value = reader_of(CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
		struct sock_extended_err what = { 0 };
		if (told && value.left >= sizeof(what)) {
			reader_copy(&value, &what, sizeof(what));
			if (what.ee_errno == ECONNREFUSED)
				return true;
		}
	}
	return false;
}

/* The kernel keeps what came back of our datagrams in a queue of its own, which has to be emptied:
 * until then the socket counts as readable. */
static bool receive_returned(struct datagram *d)
{
	uint8_t bytes[1];
	_Alignas(struct cmsghdr) uint8_t control[512];
	struct address to = { 0 };
	struct iovec part = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr message = { .msg_name = &to.storage,
		.msg_namelen = sizeof(to.storage),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	if (recvmsg(d->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	to.size = message.msg_namelen;
	if (tells_refusal(&message))
		d->refused(d, &to, d->context);
	return true;
}

static void became_readable(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct datagram *d = context;
	bool freed = false;
	d->freed = &freed;
	bool more = true;
	for (unsigned i = 0; more && i < DATAGRAMS_AT_ONCE; i++)
		more = receive(d) && !freed;
	more = !freed && d->refused != NULL;
	for (unsigned i = 0; more && i < DATAGRAMS_AT_ONCE; i++)
		more = receive_returned(d) && !freed;
	if (!freed)
		d->freed = NULL;
}

struct datagram *datagram_serve(
	struct loop *l, int fd, datagram_fn *fn, void *context, struct error *err)
{
	struct datagram *d = calloc(1, sizeof(*d));
	if (d == NULL) {
		(void)close(fd);
		fail_memory(err);
		return NULL;
	}
	*d = (struct datagram){ .fd = fd, .fn = fn, .context = context };
	bool fine = address_of_socket(fd, &d->local, err);
	if (fine && !ask_for_destinations(fd, &d->local))
		fine = fail_errno(err, "preparing a UDP socket");
	if (fine)
		d->event = event_new(loop_base(l), fd, EV_READ | EV_PERSIST, became_readable, d);
	if (fine && (d->event == NULL || event_add(d->event, NULL) != 0))
		fine = fail(err, FAULT_IO, "a UDP socket cannot be watched");
	if (fine)
		return d;
	datagram_free(d);
	return NULL;
}

struct datagram *datagram_open(struct loop *l, const struct address *local, datagram_fn *fn,
	void *context, struct error *err)
{
	int fd = listen_datagram(local, err);
	return fd < 0 ? NULL : datagram_serve(l, fd, fn, context, err);
}

bool datagram_heed_refusals(struct datagram *d, datagram_refused_fn *fn, struct error *err)
{
	int on = 1;
	bool six = d->local.storage.ss_family == AF_INET6;
	if (setsockopt(d->fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVERR : IP_RECVERR, &on,
		    sizeof(on)) != 0)
		return fail_errno(err, "preparing a UDP socket");
	d->refused = fn;
	return true;
}

const struct address *datagram_local(const struct datagram *d)
{
	return &d->local;
}

static bool send_once(struct datagram *d, const struct address *to, struct reader bytes)
{
	return sendto(d->fd, bytes.at, bytes.left, MSG_DONTWAIT | MSG_NOSIGNAL,
		       (const struct sockaddr *)&to->storage, to->size) >= 0;
}

void datagram_send(struct datagram *d, const struct address *to, struct reader bytes)
{
	/* UDP may lose anything: whoever needs an answer asks again. But who heeds refusals is told
	 * of an earlier one here, instead of the sending. */
	if (!send_once(d, to, bytes) && errno == ECONNREFUSED && d->refused != NULL)
		(void)send_once(d, to, bytes);
}

void datagram_free(struct datagram *d)
{
	if (d == NULL)
		return;
	if (d->freed != NULL)
		*d->freed = true;
	if (d->event != NULL)
		event_free(d->event);
	(void)close(d->fd);
	free(d);
}
