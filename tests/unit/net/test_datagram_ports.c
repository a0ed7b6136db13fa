#include "scene.h"

#include <string.h>
#include <unistd.h>

#include "net/datagram.h"
#include "net/datagram_ports.h"

enum { FRESH = 3, REPLIES = 100, SIZE = 200 };

struct server {
	struct datagram_ports *ports;
	unsigned came, batches;
	size_t size; /* of the last that came */
	struct datagram_way way;
	unsigned replies; /* sent for each that comes, */
	size_t last;      /* of SIZE bytes each, the last of this many */
	size_t reply_port;
};

struct client {
	struct datagram *socket;
	struct address server;
	unsigned came;
	size_t sizes[REPLIES];
	uint8_t first[REPLIES];
	struct address from;
};

static void send_one(struct server *s, const struct datagram_way *way, uint8_t mark, size_t size)
{
	uint8_t *room = datagram_ports_room(s->ports);
	memset(room, mark, size);
	datagram_ports_send(s->ports, way, size);
}

static void came(const struct datagram_way *way, struct reader bytes, void *context)
{
	struct server *s = context;
	struct datagram_way back = *way;
	s->came++;
	s->size = bytes.left;
	s->way = *way;
	back.port = s->reply_port;
	for (unsigned i = 0; i < s->replies; i++)
		send_one(s, &back, (uint8_t)i, i + 1 == s->replies ? s->last : SIZE);
}

static void batch_done(void *context)
{
	((struct server *)context)->batches++;
}

static void heard(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context)
{
	(void)d;
	(void)to;
	struct client *c = context;
	assert_true(c->came < REPLIES);
	c->sizes[c->came] = bytes.left;
	c->first[c->came] = bytes.left > 0 ? bytes.at[0] : 255;
	c->from = *from;
	c->came++;
}

static void dial(
	struct scene *s, struct client *c, const char *source, const char *server, uint16_t port)
{
	struct address local;
	*c = (struct client){ 0 };
	assert_true(address_of(source, 0, &local, NULL));
	assert_true(address_of(server, port, &c->server, NULL));
	c->socket = datagram_open(s->loop, &local, heard, c, NULL);
	assert_non_null(c->socket);
}

static void say(struct client *c, size_t size)
{
	uint8_t bytes[3000] = { 0 };
	datagram_send(c->socket, &c->server, reader_of(bytes, size));
}

/* Gives the known port, which the kernel chose. */
static uint16_t serve_at(struct scene *s, struct server *server, const char *where)
{
	static const struct datagram_ports_events events = { came, batch_done };
	struct address at;
	struct error err = { 0 };
	assert_true(address_parse(where, &at, &err));
	int fd = listen_datagram(&at, &err);
	assert_true(address_of_socket(fd, &at, &err));
	server->ports = datagram_ports_new(s->loop, fd, FRESH, &events, server, &err);
	assert_non_null(server->ports);
	assert_int_equal(datagram_ports_count(server->ports), 1 + FRESH);
	return address_port(&at);
}

static void runs_arrive_as_they_were_sent(void **state)
{
	static const struct {
		unsigned replies;
		size_t last;
	} rows[] = { { 1, SIZE }, { 1, 0 }, { 2, SIZE }, { 2, 1 }, { 2, SIZE + 1 }, { 3, 0 },
		{ 63, 7 }, { 64, SIZE }, { 65, SIZE }, { 100, 3 }, { 100, DATAGRAM_PORTS_ROOM } };
	struct server server = { 0 };
	uint16_t port = serve_at(*state, &server, "127.0.0.1:0");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct client c;
		server.replies = rows[i].replies;
		server.last = rows[i].last;
		server.reply_port = i % (1 + FRESH);
		dial(*state, &c, "127.16.0.1", "127.0.0.1", port);
		say(&c, 10);
		scene_until_count(*state, &c.came, rows[i].replies);
		for (unsigned k = 0; k < rows[i].replies; k++) {
			size_t size = k + 1 == rows[i].replies ? rows[i].last : SIZE;
			assert_int_equal(c.sizes[k], size);
			assert_int_equal(c.first[k], size > 0 ? k : 255);
		}
		assert_int_equal(address_port(&c.from) == port, server.reply_port == 0);
		datagram_free(c.socket);
	}
	assert_int_equal(server.came, COUNT(rows));
	assert_true(server.batches >= 1 && server.batches <= COUNT(rows));
	datagram_ports_free(server.ports);
}

static void two_peers_do_not_share_a_run(void **state)
{
	struct server server = { .replies = 3, .last = SIZE, .reply_port = 1 };
	struct client one, other;
	uint16_t port = serve_at(*state, &server, "127.0.0.1:0");
	dial(*state, &one, "127.16.0.1", "127.0.0.1", port);
	dial(*state, &other, "127.16.0.2", "127.0.0.1", port);
	for (unsigned i = 0; i < 10; i++) {
		say(&one, 1);
		say(&other, 2);
	}
	scene_until_count(*state, &one.came, 30);
	scene_until_count(*state, &other.came, 30);
	assert_true(server.batches < server.came); /* they came together */
	datagram_free(one.socket);
	datagram_free(other.socket);
	datagram_ports_free(server.ports);
}

static void a_wildcard_answers_from_where_it_was_asked(void **state)
{
	static const char *const places[] = { "127.0.0.1", "127.0.10.7" };
	struct server server = { .replies = 2, .last = SIZE, .reply_port = 2 };
	uint16_t port = serve_at(*state, &server, "0.0.0.0:0");
	for (size_t i = 0; i < COUNT(places); i++) {
		struct client c;
		dial(*state, &c, "127.16.0.1", places[i], port);
		say(&c, 4);
		scene_until_count(*state, &c.came, 2);
		assert_true(address_same_host(&c.from, &c.server));
		assert_int_not_equal(address_port(&c.from), port);
		assert_true(address_same_host(&server.way.local, &c.server));
		assert_int_equal(server.way.port, 0);
		datagram_free(c.socket);
	}
	datagram_ports_free(server.ports);
}

static void it_works_over_ipv6(void **state)
{
	static const char *const places[] = { "[::1]:0", "[::]:0" };
	struct scene *s = *state;
	struct address probe;
	assert_true(address_parse(places[0], &probe, NULL));
	int fd = listen_datagram(&probe, NULL);
	if (fd < 0)
		skip(); /* no IPv6 on this machine */
	(void)close(fd);
	for (size_t i = 0; i < COUNT(places); i++) {
		struct server server = { .replies = 5, .last = 9, .reply_port = 3 };
		struct client c;
		uint16_t port = serve_at(s, &server, places[i]);
		dial(s, &c, "::1", "::1", port);
		say(&c, 4);
		scene_until_count(s, &c.came, 5);
		assert_int_equal(c.sizes[4], 9);
		assert_true(address_same_host(&c.from, &c.server));
		datagram_free(c.socket);
		datagram_ports_free(server.ports);
	}
}

static void what_is_too_long_arrives_cut(void **state)
{
	struct server server = { 0 };
	struct client c;
	uint16_t port = serve_at(*state, &server, "127.0.0.1:0");
	dial(*state, &c, "127.16.0.1", "127.0.0.1", port);
	static const size_t sizes[] = { 0, 1, DATAGRAM_PORTS_LONGEST - 1, DATAGRAM_PORTS_LONGEST,
		DATAGRAM_PORTS_LONGEST + 1 };
	for (unsigned i = 0; i < COUNT(sizes); i++) {
		say(&c, sizes[i]);
		scene_until_count(*state, &server.came, i + 1);
		assert_int_equal(server.size,
			sizes[i] < DATAGRAM_PORTS_LONGEST ? sizes[i] : DATAGRAM_PORTS_LONGEST);
	}
	datagram_free(c.socket);
	datagram_ports_free(server.ports);
}

/* Outside of an event nothing leaves before it is told to, and then everything. */
static void a_flush_sends_what_waits(void **state)
{
	struct scene *s = *state;
	struct server server = { 0 };
	struct client c;
	uint16_t port = serve_at(s, &server, "127.0.0.1:0");
	dial(s, &c, "127.16.0.1", "127.0.0.1", port);
	say(&c, 1);
	scene_until_count(s, &server.came, 1);
	struct datagram_way way = server.way;
	way.port = 1;
	send_one(&server, &way, 1, 10);
	(void)datagram_ports_room(server.ports); /* not sent, so not there */
	send_one(&server, &way, 2, 10);
	scene_for(s, 5);
	assert_int_equal(c.came, 0);
	datagram_ports_flush(server.ports);
	datagram_ports_flush(server.ports);
	scene_until_count(s, &c.came, 2);
	assert_int_equal(c.first[1], 2);
	datagram_free(c.socket);
	datagram_ports_free(server.ports);
}

static void nothing_is_left_open(void **state)
{
	struct scene *s = *state;
	struct error err = { 0 };
	static const struct datagram_ports_events events = { came, batch_done };
	struct server server = { 0 };
	unsigned before = scene_descriptors();
	(void)serve_at(s, &server, "127.0.0.1:0");
	assert_int_equal(scene_descriptors(), before + 1 + FRESH);
	datagram_ports_free(server.ports);
	datagram_ports_free(NULL);
	assert_int_equal(scene_descriptors(), before);
	assert_null(datagram_ports_new(s->loop, -1, FRESH, &events, &server, &err));
	assert_int_equal(err.fault, FAULT_IO);
	assert_int_equal(scene_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(runs_arrive_as_they_were_sent),
		CASE(two_peers_do_not_share_a_run),
		CASE(a_wildcard_answers_from_where_it_was_asked),
		CASE(it_works_over_ipv6),
		CASE(what_is_too_long_arrives_cut),
		CASE(a_flush_sends_what_waits),
		CASE(nothing_is_left_open),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
