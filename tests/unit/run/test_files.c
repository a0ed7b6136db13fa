#include <dirent.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/files.h"
#include "sanitized.h"
#include "scratch.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MUCH = 1 << 20 };

static int open_scratch(void **state)
{
	const struct scratch *s = *state;
	int fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void assert_content(int dirfd, const char *name, struct reader expected)
{
	AUTO_DONE(bytes) got = { 0 };
	struct error err = { 0 };
	if (!file_read_beneath(dirfd, name, MUCH, &got, &err))
		fail_msg("%s", err.text);
	assert_true(reader_same(bytes_reader(&got), expected));
}

static size_t entries(int dirfd)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fdopendir(copy);
	size_t count = 0;
	assert_non_null(listing);
	for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(listing);
	return count;
}

static void a_file_is_replaced_whole(void **state)
{
	struct error err = { 0 };
	struct stat facts;
	int dirfd = open_scratch(state);
	assert_true(file_replace(dirfd, "index", reader_of_text("old"), 0600, &err));
	assert_content(dirfd, "index", reader_of_text("old"));
	assert_true(file_replace(dirfd, "index", reader_of_text("the new one"), 0644, &err));
	assert_content(dirfd, "index", reader_of_text("the new one"));
	assert_true(file_replace(dirfd, "index", reader_of_text(""), 0640, &err));
	assert_content(dirfd, "index", reader_of_text(""));
	assert_int_equal(fstatat(dirfd, "index", &facts, 0), 0);
	assert_int_equal(facts.st_mode & 07777, 0640);
	assert_int_equal(entries(dirfd), 1);
	int named = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(file_replace(named, "index", reader_of_text("through a name"), 0600, &err));
	assert_content(dirfd, "index", reader_of_text("through a name"));
	(void)close(named);
	(void)close(dirfd);
}

static void a_replacement_that_fails_leaves_nothing(void **state)
{
	struct error err = { 0 };
	int dirfd = open_scratch(state);
	assert_int_equal(mkdirat(dirfd, "taken", 0755), 0);
	assert_false(file_replace(dirfd, "taken", reader_of_text("x"), 0600, &err));
	assert_non_null(strstr(err.text, "replacing taken"));
	assert_false(file_replace(dirfd, "no/such", reader_of_text("x"), 0600, &err));
	assert_false(file_replace(-1, "index", reader_of_text("x"), 0600, &err));
	char name[300];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_false(file_replace(dirfd, name, reader_of_text("x"), 0600, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_int_equal(entries(dirfd), 1);
	(void)close(dirfd);
}

static void what_is_there_is_not_replaced(void **state)
{
	struct error err = { 0 };
	struct stat facts;
	AUTO_DONE(bytes) read = { 0 };
	int dirfd = open_scratch(state);
	assert_true(file_create(dirfd, "one", reader_of_text("first"), 0600, &err));
	assert_int_equal(fstatat(dirfd, "one", &facts, 0), 0);
	assert_int_equal(facts.st_mode & 07777, 0600);
	assert_false(file_create(dirfd, "one", reader_of_text("second"), 0600, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_true(file_read_beneath(dirfd, "one", 100, &read, &err));
	assert_true(reader_same(bytes_reader(&read), reader_of_text("first")));
	assert_int_equal(symlinkat("nowhere", dirfd, "link"), 0);
	assert_false(file_create(dirfd, "link", reader_of_text("x"), 0600, &err));
	assert_int_equal(mkdirat(dirfd, "folder", 0700), 0);
	assert_false(file_create(dirfd, "folder", reader_of_text("x"), 0600, &err));
	(void)close(dirfd);
}

static void many_are_replaced_and_brought_to_the_disk_at_once(void **state)
{
	struct error err = { 0 };
	struct stat facts;
	int dirfd = open_scratch(state);
	assert_true(file_replace_unsynced(dirfd, "one", reader_of_text("old"), 0600, &err));
	assert_true(file_replace_unsynced(dirfd, "one", reader_of_text("new"), 0644, &err));
	assert_true(file_replace_unsynced(dirfd, "two", reader_of_text("x"), 0600, &err));
	assert_content(dirfd, "one", reader_of_text("new"));
	assert_int_equal(fstatat(dirfd, "one", &facts, 0), 0);
	assert_int_equal(facts.st_mode & 07777, 0644);
	assert_true(files_sync(dirfd, &err));
	assert_false(file_replace_unsynced(dirfd, "no/such", reader_of_text("x"), 0600, &err));
	assert_int_equal(entries(dirfd), 2);
	(void)close(dirfd);
	assert_false(files_sync(-1, &err));
	assert_int_equal(err.fault, FAULT_IO);
}

/* Replaces in a process that the kernel kills at its `which`-th kind of step. */
static bool killed_at(int dirfd, int step, struct reader bytes)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
		struct error err = { 0 };
		if (filter == NULL ||
			seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, step, 0) != 0 ||
			seccomp_load(filter) != 0)
			_exit(2);
		_exit(file_replace(dirfd, "index", bytes, 0600, &err) ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static void a_crash_at_any_step_leaves_old_or_new(void **state)
{
	if (SANITIZED)
		skip();
	static const int steps[] = { SCMP_SYS(openat), SCMP_SYS(write), SCMP_SYS(fsync),
		SCMP_SYS(fchmod), SCMP_SYS(close), SCMP_SYS(renameat) };
	struct error err = { 0 };
	int dirfd = open_scratch(state);
	uint8_t *new = malloc(MUCH);
	assert_non_null(new);
	memset(new, 'N', MUCH);
	assert_true(file_replace(dirfd, "index", reader_of_text("old"), 0600, &err));
	for (size_t i = 0; i < COUNT(steps); i++) {
		assert_true(killed_at(dirfd, steps[i], reader_of(new, MUCH)));
		assert_content(dirfd, "index", reader_of_text("old"));
	}
	assert_true(file_replace(dirfd, "index", reader_of(new, MUCH), 0600, &err));
	assert_content(dirfd, "index", reader_of(new, MUCH));
	free(new);
	(void)close(dirfd);
}

static void replace_for_ever(int dirfd, struct reader odd, struct reader even, int told)
{
	struct error err = { 0 };
	while (file_replace(dirfd, "index", odd, 0600, &err) && write(told, "x", 1) == 1 &&
		file_replace(dirfd, "index", even, 0600, &err) && write(told, "x", 1) == 1)
		continue;
	_exit(1);
}

static void a_kill_at_any_moment_leaves_old_or_new(void **state)
{
	int dirfd = open_scratch(state);
	struct error err = { 0 };
	uint8_t *even = malloc(MUCH), *odd = malloc(MUCH);
	assert_true(even != NULL && odd != NULL);
	memset(even, 'e', MUCH);
	memset(odd, 'o', MUCH);
	assert_true(file_replace(dirfd, "index", reader_of(even, MUCH), 0600, &err));
	for (unsigned round = 0; round < 20; round++) {
		int told[2];
		assert_int_equal(pipe(told), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			replace_for_ever(
				dirfd, reader_of(odd, MUCH), reader_of(even, MUCH), told[1]);
		uint8_t heard[4];
		for (unsigned i = 0; i <= round % 4; i++)
			assert_int_equal(read(told[0], heard, 1), 1);
		(void)kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		AUTO_DONE(bytes) now = { 0 };
		assert_true(file_read_beneath(dirfd, "index", MUCH, &now, &err));
		assert_true(reader_same(bytes_reader(&now), reader_of(even, MUCH)) ||
			reader_same(bytes_reader(&now), reader_of(odd, MUCH)));
		(void)close(told[0]);
		(void)close(told[1]);
	}
	free(even);
	free(odd);
	(void)close(dirfd);
}

static void nothing_outside_is_opened(void **state)
{
	const struct scratch *s = *state;
	struct error err = { 0 };
	size_t size;
	char path[128];
	int dirfd = open_scratch(state);
	assert_int_equal(mkdirat(dirfd, "below", 0755), 0);
	assert_true(file_replace(dirfd, "secret", reader_of_text("s"), 0600, &err));
	int below = openat(dirfd, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(below >= 0);
	assert_int_equal(symlinkat("../secret", below, "link"), 0);
	assert_int_equal(symlinkat("real", below, "near"), 0);
	assert_int_equal(symlinkat("..", below, "up"), 0);
	assert_true(file_replace(below, "real", reader_of_text("r"), 0600, &err));
	(void)snprintf(path, sizeof(path), "%s/secret", s->path);
	const char *const refused[] = { "../secret", "link", "near", "up/secret", path,
		"./../secret", "real/../../secret", "/etc/passwd" };
	for (size_t i = 0; i < COUNT(refused); i++) {
		err = (struct error){ 0 };
		assert_int_equal(file_open_beneath(below, refused[i], &size, &err), -1);
		assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
	}
	assert_int_equal(file_open_beneath(below, "absent", &size, &err), -1);
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_int_equal(file_open_beneath(below, "", &size, &err), -1);
	assert_int_equal(file_open_beneath(dirfd, "below", &size, &err), -1);
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_int_equal(mkfifoat(below, "fifo", 0600), 0);
	assert_int_equal(file_open_beneath(below, "fifo", &size, &err), -1);
	int fd = file_open_beneath(dirfd, "below/real", &size, &err);
	assert_true(fd >= 0 && size == 1);
	(void)close(fd);
	(void)close(below);
	(void)close(dirfd);
}

static void reading_keeps_its_limit(void **state)
{
	const struct scratch *s = *state;
	struct error err = { 0 };
	AUTO_DONE(bytes) got = { 0 };
	char path[128];
	int dirfd = open_scratch(state);
	(void)snprintf(path, sizeof(path), "%s/file", s->path);
	assert_true(file_replace(dirfd, "file", reader_of_text("12345"), 0600, &err));
	assert_false(file_read_beneath(dirfd, "file", 4, &got, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_false(file_read(path, 4, &got, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_false(file_read(path, 0, &got, &err));
	assert_null(got.data);
	assert_true(file_read_beneath(dirfd, "file", 5, &got, &err));
	assert_int_equal(got.size, 5);
	bytes_done(&got);
	assert_true(file_read(path, 5, &got, &err));
	bytes_done(&got);
	assert_false(file_read(s->path, 5, &got, &err));
	assert_int_equal(err.fault, FAULT_IO);
	(void)snprintf(path, sizeof(path), "%s/absent", s->path);
	assert_false(file_read(path, 5, &got, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	(void)close(dirfd);
}

static void directories_are_made_with_their_parents(void **state)
{
	const struct scratch *s = *state;
	struct error err = { 0 };
	struct stat facts;
	char path[128];
	(void)umask(022);
	(void)snprintf(path, sizeof(path), "%s/a/b/c", s->path);
	assert_true(directory_make(path, 0700, &err));
	assert_true(directory_make(path, 0700, &err));
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_mode & 07777, 0700);
	(void)snprintf(path, sizeof(path), "%s/a", s->path);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_mode & 07777, 0755);
	int dirfd = open_scratch(state);
	assert_true(file_replace(dirfd, "file", reader_of_text("x"), 0600, &err));
	(void)close(dirfd);
	(void)snprintf(path, sizeof(path), "%s/file", s->path);
	assert_false(directory_make(path, 0700, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	(void)snprintf(path, sizeof(path), "%s/file/below", s->path);
	assert_false(directory_make(path, 0700, &err));
	assert_false(directory_make("", 0700, &err));
	assert_false(directory_make("/proc/nothing/here", 0700, &err));
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_end)
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(a_file_is_replaced_whole),
		WITH_SCRATCH(a_replacement_that_fails_leaves_nothing),
		WITH_SCRATCH(what_is_there_is_not_replaced),
		WITH_SCRATCH(many_are_replaced_and_brought_to_the_disk_at_once),
		WITH_SCRATCH(a_crash_at_any_step_leaves_old_or_new),
		WITH_SCRATCH(a_kill_at_any_moment_leaves_old_or_new),
		WITH_SCRATCH(nothing_outside_is_opened),
		WITH_SCRATCH(reading_keeps_its_limit),
		WITH_SCRATCH(directories_are_made_with_their_parents),
	};
	return cmocka_run_group_tests_name("run/files", tests, NULL, NULL);
}
