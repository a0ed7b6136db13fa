#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/process_impl.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct process_row rows[] = { { .name = "signer" }, { .name = "manager" } };

static int make(void **state)
{
	struct error err;
	(void)state;
	privileges_know(rows, 2);
	return roll_make(&err) ? 0 : -1;
}

static int unmake(void **state)
{
	(void)state;
	roll_close();
	return 0;
}

static void it_says_who_is_who(void **state)
{
	(void)state;
	assert_false(process_is("signer", 0));
	assert_false(process_is("signer", getpid()));
	roll_note(1, getpid());
	assert_true(process_is("manager", getpid()));
	assert_false(process_is("signer", getpid()));
	assert_false(process_is("manager", getppid()));
	roll_note(1, 0);
	assert_false(process_is("manager", getpid()));
	assert_false(process_is("manager", 0));
	assert_false(process_is("manager", -1));
	assert_true(process_is("a process that the node does not have", 1));
}

static void who_is_forked_notes_itself(void **state)
{
	(void)state;
	int status;
	pid_t child = fork();
	if (child == 0) {
		roll_note(0, getpid());
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(process_is("signer", child));
}

/* A process that was taken over must not write itself onto the roll. */
static void who_takes_it_up_cannot_write_it(void **state)
{
	(void)state;
	int fd = dup(roll_fd());
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	assert_ptr_equal(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(mprotect(at, size, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(munmap(at, size), 0);
	assert_int_equal(pwrite(fd, "\1", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(close(fd), 0);
}

static void without_one_nobody_is_who_they_say(void **state)
{
	(void)state;
	roll_close();
	assert_false(process_is("signer", getpid()));
	roll_note(0, getpid()); /* nowhere to */
	assert_false(process_is("signer", getpid()));
}

static void what_is_taken_up_is_the_supervisors(void **state)
{
	(void)state;
	struct error err;
	int fd = dup(roll_fd());
	roll_note(0, 4711);
	roll_close();
	assert_true(roll_take_up(fd, &err));
	assert_true(process_is("signer", 4711));
	assert_int_equal(close(fd), -1); /* it is closed */
	assert_false(roll_take_up(-1, &err));
	assert_int_equal(err.fault, FAULT_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, unmake)
		CASE(it_says_who_is_who),
		CASE(who_is_forked_notes_itself),
		CASE(who_takes_it_up_cannot_write_it),
		CASE(without_one_nobody_is_who_they_say),
		CASE(what_is_taken_up_is_the_supervisors),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
