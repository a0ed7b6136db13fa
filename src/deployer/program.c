#include "deployer/program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "base/writer.h"

enum { WORDS_MAX = 24, LINE_SIZE = 256, NO_SUCH = 127, SAID_SIZE = 160, PIECE = 16 << 10 };

struct program {
	char line[LINE_SIZE], words[LINE_SIZE];
	char *arguments[WORDS_MAX + 1];
	pid_t pid;
	int handle, pipe; /* -1: closed */
	struct watch *ended, *said;
	struct timer *late;
	struct writer output;
	program_fn *fn;
	void *context;
	uint64_t ms;
};

static bool split(struct program *p, struct error *err)
{
	size_t count = 0;
	for (char *at = p->words; *(at += strspn(at, " ")) != '\0';) {
		bool quoted = *at == '"';
		at += quoted;
		if (count == WORDS_MAX)
			return fail(err, FAULT_LIMIT, "more than %d words", WORDS_MAX);
		p->arguments[count++] = at;
		at += strcspn(at, quoted ? "\"" : " ");
		if (*at == '\0' && quoted)
			return fail(err, FAULT_MALFORMED, "a quotation mark has no second one");
		if (*at != '\0')
			*at++ = '\0';
	}
	return count > 0 || fail(err, FAULT_USAGE, "there is no program to run");
}

/* The group is its own, so that a late one is killed with all that it waits for. */
static _Noreturn void become(const struct program *p, uint32_t user, int output)
{
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", language[] = "LC_ALL=C.UTF-8";
	char *const environment[] = { path, language, NULL };
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	(void)umask(022);
	bool ready = null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
		dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0 &&
		setpgid(0, 0) == 0 && sigemptyset(&none) == 0 &&
		sigprocmask(SIG_SETMASK, &none, NULL) == 0;
	if (user != UINT32_MAX)
		ready = ready && setgroups(0, NULL) == 0 && setresgid(user, user, user) == 0 &&
			setresuid(user, user, user) == 0;
	if (ready && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
		(void)execve(p->arguments[0], p->arguments, environment);
	(void)dprintf(output, "%s\n", strerror(errno));
	_exit(NO_SUCH);
}

static void program_free(struct program *p)
{
	watch_free(p->ended);
	watch_free(p->said);
	timer_free(p->late);
	if (p->handle >= 0)
		(void)close(p->handle);
	if (p->pipe >= 0)
		(void)close(p->pipe);
	writer_done(&p->output);
	free(p);
}

static void kill_all(const struct program *p)
{
	if (kill(-p->pid, SIGKILL) != 0)
		(void)kill(p->pid, SIGKILL); /* it had no time to make its group */
}

/* what it prints */

static void take_output(struct program *p)
{
	uint8_t piece[PIECE];
	ssize_t got;
	while (p->pipe >= 0 && (got = read(p->pipe, piece, sizeof(piece))) > 0)
		if (p->output.used + (size_t)got <= PROGRAM_OUTPUT)
			writer_bytes(&p->output, reader_of(piece, (size_t)got));
	if (p->pipe < 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	watch_free(p->said); /* all that had it have closed it */
	p->said = NULL;
	(void)close(p->pipe);
	p->pipe = -1;
}

static void on_said(void *context)
{
	take_output(context);
}

/* Its last line: programs say there why they failed. */
static const char *last_words(const struct program *p, char out[static SAID_SIZE])
{
	struct reader said = writer_written(&p->output);
	while (said.left > 0 && (said.at[said.left - 1] == '\n' || said.at[said.left - 1] == '\r'))
		said.left--;
	size_t start = said.left;
	while (start > 0 && said.at[start - 1] != '\n')
		start--;
	(void)reader_sub(&said, start);
	return text_escape(said, out, SAID_SIZE);
}

/* its end */

static bool judge(const struct program *p, int status, struct error *err)
{
	char said[SAID_SIZE];
	const char *words = last_words(p, said);
	const char *between = words[0] == '\0' ? "" : ": ";
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SUCH)
		return fail(err, FAULT_REFUSED, "it could not be run%s%s", between, words);
	if (WIFSIGNALED(status))
		return fail(err, FAULT_REFUSED, "it was ended by signal %d%s%s", WTERMSIG(status),
			between, words);
	return fail(err, FAULT_REFUSED, "it ended with status %d%s%s", WEXITSTATUS(status), between,
		words);
}

static void tell(struct program *p, bool fine, struct error *why)
{
	if (!fine)
		(void)fail_in(why, "%.100s", p->line);
	p->fn(fine ? NULL : why, writer_written(&p->output), p->context);
	program_free(p);
}

static void on_ended(void *context)
{
	struct program *p = context;
	struct error why = { 0 };
	int status = 0;
	take_output(p);
	(void)waitpid(p->pid, &status, 0);
	bool fine = judge(p, status, &why);
	tell(p, fine, &why);
}

static void on_late(void *context)
{
	struct program *p = context;
	struct error why = { 0 };
	kill_all(p);
	(void)waitpid(p->pid, NULL, 0);
	(void)fail(&why, FAULT_REFUSED, "it had not ended after %u seconds and was killed",
		(unsigned)(p->ms / 1000));
	tell(p, false, &why);
}

void program_abandon(struct program *p)
{
	if (p == NULL)
		return;
	kill_all(p);
	(void)waitpid(p->pid, NULL, 0);
	program_free(p);
}

/* its beginning */

static bool begin(struct program *p, uint32_t user, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail_errno(err, "%s", p->line);
	p->pipe = ends[0];
	p->pid = fork();
	if (p->pid == 0)
		become(p, user, ends[1]);
	(void)close(ends[1]);
	if (p->pid < 0)
		return fail_errno(err, "%s", p->line);
	(void)fcntl(p->pipe, F_SETFL, O_NONBLOCK);
	p->handle = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->handle >= 0)
		(void)fcntl(p->handle, F_SETFD, FD_CLOEXEC);
	return p->handle >= 0 ? true : fail_errno(err, "%s", p->line);
}

static bool watch_it(struct program *p, struct loop *l, struct error *err)
{
	p->said = watch_readable(l, p->pipe, on_said, p, err);
	p->ended = watch_readable(l, p->handle, on_ended, p, err);
	p->late = timer_new(l, p->ms, false, on_late, p, err);
	return p->said != NULL && p->ended != NULL && p->late != NULL;
}

struct program *program_start(struct loop *l, const struct program_line *line, program_fn *fn,
	void *context, struct error *err)
{
	struct program *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	*p = (struct program){ .pid = -1,
		.handle = -1,
		.pipe = -1,
		.output = writer_new(PROGRAM_OUTPUT),
		.fn = fn,
		.context = context,
		.ms = line->ms };
	if (text_copy(p->line, sizeof(p->line), line->words, err) &&
		text_copy(p->words, sizeof(p->words), line->words, err) && split(p, err) &&
		begin(p, line->user, err) && watch_it(p, l, err))
		return p;
	if (p->pid > 0)
		program_abandon(p);
	else
		program_free(p);
	return NULL;
}
