#include "manager/patience_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_pause_doubles_up_to_an_hour(void **state)
{
	(void)state;
	struct patience p = { 0 };
	for (int64_t pause = PATIENCE_FIRST_MS; pause < PATIENCE_MOST_MS; pause *= 2) {
		assert_true(patience_lasts(&p, false));
		assert_int_equal(p.pause_ms, pause);
	}
	assert_true(patience_lasts(&p, false));
	assert_int_equal(p.pause_ms, PATIENCE_MOST_MS);
}

static void who_is_away_is_waited_for(void **state)
{
	(void)state;
	struct patience p = { 0 };
	for (unsigned i = 0; i < 100 * PATIENCE_REFUSALS; i++)
		assert_true(patience_lasts(&p, false));
	assert_int_equal(p.pause_ms, PATIENCE_MOST_MS);
}

static void who_says_no_often_enough_is_believed(void **state)
{
	(void)state;
	struct patience p = { 0 };
	for (unsigned notice = 0; notice < 3; notice++) {
		for (unsigned i = 1; i < PATIENCE_REFUSALS; i++) {
			assert_true(patience_lasts(&p, true));
			assert_true(patience_lasts(&p, false)); /* being away is no answer */
		}
		assert_false(patience_lasts(&p, true));
		assert_int_equal(
			p.pause_ms, PATIENCE_MOST_MS); /* the next one is no reason to hurry */
	}
}

static void what_is_taken_begins_anew(void **state)
{
	(void)state;
	struct patience p = { 0 };
	for (unsigned i = 1; i < PATIENCE_REFUSALS; i++)
		assert_true(patience_lasts(&p, true));
	patience_renew(&p);
	assert_int_equal(p.pause_ms, 0);
	assert_true(patience_lasts(&p, true));
	assert_int_equal(p.pause_ms, PATIENCE_FIRST_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pause_doubles_up_to_an_hour),
		cmocka_unit_test(who_is_away_is_waited_for),
		cmocka_unit_test(who_says_no_often_enough_is_believed),
		cmocka_unit_test(what_is_taken_begins_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
