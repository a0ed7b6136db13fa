#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "run/crew.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const size_t several[] = { 1, 2, 3, 7, CREW_MAX, CREW_MAX + 1, 0 };

struct scene {
	size_t bad; /* this piece fails; SIZE_MAX: none */
	size_t fatal;
	size_t stepped;
	pid_t own;
};

static bool work(size_t item, unsigned *outcome, void *context, struct error *err)
{
	const struct scene *s = context;
	if (item == s->fatal)
		(void)raise(SIGKILL);
	if (item == s->bad)
		return (fail)(err, FAULT_REFUSED, "piece %zu is bad", item);
	*outcome = (unsigned)(item % 3);
	return true;
}

static void step(size_t more, void *context)
{
	struct scene *s = context;
	assert_int_equal(getpid(), s->own);
	s->stepped += more;
}

static struct scene scene_of(void)
{
	return (struct scene){ .bad = SIZE_MAX, .fatal = SIZE_MAX, .own = getpid() };
}

static struct crew crew_of(struct scene *s, size_t items, size_t processes)
{
	return (struct crew){
		.items = items, .processes = processes, .work = work, .step = step, .context = s
	};
}

static void every_piece_is_done_once(void **state)
{
	static const size_t items[] = { 0, 1, 2, 16, 17, 1000 };
	(void)state;
	for (size_t p = 0; p < COUNT(several); p++)
		for (size_t i = 0; i < COUNT(items); i++) {
			struct error err = { 0 };
			struct scene s = scene_of();
			struct crew crew = crew_of(&s, items[i], several[p]);
			size_t tally[CREW_OUTCOMES] = { 9, 9, 9, 9 };
			assert_true(crew_run(&crew, tally, &err));
			assert_int_equal(s.stepped, items[i]);
			assert_int_equal(tally[0], (items[i] + 2) / 3);
			assert_int_equal(tally[1], (items[i] + 1) / 3);
			assert_int_equal(tally[2], items[i] / 3);
			assert_int_equal(tally[3], 0);
		}
}

static void nobody_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_failure_is_told_with_its_sentence(void **state)
{
	static const size_t bad[] = { 0, 1, 15, 16, 17, 999 };
	(void)state;
	for (size_t p = 0; p < COUNT(several); p++)
		for (size_t i = 0; i < COUNT(bad); i++) {
			struct error err = { 0 };
			struct scene s = scene_of();
			struct crew crew = crew_of(&s, 1000, several[p]);
			size_t tally[CREW_OUTCOMES];
			s.bad = bad[i];
			assert_false(crew_run(&crew, tally, &err));
			assert_int_equal(err.fault, FAULT_REFUSED);
			assert_non_null(strstr(err.text, "is bad"));
			assert_true(s.stepped < 1000);
			assert_int_equal(tally[0] + tally[1] + tally[2], s.stepped);
			nobody_is_left();
		}
}

static void a_process_that_dies_is_a_failure(void **state)
{
	static const size_t fatal[] = { 0, 17, 999 };
	(void)state;
	for (size_t i = 0; i < COUNT(fatal); i++) {
		struct error err = { 0 };
		struct scene s = scene_of();
		struct crew crew = crew_of(&s, 1000, 3);
		size_t tally[CREW_OUTCOMES];
		s.fatal = fatal[i];
		assert_false(crew_run(&crew, tally, &err));
		assert_int_equal(err.fault, FAULT_IO);
		assert_true(s.stepped < 1000);
		nobody_is_left();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_piece_is_done_once),
		cmocka_unit_test(a_failure_is_told_with_its_sentence),
		cmocka_unit_test(a_process_that_dies_is_a_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
