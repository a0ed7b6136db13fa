#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/log.h"
#include "run/process_impl.h"

enum {
	BACKOFF_MIN_MS = 50,
	BACKOFF_MAX_MS = 2000,
	STEADY_MS = 10000,      /* served so long: the next death is a first one again */
	FIRST_DEATHS = 5,       /* killed so often before it ever served: the start has failed */
	END_PATIENCE_MS = 3000, /* from SIGTERM to SIGKILL */
};

struct supervisor {
	const struct supervision *node;
	bool drop;
	bool up; /* all have served once */
	bool ending;
	int ready_fd;
	int lock, signals;
	int manager; /* the service manager that is told, -1: none */
	struct bound_socket bound[BOUND_MAX];
	struct child children[PROCESSES_MAX];
	struct error why; /* the first start failed: FAULT_NONE until then */
};

static int64_t backoff(unsigned failures)
{
	int64_t wait = BACKOFF_MIN_MS;
	while (--failures > 0 && wait < BACKOFF_MAX_MS)
		wait *= 2;
	return wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS;
}

static void give_up(struct supervisor *s, const struct child *c, const char *reason)
{
	if (s->why.fault == FAULT_NONE)
		(void)fail(&s->why, FAULT_IO, "%s: %s", c->row->name, reason);
}

static void start(struct supervisor *s, struct child *c)
{
	struct error why = { 0 };
	if (child_start(c, s->node, s->bound, s->drop, &why))
		return;
	c->failures++;
	c->start_at = clock_monotonic_ms() + backoff(c->failures);
	log_error("%s", why.text);
}

/* Exit status 0 after it served: it asked to be started again, with nothing lost. */
static void plan_restart(struct child *c, bool asked, const char *reason, int64_t now)
{
	if (asked) {
		c->failures = 0;
		c->start_at = now;
		log_info("%s starts again", c->row->name);
		return;
	}
	if (c->ready && now - c->started_at >= STEADY_MS)
		c->failures = 0;
	c->failures++;
	c->start_at = now + backoff(c->failures);
	log_error("%s ended: %s; it is started again in %lld ms", c->row->name, reason,
		(long long)backoff(c->failures));
}

static void died(struct supervisor *s, struct child *c, int wait_status)
{
	char reason[STATUS_SIZE];
	child_listen(c); /* its last words may still be in the pipe */
	if (c->status >= 0) {
		(void)close(c->status);
		c->status = -1;
	}
	c->pid = 0;
	roll_note((size_t)(c->row - s->node->rows), 0);
	(void)child_end_text(c, wait_status, reason, sizeof(reason));
	bool by_itself = WIFEXITED(wait_status);
	bool gave_reason = by_itself && WEXITSTATUS(wait_status) != 0;
	if (!s->up && !c->served && (gave_reason || c->failures + 1 >= FIRST_DEATHS)) {
		give_up(s, c, reason);
		return;
	}
	bool asked = by_itself && !gave_reason && c->ready;
	plan_restart(c, asked, reason, clock_monotonic_ms());
	c->ready = false;
}

static void reap(struct supervisor *s)
{
	int wait_status;
	for (pid_t pid; (pid = waitpid(-1, &wait_status, WNOHANG)) > 0;)
		for (size_t i = 0; i < s->node->count; i++)
			if (s->children[i].pid == pid)
				died(s, &s->children[i], wait_status);
}

static void on_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;
	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			s->ending = true;
	reap(s);
}

static void check_up(struct supervisor *s)
{
	for (size_t i = 0; i < s->node->count; i++)
		if (!s->children[i].ready)
			return;
	s->up = true;
	service_manager_tell(s->manager, "READY=1");
	log_info("ready: %zu processes", s->node->count);
	if (s->ready_fd < 0)
		return;
	if (write(s->ready_fd, "ready\n", 6) != 6)
		log_warning("nobody hears on the ready descriptor");
	(void)close(s->ready_fd);
	s->ready_fd = -1;
}

/* Starts what is due; milliseconds until the next is, -1: none is waiting. */
static int start_due(struct supervisor *s)
{
	int64_t now = clock_monotonic_ms();
	int64_t next = -1;
	for (size_t i = 0; i < s->node->count; i++) {
		struct child *c = &s->children[i];
		if (c->pid == 0 && c->start_at <= now)
			start(s, c);
		if (c->pid == 0 && (next < 0 || c->start_at - now < next))
			next = c->start_at - now > 0 ? c->start_at - now : 0;
	}
	return (int)next;
}

static void watch_over(struct supervisor *s)
{
	while (!s->ending && s->why.fault == FAULT_NONE) {
		int wait = start_due(s);
		struct pollfd fds[PROCESSES_MAX + 1];
		for (size_t i = 0; i < s->node->count; i++)
			fds[i] = (struct pollfd){ .fd = s->children[i].status, .events = POLLIN };
		fds[s->node->count] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
		if (poll(fds, s->node->count + 1, wait) < 0 && errno != EINTR) {
			(void)fail_errno(&s->why, "waiting for the processes");
			return;
		}
		for (size_t i = 0; i < s->node->count; i++)
			child_listen(&s->children[i]);
		if (!s->up)
			check_up(s);
		on_signals(s);
	}
}

static bool gone(struct child *c)
{
	pid_t result = waitpid(c->pid, NULL, WNOHANG);
	return result == c->pid || (result < 0 && errno == ECHILD);
}

static void end_child(struct supervisor *s, struct child *c)
{
	if (c->pid == 0)
		return;
	(void)kill(c->pid, SIGTERM);
	int64_t deadline = clock_monotonic_ms() + END_PATIENCE_MS;
	while (!gone(c)) {
		int64_t left = deadline - clock_monotonic_ms();
		struct pollfd signals = { .fd = s->signals, .events = POLLIN };
		struct signalfd_siginfo info;
		if (left <= 0) {
			log_warning("%s does not end: killed", c->row->name);
			(void)kill(c->pid, SIGKILL);
			(void)waitpid(c->pid, NULL, 0);
			break;
		}
		(void)poll(&signals, 1, (int)left);
		while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
			continue;
	}
	c->pid = 0;
	child_listen(c);
	if (c->status >= 0)
		(void)close(c->status);
	c->status = -1;
	if (c->reason[0] != '\0')
		log_warning("%s: %s", c->row->name, c->reason);
}

/* Those that face phones first, the signer last. */
static void end_all(struct supervisor *s)
{
	service_manager_tell(s->manager, "STOPPING=1");
	for (size_t i = s->node->count; i > 0; i--)
		end_child(s, &s->children[i - 1]);
}

static bool take_signals(struct supervisor *s, struct error *err)
{
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return fail_errno(err, "signals");
	s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return s->signals >= 0 ? true : fail_errno(err, "signals");
}

/* As many connections as the settings allow need as many descriptors: the usual soft limit of 1024
 * is meant for programs that use select(). */
static void allow_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warning("the limit of open descriptors stays as it is");
}

static void decide_drop(struct supervisor *s)
{
	struct error why = { 0 };
	if (s->node->settings->user == 0 || geteuid() != 0)
		return;
	s->drop = directories_reachable(s->node, &why);
	if (!s->drop)
		log_warning("the processes keep root and only the sandbox stands: %s", why.text);
}

static bool prepare(struct supervisor *s, struct error *err)
{
	(void)umask(022);
	if (s->ready_fd >= 0 && fcntl(s->ready_fd, F_SETFD, FD_CLOEXEC) != 0)
		return fail_errno(err, "ready descriptor %d", s->ready_fd);
	allow_descriptors();
	s->manager = service_manager_open();
	privileges_know(s->node->rows, s->node->count);
	if (!roll_make(err) || !directories_make(s->node->settings, err))
		return false;
	s->lock = directories_lock(s->node->settings, err);
	if (s->lock < 0)
		return false;
	decide_drop(s);
	if (!sandbox_has_landlock())
		log_warning("this kernel has no Landlock: files are guarded by their owners alone");
	return directories_own(s->node, s->drop, err) && take_signals(s, err) &&
		sockets_open(s->node, s->drop, s->bound, err);
}

static void release(struct supervisor *s)
{
	sockets_close(s->bound);
	roll_close();
	const int fds[] = { s->lock, s->signals, s->ready_fd, s->manager };
	for (size_t i = 0; i < COUNT(fds); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

bool supervise(const struct supervision *node, struct error *err)
{
	struct supervisor s = {
		.node = node,
		.lock = -1,
		.signals = -1,
		.manager = -1,
		.ready_fd = node->ready_fd,
	};
	for (size_t i = 0; i < BOUND_MAX; i++)
		s.bound[i].fd = -1;
	if (node->count > PROCESSES_MAX)
		return fail(
			err, FAULT_LIMIT, "%zu processes, at most %d", node->count, PROCESSES_MAX);
	for (size_t i = 0; i < node->count; i++)
		s.children[i] = (struct child){ .row = &node->rows[i], .status = -1 };
	if (prepare(&s, &s.why)) {
		watch_over(&s);
		end_all(&s);
	}
	release(&s);
	if (s.why.fault != FAULT_NONE)
		return fail(err, s.why.fault, "%s", s.why.text);
	log_info("ended");
	return true;
}
