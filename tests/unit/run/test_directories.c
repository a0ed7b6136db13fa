/* What the supervisor makes of directories: whose they are, and what it leaves alone. */
#include "supervised.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/files.h"

static void each_process_gets_a_user_of_its_own(void **state)
{
	struct running r;
	struct stat facts;
	char path[256];
	if (getuid() != 0)
		skip();
	up(state, "steady", TEST_USER, &r);
	struct answer answer = ask(&r);
	assert_int_equal(answer.user, TEST_USER + 4);
	assert_int_equal(answer.group, TEST_USER + 4);
	assert_int_equal(answer.manager_user, TEST_USER + 1);
	assert_false(answer.may_be_root_again);
	(void)snprintf(path, sizeof(path), "%s/manager.admin", r.is.runtime);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_uid, TEST_USER + 4);
	assert_int_equal(facts.st_mode & 07777, 0600);
	(void)snprintf(path, sizeof(path), "%s/snapshot", r.is.state);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_uid, TEST_USER + 1);
	assert_int_equal(facts.st_mode & 07777, 0755);
	(void)snprintf(path, sizeof(path), "%s/snapshot/objects", r.is.state);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_uid, TEST_USER + 1);
	(void)snprintf(path, sizeof(path), "%s/../store", r.is.state);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_gid, TEST_USER);
	assert_int_equal(facts.st_mode & 07777, 02770);
	/* A change of user forgets the signal that ends it with its supervisor. */
	assert_int_equal(kill(r.pid, SIGKILL), 0);
	assert_int_equal(waitpid(r.pid, NULL, 0), r.pid);
	assert_true(ends(answer.pid));
	(void)close(r.ready);
	(void)close(r.err);
}

static void what_a_crash_left_is_taken_over_and_cleared(void **state)
{
	struct running r;
	struct stat facts;
	char path[256];
	if (getuid() != 0)
		skip();
	configure(state, "steady", TEST_USER, &r);
	struct error err = { 0 };
	(void)snprintf(path, sizeof(path), "%s/snapshot/objects", r.is.state);
	assert_true(directory_make(path, 0755, &err));
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(file_replace(dirfd, "object", reader_of_text("o"), 0644, &err));
	assert_true(file_replace(dirfd, ".object.0123.new", reader_of_text("half"), 0600, &err));
	start(&r);
	await_ready(&r);
	assert_int_equal(fstatat(dirfd, "object", &facts, 0), 0);
	assert_int_equal(facts.st_uid, TEST_USER + 1);
	assert_int_not_equal(fstatat(dirfd, ".object.0123.new", &facts, 0), 0);
	(void)close(dirfd);
	(void)down(&r);
}

static void below_a_closed_directory_nobody_drops(void **state)
{
	const struct scratch *s = *state;
	struct running r;
	if (getuid() != 0)
		skip();
	assert_int_equal(chmod(s->path, 0700), 0);
	up(state, "steady", TEST_USER, &r);
	assert_int_equal(ask(&r).user, 0);
	const char *said = down(&r);
	assert_true(says(said, "the processes keep root and only the sandbox stands"));
	assert_true(says(said, "is closed to other users"));
}

static void a_store_among_other_things_is_refused(void **state)
{
	struct running r;
	struct error err = { 0 };
	char path[256];
	if (getuid() != 0)
		skip();
	configure(state, "steady", TEST_USER, &r);
	(void)snprintf(path, sizeof(path), "%s/../store/passwords", r.is.state);
	assert_true(directory_make(r.is.state, 0755, &err));
	assert_true(directory_make(path, 0755, &err));
	start(&r);
	assert_true(says(finish(&r, 1), "holds more than the store"));
}

/* A manager of the group may write into the store's folder, and root works there at the start. */
static void a_link_in_place_of_the_store_is_refused(void **state)
{
	static const char *const names[] = { "cluster.sqlite", "cluster.sqlite-wal" };
	const struct scratch *s = *state;
	char folder[256], path[300], prey[256];
	struct stat facts;
	if (getuid() != 0)
		skip();
	(void)snprintf(folder, sizeof(folder), "%s/store", s->path);
	(void)snprintf(prey, sizeof(prey), "%s/prey", s->path);
	assert_int_equal(mkdir(folder, 0755), 0);
	for (unsigned i = 0; i < 2 * COUNT(names); i++) {
		struct running r;
		configure(state, "steady", TEST_USER, &r);
		int fd = open(prey, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		(void)close(fd);
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i / 2]);
		assert_int_equal(i % 2 == 0 ? symlink(prey, path) : link(prey, path), 0);
		start(&r);
		assert_true(says(finish(&r, 1), "is a link or no file at all"));
		assert_int_equal(stat(prey, &facts), 0);
		assert_int_equal(facts.st_gid, 0);
		assert_int_equal(facts.st_mode & 07777, 0600);
		assert_int_equal(unlink(path), 0);
	}
}

int main(int argc, char **argv)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_end)
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(each_process_gets_a_user_of_its_own),
		WITH_SCRATCH(what_a_crash_left_is_taken_over_and_cleared),
		WITH_SCRATCH(below_a_closed_directory_nobody_drops),
		WITH_SCRATCH(a_store_among_other_things_is_refused),
		WITH_SCRATCH(a_link_in_place_of_the_store_is_refused),
	};
	if (argc == 5 && strcmp(argv[1], "--process") == 0)
		return supervised_process(argv[2], argv[4]);
	return cmocka_run_group_tests_name("run/directories", tests, NULL, NULL);
}
