/* Several writers at once, and one that is killed: no committed change is lost, none is halved. */
#include "unit/store/scratch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TURNS = 60, KILLS = 12 };

static const struct change change = { "uid 0", "phone", "one more" };

/* A phone named after the change that makes it, in two statements. */
static bool add_phone(struct txn *t, void *context, struct error *err)
{
	(void)context;
	struct phone_row phone = { .node = "pub", .description = "half" };
	(void)snprintf(
		phone.name, sizeof(phone.name), "SEP%012llX", (unsigned long long)txn_number(t));
	if (!txn_put_phone(t, &phone, err))
		return false;
	(void)snprintf(phone.description, sizeof(phone.description), "whole");
	return txn_put_phone(t, &phone, err);
}

static bool count_whole(const struct phone_row *phone, void *into, struct error *err)
{
	(void)err;
	assert_string_equal(phone->description, "whole");
	(*(uint64_t *)into)++;
	return true;
}

/* Every change but the first one, which made the nodes, left one whole phone and one audit row. */
static void assert_whole(struct store *s, uint64_t changes)
{
	uint64_t number, rows, phones = 0;
	assert_true(store_change_number(s, &number, NULL));
	assert_true(store_audit_verify(s, &rows, NULL));
	assert_int_equal(number, rows);
	assert_true(store_phones(s, count_whole, &phones, NULL));
	assert_int_equal(phones, number - 1);
	assert_true(number >= changes);
}

static void write_turns(const char *url)
{
	struct store *s = store_open(url, NULL);
	for (int i = 0; s != NULL && i < TURNS; i++)
		if (!store_change(s, &change, add_phone, NULL, NULL, NULL))
			_exit(1);
	_exit(s == NULL ? 2 : 0);
}

static void two_handles_and_two_processes_write_at_once(void **state)
{
	struct scratch *s = *state;
	pid_t children[2];
	put_two_nodes(s->store);
	AUTO(store) other = store_open(s->url, NULL);
	for (size_t i = 0; i < COUNT(children); i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			write_turns(s->url);
	}
	for (int i = 0; i < TURNS; i++) {
		(void)must_change(s->store, add_phone, NULL);
		(void)must_change(other, add_phone, NULL);
	}
	for (size_t i = 0; i < COUNT(children); i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_whole(s->store, 1 + 4 * TURNS);
	assert_whole(other, 1 + 4 * TURNS);
}

/* Opening and making a database is itself a change that only one of them makes. */
static void processes_that_open_a_new_database_at_once(void **state)
{
	struct scratch *s = *state;
	pid_t children[6];
	for (size_t i = 0; i < COUNT(children); i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(store_open(s->url, NULL) == NULL);
	}
	for (size_t i = 0; i < COUNT(children); i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	s->store = store_open(s->url, NULL);
	assert_non_null(s->store);
}

/* Says each number that was committed, for ever. */
static void write_and_tell(const char *url, int fd)
{
	struct store *s = store_open(url, NULL);
	uint64_t number;
	while (s != NULL && store_change(s, &change, add_phone, NULL, &number, NULL))
		if (write(fd, &number, sizeof(number)) != (ssize_t)sizeof(number))
			break;
	_exit(1);
}

/* Kills it after it has told of `turns` changes; the last that it told of. */
static uint64_t kill_writer_after(const char *url, int turns)
{
	int ends[2], status;
	uint64_t told = 0, last = 0;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(ends[0]);
		write_and_tell(url, ends[1]);
	}
	(void)close(ends[1]);
	for (int i = 0; i < turns; i++) {
		assert_int_equal(read(ends[0], &told, sizeof(told)), (int)sizeof(told));
		last = told;
	}
	for (volatile int i = 0; i < turns * 7001; i++) /* not always at the same place */
		;
	assert_int_equal(kill(child, SIGKILL), 0);
	while (read(ends[0], &told, sizeof(told)) == (ssize_t)sizeof(told))
		last = told;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	(void)close(ends[0]);
	return last;
}

static void a_killed_writer_loses_no_committed_change(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	for (int i = 1; i <= KILLS; i++) {
		uint64_t last = kill_writer_after(s->url, i);
		assert_whole(s->store, last);
		(void)must_change(s->store, add_phone, NULL); /* it left no lock behind */
	}
	store_close(s->store);
	s->store = store_open(s->url, NULL);
	assert_non_null(s->store);
	assert_whole(s->store, KILLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(two_handles_and_two_processes_write_at_once),
		FILE_TEST(processes_that_open_a_new_database_at_once),
		STORE_TEST(a_killed_writer_loses_no_committed_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
