#include "supervised.h"

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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/files.h"
#include "run/log.h"

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

struct supervision supervised_node(
	const struct settings *settings, const char *path, struct process_row rows[static 2])
{
	rows_for(settings->node, rows);
	return (struct supervision){ path, settings, rows, 2, open_socket, -1 };
}

int supervised_process(const char *name, const char *path)
{
	struct settings settings;
	struct error err = { 0 };
	struct process_row rows[2];
	if (!settings_load(path, &settings, &err))
		return 3;
	log_open(settings.node, name, LOG_LEVEL_ERROR);
	struct supervision node = supervised_node(&settings, path, rows);
	return process_run(&node, name, &err) ? 0 : 1;
}

void configure(void **state, const char *node, unsigned user, struct running *out)
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
	struct supervision node = supervised_node(&r->is, r->settings, rows);
	node.ready_fd = ready;
	log_open(r->is.node, "supervisor", LOG_LEVEL_DEBUG);
	(void)dup2(told, STDERR_FILENO);
	bool ended = supervise(&node, &err);
	(void)dprintf(told, "%s\n", ended ? "ended well" : err.text);
	_exit(ended ? 0 : 1);
}

void start(struct running *r)
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

void await_ready(const struct running *r)
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

void up(void **state, const char *node, unsigned user, struct running *r)
{
	configure(state, node, user, r);
	start(r);
	await_ready(r);
}

const char *finish(struct running *r, int expected)
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

const char *down(struct running *r)
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

struct answer ask(const struct running *r)
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

void tell(const struct running *r, const char *word)
{
	char end;
	int fd = connect_to(r);
	assert_int_equal(write(fd, word, 1), 1);
	assert_int_equal(read(fd, &end, 1) > 0, 0); /* until it has ended */
	(void)close(fd);
}

bool ends(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return errno == ESRCH;
	struct pollfd end = { .fd = fd, .events = POLLIN };
	bool ended = poll(&end, 1, PATIENCE_MS) == 1;
	(void)close(fd);
	return ended;
}

bool says(const char *text, const char *words)
{
	if (strstr(text, words) != NULL)
		return true;
	print_error("\"%s\" does not say \"%s\"\n", text, words);
	return false;
}
