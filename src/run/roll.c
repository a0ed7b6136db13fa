#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "run/process_impl.h"

enum { ROLL_SIZE = PROCESSES_MAX * sizeof(atomic_int) };

/* Shared by the supervisor and all that it starts; only the supervisor may write, since the seals
 * let no later mapping do so. The atomics are of four bytes, and so work between processes. */
static struct {
	atomic_int *ids; /* one a row, 0: it does not run; NULL: there is no supervisor */
	int fd;          /* the supervisor's, -1: none */
} roll = { .fd = -1 };

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a number that is read is one that was written");

bool roll_make(struct error *err)
{
	const int seals = F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	roll.fd = memfd_create("dialtrust-roll", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (roll.fd < 0 || ftruncate(roll.fd, ROLL_SIZE) != 0)
		return fail_errno(err, "making the roll of processes");
	void *at = mmap(NULL, ROLL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, roll.fd, 0);
	if (at == MAP_FAILED || fcntl(roll.fd, F_ADD_SEALS, seals) != 0)
		return fail_errno(err, "making the roll of processes");
	roll.ids = at;
	return true;
}

int roll_fd(void)
{
	return roll.fd;
}

void roll_note(size_t row, pid_t pid)
{
	if (roll.ids != NULL)
		atomic_store(&roll.ids[row], pid);
}

void roll_close(void)
{
	if (roll.fd >= 0)
		(void)close(roll.fd);
	roll.fd = -1;
	if (roll.ids != NULL)
		(void)munmap(roll.ids, ROLL_SIZE);
	roll.ids = NULL;
}

bool roll_take_up(int fd, struct error *err)
{
	void *at = mmap(NULL, ROLL_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return fail_errno(err, "taking up the roll of processes");
	roll.ids = at;
	(void)close(fd);
	return true;
}

bool process_is(const char *process, int pid)
{
	size_t row;
	if (!privileges_row_number(process, &row))
		return true;
	return pid > 0 && roll.ids != NULL && atomic_load(&roll.ids[row]) == pid;
}
