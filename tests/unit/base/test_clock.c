#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static void the_offset_moves_the_wall_clock_alone(void **state)
{
	(void)state;
	int64_t monotonic = clock_monotonic_ms();
	clock_set_offset(1000000);
	int64_t ahead = clock_now() - (int64_t)time(NULL);
	clock_set_offset(-1000000);
	int64_t behind = clock_now() - (int64_t)time(NULL);
	clock_set_offset(0);
	assert_in_range(ahead, 1000000 - 2, 1000000 + 2);
	assert_in_range(-behind, 1000000 - 2, 1000000 + 2);
	assert_in_range(clock_monotonic_ms() - monotonic, 0, 60000);
}

static void monotonic_never_goes_back(void **state)
{
	(void)state;
	int64_t last = clock_monotonic_ms();
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_monotonic_ms();
		assert_true(now >= last);
		last = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_offset_moves_the_wall_clock_alone),
		cmocka_unit_test(monotonic_never_goes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
