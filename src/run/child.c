#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/process_impl.h"

/* At a time: all that a pipe holds, and an end to listening when one never stops talking. */
enum { READS_AT_ONCE = 128 };

#define OWN_PROGRAM "/proc/self/exe" /* the program that runs, even while its file is replaced */

static void take_line(struct child *c, const char *line)
{
	static const char fault[] = "fault ";
	if (strcmp(line, "ready") == 0)
		c->ready = c->served = true;
	else if (strncmp(line, fault, strlen(fault)) == 0)
		(void)snprintf(c->reason, sizeof(c->reason), "%s", line + strlen(fault));
}

static void take_lines(struct child *c)
{
	char *end;
	while ((end = memchr(c->said, '\n', c->said_size)) != NULL) {
		*end = '\0';
		take_line(c, c->said);
		size_t used = (size_t)(end - c->said) + 1;
		c->said_size -= used;
		memmove(c->said, c->said + used, c->said_size);
	}
	if (c->said_size == sizeof(c->said))
		c->said_size = 0; /* no line of ours is so long */
}

void child_listen(struct child *c)
{
	for (unsigned i = 0; i < READS_AT_ONCE && c->status >= 0; i++) {
		ssize_t got =
			read(c->status, c->said + c->said_size, sizeof(c->said) - c->said_size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			(void)close(c->status);
			c->status = -1;
			return;
		}
		c->said_size += (size_t)got;
		take_lines(c);
	}
}

static bool quiet_input(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
		dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
}

/* The child is in a process group of its own: Ctrl-C is for the supervisor, which ends the others
 * in order. Signals that the supervisor takes through a descriptor are let through again. */
static bool become_program(const struct child *c, const struct supervision *node,
	const struct bound_socket *bound, bool drop, int status)
{
	char supervisor[24];
	sigset_t none;
	struct error err = { 0 };
	(void)snprintf(supervisor, sizeof(supervisor), "%ld", (long)getppid());
	roll_note((size_t)(c->row - node->rows), getpid());
	bool set = setpgid(0, 0) == 0 && sigemptyset(&none) == 0 &&
		sigprocmask(SIG_SETMASK, &none, NULL) == 0 && quiet_input() &&
		setenv(ENVIRONMENT_PARENT, supervisor, 1) == 0 &&
		(drop ? setenv(ENVIRONMENT_DROP, "1", 1) : unsetenv(ENVIRONMENT_DROP)) == 0;
	if (!set || !sockets_hand_over(bound, c->row, status, &err))
		return false;
	const char *const arguments[] = { "dialtrustd", "--process", c->row->name, "--settings",
		node->settings_path, NULL };
	char *copies[COUNT(arguments)] = { NULL };
	for (size_t i = 0; arguments[i] != NULL; i++)
		if ((copies[i] = strdup(arguments[i])) == NULL)
			return false;
	(void)execv(OWN_PROGRAM, copies);
	return false;
}

bool child_start(struct child *c, const struct supervision *node, const struct bound_socket *bound,
	bool drop, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail_errno(err, "starting %s", c->row->name);
	pid_t pid = fork();
	if (pid < 0) {
		(void)fail_errno(err, "starting %s", c->row->name);
		(void)close(ends[0]);
		(void)close(ends[1]);
		return false;
	}
	if (pid == 0) {
		if (!become_program(c, node, bound, drop, ends[1]))
			(void)dprintf(
				ends[1], "fault it cannot be executed: %s\n", strerror(errno));
		_exit(1);
	}
	(void)close(ends[1]);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	c->pid = pid;
	c->status = ends[0];
	c->ready = false;
	c->said_size = 0;
	c->reason[0] = '\0';
	c->started_at = clock_monotonic_ms();
	return true;
}

const char *child_end_text(const struct child *c, int wait_status, char *out, size_t size)
{
	if (c->reason[0] != '\0')
		(void)snprintf(out, size, "%s", c->reason);
	else if (WIFSIGNALED(wait_status))
		(void)snprintf(out, size, "killed by signal %d (%s)", WTERMSIG(wait_status),
			strsignal(WTERMSIG(wait_status)));
	else
		(void)snprintf(out, size, "exit status %d", WEXITSTATUS(wait_status));
	return out;
}
