#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "net/sibling_impl.h"

enum { BACKOFF_FIRST = 50, BACKOFF_MAX = 2000 }; /* milliseconds */

/* Lives from sibling_ask to the one call of fn. */
struct question {
	struct sibling_client *client;
	uint32_t id;
	struct frame_out *frame; /* NULL once it is in the queue of a connection */
	bool sent, counted;
	struct event *timer;
	struct error why; /* set when it failed; the timer then tells */
	sibling_answer_fn *fn;
	void *context;
	struct question *next;
};

struct sibling_client {
	struct event_base *base;
	char *path;
	int fd; /* -1: not connected */
	struct sibling_client_events events;
	void *context;
	struct event *retry, *readable, *writable;
	uint64_t backoff;
	uint32_t last_id;
	struct frame_queue queue;
	struct question *questions, **last; /* in the order of asking */
	size_t open, unqueued;              /* questions with a frame; bytes not in the queue yet */
};

static struct timeval interval(uint64_t ms)
{
	return (struct timeval){ .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };
}

static void question_unlink(struct question *q)
{
	struct sibling_client *c = q->client;
	struct question **at = &c->questions;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	if (c->last == &q->next)
		c->last = at;
}

/* Out of every count, too. */
static void question_free(struct question *q)
{
	struct sibling_client *c = q->client;
	if (q->frame != NULL)
		c->unqueued -= frame_out_size(q->frame);
	if (q->counted)
		c->open--;
	event_free(q->timer);
	frame_out_free(q->frame);
	free(q);
}

/* The one place that calls fn, of a question that is in no list any more. */
static void question_tell(struct question *q, struct reader answer, const struct error *why)
{
	sibling_answer_fn *fn = q->fn;
	void *context = q->context;
	struct error copy = why != NULL ? *why : (struct error){ 0 };
	question_free(q);
	fn(answer, why != NULL ? &copy : NULL, context);
}

/* Nothing of the client is touched after it. */
static void question_end(struct question *q, struct reader answer, const struct error *why)
{
	question_unlink(q);
	question_tell(q, answer, why);
}

static void question_expired(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct question *q = context;
	if (q->why.fault == FAULT_NONE)
		fail(&q->why, FAULT_BUSY, "%s did not answer in time", q->client->path);
	question_end(q, (struct reader){ 0 }, &q->why);
}

/* Told from the loop, so that many can fail at once while callbacks ask anew or free the client. */
static void question_fail(struct question *q, const char *what)
{
	struct timeval now = { 0 };
	fail(&q->why, FAULT_IO, "%s %s", q->client->path, what);
	(void)event_add(q->timer, &now);
}

static void retry_later(struct sibling_client *c)
{
	struct timeval after = interval(c->backoff);
	c->backoff = c->backoff * 2 > BACKOFF_MAX ? BACKOFF_MAX : c->backoff * 2;
	(void)event_add(c->retry, &after);
}

static void disconnect(struct sibling_client *c)
{
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	c->readable = c->writable = NULL;
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	frame_queue_done(&c->queue);
}

static void lost(struct sibling_client *c)
{
	disconnect(c);
	for (struct question *q = c->questions; q != NULL; q = q->next)
		if (q->sent && q->why.fault == FAULT_NONE)
			question_fail(q, "went away before it answered");
	retry_later(c);
}

static void flush(struct sibling_client *c)
{
	enum frame_result result = frame_queue_send(&c->queue, c->fd);
	if (result == FRAME_LATER)
		(void)event_add(c->writable, NULL);
	if (result == FRAME_END)
		(void)shutdown(c->fd, SHUT_RDWR); /* the reading side notices from the loop */
}

static void client_writable(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	flush(context);
}

static struct question *find(struct sibling_client *c, uint32_t id)
{
	for (struct question *q = c->questions; q != NULL; q = q->next)
		if (q->id == id && q->sent && q->why.fault == FAULT_NONE)
			return q;
	return NULL; /* it has timed out meanwhile */
}

static void took(struct sibling_client *c, const struct frame_in *frame, struct question *q)
{
	struct error why = { 0 };
	struct reader payload = frame_payload(frame);
	if (frame->head.kind == FRAME_PUSH) {
		if (c->events.pushed != NULL)
			c->events.pushed(frame->head.operation, payload, c->context);
		return;
	}
	if (q == NULL)
		return;
	if (frame->head.kind == FRAME_ANSWER) {
		question_end(q, payload, NULL);
		return;
	}
	if (!frame_refusal_parse(payload, &why, &why))
		fail_in(&why, "%s", c->path);
	question_end(q, (struct reader){ 0 }, &why);
}

static void client_readable(int fd, short what, void *context)
{
	(void)what;
	struct sibling_client *c = context;
	struct frame_in frame = { 0 };
	struct error why = { 0 };
	enum frame_result result = frame_receive(fd, &frame, &why);
	if (result == FRAME_WHOLE && frame.head.kind == FRAME_QUESTION)
		result = FRAME_BROKEN;
	if (result == FRAME_WHOLE)
		took(c, &frame, find(c, frame.head.id));
	else if (result != FRAME_LATER)
		lost(c);
	frame_in_done(&frame);
}

static void question_send(struct sibling_client *c, struct question *q)
{
	q->sent = true;
	c->unqueued -= frame_out_size(q->frame);
	frame_queue_put(&c->queue, TAKE(q->frame));
	flush(c);
}

static void try_connect(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct sibling_client *c = context;
	c->fd = frame_connect(c->path, NULL);
	if (c->fd >= 0) {
		c->readable = event_new(c->base, c->fd, EV_READ | EV_PERSIST, client_readable, c);
		c->writable = event_new(c->base, c->fd, EV_WRITE, client_writable, c);
	}
	if (c->readable == NULL || c->writable == NULL || event_add(c->readable, NULL) != 0) {
		disconnect(c);
		retry_later(c);
		return;
	}
	c->backoff = BACKOFF_FIRST;
	for (struct question *q = c->questions; q != NULL; q = q->next)
		if (!q->sent && q->why.fault == FAULT_NONE)
			question_send(c, q);
	if (c->events.connected != NULL)
		c->events.connected(c->context);
}

struct sibling_client *sibling_connect(struct loop *l, const char *path,
	const struct sibling_client_events *events, void *context, struct error *err)
{
	struct timeval now = { 0 };
	struct sibling_client *c = calloc(1, sizeof(*c));
	if (c == NULL) {
		fail_memory(err);
		return NULL;
	}
	*c = (struct sibling_client){ .base = loop_base(l),
		.path = strdup(path),
		.fd = -1,
		.context = context,
		.backoff = BACKOFF_FIRST };
	c->last = &c->questions;
	if (events != NULL)
		c->events = *events;
	c->retry = evtimer_new(c->base, try_connect, c);
	if (c->path == NULL || c->retry == NULL || event_add(c->retry, &now) != 0) {
		sibling_client_free(c);
		fail_memory(err);
		return NULL;
	}
	return c;
}

void sibling_client_free(struct sibling_client *c)
{
	if (c == NULL)
		return;
	disconnect(c);
	struct error why = { 0 };
	fail(&why, FAULT_IO, "the connection to %s was given up", c->path);
	while (c->questions != NULL) {
		struct question *q = c->questions;
		question_unlink(q);
		question_tell(q, (struct reader){ 0 }, &why);
	}
	if (c->retry != NULL)
		event_free(c->retry);
	free(c->path);
	free(c);
}

/* What nobody takes must not fill the memory: questions are counted until they are answered, their
 * bytes until the kernel has them. One alone may be as long as any. */
static bool has_room(const struct sibling_client *c, struct reader payload, struct error *err)
{
	size_t bytes = c->unqueued + c->queue.bytes;
	if (c->open >= SIBLING_QUESTIONS)
		return fail(err, FAULT_BUSY, "%s has %zu questions to answer before this one",
			c->path, c->open);
	if (bytes > 0 &&
		(bytes > LIMIT_SIBLING_PAYLOAD || payload.left > LIMIT_SIBLING_PAYLOAD - bytes))
		return fail(err, FAULT_BUSY, "%s has %zu bytes to take before this question",
			c->path, bytes);
	return true;
}

static struct question *question_new(struct sibling_client *c, sibling_answer_fn *fn, void *context)
{
	struct question *q = calloc(1, sizeof(*q));
	if (q == NULL)
		return NULL;
	*q = (struct question){ .client = c, .id = ++c->last_id, .fn = fn, .context = context };
	q->timer = evtimer_new(c->base, question_expired, q);
	if (q->timer != NULL)
		return q;
	free(q);
	return NULL;
}

static void question_append(struct question *q)
{
	struct sibling_client *c = q->client;
	*c->last = q;
	c->last = &q->next;
	q->counted = q->frame != NULL;
	if (q->counted) {
		c->open++;
		c->unqueued += frame_out_size(q->frame);
	}
}

void sibling_ask(struct sibling_client *c, uint16_t operation, struct reader payload,
	uint64_t timeout_ms, sibling_answer_fn *fn, void *context)
{
	struct error why = { 0 };
	struct timeval after = interval(timeout_ms);
	struct question *q = question_new(c, fn, context);
	if (q == NULL) {
		fail_memory(&why);
		fn((struct reader){ 0 }, &why, context);
		return;
	}
	struct frame_head head = { .id = q->id, .operation = operation, .kind = FRAME_QUESTION };
	if (has_room(c, payload, &q->why))
		q->frame = frame_out_new(head, payload, &q->why);
	question_append(q);
	if (q->frame == NULL)
		after = (struct timeval){ 0 }; /* q->why says it, from the loop */
	(void)event_add(q->timer, &after);
	if (q->frame != NULL && c->fd >= 0)
		question_send(c, q);
}
