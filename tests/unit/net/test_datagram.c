#include "scene.h"

#include <string.h>
#include <unistd.h>

#include "net/datagram.h"

struct end {
	struct datagram *d;
	unsigned refusals;
	struct address refused;
	unsigned got;
	size_t size;
	uint8_t last;
	struct address from, to;
	bool echo, ends;
};

static void came(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context)
{
	struct end *e = context;
	e->got++;
	e->size = bytes.left;
	e->last = bytes.left > 0 ? bytes.at[bytes.left - 1] : 0;
	e->from = *from;
	e->to = *to;
	if (e->echo)
		datagram_send(d, from, bytes);
	if (e->ends) {
		e->d = NULL;
		datagram_free(d);
	}
}

static void open_at(struct scene *s, struct end *e, const char *where)
{
	struct address local;
	struct error err = { 0 };
	assert_true(address_parse(where, &local, &err));
	e->d = datagram_open(s->loop, &local, came, e, &err);
	assert_non_null(e->d);
	assert_int_not_equal(address_port(datagram_local(e->d)), 0);
}

static void datagrams_go_both_ways(void **state)
{
	struct end server = { .echo = true }, client = { 0 };
	static const size_t sizes[] = { 0, 1, 512, 1432, 9000, 65507 };
	uint8_t bytes[65507];
	open_at(*state, &server, "127.0.0.1:0");
	open_at(*state, &client, "127.0.0.2:0");
	for (unsigned i = 0; i < COUNT(sizes); i++) {
		memset(bytes, (int)i + 1, sizeof(bytes));
		datagram_send(client.d, datagram_local(server.d), reader_of(bytes, sizes[i]));
		scene_until_count(*state, &client.got, i + 1);
		assert_int_equal(client.size, sizes[i]);
		assert_int_equal(client.last, sizes[i] > 0 ? i + 1 : 0);
		assert_true(address_same(&client.from, datagram_local(server.d)));
		assert_true(address_same(&server.from, datagram_local(client.d)));
	}
	datagram_free(client.d);
	datagram_free(server.d);
}

static void a_wildcard_server_learns_where_it_was_asked(void **state)
{
	static const char *const places[] = { "127.0.0.1", "127.0.10.7" };
	struct end server = { 0 }, client = { 0 };
	open_at(*state, &server, "0.0.0.0:0");
	open_at(*state, &client, "127.0.0.1:0");
	for (unsigned i = 0; i < COUNT(places); i++) {
		struct address to;
		assert_true(
			address_of(places[i], address_port(datagram_local(server.d)), &to, NULL));
		datagram_send(client.d, &to, reader_of("x", 1));
		scene_until_count(*state, &server.got, i + 1);
		assert_true(address_same(&server.to, &to));
	}
	datagram_free(client.d);
	datagram_free(server.d);
}

static void it_works_over_ipv6(void **state)
{
	struct scene *s = *state;
	struct address local;
	struct end server = { 0 }, client = { 0 };
	assert_true(address_parse("[::1]:0", &local, NULL));
	server.d = datagram_open(s->loop, &local, came, &server, NULL);
	if (server.d == NULL)
		skip(); /* no IPv6 on this machine */
	open_at(s, &client, "[::1]:0");
	datagram_send(client.d, datagram_local(server.d), reader_of("six", 3));
	scene_until_count(s, &server.got, 1);
	assert_true(address_same(&server.to, datagram_local(server.d)));
	assert_true(address_same(&server.from, datagram_local(client.d)));
	datagram_free(client.d);
	datagram_free(server.d);
}

static void it_may_end_itself_while_more_is_waiting(void **state)
{
	struct end server = { .ends = true }, client = { 0 };
	open_at(*state, &server, "127.0.0.1:0");
	open_at(*state, &client, "127.0.0.1:0");
	unsigned before = scene_descriptors();
	for (unsigned i = 0; i < 10; i++)
		datagram_send(client.d, datagram_local(server.d), reader_of("x", 1));
	scene_until_count(*state, &server.got, 1);
	scene_for(*state, 5);
	assert_int_equal(server.got, 1);
	assert_int_equal(scene_descriptors(), before - 1);
	datagram_free(client.d);
	datagram_free(NULL);
}

static void a_full_buffer_drops_and_never_waits(void **state)
{
	struct end server = { 0 }, client = { 0 };
	uint8_t bytes[60000] = { 0 };
	open_at(*state, &server, "127.0.0.1:0");
	open_at(*state, &client, "127.0.0.1:0");
	for (unsigned i = 0; i < 200; i++)
		datagram_send(client.d, datagram_local(server.d), reader_of(bytes, sizeof(bytes)));
	scene_until_count(*state, &server.got, 1);
	scene_for(*state, 5);
	assert_in_range(server.got, 1, 199);
	datagram_free(client.d);
	datagram_free(server.d);
}

static void was_refused(struct datagram *d, const struct address *to, void *context)
{
	struct end *e = context;
	e->refusals++;
	e->refused = *to;
	if (e->ends) {
		e->d = NULL;
		datagram_free(d);
	}
}

/* A port that nobody else can take, and that hears nobody but a peer who does not exist. */
static int closed_port(const char *where, struct address *at)
{
	struct address local, peer;
	assert_true(address_parse(where, &local, NULL));
	bool six = local.storage.ss_family == AF_INET6;
	assert_true(address_parse(six ? "[::1]:9" : "127.0.0.4:9", &peer, NULL));
	int fd = listen_datagram(&local, NULL);
	assert_true(fd >= 0 && address_of_socket(fd, at, NULL));
	assert_int_equal(connect(fd, (struct sockaddr *)&peer.storage, peer.size), 0);
	return fd;
}

static void a_refusal_is_told_with_its_place(void **state)
{
	struct end server = { .echo = true }, client = { 0 };
	struct address nobody;
	int closed = closed_port("127.0.0.3:0", &nobody);
	open_at(*state, &server, "127.0.0.1:0");
	open_at(*state, &client, "127.0.0.2:0");
	assert_true(datagram_heed_refusals(client.d, was_refused, NULL));
	for (unsigned i = 1; i <= 3; i++) {
		datagram_send(client.d, &nobody, reader_of("any", 3));
		scene_until_count(*state, &client.refusals, i);
		assert_true(address_same(&client.refused, &nobody));
	}
	/* what is sent right behind one that was refused is not lost, nor is what comes */
	datagram_send(client.d, &nobody, reader_of("any", 3));
	datagram_send(client.d, datagram_local(server.d), reader_of("x", 1));
	scene_until_count(*state, &client.got, 1);
	scene_until_count(*state, &client.refusals, 4);
	assert_in_range(scene_busy_for(*state, 50), 0, 25); /* nothing is left that would spin */
	datagram_free(client.d);
	datagram_free(server.d);
	(void)close(closed);
}

static void a_refusal_over_ipv6_is_told(void **state)
{
	struct scene *s = *state;
	struct address local;
	struct end probe = { 0 }, client = { 0 };
	assert_true(address_parse("[::1]:0", &local, NULL));
	probe.d = datagram_open(s->loop, &local, came, &probe, NULL);
	if (probe.d == NULL)
		skip(); /* no IPv6 on this machine */
	datagram_free(probe.d);
	struct address nobody;
	int closed = closed_port("[::1]:0", &nobody);
	open_at(s, &client, "[::1]:0");
	assert_true(datagram_heed_refusals(client.d, was_refused, NULL));
	datagram_send(client.d, &nobody, reader_of("any", 3));
	scene_until_count(s, &client.refusals, 1);
	assert_true(address_same(&client.refused, &nobody));
	datagram_free(client.d);
	(void)close(closed);
}

static void who_is_told_may_end(void **state)
{
	struct end client = { .ends = true };
	struct address nobody;
	int closed = closed_port("127.0.0.3:0", &nobody);
	open_at(*state, &client, "127.0.0.2:0");
	assert_true(datagram_heed_refusals(client.d, was_refused, NULL));
	for (unsigned i = 0; i < 4; i++)
		datagram_send(client.d, &nobody, reader_of("any", 3));
	scene_until_count(*state, &client.refusals, 1);
	assert_null(client.d);
	(void)close(closed);
}

static void a_refusal_that_nobody_heeds_is_silent(void **state)
{
	struct end server = { .echo = true }, client = { 0 };
	struct address nobody;
	int closed = closed_port("127.0.0.3:0", &nobody);
	open_at(*state, &server, "127.0.0.1:0");
	open_at(*state, &client, "127.0.0.2:0");
	datagram_send(client.d, &nobody, reader_of("any", 3));
	datagram_send(client.d, datagram_local(server.d), reader_of("x", 1));
	scene_until_count(*state, &client.got, 1);
	assert_int_equal(client.refusals, 0);
	datagram_free(client.d);
	datagram_free(server.d);
	(void)close(closed);
}

static void a_port_in_use_is_said(void **state)
{
	struct scene *s = *state;
	struct error err = { 0 };
	struct end server = { 0 };
	char text[ADDRESS_TEXT_SIZE];
	open_at(s, &server, "127.0.0.1:0");
	assert_null(datagram_open(s->loop, datagram_local(server.d), came, &server, &err));
	assert_int_equal(err.fault, FAULT_IO);
	assert_non_null(strstr(err.text, address_text(datagram_local(server.d), text)));
	assert_non_null(strstr(err.text, "in use by another program"));
	datagram_free(server.d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(datagrams_go_both_ways),
		CASE(a_wildcard_server_learns_where_it_was_asked),
		CASE(it_works_over_ipv6),
		CASE(it_may_end_itself_while_more_is_waiting),
		CASE(a_full_buffer_drops_and_never_waits),
		CASE(a_refusal_is_told_with_its_place),
		CASE(a_refusal_over_ipv6_is_told),
		CASE(who_is_told_may_end),
		CASE(a_refusal_that_nobody_heeds_is_silent),
		CASE(a_port_in_use_is_said),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
