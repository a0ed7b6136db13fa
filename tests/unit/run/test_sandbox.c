#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/files.h"
#include "run/process_impl.h"
#include "sanitized.h"
#include "scratch.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const enum sandbox kinds[] = { SANDBOX_SIGNER, SANDBOX_STORE, SANDBOX_PHONES, SANDBOX_ADMIN,
	SANDBOX_COURIER };

enum { DIED = 1000, NOT_ENTERED = 99 };

/* What an attempt made inside a sandbox comes to: 0, an errno, or DIED + signal. */
typedef int attempt_fn(const char *inside, int dirfd);

static int attempt_with(
	enum sandbox kind, attempt_fn *attempt, const char *inside, const char *read_only)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const char *const paths[] = { inside, "/nowhere/at/all", NULL };
		struct error err = { 0 };
		int dirfd = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (!sandbox_enter(kind, paths, read_only, &err)) {
			(void)dprintf(STDERR_FILENO, "%s\n", err.text);
			_exit(NOT_ENTERED);
		}
		_exit(attempt(inside, dirfd));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? DIED + WTERMSIG(status) : WEXITSTATUS(status);
}

static int attempt_in(void **state, enum sandbox kind, attempt_fn *attempt)
{
	const struct scratch *s = *state;
	return attempt_with(kind, attempt, s->path, "");
}

static int errno_of(long result)
{
	return result >= 0 ? 0 : errno;
}

static int start_a_program(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	char *const arguments[] = { NULL };
	return errno_of(execve("/bin/true", arguments, arguments));
}

static int look_into_another(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int open_outside(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(open("/etc/passwd", O_RDONLY));
}

static int open_outside_from_below(const char *inside, int dirfd)
{
	(void)inside;
	return errno_of(openat(dirfd, "../../etc/passwd", O_RDONLY));
}

static int write_outside(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(open("/tmp/dialtrust-run-outside", O_WRONLY | O_CREAT, 0600));
}

static int read_inside(const char *inside, int dirfd)
{
	(void)inside;
	size_t size;
	struct error err = { 0 };
	return file_open_beneath(dirfd, "object", &size, &err) >= 0 ? 0 : EACCES;
}

static int replace_inside(const char *inside, int dirfd)
{
	(void)inside;
	struct error err = { 0 };
	return file_replace(dirfd, "object", reader_of_text("new"), 0600, &err) ? 0 : EACCES;
}

static int write_through_openat2(const char *inside, int dirfd)
{
	(void)dirfd;
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/object", inside);
	uint64_t how[3] = { O_WRONLY, 0, 0 };
	return errno_of(syscall(437 /* openat2 */, AT_FDCWD, path, how, sizeof(how)));
}

static int stream_socket(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int raw_socket(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(socket(AF_INET, SOCK_RAW, 255));
}

static int netlink_socket(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(socket(AF_NETLINK, SOCK_DGRAM, 0));
}

static int datagram_socket(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

static int sibling_socket(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

static int fork_a_child(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	pid_t pid = fork();
	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(0);
	return errno_of(waitpid(pid, NULL, 0));
}

static int become_root(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(setuid(0));
}

static int core_limit(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	struct rlimit limit;
	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 ? 0 : EINVAL;
}

static int own_status(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(open("/proc/self/mem", O_RDONLY));
}

static int limit_another(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	struct rlimit limit;
	return errno_of(prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit));
}

static int signal_another(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	return errno_of(tgkill(getppid(), getppid(), 0));
}

static int truncate_through_openat2(const char *inside, int dirfd)
{
	(void)dirfd;
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/object", inside);
	uint64_t how[3] = { O_RDONLY | O_TRUNC, 0, 0 };
	return errno_of(syscall(437 /* openat2 */, AT_FDCWD, path, how, sizeof(how)));
}

static int abort_itself(const char *inside, int dirfd)
{
	(void)inside;
	(void)dirfd;
	abort();
}

/* Each attempt with what it must come to in each kind of sandbox, in the order of `kinds`. */
static const struct {
	const char *name;
	attempt_fn *attempt;
	int outcome[COUNT(kinds)];
} attempts[] = {
	/* clang-format off */
	{ "start a program", start_a_program, { DIED + SIGSYS, DIED + SIGSYS, DIED + SIGSYS, DIED + SIGSYS, DIED + SIGSYS } },
	{ "ptrace", look_into_another, { DIED + SIGSYS, DIED + SIGSYS, DIED + SIGSYS, DIED + SIGSYS, DIED + SIGSYS } },
	{ "open outside", open_outside, { EACCES, EACCES, EACCES, EACCES, EACCES } },
	{ "open outside from below", open_outside_from_below, { EACCES, EACCES, EACCES, EACCES, EACCES } },
	{ "write outside", write_outside, { EACCES, EACCES, EPERM, EPERM, EPERM } },
	{ "read inside", read_inside, { 0, 0, 0, 0, 0 } },
	{ "replace inside", replace_inside, { 0, 0, EACCES, EACCES, EACCES } },
	{ "openat2 for writing", write_through_openat2, { 0, 0, EACCES, EACCES, EACCES } },
	{ "TCP socket", stream_socket, { EPERM, EPERM, EPERM, EPERM, 0 } },
	{ "raw socket", raw_socket, { EPERM, EPERM, EPERM, EPERM, EPERM } },
	{ "netlink socket", netlink_socket, { EPERM, EPERM, EPERM, EPERM, EPERM } },
	{ "UDP socket", datagram_socket, { EPERM, EPERM, 0, EPERM, 0 } },
	{ "Unix socket", sibling_socket, { EPERM, 0, 0, 0, EPERM } },
	{ "fork", fork_a_child, { 0, EPERM, EPERM, EPERM, EPERM } },
	{ "setuid", become_root, { EPERM, EPERM, EPERM, EPERM, EPERM } },
	{ "core limit", core_limit, { 0, 0, 0, 0, 0 } },
	{ "its memory", own_status, { EACCES, EACCES, EACCES, EACCES, EACCES } },
	{ "limits of another", limit_another, { EPERM, EPERM, EPERM, EPERM, EPERM } },
	{ "signal to another", signal_another, { 0, EPERM, EPERM, EPERM, EPERM } },
	{ "openat2 for cutting", truncate_through_openat2, { 0, 0, EACCES, EACCES, EACCES } },
	{ "abort", abort_itself, { DIED + SIGABRT, DIED + SIGABRT, DIED + SIGABRT, DIED + SIGABRT, DIED + SIGABRT } },
	/* clang-format on */
};

static int put_object(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	const struct scratch *s = *state;
	struct error err = { 0 };
	int dirfd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool put = file_replace(dirfd, "object", reader_of_text("old"), 0644, &err);
	(void)close(dirfd);
	return put ? 0 : -1;
}

static void each_kind_may_do_what_it_needs_and_no_more(void **state)
{
	if (SANITIZED || !sandbox_has_landlock())
		skip();
	unsigned wrong = 0;
	for (size_t i = 0; i < COUNT(attempts); i++)
		for (size_t k = 0; k < COUNT(kinds); k++) {
			int outcome = attempt_in(state, kinds[k], attempts[i].attempt);
			if (outcome == attempts[i].outcome[k])
				continue;
			wrong++;
			print_error("%s, kind %zu: %d instead of %d\n", attempts[i].name, k,
				outcome, attempts[i].outcome[k]);
		}
	assert_int_equal(wrong, 0);
}

static void the_operators_tree_is_never_written(void **state)
{
	if (SANITIZED || !sandbox_has_landlock())
		skip();
	const struct scratch *s = *state;
	assert_int_equal(attempt_with(SANDBOX_STORE, replace_inside, s->path, s->path), EACCES);
	assert_int_equal(attempt_with(SANDBOX_STORE, read_inside, s->path, s->path), 0);
}

static void a_sanitized_build_runs_on_without(void **state)
{
	if (!SANITIZED)
		skip();
	assert_int_equal(attempt_in(state, SANDBOX_PHONES, open_outside), 0);
}

int main(void)
{
#define WITH_OBJECT(test) cmocka_unit_test_setup_teardown(test, put_object, scratch_end)
	const struct CMUnitTest tests[] = {
		WITH_OBJECT(each_kind_may_do_what_it_needs_and_no_more),
		WITH_OBJECT(the_operators_tree_is_never_written),
		WITH_OBJECT(a_sanitized_build_runs_on_without),
	};
	return cmocka_run_group_tests_name("run/sandbox", tests, NULL, NULL);
}
