#include "signer/key_makers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "base/writer.h"

/* What a child says before it ends: a fault (0: none), then the key's name or a sentence. */
enum { REPORT_MAX = 1 + sizeof(((struct error *)NULL)->text) };

struct maker {
	struct key_makers *all;
	pid_t child; /* 0: nobody is at work here */
	int report;  /* pipe */
	struct watch *watch;
	size_t used;
	uint8_t said[REPORT_MAX];
	key_made_fn *fn;
	void *context;
};

struct key_makers {
	struct loop *loop;
	struct key_store *keys;
	struct maker makers[KEY_MAKERS_MAX];
};

struct key_makers *key_makers_new(struct loop *l, struct key_store *keys, struct error *err)
{
	struct key_makers *makers = calloc(1, sizeof(*makers));
	if (makers == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	makers->loop = l;
	makers->keys = keys;
	for (size_t i = 0; i < COUNT(makers->makers); i++)
		makers->makers[i].all = makers;
	return makers;
}

static void tell(int fd, struct reader report)
{
	while (report.left > 0) {
		ssize_t done = write(fd, report.at, report.left);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return; /* nobody listens any more */
		(void)reader_sub(&report, (size_t)done);
	}
}

/* The handlers belong to the parent's loop: called here they would wake it. Until they are gone
 * signals are held back. */
static bool leave_parent(pid_t parent, const sigset_t *mask)
{
	static const int handled[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	for (size_t i = 0; i < COUNT(handled); i++)
		if (signal(handled[i], SIG_DFL) == SIG_ERR)
			return false;
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
		sigprocmask(SIG_SETMASK, mask, NULL) == 0;
}

_Noreturn static void work(const struct key_store *keys, const struct making *what, int report)
{
	uint8_t memory[REPORT_MAX];
	uint8_t id[SIGNER_KEY_SIZE];
	struct error err = { 0 };
	struct writer w = writer_on(memory, sizeof(memory));
	bool made = key_store_make(keys, what, id, &err);
	writer_u8(&w, made ? FAULT_NONE : (uint8_t)err.fault);
	if (made)
		writer_bytes(&w, reader_of(id, sizeof(id)));
	else
		writer_text(&w, err.text);
	tell(report, writer_written(&w));
	_exit(EXIT_SUCCESS);
}

/* As fork(). The child does the work and never returns. */
static pid_t fork_maker(const struct key_store *keys, const struct making *what, int report)
{
	sigset_t all;
	sigset_t mask;
	pid_t parent = getpid();
	if (sigfillset(&all) != 0 || sigprocmask(SIG_SETMASK, &all, &mask) != 0)
		return -1;
	pid_t child = fork();
	if (child == 0) {
		if (leave_parent(parent, &mask))
			work(keys, what, report);
		_exit(EXIT_FAILURE);
	}
	int number = errno;
	(void)sigprocmask(SIG_SETMASK, &mask, NULL); /* it was in force before */
	errno = number;
	return child;
}

/* Ends the child's row; afterwards another may use it, even from inside fn. */
static void put_away(struct maker *m)
{
	struct key_makers *all = m->all;
	watch_free(m->watch);
	(void)close(m->report);
	while (waitpid(m->child, NULL, 0) < 0 && errno == EINTR)
		;
	*m = (struct maker){ .all = all };
}

static bool read_report(struct key_makers *makers, struct reader r, uint8_t *id, struct error *err)
{
	uint8_t fault = reader_u8(&r);
	if (!r.ok)
		return fail(err, FAULT_IO, "the process that made the key was ended");
	if (fault != FAULT_NONE) {
		char text[REPORT_MAX];
		return fail(err, (enum fault)fault, "%s", text_escape(r, text, sizeof(text)));
	}
	reader_copy(&r, id, SIGNER_KEY_SIZE);
	if (!reader_done(&r))
		return fail(err, FAULT_IO, "the process that made the key was cut off");
	return key_store_adopt(makers->keys, id, err);
}

static void finish(struct maker *m)
{
	uint8_t id[SIGNER_KEY_SIZE];
	struct error err = { 0 };
	struct maker done = *m;
	put_away(m);
	if (read_report(done.all, reader_of(done.said, done.used), id, &err)) {
		done.fn(id, NULL, done.context);
		return;
	}
	if (key_makers_busy(done.all) == 0)
		key_store_sweep(done.all->keys);
	done.fn(NULL, &err, done.context);
}

static void on_report(void *context)
{
	struct maker *m = context;
	ssize_t got = read(m->report, m->said + m->used, sizeof(m->said) - m->used);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got > 0)
		m->used += (size_t)got;
	if (got <= 0 || m->used == sizeof(m->said))
		finish(m);
}

static bool start_child(struct maker *m, const struct making *what, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return fail_errno(err, "starting a process that makes a key");
	pid_t child = fork_maker(m->all->keys, what, ends[1]);
	if (child < 0)
		(void)fail_errno(err, "starting a process that makes a key");
	(void)close(ends[1]);
	if (child < 0) {
		(void)close(ends[0]);
		return false;
	}
	m->child = child;
	m->report = ends[0];
	m->watch = watch_readable(m->all->loop, m->report, on_report, m, err);
	if (m->watch != NULL)
		return true;
	(void)kill(child, SIGKILL);
	put_away(m);
	return false;
}

bool key_makers_start(struct key_makers *makers, const struct making *what, key_made_fn *fn,
	void *context, struct error *err)
{
	for (size_t i = 0; i < COUNT(makers->makers); i++) {
		struct maker *m = &makers->makers[i];
		if (m->child != 0)
			continue;
		if (!start_child(m, what, err))
			return false;
		m->fn = fn;
		m->context = context;
		return true;
	}
	return fail(
		err, FAULT_BUSY, "%d keys are being made, ask again in a moment", KEY_MAKERS_MAX);
}

size_t key_makers_busy(const struct key_makers *makers)
{
	size_t busy = 0;
	for (size_t i = 0; i < COUNT(makers->makers); i++)
		busy += makers->makers[i].child != 0 ? 1 : 0;
	return busy;
}

void key_makers_free(struct key_makers *makers)
{
	static const struct error ending = { FAULT_BUSY, "the signer is ending" };
	if (makers == NULL)
		return;
	for (size_t i = 0; i < COUNT(makers->makers); i++) {
		struct maker *m = &makers->makers[i];
		if (m->child == 0)
			continue;
		(void)kill(m->child, SIGKILL);
		struct maker done = *m;
		put_away(m);
		done.fn(NULL, &ending, done.context);
	}
	free(makers);
}
