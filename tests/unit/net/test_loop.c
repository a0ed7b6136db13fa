#include "scene.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

struct ticking {
	struct timer *timer;
	unsigned ticks, stop_at;
};

static void tick(void *context)
{
	struct ticking *t = context;
	if (++t->ticks == t->stop_at) {
		timer_free(t->timer);
		t->timer = NULL;
	}
}

static void timers_fire_once_or_again(void **state)
{
	struct scene *s = *state;
	struct ticking once = { 0 }, again = { .stop_at = 3 };
	once.timer = timer_new(s->loop, 1, false, tick, &once, NULL);
	again.timer = timer_new(s->loop, 1, true, tick, &again, NULL);
	scene_until_count(s, &again.ticks, 3);
	scene_for(s, 10);
	assert_int_equal(once.ticks, 1);
	assert_int_equal(again.ticks, 3); /* it freed itself */
	timer_restart(once.timer, 1);
	scene_until_count(s, &once.ticks, 2);
	timer_restart(once.timer, 60000);
	timer_free(once.timer);
	timer_free(NULL);
}

static void stop(void *context)
{
	loop_stop(context);
}

static void signals_arrive_in_the_loop(void **state)
{
	struct scene *s = *state;
	struct ticking t = { 0 };
	assert_true(loop_on_signal(s->loop, SIGUSR1, tick, &t, NULL));
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(t.ticks, 0);
	scene_until_count(s, &t.ticks, 1);
}

static void a_loop_that_was_stopped_before_does_not_run(void **state)
{
	struct scene *s = *state;
	struct ticking t = { 0 };
	t.timer = timer_new(s->loop, 0, true, tick, &t, NULL);
	loop_stop(s->loop);
	assert_true(loop_run(s->loop, NULL));
	assert_int_equal(t.ticks, 0);
	struct timer *end = timer_new(s->loop, 5, false, stop, s->loop, NULL);
	assert_true(loop_run(s->loop, NULL));
	assert_true(t.ticks > 0);
	timer_free(end);
	timer_free(t.timer);
}

struct watched {
	struct watch *watch;
	int fd;
	unsigned bytes;
};

static void readable(void *context)
{
	struct watched *w = context;
	char byte;
	assert_int_equal(read(w->fd, &byte, 1), 1);
	if (++w->bytes == 2) {
		watch_free(w->watch);
		w->watch = NULL;
	}
}

static void a_watch_tells_until_it_is_freed(void **state)
{
	struct scene *s = *state;
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	struct watched w = { .fd = ends[0] };
	w.watch = watch_readable(s->loop, ends[0], readable, &w, NULL);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	scene_until_count(s, &w.bytes, 2);
	scene_for(s, 5);
	assert_int_equal(w.bytes, 2);
	(void)close(ends[0]);
	(void)close(ends[1]);
	watch_free(NULL);
	loop_free(NULL);
}

/* Some pipes that were written to before the loop ran: their turn is one. */
struct turns {
	struct scene *scene;
	struct turning {
		struct watch *watch;
		int ends[2];
		struct turns *of;
	} pipes[3];
	unsigned came, came_before, over;
};

static void in_turn(void *context)
{
	struct turning *t = context;
	char byte;
	assert_int_equal(read(t->ends[0], &byte, 1), 1);
	t->of->came++;
}

static void turn_over(void *context)
{
	struct turns *t = context;
	if (t->over++ == 0)
		t->came_before = t->came;
	loop_stop(t->scene->loop);
}

static void a_turn_is_over_when_all_that_came_together_is_dealt_with(void **state)
{
	struct turns t = { .scene = *state };
	loop_after_turn(t.scene->loop, turn_over, &t);
	for (size_t i = 0; i < COUNT(t.pipes); i++) {
		struct turning *one = &t.pipes[i];
		one->of = &t;
		assert_int_equal(pipe(one->ends), 0);
		assert_int_equal(write(one->ends[1], "x", 1), 1);
		one->watch = watch_readable(t.scene->loop, one->ends[0], in_turn, one, NULL);
	}
	assert_true(loop_run(t.scene->loop, NULL));
	assert_int_equal(t.over, 1);
	assert_int_equal(t.came_before, COUNT(t.pipes));
	assert_int_equal(write(t.pipes[1].ends[1], "x", 1), 1);
	assert_true(loop_run(t.scene->loop, NULL));
	assert_int_equal(t.over, 2);
	assert_int_equal(t.came, COUNT(t.pipes) + 1);
	loop_after_turn(t.scene->loop, NULL, NULL);
	scene_for(t.scene, 2);
	assert_int_equal(t.over, 2);
	for (size_t i = 0; i < COUNT(t.pipes); i++) {
		watch_free(t.pipes[i].watch);
		(void)close(t.pipes[i].ends[0]);
		(void)close(t.pipes[i].ends[1]);
	}
}

static void a_peer_that_left_ends_no_process(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	(void)close(ends[0]);
	assert_int_equal(write(ends[1], "x", 1), -1); /* and no SIGPIPE */
	(void)close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(timers_fire_once_or_again),
		CASE(signals_arrive_in_the_loop),
		CASE(a_loop_that_was_stopped_before_does_not_run),
		CASE(a_watch_tells_until_it_is_freed),
		CASE(a_turn_is_over_when_all_that_came_together_is_dealt_with),
		CASE(a_peer_that_left_ends_no_process),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
