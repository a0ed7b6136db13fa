#include "run/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Lets malloc fail under AddressSanitizer as it does without. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void what_is_there_is_taken(void **state)
{
	(void)state;
	char *some = memory_take(64);
	assert_non_null(some);
	assert_false(memory_was_short());
	free(some);
}

static void a_shortage_is_remembered_until_it_is_asked_for(void **state)
{
	(void)state;
	assert_null(memory_take(SIZE_MAX / 2));
	free(memory_take(64));
	assert_true(memory_was_short());
	assert_false(memory_was_short());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_taken),
		cmocka_unit_test(a_shortage_is_remembered_until_it_is_asked_for),
	};
	return cmocka_run_group_tests_name("run/memory", tests, NULL, NULL);
}
