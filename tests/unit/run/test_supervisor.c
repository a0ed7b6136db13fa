/* This program is its own node: executed again with --process, it is one of the processes below. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "run/files.h"
#include "run/log.h"
#include "run/process_impl.h"
#include "scratch.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, TEST_USER = 61000, FIRST_HANDED = 3 };

/* the processes */

struct answer { /* of a question to the process "admin" */
	pid_t pid;
	uid_t user;
	gid_t group;
	int tftp, unknown; /* what process_socket says */
	bool may_be_root_again;
	bool all_descriptors; /* that the hard limit allows */
	uint32_t manager_user;
	bool is_admin, is_manager, supervisor_is_admin; /* what process_is says of ids */
};

static struct answer about_myself(const struct settings *settings)
{
	struct rlimit limit = { 0 };
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	return (struct answer){
		.pid = getpid(),
		.user = getuid(),
		.group = getgid(),
		.tftp = process_socket("tftp"),
		.unknown = process_socket("nothing"),
		.may_be_root_again = getuid() != 0 && setuid(0) == 0,
		.all_descriptors = limit.rlim_cur > 0 && limit.rlim_cur == limit.rlim_max,
		.manager_user = process_user(settings, "manager"),
		.is_admin = process_is("admin", getpid()),
		.is_manager = process_is("manager", getpid()),
		.supervisor_is_admin = process_is("admin", getppid()) || process_is("admin", 0),
	};
}

/* Answers until it is told otherwise: 'q' ends with 0, 'f' fails, 'k' dies. */
static bool answering(const struct settings *settings, struct error *err)
{
	int fd = process_socket("admin");
	if (!process_enter(settings, "admin", SANDBOX_ADMIN, NULL, err))
		return false;
	process_ready();
	for (;;) {
		char asked = 0;
		int peer = accept(fd, NULL, NULL);
		if (peer < 0 || read(peer, &asked, 1) != 1)
			return fail_errno(err, "accepting");
		if (asked == 'q')
			return true;
		if (asked == 'f')
			return (fail)(err, FAULT_STORE, "the store\nis away");
		if (asked == 'k')
			(void)raise(SIGKILL);
		struct answer answer = about_myself(settings);
		if (write(peer, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
			return fail_errno(err, "answering");
		(void)close(peer);
	}
}

static bool steady(const struct settings *settings, struct error *err)
{
	(void)settings;
	process_ready();
	(void)pause(); /* SIGTERM ends it */
	return fail_errno(err, "woken");
}

/* Talks faster than its supervisor can listen: lines without a word in them take the longest. */
static bool talking(const struct settings *settings, struct error *err)
{
	char lines[65536];
	int pipe = FIRST_HANDED + 1; /* behind its one socket */
	(void)settings;
	memset(lines, '\n', sizeof(lines));
	process_ready();
	while (write(pipe, lines, sizeof(lines)) > 0)
		continue;
	return fail_errno(err, "talking");
}

static bool failing(const struct settings *settings, struct error *err)
{
	(void)settings;
	return (fail)(err, FAULT_REFUSED, "key.der can be read by others: chmod 600");
}

static bool stubborn(const struct settings *settings, struct error *err)
{
	(void)signal(SIGTERM, SIG_IGN);
	return steady(settings, err);
}

static bool dying(const struct settings *settings, struct error *err)
{
	(void)settings;
	(void)err;
	return raise(SIGKILL) == 0;
}

static bool ending(const struct settings *settings, struct error *err)
{
	(void)settings;
	(void)err;
	return true;
}

/* The node's name chooses what its second process is. */
static const struct scenario {
	const char *node;
	bool (*run)(const struct settings *settings, struct error *err);
} scenarios[] = {
	{ "steady", steady },
	{ "failing", failing },
	{ "stubborn", stubborn },
	{ "talking", talking },
	{ "dying", dying },
	{ "ending", ending },
};

static void rows_for(const char *node, struct process_row rows[static 2])
{
	rows[0] = (struct process_row){ "manager", 1, true, 0755,
		{ "snapshot", "snapshot/objects" }, { "manager.admin" }, steady };
	for (size_t i = 0; i < COUNT(scenarios); i++)
		if (strcmp(scenarios[i].node, node) == 0)
			rows[0].run = scenarios[i].run;
	rows[1] = (struct process_row){ "admin", 4, false, 0, { NULL }, { "admin", "tftp" },
		answering };
}

static int open_socket(const struct socket_row *row, const char *where, struct error *err)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	bool sibling = row->kind == SOCKET_SIBLING;
	if (row->kind != SOCKET_ADMIN && !sibling) {
		(void)(fail)(err, FAULT_USAGE, "%s cannot be bound", where);
		return -1;
	}
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", where);
	(void)unlink(where);
	int fd = socket(AF_UNIX, (sibling ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0 ||
		chmod(where, 0600) != 0 || listen(fd, 16) != 0)
		(void)fail_errno(err, "%s", where);
	return fd;
}

static struct supervision node_of(
	const struct settings *settings, const char *path, struct process_row rows[static 2])
{
	rows_for(settings->node, rows);
	return (struct supervision){ path, settings, rows, 2, open_socket, -1 };
}

static int be_process(const char *name, const char *path)
{
	struct settings settings;
	struct error err = { 0 };
	struct process_row rows[2];
	if (!settings_load(path, &settings, &err))
		return 3;
	log_open(settings.node, name, LOG_LEVEL_ERROR);
	struct supervision node = node_of(&settings, path, rows);
	return process_run(&node, name, &err) ? 0 : 1;
}

/* the tests */

struct running {
	char settings[128];
	struct settings is;
	pid_t pid;
	int ready; /* read end */
	int err;   /* read end: its last sentence */
};

static void configure(void **state, const char *node, unsigned user, struct running *out)
{
	const struct scratch *s = *state;
	struct error err = { 0 };
	char text[512];
	(void)snprintf(text, sizeof(text),
		"[node]\nname = %s\nstate = %s/state\nruntime = %s/run\nuser = %u\n"
		"store = sqlite:%s/store/cluster.sqlite\n[admin]\nsocket = %s/run/admin\n"
		"[provision]\ntftp = off\nhttp = off\nhttps = off\nroot = %s\n[tvs]\nlisten = "
		"off\n",
		node, s->path, s->path, user, s->path, s->path, s->path);
	int dirfd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(file_replace(dirfd, "node.ini", reader_of_text(text), 0644, &err));
	(void)close(dirfd);
	(void)snprintf(out->settings, sizeof(out->settings), "%s/node.ini", s->path);
	if (!settings_load(out->settings, &out->is, &err))
		fail_msg("%s", err.text);
}

static void be_supervisor(const struct running *r, int ready, int told)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing stays after a test that failed */
	struct rlimit few = { 0 };
	(void)getrlimit(RLIMIT_NOFILE, &few);
	few.rlim_cur = 200;
	(void)setrlimit(RLIMIT_NOFILE, &few);
	(void)fcntl(ready, F_SETFD, 0); /* as a shell hands it over */
	struct error err = { 0 };
	struct process_row rows[2];
	struct supervision node = node_of(&r->is, r->settings, rows);
	node.ready_fd = ready;
	log_open(r->is.node, "supervisor", LOG_LEVEL_DEBUG);
	(void)dup2(told, STDERR_FILENO);
	bool ended = supervise(&node, &err);
	(void)dprintf(told, "%s\n", ended ? "ended well" : err.text);
	_exit(ended ? 0 : 1);
}

static void start(struct running *r)
{
	int ready[2], told[2];
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0)
		be_supervisor(r, ready[1], told[1]);
	(void)close(ready[1]);
	(void)close(told[1]);
	r->ready = ready[0];
	r->err = told[0];
}

/* The supervisor's log and last sentence, once all who may write it have ended. */
static const char *hear_out(const struct running *r)
{
	static char text[16384];
	size_t used = 0;
	for (ssize_t got; (got = read(r->err, text + used, sizeof(text) - 1 - used)) > 0;)
		used += (size_t)got;
	text[used] = '\0';
	return text;
}

static void await_ready(const struct running *r)
{
	char word[16];
	struct pollfd fd = { .fd = r->ready, .events = POLLIN };
	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	ssize_t got = read(r->ready, word, sizeof(word));
	if (got != 6 || memcmp(word, "ready\n", 6) != 0)
		fail_msg("not ready: %s", hear_out(r));
	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	assert_int_equal(read(r->ready, word, sizeof(word)), 0); /* no process holds it */
}

static void up(void **state, const char *node, unsigned user, struct running *r)
{
	configure(state, node, user, r);
	start(r);
	await_ready(r);
}

static const char *finish(struct running *r, int expected)
{
	int status;
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	const char *said = hear_out(r);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != expected)
		fail_msg("status %d: %s", status, said);
	(void)close(r->ready);
	(void)close(r->err);
	return said;
}

static const char *down(struct running *r)
{
	assert_int_equal(kill(r->pid, SIGTERM), 0);
	return finish(r, 0);
}

static int connect_to(const struct running *r)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%.100s", r->is.admin_socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

static struct answer ask(const struct running *r)
{
	struct answer answer = { 0 };
	int fd = connect_to(r);
	assert_int_equal(write(fd, "?", 1), 1);
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
	assert_int_equal(read(fd, &answer, sizeof(answer)), sizeof(answer));
	(void)close(fd);
	return answer;
}

static void tell(const struct running *r, const char *word)
{
	char end;
	int fd = connect_to(r);
	assert_int_equal(write(fd, word, 1), 1);
	assert_int_equal(read(fd, &end, 1) > 0, 0); /* until it has ended */
	(void)close(fd);
}

static bool ends(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return errno == ESRCH;
	struct pollfd end = { .fd = fd, .events = POLLIN };
	bool ended = poll(&end, 1, PATIENCE_MS) == 1;
	(void)close(fd);
	return ended;
}

static bool says(const char *text, const char *words)
{
	if (strstr(text, words) != NULL)
		return true;
	print_error("\"%s\" does not say \"%s\"\n", text, words);
	return false;
}

static void a_node_comes_up_and_ends(void **state)
{
	struct running r;
	struct stat facts;
	up(state, "steady", 0, &r);
	struct answer answer = ask(&r);
	assert_int_equal(answer.tftp, -1);
	assert_int_equal(answer.unknown, -1);
	assert_int_equal(answer.user, getuid());
	assert_int_equal(answer.manager_user, getuid());
	assert_true(answer.all_descriptors);
	assert_int_equal(stat(r.is.state, &facts), 0);
	assert_int_equal(facts.st_mode & 07777, 0711);
	const char *said = down(&r);
	assert_true(says(said, "ready: 2 processes") && says(said, "ended well"));
	assert_null(strstr(said, "started again"));
	assert_true(ends(answer.pid));
}

static void one_that_is_killed_starts_again_and_the_listener_stays(void **state)
{
	struct running r;
	up(state, "steady", 0, &r);
	struct answer before = ask(&r);
	assert_int_equal(kill(before.pid, SIGKILL), 0);
	assert_true(ends(before.pid));
	struct answer after = ask(&r);
	assert_int_not_equal(after.pid, before.pid);
	tell(&r, "k");
	assert_int_not_equal(ask(&r).pid, after.pid);
	const char *said = down(&r);
	assert_true(says(said,
		"admin ended: killed by signal 9 (Killed); it is started again in "
		"50 ms"));
	assert_true(says(said, "started again in 100 ms"));
}

static void each_process_is_known_by_its_id(void **state)
{
	struct running r;
	up(state, "steady", 0, &r);
	for (unsigned i = 0; i < 2; i++) {
		struct answer answer = ask(&r);
		assert_true(answer.is_admin);
		assert_false(answer.is_manager);
		assert_false(answer.supervisor_is_admin);
		tell(&r, "k"); /* the next one too */
	}
	(void)down(&r);
}

static void one_that_asks_starts_again_at_once(void **state)
{
	struct running r;
	up(state, "steady", 0, &r);
	struct answer before = ask(&r);
	tell(&r, "q");
	assert_int_not_equal(ask(&r).pid, before.pid);
	const char *said = down(&r);
	assert_true(says(said, "admin starts again"));
	assert_null(strstr(said, "ended:"));
}

static void one_that_fails_later_is_told_of_and_tried_again(void **state)
{
	struct running r;
	up(state, "steady", 0, &r);
	tell(&r, "f");
	(void)ask(&r);
	assert_true(says(down(&r), "admin ended: the store is away; it is started again"));
}

static void a_first_start_that_fails_ends_the_node(void **state)
{
	static const struct {
		const char *node, *words;
	} cases[] = {
		{ "failing", "manager: key.der can be read by others: chmod 600" },
		{ "dying", "manager: killed by signal 9" },
		{ "ending", "manager: exit status 0" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct running r;
		char word[8];
		configure(state, cases[i].node, 0, &r);
		start(&r);
		assert_int_equal(read(r.ready, word, sizeof(word)), 0);
		assert_true(says(finish(&r, 1), cases[i].words));
	}
}

static void a_socket_that_cannot_be_bound_ends_the_node(void **state)
{
	struct running r;
	configure(state, "steady", 0, &r);
	(void)snprintf(r.is.tftp, sizeof(r.is.tftp), "127.0.0.1:69");
	start(&r);
	assert_true(says(finish(&r, 1), "socket tftp: 127.0.0.1:69 cannot be bound"));
	configure(state, "steady", 0, &r);
	memset(r.is.runtime + strlen(r.is.runtime), 'x', 60);
	start(&r);
	assert_true(says(finish(&r, 1), "too long for a Unix socket"));
}

static void a_directory_that_cannot_be_made_ends_the_node(void **state)
{
	struct running r;
	configure(state, "steady", 0, &r);
	(void)snprintf(r.is.state, sizeof(r.is.state), "/proc/nothing");
	start(&r);
	assert_true(says(finish(&r, 1), "/proc/nothing"));
}

static void two_do_not_share_a_state_directory(void **state)
{
	struct running first, second;
	up(state, "steady", 0, &first);
	configure(state, "steady", 0, &second);
	start(&second);
	assert_true(says(finish(&second, 1), "another dialtrustd runs with the state directory"));
	(void)ask(&first);
	(void)down(&first);
	up(state, "steady", 0, &second);
	(void)down(&second);
}

static void processes_end_with_their_supervisor(void **state)
{
	struct running r;
	up(state, "steady", 0, &r);
	pid_t child = ask(&r).pid;
	assert_int_equal(kill(r.pid, SIGKILL), 0);
	assert_int_equal(waitpid(r.pid, NULL, 0), r.pid);
	assert_true(ends(child));
	(void)close(r.ready);
	(void)close(r.err);
}

static void a_stubborn_one_is_killed(void **state)
{
	struct running r;
	up(state, "stubborn", 0, &r);
	assert_true(says(down(&r), "manager does not end: killed"));
}

static void one_that_never_stops_talking_does_not_hold_the_others_up(void **state)
{
	struct running r;
	up(state, "talking", 0, &r);
	struct answer before = ask(&r);
	tell(&r, "k");
	assert_int_not_equal(ask(&r).pid, before.pid);
	(void)down(&r);
}

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

static void a_process_on_its_own_is_refused(void **state)
{
	struct running r;
	configure(state, "steady", 0, &r);
	assert_int_equal(unsetenv("LISTEN_PID"), 0);
	struct process_row rows[2];
	struct error err = { 0 };
	struct supervision node = node_of(&r.is, r.settings, rows);
	assert_false(process_run(&node, "admin", &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	assert_false(process_run(&node, "nobody", &err));
	assert_true(says(err.text, "there is no process nobody"));
}

static void paths_of_siblings_fit_a_socket(void **state)
{
	(void)state;
	struct settings s = { .runtime = "/run/x" };
	struct error err = { 0 };
	char path[128] = "untouched";
	assert_true(process_sibling_path(&s, "signer.tvs", path, sizeof(path), &err));
	assert_string_equal(path, "/run/x/signer.tvs");
	assert_false(process_sibling_path(&s, "signer.tvs", path, 5, &err));
	char name[120];
	memset(name, 'n', sizeof(name));
	name[107 - 7] = '\0'; /* "/run/x/" and 100: 107 bytes and the NUL are a sun_path */
	assert_true(process_sibling_path(&s, name, path, sizeof(path), &err));
	name[107 - 7] = 'n';
	name[108 - 7] = '\0';
	assert_false(process_sibling_path(&s, name, path, sizeof(path), &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
}

int main(int argc, char **argv)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_end)
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(a_node_comes_up_and_ends),
		WITH_SCRATCH(one_that_is_killed_starts_again_and_the_listener_stays),
		WITH_SCRATCH(each_process_is_known_by_its_id),
		WITH_SCRATCH(one_that_asks_starts_again_at_once),
		WITH_SCRATCH(one_that_fails_later_is_told_of_and_tried_again),
		WITH_SCRATCH(a_first_start_that_fails_ends_the_node),
		WITH_SCRATCH(a_socket_that_cannot_be_bound_ends_the_node),
		WITH_SCRATCH(a_directory_that_cannot_be_made_ends_the_node),
		WITH_SCRATCH(two_do_not_share_a_state_directory),
		WITH_SCRATCH(processes_end_with_their_supervisor),
		WITH_SCRATCH(a_stubborn_one_is_killed),
		WITH_SCRATCH(one_that_never_stops_talking_does_not_hold_the_others_up),
		WITH_SCRATCH(each_process_gets_a_user_of_its_own),
		WITH_SCRATCH(what_a_crash_left_is_taken_over_and_cleared),
		WITH_SCRATCH(below_a_closed_directory_nobody_drops),
		WITH_SCRATCH(a_store_among_other_things_is_refused),
		WITH_SCRATCH(a_link_in_place_of_the_store_is_refused),
		WITH_SCRATCH(a_process_on_its_own_is_refused),
		cmocka_unit_test(paths_of_siblings_fit_a_socket),
	};
	if (argc == 5 && strcmp(argv[1], "--process") == 0)
		return be_process(argv[2], argv[4]);
	return cmocka_run_group_tests_name("run/supervisor", tests, NULL, NULL);
}
