#include "run/crew.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORT_EVERY = 16, WORTH_A_PROCESS = 16 }; /* pieces */

/* What a process has done since its last report. */
struct report {
	size_t tally[CREW_OUTCOMES];
	struct error failure; /* FAULT_NONE: none */
};

static_assert(sizeof(struct report) <= PIPE_BUF, "reports of several processes never mix");

static size_t processors(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	return (size_t)CPU_COUNT(&set);
}

static size_t processes_of(const struct crew *crew)
{
	size_t count = crew->processes;
	if (count == 0) {
		count = crew->items / WORTH_A_PROCESS;
		count = count < processors() ? count : processors();
	}
	if (count > CREW_MAX)
		return CREW_MAX;
	return count > 0 ? count : 1;
}

/* Adds one piece to the report; false: it failed, and the report says why. */
static bool do_piece(const struct crew *crew, size_t item, struct report *report)
{
	unsigned outcome = 0;
	if (!crew->work(item, &outcome, crew->context, &report->failure))
		return false;
	report->tally[outcome % CREW_OUTCOMES]++;
	return true;
}

static void take(const struct crew *crew, const struct report *report, size_t *tally)
{
	size_t done = 0;
	for (size_t i = 0; i < CREW_OUTCOMES; i++) {
		tally[i] += report->tally[i];
		done += report->tally[i];
	}
	if (crew->step != NULL && done > 0)
		crew->step(done, crew->context);
}

static bool work_alone(const struct crew *crew, size_t *tally, struct error *err)
{
	for (size_t item = 0; item < crew->items; item++) {
		struct report report = { 0 };
		bool fine = do_piece(crew, item, &report);
		take(crew, &report, tally);
		if (!fine)
			return fail(err, report.failure.fault, "%s", report.failure.text);
	}
	return true;
}

static bool tell(int fd, struct report *report)
{
	bool told = write(fd, report, sizeof(*report)) == (ssize_t)sizeof(*report);
	*report = (struct report){ 0 };
	return told;
}

/* Every so many'th piece. Nobody reads any more once another process has failed: then it ends,
 * between two pieces. */
static _Noreturn void work_for(const struct crew *crew, size_t first, size_t step, int fd)
{
	struct report report = { 0 };
	size_t unsaid = 0;
	for (size_t item = first; item < crew->items; item += step) {
		if (!do_piece(crew, item, &report)) {
			(void)tell(fd, &report);
			_exit(EXIT_FAILURE);
		}
		if (++unsaid == REPORT_EVERY) {
			unsaid = 0;
			if (!tell(fd, &report))
				_exit(EXIT_FAILURE);
		}
	}
	_exit(tell(fd, &report) ? EXIT_SUCCESS : EXIT_FAILURE);
}

struct hired {
	size_t count;
	pid_t pids[CREW_MAX];
};

static bool hire(const struct crew *crew, size_t count, const int pipe[2], struct hired *out,
	struct error *err)
{
	(void)fflush(NULL); /* what is in a buffer would be written by each */
	for (out->count = 0; out->count < count; out->count++) {
		pid_t pid = fork();
		if (pid < 0)
			return fail_errno(err, "starting a process for a share of the work");
		if (pid == 0) {
			(void)close(pipe[0]);
			work_for(crew, out->count, count, pipe[1]);
		}
		out->pids[out->count] = pid;
	}
	return true;
}

/* Until every process has closed its end, or one has failed. */
static bool hear(const struct crew *crew, int fd, size_t *tally, struct error *err)
{
	for (;;) {
		struct report report;
		ssize_t got = read(fd, &report, sizeof(report));
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			return true;
		if (got != (ssize_t)sizeof(report))
			return fail_errno(err, "hearing of a share of the work");
		take(crew, &report, tally);
		if (report.failure.fault != FAULT_NONE)
			return fail(err, report.failure.fault, "%s", report.failure.text);
	}
}

static bool dismiss(const struct hired *hired)
{
	bool fine = true;
	for (size_t i = 0; i < hired->count; i++) {
		int status = 0;
		while (waitpid(hired->pids[i], &status, 0) < 0 && errno == EINTR)
			;
		fine = fine && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
	}
	return fine;
}

static bool work_together(const struct crew *crew, size_t count, size_t *tally, struct error *err)
{
	int ends[2];
	struct hired hired = { 0 };
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail_errno(err, "making a pipe for shares of the work");
	bool fine = hire(crew, count, ends, &hired, err);
	(void)close(ends[1]);
	fine = fine && hear(crew, ends[0], tally, err);
	(void)close(ends[0]);
	if (!dismiss(&hired) && fine)
		return fail(err, FAULT_IO,
			"a process ended before its share of the work was done: do it again");
	return fine;
}

bool crew_run(const struct crew *crew, size_t tally[static CREW_OUTCOMES], struct error *err)
{
	size_t count = processes_of(crew);
	for (size_t i = 0; i < CREW_OUTCOMES; i++)
		tally[i] = 0;
	return count == 1 ? work_alone(crew, tally, err) : work_together(crew, count, tally, err);
}
