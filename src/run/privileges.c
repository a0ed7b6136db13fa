#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "run/process_impl.h"

/* The table in bin/, from the start of the process on. */
static struct {
	const struct process_row *rows;
	size_t count;
	pid_t supervisor;
} known;

void privileges_know(const struct process_row *rows, size_t count)
{
	known.rows = rows;
	known.count = count;
}

bool privileges_row_number(const char *process, size_t *out)
{
	for (size_t i = 0; i < known.count; i++)
		if (strcmp(known.rows[i].name, process) == 0) {
			*out = i;
			return true;
		}
	return false;
}

const struct process_row *privileges_row(const char *process)
{
	size_t row;
	return privileges_row_number(process, &row) ? &known.rows[row] : NULL;
}

uint32_t process_user(const struct settings *settings, const char *process)
{
	const struct process_row *row = privileges_row(process);
	if (settings->user == 0 || row == NULL)
		return geteuid();
	return (uint32_t)settings->user + row->user;
}

bool privileges_follow(pid_t supervisor)
{
	known.supervisor = supervisor;
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == supervisor;
}

bool privileges_drop(const struct settings *settings, const char *process, struct error *err)
{
	const struct process_row *row = privileges_row(process);
	if (settings->user == 0 || row == NULL || geteuid() != 0)
		return true;
	uid_t user = process_user(settings, process);
	gid_t group = row->keeps_store ? (gid_t)settings->group : (gid_t)user;
	if (setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0 ||
		setresuid(user, user, user) != 0)
		return fail_errno(
			err, "becoming user %u, group %u", (unsigned)user, (unsigned)group);
	if (setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0)
		return fail(err, FAULT_REFUSED, "user %u could become root again", (unsigned)user);
	if (known.supervisor != 0 && !privileges_follow(known.supervisor))
		return fail(err, FAULT_IO, "the supervisor has ended");
	return true;
}
