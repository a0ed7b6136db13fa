/* Starts dialtrustd as an operator would, hears what it says, starts it again when it dies, and
 * ends it when the lab ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/lab_impl.h"

enum { START_PATIENCE_MS = 120000, END_PATIENCE_MS = 30000, ARGUMENTS = 6 };

/* what it says */

/* "2026-11-23 16:04:00Z info pub/tvs: …": all is kept in the node's log, and what an operator
 * should see is passed on. What is no line of ours (a sanitizer's report) is passed on too. */
static void pass_on(struct daemon *d, const char *line)
{
	const char *level = strlen(line) > 21 && line[19] == 'Z' ? line + 21 : "";
	if (strncmp(level, "info ", 5) == 0 || strncmp(level, "debug ", 6) == 0)
		return;
	if (strncmp(level, "error ", 6) == 0)
		(void)snprintf(d->last_error, sizeof(d->last_error), "%s", level + 6);
	(void)fprintf(stderr, "%s\n", line);
}

/* Whole lines, kept in one write: a busy node says thousands a second. */
static void take_whole(struct daemon *d, size_t size)
{
	char *at = d->line;
	if (size > 0 && write(d->log_fd, at, size) < 0)
		(void)fprintf(stderr, "%.*s", (int)size, at); /* the disk is full: said, not kept */
	while (at < d->line + size) {
		char *end = memchr(at, '\n', (size_t)(d->line + size - at));
		*end = '\0';
		pass_on(d, at);
		at = end + 1;
	}
	d->used -= size;
	memmove(d->line, d->line + size, d->used);
}

static void take_lines(struct daemon *d, bool ended)
{
	const char *last = memrchr(d->line, '\n', d->used);
	take_whole(d, last == NULL ? 0 : (size_t)(last - d->line) + 1);
	if (d->used > 0 && (ended || d->used == sizeof(d->line) - 1)) {
		d->line[d->used++] = '\n'; /* too long for one, or the last */
		take_whole(d, d->used);
	}
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void on_words(void *context)
{
	struct daemon *d = context;
	for (;;) {
		ssize_t got = read(d->words_fd, d->line + d->used, sizeof(d->line) - 1 - d->used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0)
			break;
		d->used += (size_t)got;
		take_lines(d, false);
	}
	take_lines(d, true);
	watch_free(d->words_watch);
	d->words_watch = NULL;
	close_fd(&d->words_fd);
}

static void on_ready(void *context)
{
	struct daemon *d = context;
	char word[16];
	ssize_t got = read(d->ready_fd, word, sizeof(word));
	d->ready = d->ready || got > 0;
	watch_free(d->ready_watch);
	d->ready_watch = NULL;
	close_fd(&d->ready_fd);
	loop_stop(d->lab->loop); /* without a word it has ended: SIGCHLD tells */
}

/* starting */

static bool program_path(char *out, size_t size, struct error *err)
{
	static const char name[] = "dialtrustd";
	ssize_t used = readlink("/proc/self/exe", out, size - 1);
	if (used < 0)
		return fail_errno(err, "finding dialtrustd");
	out[used] = '\0';
	char *slash = strrchr(out, '/');
	if (slash == NULL || (size_t)(slash + 1 - out) + sizeof(name) > size)
		return fail(err, FAULT_LIMIT, "finding dialtrustd: %s is too long", out);
	(void)snprintf(slash + 1, size - (size_t)(slash + 1 - out), "%s", name);
	return access(out, X_OK) == 0 ? true : fail_errno(err, "%s", out);
}

struct ends { /* of the daemon's two pipes */
	int ready[2], words[2];
};

/* In a process group of its own: Ctrl-C is for the lab, which ends the others in order. */
static void become_daemon(const char *program, const struct daemon *d, const struct ends *ends)
{
	char ready[16];
	(void)snprintf(ready, sizeof(ready), "%d", ends->ready[1]);
	const char *const words[ARGUMENTS] = { program, "--settings", d->settings, "--ready-fd",
		ready, NULL };
	char *copies[ARGUMENTS] = { NULL };
	for (size_t i = 0; words[i] != NULL; i++)
		copies[i] = strdup(words[i]);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (setpgid(0, 0) == 0 && null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
		dup2(ends->words[1], STDOUT_FILENO) >= 0 &&
		dup2(ends->words[1], STDERR_FILENO) >= 0 &&
		fcntl(ends->ready[1], F_SETFD, 0) == 0 && unsetenv("JOURNAL_STREAM") == 0)
		(void)execv(program, copies);
	(void)dprintf(STDERR_FILENO, "%s cannot be executed: %s\n", program, strerror(errno));
	_exit(1);
}

static bool open_pipes(struct ends *ends, struct error *err)
{
	*ends = (struct ends){ { -1, -1 }, { -1, -1 } };
	if (pipe2(ends->ready, O_CLOEXEC) == 0 && pipe2(ends->words, O_CLOEXEC) == 0 &&
		fcntl(ends->words[0], F_SETFL, O_NONBLOCK) == 0)
		return true;
	return fail_errno(err, "making pipes");
}

static bool watch_daemon(struct daemon *d, struct error *err)
{
	d->ready_watch = watch_readable(d->lab->loop, d->ready_fd, on_ready, d, err);
	if (d->ready_watch == NULL)
		return false;
	d->words_watch = watch_readable(d->lab->loop, d->words_fd, on_words, d, err);
	return d->words_watch != NULL;
}

static bool start(struct daemon *d, struct error *err)
{
	char program[LAB_PATH_SIZE * 2];
	struct ends ends;
	pid_t lab = getpid();
	if (!program_path(program, sizeof(program), err) || !open_pipes(&ends, err))
		return false;
	(void)fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		/* In this order: a lab that ends meanwhile is noticed by one or the other. */
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == lab)
			become_daemon(program, d, &ends);
		_exit(1);
	}
	bool forked = pid > 0 || fail_errno(err, "starting dialtrustd of %s", d->node);
	close_fd(&ends.ready[1]);
	close_fd(&ends.words[1]);
	d->ready = false;
	d->ready_fd = ends.ready[0];
	d->words_fd = ends.words[0];
	if (!forked)
		return false;
	d->pid = pid;
	return watch_daemon(d, err);
}

/* deaths */

static void forget(struct daemon *d)
{
	d->pid = 0;
	if (d->words_fd >= 0)
		on_words(d);
	watch_free(d->words_watch);
	watch_free(d->ready_watch);
	d->words_watch = d->ready_watch = NULL;
	close_fd(&d->words_fd);
	close_fd(&d->ready_fd);
}

/* As a service manager would: one that served is started again, one that could not start is not. */
static void died(struct daemon *d, int status)
{
	bool served = d->ready;
	struct lab *l = d->lab;
	forget(d);
	d->ready = false;
	if (l->ending)
		return;
	if (served) {
		lab_say(l, "The daemon of %s has ended (%s %d) and is started again.", d->node,
			WIFSIGNALED(status) ? "signal" : "exit status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		if (start(d, &l->why))
			return;
	} else {
		(void)fail(&l->why, FAULT_IO, "the daemon of %s did not start: %s", d->node,
			d->last_error[0] != '\0' ? d->last_error : "it gave no reason");
	}
	loop_stop(l->loop);
}

static void on_deaths(void *context)
{
	struct lab *l = context;
	for (size_t i = 0; i < l->node_count; i++) {
		int status;
		struct daemon *d = &l->nodes[i].daemon;
		if (d->pid != 0 && waitpid(d->pid, &status, WNOHANG) == d->pid)
			died(d, status);
	}
	loop_stop(l->loop);
}

/* all of them */

static bool all_ready(struct lab *l, void *context)
{
	(void)context;
	for (size_t i = 0; i < l->node_count; i++)
		if (!l->nodes[i].daemon.ready)
			return false;
	return true;
}

static bool prepare(struct lab *l, struct lab_node *node, struct error *err)
{
	struct daemon *d = &node->daemon;
	d->lab = l;
	d->node = node->name;
	d->ready_fd = d->words_fd = -1;
	d->log_fd = open(d->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	return d->log_fd >= 0 ? true : fail_errno(err, "%s", d->log_path);
}

bool daemons_start(struct lab *l, struct error *err)
{
	if (!loop_on_signal(l->loop, SIGCHLD, on_deaths, l, err))
		return false;
	for (size_t i = 0; i < l->node_count; i++)
		if (!prepare(l, &l->nodes[i], err) || !start(&l->nodes[i].daemon, err))
			return false;
	struct lab_wait ready = { all_ready, NULL, START_PATIENCE_MS, "the nodes' daemons" };
	return lab_wait(l, &ready, err);
}

static bool none_left(struct lab *l, void *context)
{
	(void)context;
	for (size_t i = 0; i < l->node_count; i++)
		if (l->nodes[i].daemon.pid != 0)
			return false;
	return true;
}

void daemons_end(struct lab *l)
{
	struct error err = { 0 };
	l->ending = true;
	for (size_t i = 0; i < l->node_count; i++)
		if (l->nodes[i].daemon.pid != 0)
			(void)kill(l->nodes[i].daemon.pid, SIGTERM);
	struct lab_wait end = { none_left, NULL, END_PATIENCE_MS, "the daemons to end" };
	bool ended = l->loop == NULL || lab_wait(l, &end, &err);
	for (size_t i = 0; i < l->node_count; i++) {
		struct daemon *d = &l->nodes[i].daemon;
		if (!ended && d->pid != 0) {
			(void)kill(d->pid, SIGKILL); /* its processes end with it */
			(void)waitpid(d->pid, NULL, 0);
		}
		if (d->lab != NULL)
			forget(d);
		if (d->lab != NULL)
			close_fd(&d->log_fd);
	}
}
