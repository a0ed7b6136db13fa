#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sibling_impl.h"

/* GATHERED: questions whose answers leave together, so that a busy peer is not woken for each. */
enum { SIBLING_PEERS_MAX = 64, ACCEPT_PAUSE = 100000 /* us */, GATHERED = 4 };

struct sibling_request {
	struct sibling_peer *peer; /* NULL: it left before the answer */
	unsigned tag;
	struct frame_in frame;
	struct sibling_request *next;
};

struct sibling_peer {
	struct sibling_server *server;
	int fd;
	int pid;
	struct event *readable, *writable;
	struct frame_queue queue;
	struct sibling_request *requests; /* unanswered; owned by the handler */
	unsigned outstanding;
	bool doomed, gathering;
	struct sibling_peer *next;
};

struct sibling_server {
	struct event_base *base;
	int fd;
	uint32_t uid;
	unsigned tag;
	struct sibling_events events;
	void *context;
	struct event *accepting, *pause;
	bool starved; /* no descriptor is left, and it was said */
	struct sibling_peer *peers;
	size_t count;
};

static void peer_free(struct sibling_peer *p)
{
	for (struct sibling_request *r = p->requests; r != NULL; r = r->next)
		r->peer = NULL;
	if (p->readable != NULL)
		event_free(p->readable);
	if (p->writable != NULL)
		event_free(p->writable);
	frame_queue_done(&p->queue);
	(void)close(p->fd);
	free(p);
}

static void tell_broken(struct sibling_server *s, const struct error *why)
{
	if (s->events.broken != NULL)
		s->events.broken(s->tag, why, s->context);
}

static void peer_end(struct sibling_peer *p, const struct error *why)
{
	struct sibling_server *s = p->server;
	struct sibling_peer **at = &s->peers;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	s->count--;
	if (why != NULL)
		tell_broken(s, why);
	if (s->events.closed != NULL)
		s->events.closed(p, s->context);
	peer_free(p);
}

/* The reading side notices and ends the peer from the loop: sending may happen anywhere. */
static void peer_doom(struct sibling_peer *p)
{
	p->doomed = true;
	(void)shutdown(p->fd, SHUT_RDWR);
	(void)event_add(p->readable, NULL);
}

static void peer_flush(struct sibling_peer *p)
{
	enum frame_result result = frame_queue_send(&p->queue, p->fd);
	if (result == FRAME_LATER && p->queue.count <= FRAME_QUEUE_MAX)
		(void)event_add(p->writable, NULL);
	else if (result != FRAME_WHOLE)
		peer_doom(p); /* gone, or it does not read what it is sent */
}

static void peer_writable(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	peer_flush(context);
}

static bool request_new(struct sibling_peer *p, struct frame_in *frame, struct error *err)
{
	if (frame->head.kind != FRAME_QUESTION) {
		frame_in_done(frame);
		return fail(err, FAULT_MALFORMED, "a client sent something else than a question");
	}
	struct sibling_request *r = calloc(1, sizeof(*r));
	if (r == NULL) {
		frame_in_done(frame);
		return fail_memory(err);
	}
	*r = (struct sibling_request){
		.peer = p, .tag = p->server->tag, .frame = *frame, .next = p->requests
	};
	p->requests = r;
	/* The quota: who has this many questions open is not read until one is answered. */
	if (++p->outstanding >= SIBLING_OUTSTANDING)
		(void)event_del(p->readable);
	return true;
}

static enum frame_result take_question(struct sibling_peer *p, struct error *why)
{
	struct sibling_server *s = p->server;
	struct frame_in frame = { 0 };
	enum frame_result result = p->doomed ? FRAME_END : frame_receive(p->fd, &frame, why);
	if (result == FRAME_WHOLE && !request_new(p, &frame, why))
		result = FRAME_BROKEN;
	if (result == FRAME_WHOLE)
		s->events.request(p->requests, s->context);
	return result;
}

/* Not from one that is slow to take its answers. */
static bool may_gather(const struct sibling_peer *p)
{
	return p->outstanding < SIBLING_OUTSTANDING && p->queue.count < GATHERED;
}

static void peer_readable(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct sibling_peer *p = context;
	struct error why = { 0 };
	enum frame_result result = FRAME_WHOLE;
	p->gathering = true;
	for (int i = 0; i < GATHERED && result == FRAME_WHOLE; i++)
		result = i == 0 || may_gather(p) ? take_question(p, &why) : FRAME_LATER;
	p->gathering = false;
	if (p->queue.first != NULL && !p->doomed)
		peer_flush(p);
	if (result == FRAME_END || result == FRAME_BROKEN)
		peer_end(p, result == FRAME_BROKEN ? &why : NULL);
}

static struct sibling_peer *peer_new(struct sibling_server *s, int fd, int pid)
{
	struct sibling_peer *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		(void)close(fd);
		return NULL;
	}
	*p = (struct sibling_peer){ .server = s, .fd = fd, .pid = pid };
	p->readable = event_new(s->base, fd, EV_READ | EV_PERSIST, peer_readable, p);
	p->writable = event_new(s->base, fd, EV_WRITE, peer_writable, p);
	if (p->readable == NULL || p->writable == NULL || event_add(p->readable, NULL) != 0) {
		peer_free(p);
		return NULL;
	}
	return p;
}

static bool admit(const struct sibling_server *s, int fd, int *pid, struct error *why)
{
	struct ucred who = { 0 };
	socklen_t size = sizeof(who);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
		return fail_errno(why, "asking who connects");
	if (who.uid != s->uid && who.uid != 0)
		return fail(why, FAULT_REFUSED,
			"process %d of user %u connected; this socket is for user %u", (int)who.pid,
			(unsigned)who.uid, (unsigned)s->uid);
	if (s->events.admits != NULL && !s->events.admits(s->tag, (int)who.pid, s->context))
		return fail(why, FAULT_REFUSED,
			"process %d connected; this socket is for another process of the node",
			(int)who.pid);
	if (s->count >= SIBLING_PEERS_MAX)
		return fail(why, FAULT_LIMIT, "process %d connected as number %zu; %d may",
			(int)who.pid, s->count + 1, SIBLING_PEERS_MAX);
	*pid = (int)who.pid;
	return true;
}

/* Without a descriptor left accept would fail for ever at once: others get a moment to end. */
static void pause_accepting(struct sibling_server *s)
{
	struct timeval after = { .tv_usec = ACCEPT_PAUSE };
	struct error why = { 0 };
	if (!s->starved) {
		fail_errno(&why, "a process of the node waits to be heard");
		tell_broken(s, &why);
	}
	s->starved = true;
	(void)event_del(s->accepting);
	(void)event_add(s->pause, &after);
}

static void accept_again(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	const struct sibling_server *s = context;
	(void)event_add(s->accepting, NULL);
}

static void came(int fd, short what, void *context)
{
	(void)what;
	struct sibling_server *s = context;
	struct error why = { 0 };
	int pid = 0;
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (peer < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		pause_accepting(s);
	if (peer < 0)
		return;
	s->starved = false;
	if (!admit(s, peer, &pid, &why)) {
		(void)close(peer);
		tell_broken(s, &why);
		return;
	}
	struct sibling_peer *p = peer_new(s, peer, pid);
	if (p == NULL)
		return;
	p->next = s->peers;
	s->peers = p;
	s->count++;
	if (s->events.opened != NULL)
		s->events.opened(p, s->context);
}

struct sibling_server *sibling_serve(struct loop *l, int fd, uint32_t uid, unsigned tag,
	const struct sibling_events *events, void *context, struct error *err)
{
	struct sibling_server *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)close(fd);
		fail_memory(err);
		return NULL;
	}
	*s = (struct sibling_server){ .base = loop_base(l),
		.fd = fd,
		.uid = uid,
		.tag = tag,
		.events = *events,
		.context = context };
	s->accepting = event_new(s->base, fd, EV_READ | EV_PERSIST, came, s);
	s->pause = evtimer_new(s->base, accept_again, s);
	if (s->accepting == NULL || s->pause == NULL || event_add(s->accepting, NULL) != 0) {
		sibling_server_free(s);
		fail(err, FAULT_IO, "a sibling socket cannot be watched");
		return NULL;
	}
	return s;
}

void sibling_server_free(struct sibling_server *s)
{
	if (s == NULL)
		return;
	while (s->peers != NULL) {
		struct sibling_peer *p = s->peers;
		s->peers = p->next;
		peer_free(p);
	}
	if (s->accepting != NULL)
		event_free(s->accepting);
	if (s->pause != NULL)
		event_free(s->pause);
	(void)close(s->fd);
	free(s);
}

unsigned sibling_tag(const struct sibling_request *request)
{
	return request->tag;
}

uint16_t sibling_operation(const struct sibling_request *request)
{
	return request->frame.head.operation;
}

struct reader sibling_payload(const struct sibling_request *request)
{
	return frame_payload(&request->frame);
}

struct sibling_peer *sibling_request_peer(const struct sibling_request *request)
{
	return request->peer;
}

unsigned sibling_peer_tag(const struct sibling_peer *peer)
{
	return peer->server->tag;
}

int sibling_peer_pid(const struct sibling_peer *peer)
{
	return peer->pid;
}

static void request_end(struct sibling_request *request)
{
	struct sibling_peer *p = request->peer;
	if (p != NULL) {
		struct sibling_request **at = &p->requests;
		while (*at != request)
			at = &(*at)->next;
		*at = request->next;
		if (p->outstanding-- == SIBLING_OUTSTANDING)
			(void)event_add(p->readable, NULL);
	}
	frame_in_done(&request->frame);
	free(request);
}

/* A frame that cannot be made (no memory, no descriptor) leaves the peer nothing to wait for. */
static void peer_send(struct sibling_peer *p, struct frame_out *frame)
{
	if (frame == NULL || p->doomed) {
		frame_out_free(frame);
		peer_doom(p);
		return;
	}
	frame_queue_put(&p->queue, frame);
	if (!p->gathering)
		peer_flush(p);
}

static struct frame_head answer_head(const struct sibling_request *request, enum frame_kind kind)
{
	return (struct frame_head){ .id = request->frame.head.id,
		.operation = request->frame.head.operation,
		.kind = kind };
}

void sibling_answer(struct sibling_request *request, struct reader payload)
{
	struct error why = { 0 };
	struct frame_out *frame = NULL;
	if (request->peer != NULL)
		frame = frame_out_new(answer_head(request, FRAME_ANSWER), payload, &why);
	if (request->peer != NULL && frame == NULL)
		frame = frame_refusal_new(answer_head(request, FRAME_REFUSAL), &why, NULL);
	if (request->peer != NULL)
		peer_send(request->peer, frame);
	request_end(request);
}

void sibling_refuse(struct sibling_request *request, const struct error *err)
{
	if (request->peer != NULL)
		peer_send(request->peer,
			frame_refusal_new(answer_head(request, FRAME_REFUSAL), err, NULL));
	request_end(request);
}

void sibling_push(struct sibling_peer *peer, uint16_t operation, struct reader payload)
{
	struct frame_head head = { .operation = operation, .kind = FRAME_PUSH };
	peer_send(peer, frame_out_new(head, payload, NULL));
}

void sibling_push_all(struct sibling_server *s, uint16_t operation, struct reader payload)
{
	for (struct sibling_peer *p = s->peers; p != NULL; p = p->next)
		sibling_push(p, operation, payload);
}
