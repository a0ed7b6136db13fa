#pragma once
/* A node for the tests of the supervisor: the test program itself, which is executed again with
 * --process, is its processes. "admin" answers questions; the node's name says what the other is.
 */
#include "run/process_impl.h"
#include "scratch.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, TEST_USER = 61000, FIRST_HANDED = 3 };

struct answer { /* of a question to the process "admin" */
	pid_t pid;
	uid_t user;
	gid_t group;
	int tftp, unknown; /* what process_socket says */
	bool may_be_root_again;
	bool all_descriptors; /* that the hard limit allows */
	uint32_t manager_user;
	bool is_admin, is_manager, supervisor_is_admin; /* what process_is says of ids */
};

struct running {
	char settings[128];
	struct settings is;
	pid_t pid;
	int ready; /* read end */
	int err;   /* read end: its last sentence */
};

/* For main(): what `--process NAME --settings PATH` is. */
int supervised_process(const char *name, const char *path);
struct supervision supervised_node(
	const struct settings *settings, const char *path, struct process_row rows[static 2]);

void configure(void **state, const char *node, unsigned user, struct running *out);
void start(struct running *r);
void await_ready(const struct running *r);
void up(void **state, const char *node, unsigned user, struct running *r); /* all three */
/* Both return what the supervisor said; down() ends it first. */
const char *finish(struct running *r, int expected);
const char *down(struct running *r);

struct answer ask(const struct running *r);
/* 'q' ends "admin" with 0, 'f' lets it fail, 'k' die. */
void tell(const struct running *r, const char *word);
bool ends(pid_t pid);
bool says(const char *text, const char *words);
