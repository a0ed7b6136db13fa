#include "unit/store/scratch.h"

#include <unistd.h>

#include "base/clock.h"

static bool nothing(struct txn *t, void *context, struct error *err)
{
	(void)t;
	(void)context;
	(void)err;
	return true;
}

static void every_change_is_one_step(void **state)
{
	struct scratch *s = *state;
	uint64_t number = 99;
	assert_true(store_change_number(s->store, &number, NULL));
	assert_int_equal(number, 0);
	for (uint64_t i = 1; i <= 5; i++) {
		assert_int_equal(must_change(s->store, nothing, NULL), i);
		assert_true(store_change_number(s->store, &number, NULL));
		assert_int_equal(number, i);
	}
}

static bool knows_its_number(struct txn *t, void *context, struct error *err)
{
	(void)err;
	*(uint64_t *)context = txn_number(t);
	return true;
}

static void a_change_knows_the_number_that_it_will_have(void **state)
{
	struct scratch *s = *state;
	uint64_t number = 0;
	(void)must_change(s->store, nothing, NULL);
	assert_int_equal(must_change(s->store, knows_its_number, &number), 2);
	assert_int_equal(number, 2);
}

static bool put_then_fail(struct txn *t, void *context, struct error *err)
{
	(void)context;
	struct node node = { .name = "half", .role = NODE_SUBSCRIBER };
	assert_true(txn_put_node(t, &node, err));
	assert_true(store_node(txn_store(t), "half", &node, err)); /* it sees its own work */
	return fail(err, FAULT_REFUSED, "not this time, after all");
}

static void a_failed_change_leaves_nothing(void **state)
{
	struct scratch *s = *state;
	struct node node;
	struct error err = { 0 };
	must_refuse(s->store, put_then_fail, NULL, FAULT_REFUSED);
	assert_false(store_node(s->store, "half", &node, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_int_equal(must_change(s->store, nothing, NULL), 1); /* and stands in nobody's way */
}

static bool busy_once(struct txn *t, void *context, struct error *err)
{
	(void)t;
	(*(int *)context)++;
	return fail(err, FAULT_BUSY, "somebody else has the word");
}

static void a_busy_of_the_work_itself_is_not_tried_again(void **state)
{
	struct scratch *s = *state;
	int tries = 0;
	must_refuse(s->store, busy_once, &tries, FAULT_BUSY);
	assert_int_equal(tries, 1);
}

static void another_connection_notices_once(void **state)
{
	struct scratch *s = *state;
	AUTO(store) other = store_open(s->url, NULL);
	assert_non_null(other);
	(void)store_changed_elsewhere(s->store);
	assert_false(store_changed_elsewhere(s->store));
	assert_false(store_changed_elsewhere(other));
	(void)must_change(s->store, nothing, NULL);
	assert_false(store_changed_elsewhere(s->store)); /* its own */
	assert_true(store_changed_elsewhere(other));
	assert_false(store_changed_elsewhere(other));
	uint64_t number;
	assert_true(store_change_number(other, &number, NULL));
	assert_int_equal(number, 1);
}

static void what_was_committed_is_there_after_reopening(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	store_close(s->store);
	s->store = store_open(s->url, NULL);
	assert_non_null(s->store);
	struct node node;
	assert_true(store_node(s->store, "sub1", &node, NULL));
	assert_int_equal(must_change(s->store, nothing, NULL), 2);
}

static void texts_that_could_not_be_read_back_are_refused(void **state)
{
	struct scratch *s = *state;
	static const char *const wrong[] = { "line\nbreak", "\x01", "tab\there", "\x7f", "\xff\xfe",
		"cut \xc3" };
	put_two_nodes(s->store);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct error err = { 0 };
		assert_false(store_put_serving(s->store, "pub", wrong[i], 1, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
	}
	assert_true(store_put_serving(s->store, "pub", "größe", 1, NULL));
}

static bool count_serving(
	const char *node, const char *process, uint64_t number, void *into, struct error *err)
{
	(void)err;
	assert_string_equal(node, "pub");
	assert_string_equal(process, "tvs");
	*(uint64_t *)into += number;
	return true;
}

static bool stop_serving(
	const char *node, const char *process, uint64_t number, void *into, struct error *err)
{
	(void)node;
	(void)process;
	(void)number;
	(*(int *)into)++;
	return fail(err, FAULT_LIMIT, "enough is enough");
}

static void what_is_served_is_noted_outside_the_audit(void **state)
{
	struct scratch *s = *state;
	uint64_t sum = 0, number;
	assert_true(store_put_serving(s->store, "pub", "tvs", 3, NULL));
	assert_true(store_put_serving(s->store, "pub", "tvs", 7, NULL));
	assert_true(store_serving(s->store, count_serving, &sum, NULL));
	assert_int_equal(sum, 7);
	assert_true(store_change_number(s->store, &number, NULL));
	assert_int_equal(number, 0);
}

static void a_callback_that_fails_ends_the_walk_with_its_error(void **state)
{
	struct scratch *s = *state;
	int calls = 0;
	struct error err = { 0 };
	assert_true(store_put_serving(s->store, "pub", "tvs", 1, NULL));
	assert_true(store_put_serving(s->store, "pub", "provision", 1, NULL));
	assert_false(store_serving(s->store, stop_serving, &calls, &err));
	assert_int_equal(calls, 1);
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_string_equal(err.text, "enough is enough");
}

static bool hold(struct txn *t, void *context, struct error *err)
{
	(void)t;
	struct scratch *s = context;
	struct error busy = { 0 };
	AUTO(store) other = store_open(s->url, &busy); /* migrating needs the lock that we hold */
	assert_null(other);
	assert_int_equal(busy.fault, FAULT_BUSY);
	assert_non_null(strstr(busy.text, s->path));
	(void)err;
	return true;
}

static void a_lock_held_too_long_is_busy(void **state)
{
	struct scratch *s = *state;
	(void)must_change(s->store, hold, s);
}

struct hindered {
	struct store *store;
	struct error *err;
	bool done;
};

/* The other one's change, in the middle of which ours is tried. */
static bool change_meanwhile(struct txn *t, void *context, struct error *err)
{
	struct hindered *h = context;
	struct change change = { "test", "hindered", "" };
	(void)t;
	(void)err;
	h->done = store_change(h->store, &change, nothing, NULL, NULL, h->err);
	return true;
}

/* For a process that was told to end: it does not wait for others any more. */
static void a_lock_is_not_waited_for_when_all_ends(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	int ends[2];
	AUTO(store) other = store_open(s->url, NULL);
	assert_int_equal(pipe(ends), 0);
	store_give_up_on(s->store, ends[0]);
	assert_int_equal(must_change(s->store, nothing, NULL), 1);
	assert_int_equal(write(ends[1], "", 1), 1);
	assert_int_equal(must_change(s->store, nothing, NULL), 2); /* where nobody is in the way */
	int64_t before = clock_monotonic_ms();
	struct change change = { "test", "holding", "" };
	struct hindered hindered = { s->store, &err, true };
	assert_true(store_change(other, &change, change_meanwhile, &hindered, NULL, NULL));
	assert_false(hindered.done);
	assert_int_equal(err.fault, FAULT_BUSY);
	assert_true(clock_monotonic_ms() - before < 4000); /* it would wait for five seconds */
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(every_change_is_one_step),
		STORE_TEST(a_change_knows_the_number_that_it_will_have),
		STORE_TEST(a_failed_change_leaves_nothing),
		STORE_TEST(a_busy_of_the_work_itself_is_not_tried_again),
		STORE_TEST(another_connection_notices_once),
		STORE_TEST(what_was_committed_is_there_after_reopening),
		STORE_TEST(texts_that_could_not_be_read_back_are_refused),
		STORE_TEST(what_is_served_is_noted_outside_the_audit),
		STORE_TEST(a_callback_that_fails_ends_the_walk_with_its_error),
		STORE_TEST(a_lock_held_too_long_is_busy),
		STORE_TEST(a_lock_is_not_waited_for_when_all_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
