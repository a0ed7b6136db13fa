#include "lib/small_server.h"

#include "base/clock.h"
#include "net/datagram.h"
#include "net/http_server.h"
#include "net/stream.h"
#include "talk/tftp_server.h"
#include "talk/tvs_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { TRANSFERS = 256, OK = 200, NOT_FOUND = 404 };

struct served_file {
	char name[LIMIT_FILE_NAME];
	struct bytes bytes;
};

struct served_transfer {
	struct datagram *socket;
	struct address peer;
	struct tftp_server tftp;
	struct bytes file;
};

struct small_server {
	struct loop *loop;
	struct key_ring *ring;
	struct small_server_plan plan;
	char host[ADDRESS_TEXT_SIZE], peer[ADDRESS_TEXT_SIZE];
	uint16_t tftp, http, tvs, https;
	size_t count;
	struct served_file files[SMALL_SERVER_FILES];
	struct vouch *vouch;
	unsigned asked;
	struct datagram *datagrams;
	struct http_server *pages, *secure_pages;
	struct tls_server *tvs_tls, *https_tls;
	struct stream_server *streams;
	size_t unanswered_count;
	struct http_exchange *unanswered[TRANSFERS];
	size_t transfer_count;
	struct served_transfer *transfers[TRANSFERS];
};

static const struct served_file *find(const struct small_server *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->files[i].name, name) == 0)
			return &s->files[i];
	return NULL;
}

static void page_asked(struct http_exchange *x, void *context)
{
	struct small_server *s = context;
	if (s->plan.silent) {
		assert_true(s->unanswered_count < TRANSFERS);
		s->unanswered[s->unanswered_count++] = x;
		return;
	}
	const struct served_file *file = find(s, http_path(x) + 1);
	(void)snprintf(
		s->peer, sizeof(s->peer), "%.*s", (int)strcspn(http_peer(x), ":"), http_peer(x));
	if (file != NULL)
		http_answer(x, OK, "*/*", bytes_reader(&file->bytes));
	else
		http_answer(x, NOT_FOUND, "text/plain", reader_of_text("no such file\n"));
}

static void send_bytes(struct reader datagram, void *context)
{
	struct served_transfer *t = context;
	datagram_send(t->socket, &t->peer, datagram);
}

static void send_block(const struct tftp_block *block, void *context)
{
	struct served_transfer *t = context;
	tftp_send_block(block, bytes_reader(&t->file), &(struct tftp_out){ send_bytes, t });
}

static void transfer_packet(struct datagram *d, const struct address *from,
	const struct address *to, struct reader bytes, void *context)
{
	struct served_transfer *t = context;
	struct tftp_packet packet;
	(void)d;
	(void)to;
	if (address_same(from, &t->peer) && tftp_packet_parse(bytes, &packet, NULL))
		tftp_server_packet(&t->tftp, &packet, clock_monotonic_ms(),
			&(struct tftp_server_out){ send_bytes, send_block, t });
}

static void refuse(struct datagram *d, const struct address *to)
{
	const struct tftp_packet refusal = { .opcode = TFTP_ERROR, .error = TFTP_NOT_FOUND };
	uint8_t memory[64];
	struct writer w = writer_on(memory, sizeof(memory));
	tftp_packet_write(&w, &refusal);
	datagram_send(d, to, writer_written(&w));
}

static void file_asked(struct datagram *d, const struct address *from, const struct address *to,
	struct reader bytes, void *context)
{
	static const struct tftp_server_settings settings = { 1428, 16, 30000, 0 };
	struct small_server *s = context;
	struct tftp_packet packet;
	struct address local;
	(void)to;
	if (s->plan.silent || !tftp_packet_parse(bytes, &packet, NULL))
		return;
	(void)address_host(from, s->peer);
	const struct served_file *file = find(s, packet.name);
	if (file == NULL) {
		refuse(d, from);
		return;
	}
	assert_true(s->transfer_count < TRANSFERS);
	struct served_transfer *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	s->transfers[s->transfer_count++] = t;
	t->peer = *from;
	assert_true(bytes_copy(&t->file, bytes_reader(&file->bytes), NULL));
	assert_true(address_of(s->host, 0, &local, NULL));
	t->socket = datagram_open(s->loop, &local, transfer_packet, t, NULL);
	assert_non_null(t->socket);
	tftp_server_start(&t->tftp, &packet, t->file.size, &settings, clock_monotonic_ms(),
		&(struct tftp_server_out){ send_bytes, send_block, t });
}

static bool question_came(
	struct stream *stream, struct reader whole, void *context, struct error *err)
{
	struct small_server *s = context;
	struct tvs_asked asked;
	AUTO_DONE(writer) w = writer_new(LIMIT_MESSAGE + TVS_HEADER_SIZE);
	s->asked++;
	if (!tvs_answer(s->vouch, whole, 86400, clock_now(), &w, &asked, err))
		return false;
	stream_send(stream, writer_written(&w));
	return true;
}

static void parted(struct stream *stream, const struct error *why, void *context)
{
	(void)stream;
	(void)why;
	(void)context;
}

static int listening(const struct small_server *s, uint16_t *port)
{
	struct error err = { 0 };
	struct address at;
	assert_true(address_of(s->host, 0, &at, &err));
	int fd = listen_stream(&at, &err);
	if (fd < 0)
		fail_msg("%s", err.text);
	assert_true(address_of_socket(fd, &at, &err));
	*port = address_port(&at);
	return fd;
}

static struct tls_server *shown_by(struct small_server *s, const char *name)
{
	struct error err = { 0 };
	const struct ring_key *key = key_ring_get(s->ring, name);
	AUTO(identity) identity = identity_new(key->cert, key->key, &err);
	assert_non_null(identity);
	struct tls_server *tls = tls_server_new(identity, true, &err);
	if (tls == NULL)
		fail_msg("%s", err.text);
	return tls;
}

static const struct http_limits http_limits = { 5000, 5000, 8192, 1024, 1000, 0 };

static void serve_files(struct small_server *s)
{
	struct error err = { 0 };
	struct address at;
	if (!s->plan.no_http) {
		s->pages = http_serve(
			s->loop, listening(s, &s->http), NULL, &http_limits, page_asked, s, &err);
		assert_non_null(s->pages);
	}
	if (!s->plan.no_tftp) {
		assert_true(address_of(s->host, 0, &at, &err));
		s->datagrams = datagram_open(s->loop, &at, file_asked, s, &err);
		assert_non_null(s->datagrams);
		s->tftp = address_port(datagram_local(s->datagrams));
	}
}

static void serve_tls(struct small_server *s)
{
	static const struct protocol protocol = { .name = "tvs",
		.header_size = TVS_HEADER_SIZE,
		.body_size = tvs_message_body_size,
		.message = question_came,
		.closed = parted };
	static const struct stream_limits limits = { 5000, 5000, 5000, 0, 0 };
	struct error err = { 0 };
	if (s->plan.tvs != NULL) {
		s->tvs_tls = shown_by(s, s->plan.tvs);
		s->streams = stream_serve(
			s->loop, listening(s, &s->tvs), s->tvs_tls, &protocol, &limits, s, &err);
		assert_non_null(s->streams);
	}
	if (s->plan.tomcat != NULL) {
		s->https_tls = shown_by(s, s->plan.tomcat);
		s->secure_pages = http_serve(s->loop, listening(s, &s->https), s->https_tls,
			&http_limits, page_asked, s, &err);
		assert_non_null(s->secure_pages);
	}
}

struct small_server *small_server_new(
	struct loop *l, struct key_ring *ring, const struct small_server_plan *plan)
{
	struct small_server *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->loop = l;
	s->ring = ring;
	s->plan = *plan;
	(void)snprintf(s->host, sizeof(s->host), "%s", plan->address);
	s->vouch = vouch_new(NULL);
	assert_non_null(s->vouch);
	serve_files(s);
	serve_tls(s);
	return s;
}

void small_server_free(struct small_server *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->unanswered_count; i++)
		http_answer(s->unanswered[i], NOT_FOUND, "text/plain", reader_of(NULL, 0));
	http_server_free(s->pages);
	http_server_free(s->secure_pages);
	datagram_free(s->datagrams);
	stream_server_free(s->streams);
	tls_server_free(s->tvs_tls);
	tls_server_free(s->https_tls);
	vouch_free(s->vouch);
	for (size_t i = 0; i < s->transfer_count; i++) {
		datagram_free(s->transfers[i]->socket);
		bytes_done(&s->transfers[i]->file);
		free(s->transfers[i]);
	}
	for (size_t i = 0; i < s->count; i++)
		bytes_done(&s->files[i].bytes);
	free(s);
}

static _Noreturn void serve_until_killed(struct key_ring *ring,
	const struct small_server_plan *plan, small_server_fill *fill, int report)
{
	struct loop *loop = loop_new(NULL);
	struct small_server *s = small_server_new(loop, ring, plan);
	fill(s, ring);
	const uint16_t ports[] = { s->tftp, s->http, s->tvs, s->https };
	bool told = write(report, ports, sizeof(ports)) == (ssize_t)sizeof(ports);
	_exit(told && loop_run(loop, NULL) ? 0 : 1);
}

void small_server_elsewhere(struct key_ring *ring, const struct small_server_plan *plan,
	small_server_fill *fill, struct elsewhere *out)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	out->pid = fork();
	assert_true(out->pid >= 0);
	if (out->pid == 0)
		serve_until_killed(ring, plan, fill, ends[1]);
	(void)close(ends[1]);
	uint16_t ports[4];
	assert_int_equal(read(ends[0], ports, sizeof(ports)), (ssize_t)sizeof(ports));
	(void)close(ends[0]);
	out->tftp = ports[0];
	out->http = ports[1];
	out->tvs = ports[2];
	out->https = ports[3];
}

void small_server_kill(struct elsewhere *server)
{
	assert_int_equal(kill(server->pid, SIGKILL), 0);
	assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
}

uint16_t small_server_tftp(const struct small_server *s)
{
	return s->tftp;
}

uint16_t small_server_http(const struct small_server *s)
{
	return s->http;
}

uint16_t small_server_tvs(const struct small_server *s)
{
	return s->tvs;
}

uint16_t small_server_https(const struct small_server *s)
{
	return s->https;
}

void small_server_remove(struct small_server *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->files[i].name, name) != 0)
			continue;
		bytes_done(&s->files[i].bytes);
		s->files[i] = s->files[--s->count];
		return;
	}
}

void small_server_put(struct small_server *s, const char *name, struct reader file)
{
	small_server_remove(s, name);
	assert_true(s->count < SMALL_SERVER_FILES);
	struct served_file *served = &s->files[s->count++];
	(void)snprintf(served->name, sizeof(served->name), "%s", name);
	assert_true(bytes_copy(&served->bytes, file, NULL));
}

void small_server_vouch(struct small_server *s, const char *key, const char *roles)
{
	struct error err = { 0 };
	assert_true(vouch_add(s->vouch, key_ring_get(s->ring, key)->cert, (const uint8_t *)roles,
		strlen(roles), &err));
}

unsigned small_server_asked(const struct small_server *s)
{
	return s->asked;
}

const char *small_server_peer(const struct small_server *s)
{
	return s->peer;
}
