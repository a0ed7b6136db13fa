/* The life of a node's processes, and of the supervisor itself. */
#include "supervised.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/files.h"

static void a_node_comes_up_and_ends(void **state)
{
	struct running r;
	struct stat facts;
	up(state, "steady", 0, &r);
	struct answer answer = ask(&r);
	assert_int_equal(answer.tftp, -1);
	assert_int_equal(answer.unknown, -1);
	assert_int_equal(answer.user, getuid());
	assert_int_equal(answer.manager_user, getuid());
	assert_true(answer.all_descriptors);
	assert_int_equal(stat(r.is.state, &facts), 0);
	assert_int_equal(facts.st_mode & 07777, 0711);
	const char *said = down(&r);
	assert_true(says(said, "ready: 2 processes") && says(said, "ended well"));
	assert_null(strstr(said, "started again"));
	assert_true(ends(answer.pid));
}

static void one_that_is_killed_starts_again_and_the_listener_stays(void **state)
{
	struct running r;
	up(state, "steady", 0, &r);
	struct answer before = ask(&r);
	assert_int_equal(kill(before.pid, SIGKILL), 0);
	assert_true(ends(before.pid));
	struct answer after = ask(&r);
	assert_int_not_equal(after.pid, before.pid);
	tell(&r, "k");
	assert_int_not_equal(ask(&r).pid, after.pid);
	const char *said = down(&r);
	assert_true(says(said,
		"admin ended: killed by signal 9 (Killed); it is started again in "
		"50 ms"));
	assert_true(says(said, "started again in 100 ms"));
}

static void each_process_is_known_by_its_id(void **state)
{
	struct running r;
	up(state, "steady", 0, &r);
	for (unsigned i = 0; i < 2; i++) {
		struct answer answer = ask(&r);
		assert_true(answer.is_admin);
		assert_false(answer.is_manager);
		assert_false(answer.supervisor_is_admin);
		tell(&r, "k"); /* the next one too */
	}
	(void)down(&r);
}

static void one_that_asks_starts_again_at_once(void **state)
{
	struct running r;
	up(state, "steady", 0, &r);
	struct answer before = ask(&r);
	tell(&r, "q");
	assert_int_not_equal(ask(&r).pid, before.pid);
	const char *said = down(&r);
	assert_true(says(said, "admin starts again"));
	assert_null(strstr(said, "ended:"));
}

static void one_that_fails_later_is_told_of_and_tried_again(void **state)
{
	struct running r;
	up(state, "steady", 0, &r);
	tell(&r, "f");
	(void)ask(&r);
	assert_true(says(down(&r), "admin ended: the store is away; it is started again"));
}

static void a_first_start_that_fails_ends_the_node(void **state)
{
	static const struct {
		const char *node, *words;
	} cases[] = {
		{ "failing", "manager: key.der can be read by others: chmod 600" },
		{ "dying", "manager: killed by signal 9" },
		{ "ending", "manager: exit status 0" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct running r;
		char word[8];
		configure(state, cases[i].node, 0, &r);
		start(&r);
		assert_int_equal(read(r.ready, word, sizeof(word)), 0);
		assert_true(says(finish(&r, 1), cases[i].words));
	}
}

static void a_socket_that_cannot_be_bound_ends_the_node(void **state)
{
	struct running r;
	configure(state, "steady", 0, &r);
	(void)snprintf(r.is.tftp, sizeof(r.is.tftp), "127.0.0.1:69");
	start(&r);
	assert_true(says(finish(&r, 1), "socket tftp: 127.0.0.1:69 cannot be bound"));
	configure(state, "steady", 0, &r);
	memset(r.is.runtime + strlen(r.is.runtime), 'x', 60);
	start(&r);
	assert_true(says(finish(&r, 1), "too long for a Unix socket"));
}

static void a_directory_that_cannot_be_made_ends_the_node(void **state)
{
	struct running r;
	configure(state, "steady", 0, &r);
	(void)snprintf(r.is.state, sizeof(r.is.state), "/proc/nothing");
	start(&r);
	assert_true(says(finish(&r, 1), "/proc/nothing"));
}

static void two_do_not_share_a_state_directory(void **state)
{
	struct running first, second;
	up(state, "steady", 0, &first);
	configure(state, "steady", 0, &second);
	start(&second);
	assert_true(says(finish(&second, 1), "another dialtrustd runs with the state directory"));
	(void)ask(&first);
	(void)down(&first);
	up(state, "steady", 0, &second);
	(void)down(&second);
}

static void processes_end_with_their_supervisor(void **state)
{
	struct running r;
	up(state, "steady", 0, &r);
	pid_t child = ask(&r).pid;
	assert_int_equal(kill(r.pid, SIGKILL), 0);
	assert_int_equal(waitpid(r.pid, NULL, 0), r.pid);
	assert_true(ends(child));
	(void)close(r.ready);
	(void)close(r.err);
}

static void a_stubborn_one_is_killed(void **state)
{
	struct running r;
	up(state, "stubborn", 0, &r);
	assert_true(says(down(&r), "manager does not end: killed"));
}

static void one_that_never_stops_talking_does_not_hold_the_others_up(void **state)
{
	struct running r;
	up(state, "talking", 0, &r);
	struct answer before = ask(&r);
	tell(&r, "k");
	assert_int_not_equal(ask(&r).pid, before.pid);
	(void)down(&r);
}

static void a_process_on_its_own_is_refused(void **state)
{
	struct running r;
	configure(state, "steady", 0, &r);
	assert_int_equal(unsetenv("LISTEN_PID"), 0);
	struct process_row rows[2];
	struct error err = { 0 };
	struct supervision node = supervised_node(&r.is, r.settings, rows);
	assert_false(process_run(&node, "admin", &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	assert_false(process_run(&node, "nobody", &err));
	assert_true(says(err.text, "there is no process nobody"));
}

static void paths_of_siblings_fit_a_socket(void **state)
{
	(void)state;
	struct settings s = { .runtime = "/run/x" };
	struct error err = { 0 };
	char path[128] = "untouched";
	assert_true(process_sibling_path(&s, "signer.tvs", path, sizeof(path), &err));
	assert_string_equal(path, "/run/x/signer.tvs");
	assert_false(process_sibling_path(&s, "signer.tvs", path, 5, &err));
	char name[120];
	memset(name, 'n', sizeof(name));
	name[107 - 7] = '\0'; /* "/run/x/" and 100: 107 bytes and the NUL are a sun_path */
	assert_true(process_sibling_path(&s, name, path, sizeof(path), &err));
	name[107 - 7] = 'n';
	name[108 - 7] = '\0';
	assert_false(process_sibling_path(&s, name, path, sizeof(path), &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
}

int main(int argc, char **argv)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_end)
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(a_node_comes_up_and_ends),
		WITH_SCRATCH(one_that_is_killed_starts_again_and_the_listener_stays),
		WITH_SCRATCH(each_process_is_known_by_its_id),
		WITH_SCRATCH(one_that_asks_starts_again_at_once),
		WITH_SCRATCH(one_that_fails_later_is_told_of_and_tried_again),
		WITH_SCRATCH(a_first_start_that_fails_ends_the_node),
		WITH_SCRATCH(a_socket_that_cannot_be_bound_ends_the_node),
		WITH_SCRATCH(a_directory_that_cannot_be_made_ends_the_node),
		WITH_SCRATCH(two_do_not_share_a_state_directory),
		WITH_SCRATCH(processes_end_with_their_supervisor),
		WITH_SCRATCH(a_stubborn_one_is_killed),
		WITH_SCRATCH(one_that_never_stops_talking_does_not_hold_the_others_up),
		WITH_SCRATCH(a_process_on_its_own_is_refused),
		cmocka_unit_test(paths_of_siblings_fit_a_socket),
	};
	if (argc == 5 && strcmp(argv[1], "--process") == 0)
		return supervised_process(argv[2], argv[4]);
	return cmocka_run_group_tests_name("run/supervisor", tests, NULL, NULL);
}
