/* Phones that speak TFTP, over loopback. */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/datagram.h"
#include "talk/tftp_client.h"

static const char device_file[] = "SEP001122334455.cnf.xml.sgn";

/* A phone: the conversation of talk/ over a socket of its own. */
struct phone {
	struct stage *stage;
	struct datagram *socket;
	struct address server, answered; /* where to ask; who answered first */
	struct tftp_client client;
	unsigned ended, datagrams, errors;
	struct tftp_packet last;
	bool mute; /* hears and says nothing */
};

static struct address served; /* by the face of the running test */

static void emit(struct reader bytes, void *context)
{
	struct phone *p = context;
	if (!p->mute)
		datagram_send(p->socket, p->datagrams > 0 ? &p->answered : &p->server, bytes);
}

static void heard(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context)
{
	(void)d;
	(void)to;
	struct phone *p = context;
	const struct tftp_out out = { emit, p };
	if (p->datagrams++ == 0)
		p->answered = *from;
	assert_true(tftp_packet_parse(bytes, &p->last, NULL));
	p->last.data = (struct reader){ 0 };
	p->errors += p->last.opcode == TFTP_ERROR ? 1 : 0;
	if (p->mute || p->client.ended || p->client.name[0] == '\0')
		return;
	struct tftp_packet whole;
	assert_true(tftp_packet_parse(bytes, &whole, NULL));
	tftp_client_packet(&p->client, &whole, clock_monotonic_ms(), &out);
	p->ended += p->client.ended ? 1 : 0;
}

static void phone_start(struct phone *p, struct stage *s, const char *source)
{
	struct address local;
	*p = (struct phone){ .stage = s, .server = served };
	assert_true(address_of(source, 0, &local, NULL));
	p->socket = datagram_open(s->scene->loop, &local, heard, p, NULL);
	assert_non_null(p->socket);
}

static void phone_stop(struct phone *p)
{
	tftp_client_done(&p->client);
	datagram_free(p->socket);
}

static void phone_ask(struct phone *p, const char *name, uint16_t block_size)
{
	const struct tftp_client_settings settings = { .block_size = block_size,
		.window = block_size > 0 ? 4 : 0,
		.limit = 10 << 20,
		.tries = 3,
		.timeout_ms = 5000 };
	const struct tftp_out out = { emit, p };
	assert_true(
		tftp_client_start(&p->client, name, &settings, clock_monotonic_ms(), &out, NULL));
}

/* Bytes of our own making. */
static void phone_say(struct phone *p, const void *bytes, size_t size)
{
	datagram_send(p->socket, &p->server, reader_of(bytes, size));
}

static void open_face(struct stage *s)
{
	struct address wanted;
	struct error err = { 0 };
	assert_true(address_parse("127.0.0.1:0", &wanted, NULL));
	int fd = listen_datagram(&wanted, &err);
	assert_true(address_of_socket(fd, &served, NULL));
	s->provision.tftp = tftp_face_new(&s->provision, fd, &err);
	assert_non_null(s->provision.tftp);
}

static void fetch(struct stage *s, const char *name, uint16_t block_size, struct bytes *out)
{
	struct phone p;
	phone_start(&p, s, "127.16.0.1");
	phone_ask(&p, name, block_size);
	scene_until_count(s->scene, &p.ended, 1);
	if (p.client.why.fault != FAULT_NONE)
		fail_msg("%s: %s", name, p.client.why.text);
	assert_int_not_equal(address_port(&p.answered), address_port(&served));
	assert_true(address_same_host(&p.answered, &served));
	assert_true(writer_take(&p.client.received, out, NULL));
	phone_stop(&p);
}

static void files_arrive_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 511, 512, 513, 1024, 100000 };
	static const uint16_t blocks[] = { 0, 8, 1428, 65464 };
	struct stage *s = *state;
	uint8_t *bytes = malloc(100000);
	for (size_t i = 0; i < 100000; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 256);
	open_face(s);
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (size_t b = 0; b < COUNT(blocks); b++) {
			AUTO_DONE(bytes) got = { 0 };
			stage_put(s, "file.bin", reader_of(bytes, sizes[i]));
			fetch(s, "file.bin", blocks[b], &got);
			assert_true(reader_same(bytes_reader(&got), reader_of(bytes, sizes[i])));
		}
	free(bytes);
	scene_for(s->scene, 10);
	assert_int_equal(shelf_files(s->provision.shelf), 0); /* nothing is left behind */
}

static void a_signed_configuration_arrives(void **state)
{
	struct stage *s = *state;
	AUTO_DONE(bytes) got = { 0 };
	stage_publish(
		s, "SEP001122334455.cnf.xml", SNAPSHOT_CONFIGURATION, reader_of_text("<device/>"));
	stage_sign(s);
	open_face(s);
	fetch(s, device_file, 0, &got);
	stage_check_signed(s, bytes_reader(&got), device_file, reader_of_text("<device/>"));
}

static void expect_error(struct stage *s, const char *name, enum tftp_error code)
{
	struct phone p;
	phone_start(&p, s, "127.16.0.1");
	phone_ask(&p, name, 0);
	scene_until_count(s->scene, &p.errors, 1);
	assert_int_equal(p.last.error, code);
	assert_true(p.last.message[0] != '\0');
	assert_true(address_same_host(&p.answered, &served));
	phone_stop(&p);
}

static void what_is_not_served_is_told_at_once(void **state)
{
	struct stage *s = *state;
	open_face(s);
	stage_publish(s, "SEP001122334455.cnf.xml", SNAPSHOT_CONFIGURATION, reader_of_text("x"));
	expect_error(s, "CTLSEP001122334455.tlv", TFTP_NOT_FOUND);
	expect_error(s, "nothing.xml", TFTP_NOT_FOUND);
	expect_error(s, "../state/snapshot/index", TFTP_ACCESS);
	expect_error(s, "secret.pem", TFTP_ACCESS);
	expect_error(s, device_file, TFTP_UNDEFINED); /* no certificate to sign with yet */
	stage_sign(s);
	s->refuses = true;
	expect_error(s, device_file, TFTP_ACCESS);
}

static void what_is_no_request_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum tftp_error code;
	} rows[] = {
		{ "", 0, TFTP_ILLEGAL },
		{ "\0", 1, TFTP_ILLEGAL },
		{ "\0\1", 2, TFTP_ILLEGAL },
		{ "\0\1name", 6, TFTP_ILLEGAL },
		{ "\0\1name\0octet", 12, TFTP_ILLEGAL },
		{ "\0\1name\0mail\0", 12, TFTP_ILLEGAL },
		{ "\0\1name\0carrots\0", 15, TFTP_ILLEGAL },
		{ "\0\2name\0octet\0", 13, TFTP_ACCESS },
		{ "\0\11name\0octet\0", 13, TFTP_ILLEGAL },
	};
	struct stage *s = *state;
	open_face(s);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct phone p;
		phone_start(&p, s, "127.16.0.1");
		phone_say(&p, rows[i].bytes, rows[i].size);
		scene_until_count(s->scene, &p.errors, 1);
		assert_int_equal(p.last.error, rows[i].code);
		phone_stop(&p);
	}
}

static void strays_are_not_answered(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} rows[] = {
		{ "\0\3\0\1data", 8 },
		{ "\0\4\0\1", 4 },
		{ "\0\5\0\1no\0", 7 }, /* two servers must not tell each other errors for ever */
		{ "\0\6blksize\0"
		  "512\0",
			14 },
	};
	struct stage *s = *state;
	struct phone p;
	open_face(s);
	phone_start(&p, s, "127.16.0.1");
	for (size_t i = 0; i < COUNT(rows); i++)
		phone_say(&p, rows[i].bytes, rows[i].size);
	scene_for(s->scene, 20);
	assert_int_equal(p.datagrams, 0);
	phone_stop(&p);
}

static void a_stranger_does_not_end_a_transfer(void **state)
{
	struct stage *s = *state;
	struct phone p, stranger;
	open_face(s);
	stage_put(s, "file.bin", reader_of_text("short"));
	phone_start(&p, s, "127.16.0.1");
	phone_start(&stranger, s, "127.16.0.2");
	p.mute = true;
	phone_say(&p, "\0\1file.bin\0octet\0", 17);
	scene_until_count(s->scene, &p.datagrams, 1);
	stranger.server = p.answered;
	phone_say(&stranger, "\0\5\0\1no\0", 7); /* errors about errors would never end */
	scene_for(s->scene, 20);
	assert_int_equal(stranger.datagrams, 0);
	phone_say(&stranger, "\0\4\0\1", 4);
	scene_until_count(s->scene, &stranger.errors, 1);
	assert_int_equal(stranger.last.error, TFTP_UNKNOWN_TID);
	assert_int_equal(shelf_files(s->provision.shelf), 1); /* still under way */
	p.server = p.answered;
	phone_say(&p, "\0\4\0\1", 4);
	scene_for(s->scene, 10);
	assert_int_equal(shelf_files(s->provision.shelf), 0);
	phone_stop(&p);
	phone_stop(&stranger);
}

static void a_repeated_request_starts_nothing(void **state)
{
	struct stage *s = *state;
	struct phone p;
	stage_publish(s, "SEP001122334455.cnf.xml", SNAPSHOT_CONFIGURATION, reader_of_text("x"));
	stage_sign(s);
	open_face(s);
	s->silent = true;
	phone_start(&p, s, "127.16.0.1");
	p.mute = true;
	for (unsigned i = 0; i < 3; i++)
		phone_say(&p, "\0\1SEP001122334455.cnf.xml.sgn\0octet\0", 36);
	scene_until_count(s->scene, &s->asked, 1);
	scene_for(s->scene, 10);
	stage_answer_kept(s);
	scene_until_count(s->scene, &p.datagrams, 1);
	phone_say(&p, "\0\1SEP001122334455.cnf.xml.sgn\0octet\0", 36);
	scene_for(s->scene, 20);
	assert_int_equal(p.datagrams, 1);
	assert_int_equal(s->asked, 1);
	phone_stop(&p);
}

static const char request[] = "\0\1file.bin\0octet";

/* Asks for a file of two blocks and gets the first. */
static void phone_begin(struct phone *p, struct stage *s, const char *source)
{
	phone_start(p, s, source);
	p->mute = true;
	phone_say(p, request, sizeof(request));
	scene_until_count(s->scene, &p->datagrams, 1);
	assert_int_equal(p->errors, 0);
	p->server = p->answered;
}

static void phone_prove(struct phone *p)
{
	unsigned before = p->datagrams;
	phone_say(p, "\0\4\0\1", 4);
	scene_until_count(p->stage->scene, &p->datagrams, before + 1);
}

static void expect_no_room(struct stage *s, const char *source)
{
	struct phone p;
	phone_start(&p, s, source);
	p.mute = true;
	phone_say(&p, request, sizeof(request));
	scene_until_count(s->scene, &p.errors, 1);
	assert_int_equal(p.last.error, TFTP_UNDEFINED);
	phone_stop(&p);
}

static void transfers_have_caps(void **state)
{
	struct stage *s = *state;
	struct phone p[4];
	uint8_t bytes[600] = { 0 };
	s->settings.tftp_per_source = 2;
	s->settings.tftp_transfers = 3;
	open_face(s);
	stage_put(s, "file.bin", reader_of(bytes, sizeof(bytes)));
	phone_begin(&p[0], s, "127.16.0.1");
	phone_begin(&p[1], s, "127.16.0.1");
	expect_no_room(s, "127.16.0.1");
	phone_begin(&p[2], s, "127.16.0.2");
	phone_begin(&p[3], s, "127.16.0.3"); /* in the place of the first, which never answered */
	phone_say(&p[0], "\0\4\0\1", 4);
	phone_prove(&p[1]);
	phone_prove(&p[2]);
	phone_prove(&p[3]);
	assert_int_equal(p[0].datagrams, 1);
	expect_no_room(s, "127.16.0.4"); /* all are there, none has more than one */
	for (size_t i = 0; i < 4; i++)
		phone_stop(&p[i]);
}

static void the_greediest_makes_room(void **state)
{
	struct stage *s = *state;
	struct phone p[4];
	uint8_t bytes[600] = { 0 };
	s->settings.tftp_per_source = 3;
	s->settings.tftp_transfers = 3;
	open_face(s);
	stage_put(s, "file.bin", reader_of(bytes, sizeof(bytes)));
	for (size_t i = 0; i < 3; i++) {
		phone_begin(&p[i], s, i == 0 ? "127.16.0.1" : "127.16.0.2");
		phone_prove(&p[i]);
	}
	phone_begin(&p[3], s, "127.16.0.3"); /* 1, 2, 0 */
	phone_prove(&p[3]);
	phone_say(&p[1], "\0\4\0\2", 4);
	phone_say(&p[0], "\0\4\0\2", 4);
	scene_for(s->scene, 10);
	assert_int_equal(p[1].errors, 0); /* its late words are not answered */
	phone_prove(&p[2]);
	for (size_t i = 0; i < 4; i++)
		phone_stop(&p[i]);
}

/* Its own word to a port that it does not know: one of another phone's answers. */
static void guess_wrong(struct stage *s, const char *source)
{
	struct phone p, other;
	phone_begin(&p, s, source);
	do {
		phone_start(&other, s, "127.16.0.9");
		other.mute = true;
		phone_say(&other, "\0\1nothing\0octet\0", 16);
		scene_until_count(s->scene, &other.errors, 1);
		phone_stop(&other);
	} while (address_port(&other.answered) == address_port(&p.answered));
	p.server = other.answered;
	phone_say(&p, "\0\4\0\1", 4);
	for (unsigned i = 0; i < 2000 && shelf_files(s->provision.shelf) > 0; i++)
		scene_for(s->scene, 2);
	assert_int_equal(shelf_files(s->provision.shelf), 0);
	phone_stop(&p);
}

/* Datagrams with which an asker was answered before the witness, who asked after it. */
static unsigned answers_of(struct stage *s, const char *source)
{
	struct phone p, witness;
	phone_start(&p, s, source);
	phone_start(&witness, s, "127.16.0.9");
	p.mute = witness.mute = true;
	phone_say(&p, request, sizeof(request));
	phone_say(&witness, "\0\1nothing\0octet\0", 16);
	scene_until_count(s->scene, &witness.errors, 1);
	scene_for(s->scene, 10);
	phone_stop(&p);
	phone_stop(&witness);
	return p.datagrams;
}

/* Another host whose guesses are counted where this one's are. */
static void find_neighbour(const char *source, char out[static ADDRESS_TEXT_SIZE])
{
	struct address own, at;
	assert_true(address_of(source, 0, &own, NULL));
	for (unsigned i = 1; i < 1 << 20; i++) {
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "127.%u.%u.%u", 32 + i / 65536,
			i / 256 % 256, i % 256);
		assert_true(address_of(out, 0, &at, NULL));
		if ((address_host_hash(&at) ^ address_host_hash(&own)) % (1 << 14) == 0)
			return;
	}
	fail_msg("nobody shares a place with %s", source);
}

static void guesses_are_not_forgotten_when_others_ask(void **state)
{
	static const char guesser[] = "127.16.0.1";
	struct stage *s = *state;
	char neighbour[ADDRESS_TEXT_SIZE];
	uint8_t bytes[600] = { 0 };
	open_face(s);
	stage_put(s, "file.bin", reader_of(bytes, sizeof(bytes)));
	for (unsigned i = 0; i < 4; i++)
		guess_wrong(s, guesser);
	assert_int_equal(answers_of(s, guesser), 0);
	find_neighbour(guesser, neighbour);
	(void)answers_of(s, neighbour);
	assert_int_equal(answers_of(s, guesser), 0);
	assert_int_not_equal(answers_of(s, "127.16.0.2"), 0);
}

static void too_many_options_are_refused_as_such(void **state)
{
	struct stage *s = *state;
	struct phone p;
	uint8_t bytes[200];
	struct writer w = writer_on(bytes, sizeof(bytes));
	open_face(s);
	stage_put(s, "file.bin", reader_of_text("short"));
	writer_bytes(&w, reader_of(request, sizeof(request)));
	for (size_t i = 0; i < LIMIT_TFTP_OPTIONS; i++)
		writer_bytes(&w, reader_of("some\0thing", 11));
	phone_start(&p, s, "127.16.0.1");
	p.mute = true;
	phone_say(&p, bytes, w.used);
	scene_until_count(s->scene, &p.datagrams, 1);
	assert_int_equal(p.last.opcode, TFTP_DATA);
	writer_bytes(&w, reader_of("one\0more", 9));
	phone_say(&p, bytes, w.used);
	scene_until_count(s->scene, &p.errors, 1);
	assert_int_equal(p.last.error, TFTP_OPTION);
	phone_stop(&p);
}

/* What is read after the first sixteen kilobytes is no longer what was asked for. */
static void a_file_that_changes_ends_its_transfers(void **state)
{
	enum { SIZE = 100000 };
	struct stage *s = *state;
	struct phone p;
	void *bytes = calloc(1, SIZE);
	open_face(s);
	stage_put(s, "file.bin", reader_of(bytes, SIZE));
	phone_begin(&p, s, "127.16.0.1");
	stage_put(s, "file.bin", reader_of(bytes, SIZE / 2));
	free(bytes);
	for (uint8_t block = 1; p.errors == 0 && block < 100; block++) {
		unsigned before = p.datagrams;
		const uint8_t ack[] = { 0, TFTP_ACK, 0, block };
		phone_say(&p, ack, sizeof(ack));
		scene_until_count(s->scene, &p.datagrams, before + 1);
	}
	assert_int_equal(p.errors, 1);
	assert_int_equal(p.last.error, TFTP_UNDEFINED);
	assert_int_equal(shelf_files(s->provision.shelf), 0);
	phone_stop(&p);
}

static void many_phones_load_one_copy(void **state)
{
	enum { MANY = 30, SIZE = 300000 };
	struct stage *s = *state;
	struct phone phones[MANY];
	void *bytes = calloc(1, SIZE);
	open_face(s);
	stage_put(s, "image.bin", reader_of(bytes, SIZE));
	free(bytes);
	for (unsigned i = 0; i < MANY; i++) {
		char source[20];
		(void)snprintf(source, sizeof(source), "127.16.1.%u", i + 1);
		phone_start(&phones[i], s, source);
		phone_ask(&phones[i], "image.bin", 1428);
	}
	scene_until_count(s->scene, &phones[0].datagrams, 1);
	assert_int_equal(shelf_files(s->provision.shelf), 1);
	for (unsigned i = 0; i < MANY; i++) {
		scene_until_count(s->scene, &phones[i].ended, 1);
		assert_int_equal(phones[i].client.why.fault, FAULT_NONE);
		phone_stop(&phones[i]);
	}
	scene_for(s->scene, 10);
	assert_int_equal(shelf_files(s->provision.shelf), 0);
}

static void ending_with_transfers_open_leaves_nothing(void **state)
{
	struct stage *s = *state;
	struct phone p;
	stage_publish(s, "SEP001122334455.cnf.xml", SNAPSHOT_CONFIGURATION, reader_of_text("x"));
	stage_sign(s);
	stage_put(s, "file.bin", reader_of_text("short"));
	open_face(s);
	s->silent = true;
	phone_start(&p, s, "127.16.0.1");
	p.mute = true;
	phone_say(&p, "\0\1SEP001122334455.cnf.xml.sgn\0octet\0", 36);
	phone_say(&p, "\0\1file.bin\0octet\0", 17);
	scene_until_count(s->scene, &s->asked, 1);
	scene_until_count(s->scene, &p.datagrams, 1);
	phone_stop(&p); /* the tear-down ends the rest */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
		CASE(files_arrive_whole),
		CASE(a_signed_configuration_arrives),
		CASE(what_is_not_served_is_told_at_once),
		CASE(what_is_no_request_is_refused),
		CASE(strays_are_not_answered),
		CASE(a_stranger_does_not_end_a_transfer),
		CASE(a_repeated_request_starts_nothing),
		CASE(transfers_have_caps),
		CASE(the_greediest_makes_room),
		CASE(guesses_are_not_forgotten_when_others_ask),
		CASE(too_many_options_are_refused_as_such),
		CASE(a_file_that_changes_ends_its_transfers),
		CASE(many_phones_load_one_copy),
		CASE(ending_with_transfers_open_leaves_nothing),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
