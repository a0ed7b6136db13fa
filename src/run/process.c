#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "run/log.h"
#include "run/process_impl.h"

/* The pipe to the supervisor; -1 when there is none. */
static int status_fd = -1;

static bool take_number(const char *name, uint64_t *out)
{
	const char *text = getenv(name);
	return text != NULL && text_number(text, 0, INT32_MAX, out) && unsetenv(name) == 0;
}

static bool take_up(const struct process_row *row, struct error *err)
{
	uint64_t number, roll, parent;
	if (take_number(ENVIRONMENT_STATUS, &number)) {
		status_fd = (int)number;
		if (fcntl(status_fd, F_SETFD, FD_CLOEXEC) != 0)
			return fail_errno(err, "taking up descriptor %d", status_fd);
	}
	if (!sockets_take_up(err) ||
		(take_number(ENVIRONMENT_ROLL, &roll) && !roll_take_up((int)roll, err)))
		return false;
	if (take_number(ENVIRONMENT_PARENT, &parent) && !privileges_follow((pid_t)parent))
		return fail(err, FAULT_IO, "the supervisor has ended");
	return prctl(PR_SET_NAME, row->name) == 0 ? true : fail_errno(err, "setting its name");
}

/* One line, one write: whole or not at all. */
static bool tell(const char *word, const char *text)
{
	char line[STATUS_SIZE];
	int used = snprintf(line, sizeof(line), "%s%.*s\n", word, (int)sizeof(line) - 16, text);
	for (char *c = line; used > 0 && c < line + used - 1; c++)
		if (*c == '\n')
			*c = ' ';
	return status_fd >= 0 && used > 0 && write(status_fd, line, (size_t)used) == used;
}

void process_ready(void)
{
	if (!tell("ready", ""))
		log_info("serves"); /* nobody waits to hear it */
}

bool process_run(const struct supervision *node, const char *name, struct error *err)
{
	privileges_know(node->rows, node->count);
	const struct process_row *row = privileges_row(name);
	if (row == NULL)
		return fail(err, FAULT_USAGE, "there is no process %s", name);
	/* One decision for all of the node, made by the supervisor. */
	struct settings settings = *node->settings;
	if (getenv(ENVIRONMENT_DROP) == NULL)
		settings.user = 0;
	(void)umask(002); /* a store that it makes is its group's from the first moment on */
	if (take_up(row, err) && row->run(&settings, err))
		return true;
	if (!tell("fault ", err->text))
		log_error("%s", err->text);
	return false;
}

bool process_enter(const struct settings *settings, const char *process, enum sandbox kind,
	const char *const *paths, struct error *err)
{
	if (kind == SANDBOX_PHONES)
		log_never_wait(); /* while its own end of the log may be opened again */
	return (privileges_drop(settings, process, err) &&
		       sandbox_enter(kind, paths, settings->root, err)) ||
		fail_in(err, "entering the sandbox of %s", process);
}
