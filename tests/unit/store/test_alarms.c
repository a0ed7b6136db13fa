#include "store/alarms.h"

#include "unit/store/scratch.h"

static struct alarm_row row_of(const char *store, uint8_t which)
{
	struct alarm_row row = { .node = "pub", .digest = { which }, .logged = 7, .worst = 4 };
	memcpy(row.store, store, strlen(store) + 1);
	return row;
}

static bool put(struct txn *t, void *context, struct error *err)
{
	return txn_put_alarm(t, context, err);
}

static bool put_and_fail(struct txn *t, void *context, struct error *err)
{
	return txn_put_alarm(t, context, err) && fail(err, FAULT_IO, "meant to");
}

static bool count_rows(const struct alarm_row *row, void *into, struct error *err)
{
	(void)err;
	struct alarm_row *rows = into;
	rows[rows[7].worst++] = *row;
	return true;
}

static size_t rows_of(struct store *s, const char *node, struct alarm_row rows[static 8])
{
	rows[7].worst = 0;
	assert_true(store_alarms(s, node, count_rows, rows, NULL));
	return rows[7].worst;
}

static void alarms_are_kept_and_make_no_change(void **state)
{
	struct scratch *s = *state;
	struct alarm_row rows[8];
	uint64_t before, after;
	put_two_nodes(s->store);
	assert_true(store_change_number(s->store, &before, NULL));
	struct alarm_row second = row_of("tomcat-trust", 2), first = row_of("TVS", 3);
	assert_true(store_observe(s->store, put, &second, NULL));
	assert_true(store_observe(s->store, put, &first, NULL));
	second.worst = 2;
	assert_true(store_observe(s->store, put, &second, NULL));
	assert_int_equal(rows_of(s->store, "pub", rows), 2);
	assert_string_equal(rows[0].store, "TVS");
	assert_string_equal(rows[1].store, "tomcat-trust");
	assert_int_equal(rows[1].worst, 2);
	assert_int_equal(rows[1].logged, 7);
	assert_int_equal(rows[1].digest[0], 2);
	assert_int_equal(rows_of(s->store, "sub1", rows), 0);
	assert_true(store_change_number(s->store, &after, NULL));
	assert_int_equal(before, after);
}

static void what_fails_leaves_nothing(void **state)
{
	struct scratch *s = *state;
	struct alarm_row rows[8], row = row_of("TVS", 1);
	struct error err = { 0 };
	put_two_nodes(s->store);
	assert_false(store_observe(s->store, put_and_fail, &row, &err));
	assert_int_equal(rows_of(s->store, "pub", rows), 0);
}

static bool forget(struct txn *t, void *context, struct error *err)
{
	return txn_forget_alarms(t, context, err);
}

static void what_is_in_no_store_is_forgotten(void **state)
{
	struct scratch *s = *state;
	struct alarm_row rows[8], row = row_of("TVS", 1);
	put_two_nodes(s->store);
	assert_true(store_observe(s->store, put, &row, NULL));
	assert_true(store_observe(s->store, forget, "sub1", NULL));
	assert_int_equal(rows_of(s->store, "pub", rows), 1);
	assert_true(store_observe(s->store, forget, "pub", NULL));
	assert_int_equal(rows_of(s->store, "pub", rows), 0);
}

static bool add_notice(struct txn *t, void *context, struct error *err)
{
	return txn_add_notice(t, "pub", 0, reader_of_text(context), err);
}

static bool add_letter(struct txn *t, void *context, struct error *err)
{
	return txn_add_notice(t, "pub", 2, reader_of_text(context), err);
}

static bool add_many(struct txn *t, void *context, struct error *err)
{
	for (size_t i = 0; i < NOTICES_MAX; i++)
		if (!add_notice(t, context, err))
			return false;
	return true;
}

struct seen {
	uint64_t number;
	char text[32];
};

static bool see(uint64_t number, struct reader text, void *into, struct error *err)
{
	struct seen *seen = into;
	seen->number = number;
	(void)err;
	memcpy(seen->text, text.at, text.left);
	seen->text[text.left] = '\0';
	return true;
}

static struct seen next(struct store *s, const char *node, unsigned target)
{
	struct seen seen = { 0 };
	assert_true(store_next_notice(s, node, target, see, &seen, NULL));
	return seen;
}

static void notices_wait_in_order(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	assert_int_equal(next(s->store, "pub", 0).number, 0);
	assert_true(store_observe(s->store, add_notice, "one\nline", NULL));
	assert_true(store_observe(s->store, add_notice, "two", NULL));
	assert_string_equal(next(s->store, "pub", 0).text, "one\nline");
	assert_int_equal(next(s->store, "pub", 1).number, 0);
	assert_int_equal(next(s->store, "sub1", 0).number, 0);
	assert_true(store_drop_notice(s->store, "sub1", 1, NULL));
	assert_int_equal(next(s->store, "pub", 0).number, 1);
	assert_true(store_drop_notice(s->store, "pub", 1, NULL));
	assert_string_equal(next(s->store, "pub", 0).text, "two");
	assert_true(store_drop_notice(s->store, "pub", 2, NULL));
	assert_true(store_observe(s->store, add_notice, "three", NULL));
	assert_int_equal(next(s->store, "pub", 0).number, 3);
}

static void beyond_the_most_the_oldest_goes(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	assert_true(store_observe(s->store, add_letter, "of another target", NULL));
	assert_true(store_observe(s->store, add_many, "x", NULL));
	assert_int_equal(next(s->store, "pub", 0).number, 2);
	assert_true(store_observe(s->store, add_notice, "y", NULL));
	assert_int_equal(next(s->store, "pub", 0).number, 3);
	assert_string_equal(next(s->store, "pub", 2).text, "of another target");
}

static bool count_more(struct txn *t, void *context, struct error *err)
{
	return txn_count_alarms(t, "pub", 5, context, err);
}

static void alarms_are_numbered_for_ever(void **state)
{
	struct scratch *s = *state;
	uint64_t first = 0;
	put_two_nodes(s->store);
	assert_true(store_observe(s->store, count_more, &first, NULL));
	assert_int_equal(first, 1);
	assert_true(store_observe(s->store, count_more, &first, NULL));
	assert_int_equal(first, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(alarms_are_kept_and_make_no_change),
		STORE_TEST(what_fails_leaves_nothing),
		STORE_TEST(what_is_in_no_store_is_forgotten),
		STORE_TEST(notices_wait_in_order),
		STORE_TEST(beyond_the_most_the_oldest_goes),
		STORE_TEST(alarms_are_numbered_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
