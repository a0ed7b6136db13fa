#include "letters.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct stream_limits generous = { 5000, 5000, 5000, 0, 0 };

/* Runs the loop until the socket has as many bytes, and takes them. */
struct wanted {
	int fd;
	uint8_t *out;
	size_t have, want;
	bool done, ended;
	struct watch *watch;
};

static void more(void *context)
{
	struct wanted *w = context;
	ssize_t got = recv(w->fd, w->out + w->have, w->want - w->have, MSG_DONTWAIT);
	if (got > 0)
		w->have += (size_t)got;
	w->ended = got == 0 || (got < 0 && errno != EAGAIN);
	w->done = w->ended || w->have == w->want;
	if (w->done) {
		watch_free(w->watch);
		w->watch = NULL;
	}
}

/* Returns how many came before the end. */
static size_t take(struct scene *s, int fd, void *out, size_t want)
{
	struct wanted w = { .fd = fd, .out = out, .want = want };
	w.watch = watch_readable(s->loop, fd, more, &w, NULL);
	scene_until(s, &w.done);
	return w.have;
}

static void say(int fd, const void *bytes, size_t size)
{
	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void expect(struct letters *l, int fd, const char *text)
{
	uint8_t wanted[LETTERS_MAX + 2], got[LETTERS_MAX + 2];
	size_t size = letters_write(wanted, text);
	assert_int_equal(take(l->scene, fd, got, size), size);
	assert_memory_equal(got, wanted, size);
}

static void expect_end(struct letters *l, int fd)
{
	char byte;
	assert_int_equal(take(l->scene, fd, &byte, 1), 0);
	(void)close(fd);
}

static void a_message_split_at_each_byte_is_one_message(void **state)
{
	struct letters l = { 0 };
	uint8_t bytes[16];
	letters_serve(&l, *state, NULL, &generous);
	size_t size = letters_write(bytes, "partial");
	for (size_t at = 1; at < size; at++) {
		int fd = scene_dial(&l.at, NULL);
		say(fd, bytes, at);
		scene_until_count(l.scene, &l.opened, (unsigned)at);
		scene_for(l.scene, 2);
		assert_int_equal(l.messages, at - 1);
		say(fd, bytes + at, size - at);
		expect(&l, fd, "partial");
		(void)close(fd);
		scene_until_count(l.scene, &l.closed, (unsigned)at);
	}
	assert_int_equal(l.ended_well, l.closed);
	stream_server_free(l.server);
}

static void a_message_may_come_byte_by_byte(void **state)
{
	struct letters l = { 0 };
	uint8_t bytes[16];
	letters_serve(&l, *state, NULL, &generous);
	size_t size = letters_write(bytes, "slow");
	int fd = scene_dial(&l.at, NULL);
	for (size_t i = 0; i < size; i++) {
		say(fd, bytes + i, 1);
		scene_for(l.scene, 1);
	}
	expect(&l, fd, "slow");
	(void)close(fd);
	stream_server_free(l.server);
}

static void several_messages_in_one_segment(void **state)
{
	struct letters l = { 0 };
	uint8_t bytes[64];
	letters_serve(&l, *state, NULL, &generous);
	size_t size = letters_write(bytes, "one");
	size += letters_write(bytes + size, "");
	size += letters_write(bytes + size, "three");
	int fd = scene_dial(&l.at, NULL);
	say(fd, bytes, size - 1);
	expect(&l, fd, "one");
	expect(&l, fd, "");
	say(fd, bytes + size - 1, 1);
	expect(&l, fd, "three");
	assert_int_equal(l.opened, 1);
	(void)close(fd);
	stream_server_free(l.server);
}

static void the_largest_message_passes_and_one_more_hangs_up(void **state)
{
	struct letters l = { 0 };
	char text[LETTERS_MAX + 2];
	uint8_t bytes[LETTERS_MAX + 4];
	memset(text, 'x', sizeof(text));
	text[LETTERS_MAX] = '\0';
	letters_serve(&l, *state, NULL, &generous);
	int fd = scene_dial(&l.at, NULL);
	say(fd, bytes, letters_write(bytes, text));
	expect(&l, fd, text);
	text[LETTERS_MAX] = 'x';
	text[LETTERS_MAX + 1] = '\0';
	say(fd, bytes, letters_write(bytes, text));
	expect_end(&l, fd);
	assert_int_equal(l.messages, 1);
	assert_int_equal(l.why.fault, FAULT_LIMIT);
	assert_string_equal(l.why.text, "1001 letters, 1000 are allowed");
	stream_server_free(l.server);
}

static void a_refused_message_hangs_up_and_says_why(void **state)
{
	struct letters l = { 0 };
	uint8_t bytes[8];
	letters_serve(&l, *state, NULL, &generous);
	int fd = scene_dial(&l.at, "127.0.0.9");
	say(fd, bytes, letters_write(bytes, "!"));
	expect_end(&l, fd);
	assert_int_equal(l.why.fault, FAULT_MALFORMED);
	assert_int_equal(strncmp(l.peer, "127.0.0.9:", 10), 0);
	stream_server_free(l.server);
}

static void a_half_closed_peer_still_gets_its_answer(void **state)
{
	struct letters l = { 0 };
	uint8_t bytes[16];
	letters_serve(&l, *state, NULL, &generous);
	int fd = scene_dial(&l.at, NULL);
	say(fd, bytes, letters_write(bytes, "half"));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect(&l, fd, "half");
	expect_end(&l, fd);
	assert_int_equal(l.ended_well, 1);
	stream_server_free(l.server);
}

static void a_half_closed_peer_gets_a_long_answer_too(void **state)
{
	struct letters l = { 0 };
	uint8_t bytes[16];
	uint8_t *much = malloc(FLOOD);
	letters_serve(&l, *state, NULL, &generous);
	for (unsigned i = 0; i < 2; i++) {
		const size_t size = i == 0 ? FLOOD : RIVER;
		int fd = scene_dial_narrow(&l.at);
		say(fd, bytes, letters_write(bytes, i == 0 ? "flood" : "river"));
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		scene_until_count(l.scene, &l.messages, i + 1);
		scene_for(l.scene, 5);
		assert_int_equal(take(l.scene, fd, much, size), size);
		expect_end(&l, fd);
	}
	free(much);
	stream_server_free(l.server);
}

static void leaving_in_the_middle_is_said(void **state)
{
	struct letters l = { 0 };
	uint8_t bytes[16];
	letters_serve(&l, *state, NULL, &generous);
	size_t size = letters_write(bytes, "middle");
	for (unsigned cut = 1; cut < size; cut++) {
		int fd = scene_dial(&l.at, NULL);
		say(fd, bytes, cut);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		scene_until_count(l.scene, &l.closed, cut);
		assert_int_equal(l.ended_well, 0);
		assert_int_equal(l.why.fault, FAULT_MALFORMED);
		(void)close(fd);
	}
	assert_int_equal(l.messages, 0);
	stream_server_free(l.server);
}

static void a_reset_is_an_end_like_another(void **state)
{
	struct letters l = { 0 };
	struct linger now = { .l_onoff = 1 };
	letters_serve(&l, *state, NULL, &generous);
	int fd = scene_dial(&l.at, NULL);
	scene_until_count(l.scene, &l.opened, 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	(void)close(fd);
	scene_until_count(l.scene, &l.closed, 1);
	assert_int_equal(l.why.fault, FAULT_IO);
	stream_server_free(l.server);
}

static void silence_ends(void **state)
{
	const struct stream_limits limits = { .idle_ms = 30 };
	struct letters l = { 0 };
	letters_serve(&l, *state, NULL, &limits);
	int fd = scene_dial(&l.at, NULL);
	expect_end(&l, fd);
	assert_int_equal(l.why.fault, FAULT_LIMIT);
	assert_non_null(strstr(l.why.text, "silent"));
	stream_server_free(l.server);
}

static void silence_after_a_message_is_an_end_like_another(void **state)
{
	const struct stream_limits limits = { .idle_ms = 200 };
	struct letters l = { 0 };
	uint8_t bytes[16];
	letters_serve(&l, *state, NULL, &limits);
	int fd = scene_dial(&l.at, NULL);
	say(fd, bytes, letters_write(bytes, "well"));
	expect(&l, fd, "well");
	expect_end(&l, fd);
	scene_until_count(l.scene, &l.closed, 1);
	assert_int_equal(l.ended_well, 1);
	stream_server_free(l.server);
}

static void a_server_that_does_not_answer_is_told(void **state)
{
	const struct stream_limits impatient = { .handshake_ms = 5000, .idle_ms = 30 };
	struct letters client = { .scene = *state };
	struct stream_target target = { .source = NULL };
	uint8_t bytes[16];
	int fd = scene_listen(&target.to);
	struct stream *s = stream_open(
		client.scene->loop, &target, &letters_protocol, &impatient, &client, NULL);
	scene_until_count(client.scene, &client.opened, 1);
	stream_send(s, reader_of(bytes, letters_write(bytes, "hello?")));
	scene_until_count(client.scene, &client.closed, 1);
	assert_int_equal(client.why.fault, FAULT_LIMIT);
	(void)close(fd);
}

struct dripping {
	int fd;
	unsigned drops;
};

static void drip(void *context)
{
	struct dripping *d = context;
	static const uint8_t drop[1] = { 0 };
	if (send(d->fd, drop, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
		d->drops++;
}

static void a_message_has_one_deadline_however_it_drips(void **state)
{
	const struct stream_limits limits = { .message_ms = 200, .idle_ms = 5000 };
	struct letters l = { 0 };
	letters_serve(&l, *state, NULL, &limits);
	struct dripping d = { .fd = scene_dial(&l.at, NULL) };
	say(d.fd, "\3", 1); /* 768 letters are to follow */
	struct timer *t = timer_new(l.scene->loop, 5, true, drip, &d, NULL);
	scene_until_count(l.scene, &l.closed, 1);
	timer_free(t);
	assert_int_equal(l.why.fault, FAULT_LIMIT);
	assert_non_null(strstr(l.why.text, "not finished in time"));
	assert_in_range(d.drops, 1, 200);
	(void)close(d.fd);
	stream_server_free(l.server);
}

static void push(void *context)
{
	const struct letters *l = context;
	if (l->last != NULL)
		stream_send(l->last, reader_of_text("\1"));
}

static void what_the_server_says_meanwhile_gives_no_more_time(void **state)
{
	const struct stream_limits limits = { .message_ms = 60, .idle_ms = 5000 };
	struct letters l = { 0 };
	letters_serve(&l, *state, NULL, &limits);
	int fd = scene_dial(&l.at, NULL);
	say(fd, "\3", 1);
	struct timer *t = timer_new(l.scene->loop, 5, true, push, &l, NULL);
	scene_until_count(l.scene, &l.closed, 1);
	timer_free(t);
	assert_non_null(strstr(l.why.text, "not finished in time"));
	(void)close(fd);
	stream_server_free(l.server);
}

static void a_fresh_message_has_a_fresh_deadline(void **state)
{
	const struct stream_limits limits = { .message_ms = 300, .idle_ms = 5000 };
	struct letters l = { 0 };
	uint8_t bytes[8];
	letters_serve(&l, *state, NULL, &limits);
	int fd = scene_dial(&l.at, NULL);
	size_t size = letters_write(bytes, "abc");
	for (unsigned i = 0; i < 4; i++) {
		say(fd, bytes, 2);
		scene_for(l.scene, 100);
		say(fd, bytes + 2, size - 2);
		expect(&l, fd, "abc");
	}
	scene_for(l.scene, 350); /* between messages no deadline but idle's */
	assert_int_equal(l.closed, 0);
	(void)close(fd);
	stream_server_free(l.server);
}

static void the_cap_in_total_holds(void **state)
{
	const struct stream_limits limits = { .idle_ms = 5000, .total = 3 };
	struct letters l = { 0 };
	int fds[3];
	letters_serve(&l, *state, NULL, &limits);
	for (unsigned i = 0; i < 3; i++)
		fds[i] = scene_dial(&l.at, NULL);
	scene_until_count(l.scene, &l.opened, 3);
	expect_end(&l, scene_dial(&l.at, NULL));
	assert_int_equal(l.refused, 1);
	assert_int_equal(l.why.fault, FAULT_LIMIT);
	(void)close(fds[1]);
	scene_until_count(l.scene, &l.closed, 1);
	fds[1] = scene_dial(&l.at, NULL);
	scene_until_count(l.scene, &l.opened, 4);
	for (unsigned i = 0; i < 3; i++)
		(void)close(fds[i]);
	stream_server_free(l.server);
}

static void the_cap_per_source_leaves_others_alone(void **state)
{
	const struct stream_limits limits = { .idle_ms = 5000, .per_source = 2 };
	struct letters l = { 0 };
	int fds[4];
	letters_serve(&l, *state, NULL, &limits);
	fds[0] = scene_dial(&l.at, "127.16.0.1");
	fds[1] = scene_dial(&l.at, "127.16.0.1");
	scene_until_count(l.scene, &l.opened, 2);
	expect_end(&l, scene_dial(&l.at, "127.16.0.1"));
	assert_int_equal(l.refused, 1);
	assert_int_equal(strncmp(l.peer, "127.16.0.1:", 11), 0);
	fds[2] = scene_dial(&l.at, "127.16.0.2");
	scene_until_count(l.scene, &l.opened, 3);
	(void)close(fds[0]);
	scene_until_count(l.scene, &l.closed, 1);
	fds[3] = scene_dial(&l.at, "127.16.0.1");
	scene_until_count(l.scene, &l.opened, 4);
	for (unsigned i = 1; i < 4; i++)
		(void)close(fds[i]);
	stream_server_free(l.server);
}

static void without_descriptors_those_who_connect_wait(void **state)
{
	struct letters l = { 0 };
	struct starving s;
	uint8_t bytes[16];
	letters_serve(&l, *state, NULL, &generous);
	int fd = scene_dial(&l.at, NULL), second = scene_dial(&l.at, NULL);
	scene_starve(&s);
	unsigned busy = scene_busy_for(l.scene, 500);
	unsigned refused = l.refused, opened = l.opened;
	scene_feed(&s);
	assert_in_range(busy, 0, 250);
	assert_int_equal(refused, 1); /* said once */
	assert_int_equal(opened, 0);
	assert_non_null(strstr(l.why.text, "Too many open files"));
	say(fd, bytes, letters_write(bytes, "patient"));
	expect(&l, fd, "patient");
	scene_until_count(l.scene, &l.opened, 2);
	(void)close(fd);
	(void)close(second);
	stream_server_free(l.server);
}

static void closing_lets_the_answer_leave(void **state)
{
	struct letters l = { 0 };
	uint8_t bytes[32];
	uint8_t *much = malloc(FLOOD + 1);
	letters_serve(&l, *state, NULL, &generous);
	int fd = scene_dial(&l.at, NULL);
	size_t size = letters_write(bytes, "flood");
	size += letters_write(bytes + size, "bye");
	size += letters_write(bytes + size, "never read");
	say(fd, bytes, size);
	assert_int_equal(take(l.scene, fd, much, FLOOD), FLOOD);
	expect(&l, fd, "bye");
	expect_end(&l, fd);
	scene_until_count(l.scene, &l.closed, 1);
	assert_int_equal(l.messages, 2);
	assert_int_equal(l.ended_well, 1);
	free(much);
	stream_server_free(l.server);
}

static void who_does_not_read_is_not_heard_for_ever(void **state)
{
	const struct stream_limits limits = { .message_ms = 5000, .idle_ms = 100 };
	struct letters l = { 0 };
	uint8_t bytes[700];
	size_t size = 0;
	letters_serve(&l, *state, NULL, &limits);
	for (unsigned i = 0; i < 100; i++)
		size += letters_write(bytes + size, "flood");
	int fd = scene_dial(&l.at, NULL);
	say(fd, bytes, size);
	scene_until_count(l.scene, &l.closed, 1);
	assert_int_equal(l.why.fault, FAULT_LIMIT);
	assert_in_range(l.messages, 1, 20); /* not a hundred megabytes in memory */
	(void)close(fd);
	stream_server_free(l.server);
}

static void who_reads_late_gets_everything(void **state)
{
	struct letters l = { 0 };
	uint8_t bytes[7 * 8];
	size_t size = 0;
	uint8_t *much = malloc(FLOOD);
	letters_serve(&l, *state, NULL, &generous);
	for (unsigned i = 0; i < 8; i++)
		size += letters_write(bytes + size, "flood");
	int fd = scene_dial(&l.at, NULL);
	say(fd, bytes, size);
	scene_until_count(l.scene, &l.messages, 1);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(take(l.scene, fd, much, FLOOD), FLOOD);
	assert_int_equal(l.messages, 8);
	free(much);
	(void)close(fd);
	stream_server_free(l.server);
}

static void a_client_speaks_the_same(void **state)
{
	struct letters server = { 0 }, client = { .scene = *state };
	struct error err = { 0 };
	struct address source;
	uint8_t bytes[LETTERS_MAX + 2];
	letters_serve(&server, *state, NULL, &generous);
	assert_true(address_parse("127.16.3.4:0", &source, NULL));
	const struct stream_target target = { .to = server.at, .source = &source };
	struct stream *s = stream_open(
		client.scene->loop, &target, &letters_protocol, &generous, &client, &err);
	assert_non_null(s);
	scene_until_count(client.scene, &client.opened, 1);
	assert_null(stream_peer_cert(s, &err)); /* no TLS, no certificate */
	stream_send(s, reader_of(bytes, letters_write(bytes, "bye")));
	scene_until_count(client.scene, &client.messages, 1); /* and says bye itself */
	scene_until_count(client.scene, &client.closed, 1);
	scene_until_count(client.scene, &server.closed, 1);
	assert_int_equal(strncmp(server.peer, "127.16.3.4:", 11), 0);
	assert_int_equal(client.ended_well, 1);
	stream_server_free(server.server);
}

static void a_refused_connection_arrives_as_closed(void **state)
{
	struct letters client = { .scene = *state };
	struct error err = { 0 };
	struct address nobody, foreign;
	(void)close(scene_listen(&nobody));
	struct stream_target target = { .to = nobody };
	struct stream *s = stream_open(
		client.scene->loop, &target, &letters_protocol, &generous, &client, &err);
	assert_non_null(s);
	assert_int_equal(client.closed, 0);
	scene_until_count(client.scene, &client.closed, 1);
	assert_int_equal(client.opened, 0);
	assert_int_equal(client.why.fault, FAULT_IO);
	assert_non_null(strstr(client.why.text, "refused"));
	assert_true(address_parse("192.0.2.1:0", &foreign, NULL));
	target.source = &foreign;
	assert_null(stream_open(
		client.scene->loop, &target, &letters_protocol, &generous, &client, &err));
	assert_non_null(strstr(err.text, "192.0.2.1"));
	assert_int_equal(client.closed, 1);
}

static void closing_before_it_is_open_closes_once(void **state)
{
	struct letters server = { 0 }, client = { .scene = *state };
	struct error err = { 0 };
	letters_serve(&server, *state, NULL, &generous);
	for (unsigned tls = 0; tls < 2; tls++) {
		const struct stream_target target = { .to = server.at, .tls = tls == 1 };
		struct stream *s = stream_open(
			client.scene->loop, &target, &letters_protocol, &generous, &client, &err);
		assert_non_null(s);
		stream_close(s);
		assert_int_equal(client.closed, tls);
		scene_until_count(client.scene, &client.closed, tls + 1);
	}
	assert_int_equal(client.opened, 0);
	scene_for(client.scene, 5);
	assert_int_equal(client.closed, 2);
	stream_server_free(server.server);
}

static void freeing_a_server_ends_its_connections(void **state)
{
	struct letters l = { 0 };
	letters_serve(&l, *state, NULL, &generous);
	unsigned before = scene_descriptors();
	int fds[3];
	for (unsigned i = 0; i < 3; i++)
		fds[i] = scene_dial(&l.at, NULL);
	scene_until_count(l.scene, &l.opened, 3);
	stream_server_free(l.server);
	assert_int_equal(l.closed, 3);
	scene_for(l.scene, 2);
	for (unsigned i = 0; i < 3; i++)
		expect_end(&l, fds[i]);
	assert_int_equal(scene_descriptors(), before - 1);
	stream_server_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(a_message_split_at_each_byte_is_one_message),
		CASE(a_message_may_come_byte_by_byte),
		CASE(several_messages_in_one_segment),
		CASE(the_largest_message_passes_and_one_more_hangs_up),
		CASE(a_refused_message_hangs_up_and_says_why),
		CASE(a_half_closed_peer_still_gets_its_answer),
		CASE(a_half_closed_peer_gets_a_long_answer_too),
		CASE(leaving_in_the_middle_is_said),
		CASE(a_reset_is_an_end_like_another),
		CASE(silence_ends),
		CASE(silence_after_a_message_is_an_end_like_another),
		CASE(a_server_that_does_not_answer_is_told),
		CASE(a_message_has_one_deadline_however_it_drips),
		CASE(what_the_server_says_meanwhile_gives_no_more_time),
		CASE(a_fresh_message_has_a_fresh_deadline),
		CASE(the_cap_in_total_holds),
		CASE(the_cap_per_source_leaves_others_alone),
		CASE(without_descriptors_those_who_connect_wait),
		CASE(closing_lets_the_answer_leave),
		CASE(who_does_not_read_is_not_heard_for_ever),
		CASE(who_reads_late_gets_everything),
		CASE(a_client_speaks_the_same),
		CASE(a_refused_connection_arrives_as_closed),
		CASE(closing_before_it_is_open_closes_once),
		CASE(freeing_a_server_ends_its_connections),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
