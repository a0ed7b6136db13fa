#include "net/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

struct signal_row {
	struct event *event;
	loop_fn *fn;
	void *context;
	struct signal_row *next;
};

struct loop {
	struct event_base *base;
	struct signal_row *signals;
	loop_fn *after_turn; /* may be NULL */
	void *after_turn_context;
	bool stopped;
};

struct timer {
	struct event *event;
	bool again;
	loop_fn *fn;
	void *context;
};

struct watch {
	struct event *event;
	loop_fn *fn;
	void *context;
};

static struct loop *loop_with(int flags, struct error *err)
{
	struct loop *l = calloc(1, sizeof(*l));
	struct event_config *config = event_config_new();
	if (l != NULL && config != NULL && event_config_set_flag(config, flags) == 0)
		l->base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	if (l == NULL || l->base == NULL) {
		free(l);
		fail(err, FAULT_IO, "the event loop cannot be made: no memory or no descriptors");
		return NULL;
	}
	/* A peer that has left is an error of one write, never the end of the process. */
	(void)signal(SIGPIPE, SIG_IGN);
	return l;
}

struct loop *loop_new(struct error *err)
{
	return loop_with(EVENT_BASE_FLAG_IGNORE_ENV, err);
}

struct loop *loop_new_crowded(struct error *err)
{
	return loop_with(EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST, err);
}

void loop_after_turn(struct loop *l, loop_fn *fn, void *context)
{
	l->after_turn = fn;
	l->after_turn_context = context;
}

static int turn(struct loop *l)
{
	if (l->after_turn == NULL)
		return event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
	int result = event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY | EVLOOP_ONCE);
	l->after_turn(l->after_turn_context);
	return result;
}

bool loop_run(struct loop *l, struct error *err)
{
	int result = 0;
	while (!l->stopped && result >= 0)
		result = turn(l);
	l->stopped = false;
	if (result < 0)
		return fail(err, FAULT_IO, "the event loop failed");
	return true;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
	(void)event_base_loopbreak(l->base); /* fails only without a base */
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	while (l->signals != NULL) {
		struct signal_row *row = l->signals;
		l->signals = row->next;
		event_free(row->event);
		free(row);
	}
	event_base_free(l->base);
	free(l);
}

void loop_on_words(loop_words_fn *fn)
{
	event_set_log_callback(fn);
}

void *loop_base(struct loop *l)
{
	return l->base;
}

static struct timeval interval(uint64_t ms)
{
	return (struct timeval){ .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };
}

static void timer_fired(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	const struct timer *t = context;
	t->fn(t->context); /* may free t */
}

struct timer *timer_new(
	struct loop *l, uint64_t ms, bool again, loop_fn *fn, void *context, struct error *err)
{
	struct timer *t = calloc(1, sizeof(*t));
	if (t == NULL) {
		fail_memory(err);
		return NULL;
	}
	*t = (struct timer){ .again = again, .fn = fn, .context = context };
	short flags = again ? EV_PERSIST : 0;
	struct timeval after = interval(ms);
	t->event = event_new(l->base, -1, flags, timer_fired, t);
	if (t->event == NULL || event_add(t->event, &after) != 0) {
		timer_free(t);
		fail_memory(err);
		return NULL;
	}
	return t;
}

void timer_restart(struct timer *t, uint64_t ms)
{
	struct timeval after = interval(ms);
	(void)event_add(t->event, &after); /* an event that was added once can be added again */
}

void timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	if (t->event != NULL)
		event_free(t->event);
	free(t);
}

static void signal_came(int number, short what, void *context)
{
	(void)number;
	(void)what;
	const struct signal_row *row = context;
	row->fn(row->context);
}

bool loop_on_signal(
	struct loop *l, int signal_number, loop_fn *fn, void *context, struct error *err)
{
	struct signal_row *row = calloc(1, sizeof(*row));
	if (row == NULL)
		return fail_memory(err);
	*row = (struct signal_row){ .fn = fn, .context = context };
	row->event = evsignal_new(l->base, signal_number, signal_came, row);
	if (row->event == NULL || event_add(row->event, NULL) != 0) {
		if (row->event != NULL)
			event_free(row->event);
		free(row);
		return fail(err, FAULT_IO, "signal %d cannot be caught", signal_number);
	}
	row->next = l->signals;
	l->signals = row;
	return true;
}

static void became_readable(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	const struct watch *w = context;
	w->fn(w->context); /* may free w */
}

struct watch *watch_readable(struct loop *l, int fd, loop_fn *fn, void *context, struct error *err)
{
	struct watch *w = calloc(1, sizeof(*w));
	if (w == NULL) {
		fail_memory(err);
		return NULL;
	}
	*w = (struct watch){ .fn = fn, .context = context };
	w->event = event_new(l->base, fd, EV_READ | EV_PERSIST, became_readable, w);
	if (w->event == NULL || event_add(w->event, NULL) != 0) {
		watch_free(w);
		fail(err, FAULT_IO, "descriptor %d cannot be watched", fd);
		return NULL;
	}
	return w;
}

void watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	if (w->event != NULL)
		event_free(w->event);
	free(w);
}
