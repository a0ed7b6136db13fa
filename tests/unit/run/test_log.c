#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/log.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char heard[8192];

static int rival = -1; /* another process that writes into the pipe as soon as we know of room */

/* In the place of libc's: the moment between asking and writing. */
int poll(struct pollfd *fds, nfds_t count, int wait_ms)
{
	static const char line[4096];
	struct timespec most = { wait_ms / 1000, wait_ms % 1000 * 1000000L };
	int ready = ppoll(fds, count, wait_ms < 0 ? NULL : &most, NULL);
	if (rival >= 0 && ready > 0 && fds[0].events == POLLOUT)
		while (send(rival, line, sizeof(line), MSG_DONTWAIT) > 0 ||
			(errno == ENOTSOCK && write(rival, line, sizeof(line)) > 0))
			continue;
	return ready;
}

/* What `speak` writes to stderr. */
static const char *listen_to(void (*speak)(void))
{
	int ends[2];
	int before = dup(STDERR_FILENO);
	assert_true(before >= 0);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	speak();
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	ssize_t got = read(ends[0], heard, sizeof(heard) - 1);
	heard[got < 0 ? 0 : got] = '\0';
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(before);
	return heard;
}

static void says(void (*speak)(void), const char *expected)
{
	const char *line = listen_to(speak);
	assert_true(strlen(line) > 21);
	assert_string_equal(line + 21, expected);
}

static void plain(void)
{
	log_info("list %s published", "ITL pub");
}

static void forged(void)
{
	log_warning("name \"%s\"", "x\n2030-01-01 00:00:00Z error pub/tvs: forged\x1b[31m");
}

static void quiet(void)
{
	log_debug("nobody hears this");
}

static void held(void)
{
	log_hold();
	log_info("one");
	log_info("two");
}

static void held_until_an_error(void)
{
	held();
	log_error("three");
	log_info("four");
}

static void hundreds(void)
{
	log_hold();
	for (int i = 0; i < 100; i++)
		log_info("this is number %d", i);
}

static void released(void)
{
	held();
	log_release();
	log_info("three");
}

static void refused(void)
{
	struct error why = { 0 };
	(void)(fail)(&why, FAULT_MALFORMED, "cut after %d bytes", 3);
	log_refused("127.16.0.9:4711", "tftp", &why);
}

static void library(void)
{
	log_library(1, "chatter");
	log_library(2, "epoll said no");
}

static void endless(void)
{
	static char text[5000];
	memset(text, 'x', sizeof(text) - 1);
	log_error("%s", text);
}

static void each_event_is_one_line(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	log_open("pub", "tvs", LOG_LEVEL_INFO);
	says(plain, "info pub/tvs: list ITL pub published\n");
	says(forged,
		"warning pub/tvs: name \"x\\x0a2030-01-01 00:00:00Z error pub/tvs: "
		"forged\\x1b[31m\"\n");
	says(refused,
		"warning pub/tvs: refused 127.16.0.9:4711 tftp: malformed: cut after 3 "
		"bytes\n");
	says(library, "warning pub/tvs: libevent: epoll said no\n");
	log_open("", "supervisor", LOG_LEVEL_INFO);
	says(plain, "info supervisor: list ITL pub published\n");
}

static void the_time_is_the_labs(void **state)
{
	(void)state;
	log_open("pub", "tvs", LOG_LEVEL_INFO);
	clock_set_offset(4102444800 - clock_now());
	assert_int_equal(strncmp(listen_to(plain), "2100-01-01 00:00:0", 18), 0);
	clock_set_offset(0);
}

static void a_level_silences_those_below(void **state)
{
	(void)state;
	log_open("pub", "tvs", LOG_LEVEL_INFO);
	assert_string_equal(listen_to(quiet), "");
	log_open("pub", "tvs", LOG_LEVEL_ERROR);
	assert_string_equal(listen_to(plain), "");
	assert_string_equal(listen_to(refused), "");
	log_open("pub", "tvs", LOG_LEVEL_DEBUG);
	assert_string_not_equal(listen_to(quiet), "");
}

static void a_long_line_is_cut_and_ends(void **state)
{
	(void)state;
	log_open("pub", "tvs", LOG_LEVEL_INFO);
	const char *line = listen_to(endless);
	size_t length = strlen(line);
	assert_in_range(length, 500, 1100);
	assert_int_equal(line[length - 1], '\n');
	assert_ptr_equal(strchr(line, '\n'), line + length - 1);
}

static void the_journal_gets_its_priority(void **state)
{
	(void)state;
	assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	log_open("pub", "tvs", LOG_LEVEL_INFO);
	assert_string_equal(listen_to(plain), "<6>pub/tvs: list ITL pub published\n");
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

static void lines_wait_where_they_are_held(void **state)
{
	(void)state;
	char whole[4 * 40];
	log_open("p", "q", LOG_LEVEL_INFO);
	assert_string_equal(listen_to(held), "");
	assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	(void)snprintf(whole, sizeof(whole), "%s", listen_to(log_release));
	assert_non_null(strstr(whole, "info p/q: one\n"));
	assert_non_null(strstr(whole, "info p/q: two\n"));
	log_open("p", "q", LOG_LEVEL_INFO);
	assert_string_equal(listen_to(released), "<6>p/q: one\n<6>p/q: two\n<6>p/q: three\n");
	assert_string_equal(
		listen_to(held_until_an_error), "<6>p/q: one\n<6>p/q: two\n<3>p/q: three\n");
	assert_string_equal(listen_to(log_release), "<6>p/q: four\n");
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

static void many_held_lines_leave_by_themselves(void **state)
{
	(void)state;
	log_open("pub", "tvs", LOG_LEVEL_INFO);
	const char *lines = listen_to(hundreds);
	assert_in_range(strlen(lines), 2048, 8000);
	assert_int_equal(lines[strlen(lines) - 1], '\n'); /* whole ones only */
	assert_non_null(strstr(listen_to(log_release), "number 99\n"));
}

/* Ten pipes full: it comes back, the first lines are there whole, and the loss is told. */
static void who_never_waits_loses_lines_and_says_so(void **state)
{
	static char all[1 << 17];
	int ends[2], before = dup(STDERR_FILENO);
	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_never_wait();
	for (unsigned i = 0; i < 8000; i++)
		log_info("line %05u of a great many, each of them about eighty bytes", i);
	size_t got = (size_t)read(ends[0], all, sizeof(all) - 1);
	log_info("somebody reads");
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	assert_true(got > 4096 && got < sizeof(all) - 1);
	all[got] = '\0';
	assert_non_null(strstr(all, "line 00000 of"));
	assert_int_equal(all[got - 1], '\n');
	unsigned lines = 0;
	for (size_t i = 0; i < got; i++)
		lines += all[i] == '\n';
	char expected[80];
	(void)snprintf(
		expected, sizeof(expected), ": %u lines were lost: nobody read", 8000 - lines);
	got = (size_t)read(ends[0], all, sizeof(all) - 1);
	all[got] = '\0';
	assert_non_null(strstr(all, expected));
	assert_non_null(strstr(all, "somebody reads\n"));
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(before);
}

static void log_together(unsigned count)
{
	log_hold();
	for (unsigned i = 0; i < count; i++)
		log_info("line %05u of a great many, each of them about eighty bytes", i);
	log_release();
}

/* The word of what was lost takes the one page that a reader made free: what follows would wait for
 * the next, which may never come. */
static void who_never_waits_does_not_wait_for_a_slow_reader(void **state)
{
	static char page[4096];
	int ends[2], before = dup(STDERR_FILENO);
	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_never_wait();
	log_together(4000);
	(void)alarm(20); /* without the mend this program hangs here, and ends by it */
	for (unsigned i = 0; i < 4; i++) {
		size_t got = 0;
		while (got < sizeof(page))
			got += (size_t)read(ends[0], page + got, sizeof(page) - got);
		log_together(200);
	}
	(void)alarm(0);
	while (poll(&(struct pollfd){ .fd = ends[0], .events = POLLIN }, 1, 0) > 0)
		assert_true(read(ends[0], page, sizeof(page)) > 0);
	log_info("somebody reads"); /* nothing of this is left for the next test */
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(before);
}

static void levels_have_names(void **state)
{
	(void)state;
	enum log_level level = LOG_LEVEL_INFO;
	assert_true(log_level_from_name("debug", &level));
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_false(log_level_from_name("loud", &level));
	assert_false(log_level_from_name("", &level));
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

/* Both have asked and know of room; one of them has filled it meanwhile. */
static void who_never_waits_does_not_wait_for_a_rival(void **state)
{
	static char all[1 << 17], path[32];
	int ends[2], before = dup(STDERR_FILENO);
	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_never_wait();
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0); /* others wait as before */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
	rival = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(rival >= 0);
	(void)alarm(20); /* without the mend this program hangs here, and ends by it */
	log_info("a line that finds no room");
	(void)close(rival);
	rival = -1;
	(void)alarm(0);
	while (poll(&(struct pollfd){ .fd = ends[0], .events = POLLIN }, 1, 0) > 0)
		assert_true(read(ends[0], all, sizeof(all)) > 0);
	log_info("somebody reads");
	ssize_t got = read(ends[0], all, sizeof(all) - 1);
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	assert_true(got > 0);
	all[got] = '\0';
	assert_non_null(strstr(all, ": 1 lines were lost: nobody read"));
	assert_non_null(strstr(all, "somebody reads\n"));
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(before);
}

/* What a service manager gives is a socket. */
static void nor_at_a_socket(void **state)
{
	static char all[1 << 17];
	int ends[2], before = dup(STDERR_FILENO);
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_never_wait();
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	rival = ends[1];
	(void)alarm(20);
	log_info("a line that finds no room");
	(void)alarm(0);
	rival = -1;
	while (poll(&(struct pollfd){ .fd = ends[0], .events = POLLIN }, 1, 0) > 0)
		assert_true(read(ends[0], all, sizeof(all)) > 0);
	log_info("somebody reads");
	ssize_t got = read(ends[0], all, sizeof(all) - 1);
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	assert_true(got > 0);
	all[got] = '\0';
	assert_non_null(strstr(all, ": 1 lines were lost: nobody read"));
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_is_one_line),
		cmocka_unit_test(the_time_is_the_labs),
		cmocka_unit_test(a_level_silences_those_below),
		cmocka_unit_test(a_long_line_is_cut_and_ends),
		cmocka_unit_test(the_journal_gets_its_priority),
		cmocka_unit_test(lines_wait_where_they_are_held),
		cmocka_unit_test(many_held_lines_leave_by_themselves),
		cmocka_unit_test(levels_have_names),
		cmocka_unit_test(who_never_waits_loses_lines_and_says_so),
		cmocka_unit_test(who_never_waits_does_not_wait_for_a_slow_reader),
		cmocka_unit_test(who_never_waits_does_not_wait_for_a_rival),
		cmocka_unit_test(nor_at_a_socket),
	};
	return cmocka_run_group_tests_name("run/log", tests, NULL, NULL);
}
