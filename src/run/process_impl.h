#pragma once
/* What the files behind process.h share; nobody outside run/ includes it. */
#include <stdint.h>
#include <sys/types.h>

#include "run/process.h"

enum {
	PROCESSES_MAX = 8,
	RUN_PATH_SIZE = 400,
	STATUS_SIZE = 512, /* what a process tells its supervisor in one line, at most */
};

/* How a process is told by its supervisor. */
#define ENVIRONMENT_STATUS "DIALTRUST_STATUS_FD"  /* pipe: "ready\n", or "fault SENTENCE\n" */
#define ENVIRONMENT_DROP "DIALTRUST_DROP"         /* set: become the process's own user */
#define ENVIRONMENT_ROLL "DIALTRUST_ROLL_FD"      /* which process id each process has */
#define ENVIRONMENT_PARENT "DIALTRUST_SUPERVISOR" /* pid; gone: end */

struct bound_socket {
	const struct socket_row *row;
	int fd; /* -1: switched off */
};
enum { BOUND_MAX = 16 };

/* directories.c: what the node needs on the disk. First they are made, then it is decided whether
 * its processes get users of their own, then each gets its own. */
bool directories_make(const struct settings *settings, struct error *err) MUST_CHECK;
bool directories_own(const struct supervision *node, bool drop, struct error *err) MUST_CHECK;
/* Every directory that a process needs can be reached by a user that owns nothing. */
bool directories_reachable(const struct supervision *node, struct error *why);
/* Holds the node's state directory for this supervisor; close-on-exec, -1 with err. */
int directories_lock(const struct settings *settings, struct error *err);

/* sockets.c */
bool sockets_open(const struct supervision *node, bool drop, struct bound_socket *out,
	struct error *err) MUST_CHECK;
void sockets_close(struct bound_socket *bound);
/* Between fork and exec: the row's sockets from descriptor 3 on, then `status`, then the roll; the
 * environment says so. */
bool sockets_hand_over(const struct bound_socket *bound, const struct process_row *row, int status,
	struct error *err) MUST_CHECK;
/* In the new program: takes them up. */
bool sockets_take_up(struct error *err) MUST_CHECK;

/* roll.c: which process id each row has just now. The supervisor keeps it, its processes read it.
 */
bool roll_make(struct error *err) MUST_CHECK;
int roll_fd(void);
/* By the process itself between fork and exec, so that it is on the roll before it can connect; by
 * the supervisor when it has ended (0). */
void roll_note(size_t row, pid_t pid);
void roll_close(void);
/* In the new program; the descriptor is closed. */
bool roll_take_up(int fd, struct error *err) MUST_CHECK;

/* privileges.c */
void privileges_know(const struct process_row *rows, size_t count);
const struct process_row *privileges_row(const char *process);
bool privileges_row_number(const char *process, size_t *out);
bool privileges_drop(const struct settings *settings, const char *process, struct error *err)
	MUST_CHECK;
/* Ends this process with its supervisor; false when it is gone already. A change of user forgets
 * it, so that it is asked again then. */
bool privileges_follow(pid_t supervisor);

/* service_manager.c: whoever started this supervisor, if it wants to be told; -1: nobody. */
int service_manager_open(void);
void service_manager_tell(int fd, const char *state); /* "READY=1" */

/* sandbox.c */
bool sandbox_enter(enum sandbox kind, const char *const *paths, const char *read_only,
	struct error *err) MUST_CHECK;
bool sandbox_has_landlock(void);

/* child.c: fork and execute this program again. */
struct child {
	const struct process_row *row;
	pid_t pid;  /* 0: not running */
	int status; /* its end of the pipe that we read, -1: none */
	bool ready;
	bool served;        /* it was ready once, in this or an earlier life */
	unsigned failures;  /* in a row */
	int64_t started_at; /* monotonic ms */
	int64_t start_at;   /* when not running: next try */
	char said[STATUS_SIZE];
	size_t said_size;
	char reason[STATUS_SIZE]; /* why it says that it failed */
};
bool child_start(struct child *c, const struct supervision *node, const struct bound_socket *bound,
	bool drop, struct error *err) MUST_CHECK;
void child_listen(struct child *c); /* reads what it says */
/* After its death: the wait status as words. */
const char *child_end_text(const struct child *c, int wait_status, char *out, size_t size);
