#include "signer/key_makers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PATIENCE_MS = 60000 };

struct results {
	struct loop *loop;
	size_t expected;
	size_t made, failed;
	bool too_late;
	uint8_t ids[8][SIGNER_KEY_SIZE];
	struct error why; /* of the last failure */
};

static void take_result(const uint8_t *id, const struct error *why, void *context)
{
	struct results *results = context;
	assert_true((id == NULL) != (why == NULL));
	if (id != NULL)
		memcpy(results->ids[results->made++], id, SIGNER_KEY_SIZE);
	else {
		results->failed++;
		results->why = *why;
	}
	if (results->made + results->failed == results->expected)
		loop_stop(results->loop);
}

static void give_up(void *context)
{
	struct results *results = context;
	results->too_late = true;
	loop_stop(results->loop);
}

static void await(struct results *results)
{
	struct error err = { 0 };
	struct timer *timer = timer_new(results->loop, PATIENCE_MS, false, give_up, results, &err);
	assert_non_null(timer);
	assert_true(loop_run(results->loop, &err));
	timer_free(timer);
	assert_false(results->too_late);
}

static struct making making_of(enum key_kind kind)
{
	return (struct making){ .unit = unit_find("TVS"),
		.kind = kind,
		.made = 1700000000,
		.profile = { .subject = { .common_name = "pub" }, .days = 1 } };
}

static void several_keys_are_made_at_once(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	AUTO(loop) loop = loop_new(&err);
	struct results results = { .loop = loop, .expected = KEY_MAKERS_MAX };
	struct key_makers *makers = key_makers_new(loop, s->keys, &err);
	struct making what = making_of(KEY_RSA_2048);
	for (size_t i = 0; i < KEY_MAKERS_MAX; i++) {
		assert_true(key_makers_start(makers, &what, take_result, &results, &err));
		assert_int_equal(key_makers_busy(makers), i + 1);
	}
	assert_false(key_makers_start(makers, &what, take_result, &results, &err));
	assert_int_equal(err.fault, FAULT_BUSY);
	assert_int_equal(key_store_count(s->keys), 0);
	await(&results);
	assert_int_equal(results.made, KEY_MAKERS_MAX);
	assert_int_equal(key_makers_busy(makers), 0);
	assert_int_equal(key_store_count(s->keys), KEY_MAKERS_MAX);
	for (size_t i = 0; i < KEY_MAKERS_MAX; i++) {
		const struct stored_key *stored = key_store_find(s->keys, results.ids[i], &err);
		assert_non_null(stored);
		assert_int_equal(stored->state, SIGNER_KEY_NEW);
		assert_non_null(key_store_private(s->keys, stored, &err));
	}
	results = (struct results){ .loop = loop, .expected = 1 }; /* there is room again */
	assert_true(key_makers_start(makers, &what, take_result, &results, &err));
	await(&results);
	assert_int_equal(results.made, 1);
	key_makers_free(makers);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left over */
}

static void what_the_child_could_not_do_is_told(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	AUTO(loop) loop = loop_new(&err);
	struct results results = { .loop = loop, .expected = 1 };
	struct key_makers *makers = key_makers_new(loop, s->keys, &err);
	struct making what = making_of(KEY_EC_256);
	what.profile.subject.common_name[0] = '\0';
	assert_true(key_makers_start(makers, &what, take_result, &results, &err));
	await(&results);
	assert_int_equal(results.failed, 1);
	assert_int_equal(results.why.fault, FAULT_USAGE);
	assert_non_null(strstr(results.why.text, "common name"));
	key_makers_free(makers);
	assert_int_equal(key_store_count(s->keys), 0);
	scratch_keys_reopen(s);
	assert_int_equal(key_store_count(s->keys), 0);
}

/* The one child of this process; 0 where the kernel does not tell. */
static pid_t only_child(void)
{
	char text[64] = "";
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	return got > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

static void a_child_that_was_killed_is_told(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	AUTO(loop) loop = loop_new(&err);
	struct results results = { .loop = loop, .expected = 1 };
	struct key_makers *makers = key_makers_new(loop, s->keys, &err);
	struct making what = making_of(KEY_RSA_4096);
	assert_true(key_makers_start(makers, &what, take_result, &results, &err));
	pid_t child = only_child();
	if (child == 0) {
		results.expected = 2;
		key_makers_free(makers);
		skip();
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	await(&results);
	assert_int_equal(results.failed, 1);
	assert_int_equal(results.why.fault, FAULT_IO);
	assert_non_null(strstr(results.why.text, "was ended"));
	key_makers_free(makers);
	scratch_keys_reopen(s);
	assert_int_equal(key_store_count(s->keys), 0);
}

/* The handlers of the loop are not the child's: what is sent to it ends it and wakes nobody. */
static void ended(void *context)
{
	bool *woken = context;
	*woken = true;
}

static void a_signal_to_the_child_is_not_the_loop_s(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	bool woken = false;
	AUTO(loop) loop = loop_new(&err);
	assert_true(loop_on_signal(loop, SIGTERM, ended, &woken, &err));
	struct results results = { .loop = loop, .expected = 1 };
	struct key_makers *makers = key_makers_new(loop, s->keys, &err);
	struct making what = making_of(KEY_RSA_4096);
	assert_true(key_makers_start(makers, &what, take_result, &results, &err));
	pid_t child = only_child();
	if (child != 0)
		assert_int_equal(kill(child, SIGTERM), 0);
	await(&results);
	assert_false(woken);
	key_makers_free(makers);
}

static void an_end_in_between_is_told_to_all(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	AUTO(loop) loop = loop_new(&err);
	struct results results = { .loop = loop, .expected = 9 };
	struct key_makers *makers = key_makers_new(loop, s->keys, &err);
	struct making what = making_of(KEY_RSA_4096);
	for (size_t i = 0; i < 3; i++)
		assert_true(key_makers_start(makers, &what, take_result, &results, &err));
	key_makers_free(makers);
	assert_int_equal(results.failed, 3);
	assert_int_equal(results.why.fault, FAULT_BUSY);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	key_makers_free(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_keys_open, scratch_keys_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(several_keys_are_made_at_once),
		CASE(what_the_child_could_not_do_is_told),
		CASE(a_child_that_was_killed_is_told),
		CASE(a_signal_to_the_child_is_not_the_loop_s),
		CASE(an_end_in_between_is_told_to_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
