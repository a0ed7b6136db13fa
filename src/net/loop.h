#pragma once
/* The one event loop of a process, its timers and signals. libevent stays behind this header and
 * the other headers of net/. */
#include <stdint.h>

#include "base/error.h"

struct loop;
struct timer;

typedef void loop_fn(void *context);

struct loop *loop_new(struct error *err);
/* For many short connections: the kernel is told once a turn what is waited for, not at every
 * change. Only where no child process is forked, which would keep what was closed alive. */
struct loop *loop_new_crowded(struct error *err);
bool loop_run(struct loop *l, struct error *err) MUST_CHECK; /* until loop_stop */
void loop_stop(struct loop *l);
/* Calls fn when all that happened at once is dealt with, before the loop waits again; NULL: no one.
 * Before loop_run. */
void loop_after_turn(struct loop *l, loop_fn *fn, void *context);
void loop_free(struct loop *l);
DEFINE_AUTO(loop, loop_free);

/* Runs `fn` once after `ms`, or every `ms` when `again`. timer_free from inside fn is fine. */
struct timer *timer_new(
	struct loop *l, uint64_t ms, bool again, loop_fn *fn, void *context, struct error *err);
void timer_restart(struct timer *t, uint64_t ms);
void timer_free(struct timer *t);

/* fn runs in the loop, not in the signal handler. Ends with the loop. */
bool loop_on_signal(struct loop *l, int signal_number, loop_fn *fn, void *context,
	struct error *err) MUST_CHECK;

struct watch;
/* Calls fn whenever fd is readable, until watch_free, which is fine from inside fn. fd stays the
 * caller's. */
struct watch *watch_readable(struct loop *l, int fd, loop_fn *fn, void *context, struct error *err);
void watch_free(struct watch *w);

/* Hears what libevent has to say, in its numbers: 0 debug, 1 message, 2 warning, 3 error. */
typedef void loop_words_fn(int severity, const char *text);
void loop_on_words(loop_words_fn *fn);

/* For the rest of net/ only: struct event_base *. */
void *loop_base(struct loop *l);
