#include "siblings.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* The blocking line needs a server that runs elsewhere: a child with a loop of its own. */
static pid_t serve_in_child(struct scene *scene, char path[static 64])
{
	struct service s = { .client = getpid() };
	(void)snprintf(path, 64, "%s/signer.tvs", scene->directory);
	pid_t child = fork();
	if (child != 0)
		return child;
	struct scene own = *scene;
	own.loop = loop_new(NULL);
	serve(&s, &own, getuid());
	(void)alarm(20);
	_exit(loop_run(own.loop, NULL) ? 0 : 1);
}

static void end_child(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_line_asks_waits_and_comes_back(void **state)
{
	char path[64];
	struct error err = { 0 };
	struct bytes got = { 0 };
	pid_t child = serve_in_child(*state, path);
	struct sibling_line *line = sibling_line_open(path, SOON, &err);
	assert_non_null(line);
	assert_true(sibling_call(line, ECHO, reader_of_text("one"), SOON, &got, &err));
	assert_true(reader_same(bytes_reader(&got), reader_of_text("one")));
	assert_false(sibling_call(line, REFUSE, reader_of_text("one"), SOON, &got, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_string_equal(err.text, "not for you, “3”");
	assert_false(sibling_call(line, KEEP, reader_of_text("one"), 10, &got, &err));
	assert_int_equal(err.fault, FAULT_BUSY);
	assert_true(reader_same(bytes_reader(&got), reader_of_text("one"))); /* untouched */
	bytes_done(&got);

	void *large = calloc(1, 1 << 20);
	assert_true(sibling_call(line, ECHO, reader_of(large, 1 << 20), SOON, &got, &err));
	assert_int_equal(got.size, 1 << 20);
	bytes_done(&got);
	free(large);

	end_child(child);
	assert_false(sibling_call(line, ECHO, reader_of_text("two"), 30, &got, &err));
	assert_true(err.fault == FAULT_IO || err.fault == FAULT_MISSING);
	child = serve_in_child(*state, path);
	assert_true(sibling_call(line, ECHO, reader_of_text("two"), SOON, &got, &err));
	bytes_done(&got);

	end_child(child); /* lost while nobody spoke: noticed by the next question */
	child = serve_in_child(*state, path);
	assert_true(sibling_call(line, ECHO, reader_of_text("three"), SOON, &got, &err));
	assert_true(reader_same(bytes_reader(&got), reader_of_text("three")));
	bytes_done(&got);
	sibling_line_close(line);
	end_child(child);
}

/* For a process that was told to end: it stops waiting, and only then. */
static void a_line_gives_up_when_it_is_told(void **state)
{
	char path[64];
	int ends[2];
	struct error err = { 0 };
	struct bytes got = { 0 };
	pid_t child = serve_in_child(*state, path);
	struct sibling_line *line = sibling_line_open(path, SOON, &err);
	assert_non_null(line);
	assert_int_equal(pipe(ends), 0);
	sibling_line_give_up_on(line, ends[0]);
	assert_true(sibling_call(line, ECHO, reader_of_text("one"), SOON, &got, &err));
	bytes_done(&got);
	assert_int_equal(write(ends[1], "", 1), 1);
	int64_t before = clock_monotonic_ms();
	assert_false(sibling_call(line, KEEP, reader_of_text("one"), 60000, &got, &err));
	assert_int_equal(err.fault, FAULT_BUSY);
	assert_non_null(strstr(err.text, "ending"));
	end_child(child);
	assert_false(sibling_call(line, ECHO, reader_of_text("two"), 60000, &got, &err));
	assert_true(clock_monotonic_ms() - before < 30000);
	assert_null(got.data);
	sibling_line_close(line);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void a_line_to_nobody_says_so(void **state)
{
	struct scene *scene = *state;
	char path[160];
	struct error err = { 0 };
	(void)snprintf(path, sizeof(path), "%s/nobody", scene->directory);
	assert_null(sibling_line_open(path, 30, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_non_null(strstr(err.text, path));
	memset(path, 'x', 150);
	path[150] = '\0';
	assert_null(sibling_line_open(path, 1, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	sibling_line_close(NULL);
	sibling_client_free(NULL);
	sibling_server_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(a_line_asks_waits_and_comes_back),
		CASE(a_line_gives_up_when_it_is_told),
		CASE(a_line_to_nobody_says_so),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
