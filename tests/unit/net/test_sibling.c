#include "siblings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"
#include "net/sibling_impl.h"

static void echoes_of_every_size(void **state)
{
	struct service s = { 0 };
	struct asked a = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *c = client(&s, &a);
	static const size_t sizes[] = { 0, 1, 500, LIMIT_SIBLING_INLINE - 1, LIMIT_SIBLING_INLINE,
		LIMIT_SIBLING_INLINE + 1, 1 << 20, LIMIT_SIBLING_PAYLOAD };
	unsigned before = scene_descriptors();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint8_t *bytes = calloc(1, sizes[i] + 1);
		memset(bytes, (int)i + 'a', sizes[i]);
		ask(&s, c, ECHO, reader_of(bytes, sizes[i]), &a);
		assert_int_equal(a.why.fault, FAULT_NONE);
		assert_true(reader_same(bytes_reader(&a.answer), reader_of(bytes, sizes[i])));
		free(bytes);
	}
	assert_int_equal(scene_descriptors(), before + 2); /* the connection's two ends */
	sibling_client_free(c);
	sibling_server_free(s.server);
	bytes_done(&a.answer);
}

static void too_much_is_refused_on_both_sides(void **state)
{
	struct service s = { 0 };
	struct asked a = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *c = client(&s, &a);
	void *huge = calloc(1, LIMIT_SIBLING_PAYLOAD + 1);
	ask(&s, c, ECHO, reader_of(huge, LIMIT_SIBLING_PAYLOAD + 1), &a);
	free(huge);
	assert_int_equal(a.why.fault, FAULT_LIMIT);
	assert_int_equal(s.asked, 0);
	ask(&s, c, HUGE_ANSWER, reader_of_text(""), &a);
	assert_int_equal(a.why.fault, FAULT_LIMIT);
	sibling_client_free(c);
	sibling_server_free(s.server);
}

static void a_refusal_arrives_word_for_word(void **state)
{
	struct service s = { 0 };
	struct asked a = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *c = client(&s, &a);
	ask(&s, c, REFUSE, reader_of_text("please"), &a);
	assert_int_equal(a.why.fault, FAULT_REFUSED);
	assert_string_equal(a.why.text, "not for you, “6”");
	assert_int_equal(a.calls, 1);
	sibling_client_free(c);
	sibling_server_free(s.server);
}

static void answers_come_in_any_order(void **state)
{
	struct service s = { 0 };
	struct asked first = { 0 }, second = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *c = client(&s, &first);
	sibling_ask(c, KEEP, reader_of_text("1"), SOON, answered, &first);
	sibling_ask(c, KEEP, reader_of_text("2"), SOON, answered, &second);
	scene_until_count(s.scene, &s.asked, 2);
	sibling_answer(s.kept[1], reader_of_text("two"));
	scene_until_count(s.scene, &second.calls, 1);
	assert_int_equal(first.calls, 0);
	sibling_answer(s.kept[0], reader_of_text("one"));
	scene_until_count(s.scene, &first.calls, 1);
	assert_true(reader_same(bytes_reader(&first.answer), reader_of_text("one")));
	assert_true(reader_same(bytes_reader(&second.answer), reader_of_text("two")));
	sibling_client_free(c);
	sibling_server_free(s.server);
	bytes_done(&first.answer);
	bytes_done(&second.answer);
}

static void who_has_too_many_questions_open_is_not_read(void **state)
{
	struct service s = { 0 };
	struct asked a = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *c = client(&s, &a);
	for (unsigned i = 0; i < SIBLING_OUTSTANDING + 1; i++)
		sibling_ask(c, KEEP, reader_of_text(""), SOON, answered, &a);
	scene_until_count(s.scene, &s.asked, SIBLING_OUTSTANDING);
	scene_for(s.scene, 30);
	assert_int_equal(s.asked, SIBLING_OUTSTANDING);
	sibling_answer(s.kept[5], reader_of_text(""));
	scene_until_count(s.scene, &s.asked, SIBLING_OUTSTANDING + 1);
	s.kept[5] = s.kept[SIBLING_OUTSTANDING];
	for (unsigned i = 0; i < SIBLING_OUTSTANDING; i++)
		sibling_answer(s.kept[i], reader_of_text(""));
	scene_until_count(s.scene, &a.calls, SIBLING_OUTSTANDING + 1);
	assert_int_equal(a.why.fault, FAULT_NONE);
	sibling_client_free(c);
	sibling_server_free(s.server);
}

static void a_question_waits_for_the_server_and_outlives_its_restart(void **state)
{
	struct service s = { 0 };
	struct asked a = { 0 };
	s.scene = *state;
	(void)snprintf(s.path, sizeof(s.path), "%s/signer.tvs", s.scene->directory);
	struct sibling_client *c = client(&s, &a);
	sibling_ask(c, ECHO, reader_of_text("early"), SOON, answered, &a);
	scene_for(s.scene, 5);
	assert_int_equal(a.calls, 0);
	serve(&s, *state, getuid());
	scene_until_count(s.scene, &a.calls, 1);
	assert_int_equal(a.why.fault, FAULT_NONE);

	sibling_server_free(s.server); /* the file stays behind, as after a crash */
	serve(&s, *state, getuid());
	scene_until_count(s.scene, &a.connected, 2);
	ask(&s, c, ECHO, reader_of_text("again"), &a);
	assert_true(reader_same(bytes_reader(&a.answer), reader_of_text("again")));
	sibling_client_free(c);
	sibling_server_free(s.server);
	bytes_done(&a.answer);
}

static void a_lost_server_ends_each_question_once(void **state)
{
	struct service s = { 0 };
	struct asked a = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *c = client(&s, &a);
	for (unsigned i = 0; i < 5; i++)
		sibling_ask(c, KEEP, reader_of_text(""), SOON, answered, &a);
	scene_until_count(s.scene, &s.asked, 5);
	sibling_server_free(s.server);
	scene_until_count(s.scene, &a.calls, 5);
	assert_int_equal(a.why.fault, FAULT_IO);
	assert_non_null(strstr(a.why.text, "went away before it answered"));
	for (unsigned i = 0; i < 5; i++) /* answered too late: harmless */
		sibling_answer(s.kept[i], reader_of_text(""));
	scene_for(s.scene, 10);
	assert_int_equal(a.calls, 5);
	sibling_client_free(c);
}

static void silence_ends_with_a_timeout_and_the_late_answer_is_dropped(void **state)
{
	struct service s = { 0 };
	struct asked a = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *c = client(&s, &a);
	sibling_ask(c, KEEP, reader_of_text(""), 20, answered, &a);
	scene_until_count(s.scene, &a.calls, 1);
	assert_int_equal(a.why.fault, FAULT_BUSY);
	sibling_answer(s.kept[0], reader_of_text("late"));
	ask(&s, c, ECHO, reader_of_text("next"), &a);
	assert_true(reader_same(bytes_reader(&a.answer), reader_of_text("next")));
	assert_int_equal(a.calls, 2);
	sibling_client_free(c);
	sibling_server_free(s.server);
	bytes_done(&a.answer);
}

static void freeing_the_client_ends_its_questions(void **state)
{
	struct service s = { 0 };
	struct asked a = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *c = client(&s, &a);
	sibling_ask(c, KEEP, reader_of_text(""), SOON, answered, &a);
	scene_until_count(s.scene, &s.asked, 1);
	sibling_ask(c, KEEP, reader_of_text(""), SOON, answered, &a);
	sibling_client_free(c);
	assert_int_equal(a.calls, 2);
	assert_int_equal(a.why.fault, FAULT_IO);
	scene_until_count(s.scene, &s.closed, 1);
	sibling_answer(s.kept[0], reader_of_text("")); /* nobody is there any more */
	if (s.keeping > 1)
		sibling_answer(s.kept[1], reader_of_text(""));
	sibling_server_free(s.server);
}

static void pushes_reach_everyone(void **state)
{
	struct service s = { .push_on_open = true };
	struct asked a = { 0 }, b = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *first = client(&s, &a), *second = client(&s, &b);
	scene_until_count(s.scene, &a.pushes, 1);
	scene_until_count(s.scene, &b.pushes, 1);
	assert_string_equal(a.push, "hello");
	sibling_push_all(s.server, PUSH, reader_of_text("index"));
	scene_until_count(s.scene, &a.pushes, 2);
	scene_until_count(s.scene, &b.pushes, 2);
	assert_string_equal(b.push, "index");
	sibling_client_free(first);
	sibling_client_free(second);
	scene_until_count(s.scene, &s.closed, 2);
	sibling_server_free(s.server);
}

static void who_never_reads_its_pushes_is_cut_off(void **state)
{
	struct service s = { 0 };
	serve(&s, *state, getuid());
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", s.path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	scene_until_count(s.scene, &s.opened, 1);
	uint8_t much[LIMIT_SIBLING_INLINE] = { 0 };
	for (unsigned i = 0; i < 1000 && s.peer != NULL; i++)
		sibling_push(s.peer, PUSH, reader_of(much, sizeof(much)));
	scene_until_count(s.scene, &s.closed, 1);
	(void)close(fd);
	sibling_server_free(s.server);
}

/* The user is the same; only the process is another. */
static void another_process_is_turned_away(void **state)
{
	struct service s = { .only = getpid() + 1 };
	struct asked a = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *c = client(&s, &a);
	scene_until_count(s.scene, &s.broken, 2); /* it tries again, in vain */
	assert_int_equal(s.why.fault, FAULT_REFUSED);
	assert_non_null(strstr(s.why.text, "another process"));
	assert_int_equal(s.opened, 0);
	s.only = getpid();
	scene_until_count(s.scene, &s.opened, 1);
	ask(&s, c, ECHO, reader_of_text("it is me"), &a);
	assert_int_equal(a.why.fault, FAULT_NONE);
	bytes_done(&a.answer);
	sibling_client_free(c);
	sibling_server_free(s.server);
}

static void without_descriptors_siblings_wait(void **state)
{
	struct service s = { 0 };
	struct starving none;
	serve(&s, *state, getuid());
	int fd = frame_connect(s.path, &s.why); /* into the queue */
	assert_true(fd >= 0);
	scene_starve(&none);
	unsigned busy = scene_busy_for(s.scene, 500);
	unsigned broken = s.broken, opened_meanwhile = s.opened;
	scene_feed(&none);
	assert_in_range(busy, 0, 250);
	assert_int_equal(broken, 1); /* said once */
	assert_int_equal(opened_meanwhile, 0);
	assert_non_null(strstr(s.why.text, "Too many open files"));
	scene_until_count(s.scene, &s.opened, 1);
	(void)close(fd);
	scene_until_count(s.scene, &s.closed, 1);
	sibling_server_free(s.server);
}

/* The server is away all the while. */
static void what_nobody_takes_is_bounded(void **state)
{
	struct scene *scene = *state;
	struct service s = { .scene = scene };
	struct asked early = { 0 }, over = { 0 };
	uint8_t *large = calloc(1, LIMIT_SIBLING_PAYLOAD);
	(void)snprintf(s.path, sizeof(s.path), "%s/nobody", scene->directory);
	struct sibling_client *c = client(&s, &early);
	for (unsigned i = 0; i < SIBLING_QUESTIONS; i++)
		sibling_ask(c, ECHO, reader_of_text("early"), 60 * SOON, answered, &early);
	sibling_ask(c, ECHO, reader_of_text("late"), 60 * SOON, answered, &over);
	assert_int_equal(over.calls, 0); /* told from the loop */
	scene_until_count(scene, &over.calls, 1);
	assert_int_equal(over.why.fault, FAULT_BUSY);
	assert_non_null(strstr(over.why.text, "4096 questions"));
	assert_int_equal(early.calls, 0);
	sibling_client_free(c);
	assert_int_equal(early.calls, SIBLING_QUESTIONS);
	c = client(&s, &early);
	sibling_ask(c, ECHO, reader_of(large, LIMIT_SIBLING_PAYLOAD - 100), SOON, answered, &early);
	sibling_ask(c, ECHO, reader_of(large, 80), SOON, answered, &early);
	sibling_ask(c, ECHO, reader_of(large, 80), SOON, answered, &over);
	scene_until_count(scene, &over.calls, 2);
	assert_int_equal(over.why.fault, FAULT_BUSY);
	assert_non_null(strstr(over.why.text, "bytes to take"));
	assert_int_equal(early.calls, SIBLING_QUESTIONS);
	sibling_client_free(c);
	assert_int_equal(early.calls, SIBLING_QUESTIONS + 2);
	free(large);
}

/* Answers make room again, however many there were before. */
static void room_comes_back_with_answers(void **state)
{
	enum { ROUNDS = 3 };
	struct service s = { 0 };
	struct asked a = { 0 };
	serve(&s, *state, getuid());
	struct sibling_client *c = client(&s, &a);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		for (unsigned i = 0; i < SIBLING_QUESTIONS; i++)
			sibling_ask(c, ECHO, reader_of_text("again"), 60 * SOON, answered, &a);
		scene_until_count(s.scene, &a.calls, round * SIBLING_QUESTIONS);
		assert_int_equal(a.why.fault, FAULT_NONE);
	}
	sibling_client_free(c);
	sibling_server_free(s.server);
	bytes_done(&a.answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(echoes_of_every_size),
		CASE(too_much_is_refused_on_both_sides),
		CASE(a_refusal_arrives_word_for_word),
		CASE(answers_come_in_any_order),
		CASE(who_has_too_many_questions_open_is_not_read),
		CASE(a_question_waits_for_the_server_and_outlives_its_restart),
		CASE(a_lost_server_ends_each_question_once),
		CASE(silence_ends_with_a_timeout_and_the_late_answer_is_dropped),
		CASE(freeing_the_client_ends_its_questions),
		CASE(what_nobody_takes_is_bounded),
		CASE(room_comes_back_with_answers),
		CASE(pushes_reach_everyone),
		CASE(who_never_reads_its_pushes_is_cut_off),
		CASE(another_process_is_turned_away),
		CASE(without_descriptors_siblings_wait),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
