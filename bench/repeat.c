/*
 * Runs a command again and again, one at a time, and says what a run of it costs.
 *
 * usage: bench-repeat COUNT COMMAND [ARGUMENT ...]
 *
 * What the command prints is thrown away; it must exit with 0. Prints milliseconds of the wall
 * clock a run (the median), and of processor time (the mean, of user and system).
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double ms_of(struct timeval time)
{
	return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static int run_once(char **command, posix_spawn_file_actions_t *quiet, double *ms)
{
	pid_t pid;
	int status;
	double started = now_ms();
	if (posix_spawnp(&pid, command[0], quiet, NULL, command, environ) != 0 ||
		waitpid(pid, &status, 0) != pid)
		return -1;
	*ms = now_ms() - started;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_all(char **command, size_t count, double *each)
{
	posix_spawn_file_actions_t quiet;
	if (posix_spawn_file_actions_init(&quiet) != 0 ||
		posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0) != 0)
		return -1;
	int status = 0;
	for (size_t i = 0; status == 0 && i < count; i++)
		status = run_once(command, &quiet, &each[i]);
	(void)posix_spawn_file_actions_destroy(&quiet);
	return status;
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	double *each = calloc(count, sizeof(*each));
	if (count == 0 || each == NULL) {
		(void)fprintf(stderr, "usage: bench-repeat COUNT COMMAND [ARGUMENT ...]\n");
		return 2;
	}
	int status = run_all(argv + 2, count, each);
	struct rusage used;
	(void)getrusage(RUSAGE_CHILDREN, &used);
	qsort(each, count, sizeof(*each), by_size);
	if (status != 0)
		(void)fprintf(stderr, "bench-repeat: %s ended with %d\n", argv[2], status);
	else
		(void)printf("%.4f %.4f\n", each[count / 2],
			(ms_of(used.ru_utime) + ms_of(used.ru_stime)) / (double)count);
	free(each);
	return status == 0 ? 0 : 1;
}
