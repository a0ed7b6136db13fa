#include "scene.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/writer.h"
#include "net/sibling_impl.h"

enum { OPERATION = 7, PUSH = 9, TAG = 3, SOON = 5000 };

/* A server that answers, refuses, keeps or says nothing, as its operation asks. */
enum { ECHO = 1, REFUSE = 2, KEEP = 3, HUGE_ANSWER = 4 };

struct service {
	struct scene *scene;
	struct sibling_server *server;
	char path[64];
	unsigned opened, closed, broken, asked;
	struct sibling_request *kept[SIBLING_OUTSTANDING + 2];
	size_t keeping;
	struct sibling_peer *peer;
	struct error why;
	bool push_on_open;
	int client; /* process that connects */
	int only;   /* the one that may; 0: any */
};

static bool admits(unsigned tag, int pid, void *context)
{
	const struct service *s = context;
	assert_int_equal(tag, TAG);
	return s->only == 0 || pid == s->only;
}

static void answer(struct sibling_request *request, void *context)
{
	struct service *s = context;
	struct error no = { 0 };
	s->asked++;
	assert_int_equal(sibling_tag(request), TAG);
	assert_ptr_equal(sibling_request_peer(request), s->peer);
	switch (sibling_operation(request)) {
	case REFUSE:
		fail(&no, FAULT_REFUSED, "not for you, “%zu”", sibling_payload(request).left);
		sibling_refuse(request, &no);
		return;
	case KEEP:
		s->kept[s->keeping++] = request;
		return;
	case HUGE_ANSWER: {
		void *huge = calloc(1, LIMIT_SIBLING_PAYLOAD + 1);
		sibling_answer(request, reader_of(huge, LIMIT_SIBLING_PAYLOAD + 1));
		free(huge);
		return;
	}
	default:
		sibling_answer(request, sibling_payload(request));
	}
}

static void opened(struct sibling_peer *peer, void *context)
{
	struct service *s = context;
	s->opened++;
	s->peer = peer;
	assert_int_equal(sibling_peer_tag(peer), TAG);
	assert_int_equal(sibling_peer_pid(peer), s->client);
	if (s->push_on_open)
		sibling_push(peer, PUSH, reader_of_text("hello"));
}

static void closed(struct sibling_peer *peer, void *context)
{
	struct service *s = context;
	s->closed++;
	if (s->peer == peer)
		s->peer = NULL;
}

static void broken(unsigned tag, const struct error *why, void *context)
{
	struct service *s = context;
	assert_int_equal(tag, TAG);
	s->broken++;
	s->why = *why;
}

static const struct sibling_events events = { answer, opened, closed, broken, admits };

static void serve(struct service *s, struct scene *scene, uint32_t uid)
{
	struct error err = { 0 };
	s->scene = scene;
	s->client = s->client == 0 ? getpid() : s->client;
	(void)snprintf(s->path, sizeof(s->path), "%s/signer.tvs", scene->directory);
	int fd = listen_unix(s->path, SOCK_SEQPACKET, 0600, &err);
	assert_true(fd >= 0);
	s->server = sibling_serve(scene->loop, fd, uid, TAG, &events, s, &err);
	assert_non_null(s->server);
}

struct asked {
	unsigned calls;
	struct bytes answer;
	struct error why;
	unsigned pushes;
	bool pushed;
	char push[64];
	unsigned connected;
};

static void answered(struct reader payload, const struct error *err, void *context)
{
	struct asked *a = context;
	a->calls++;
	if (err != NULL)
		a->why = *err;
	else
		assert_true(bytes_copy(&a->answer, payload, NULL));
}

static void pushed(uint16_t operation, struct reader payload, void *context)
{
	struct asked *a = context;
	assert_int_equal(operation, PUSH);
	reader_copy(&payload, a->push, payload.left);
	a->pushes++;
}

static void connected(void *context)
{
	struct asked *a = context;
	a->connected++;
}

static const struct sibling_client_events listening = { connected, pushed };

static struct sibling_client *client(struct service *s, struct asked *a)
{
	struct error err = { 0 };
	struct sibling_client *c = sibling_connect(s->scene->loop, s->path, &listening, a, &err);
	assert_non_null(c);
	return c;
}

static void ask(struct service *s, struct sibling_client *c, uint16_t operation,
	struct reader payload, struct asked *a)
{
	unsigned before = a->calls;
	bytes_done(&a->answer);
	a->why = (struct error){ 0 };
	sibling_ask(c, operation, payload, SOON, answered, a);
	scene_until_count(s->scene, &a->calls, before + 1);
}

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

/* What a forger may send: a whole packet of our own making, with a descriptor or without. */
static void forge(struct service *s, struct reader packet, int fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", s->path);
	int peer = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(peer, (const struct sockaddr *)&name, sizeof(name)), 0);
	uint8_t bytes[1024];
	size_t size = packet.left;
	reader_copy(&packet, bytes, size);
	struct iovec part = { .iov_base = bytes, .iov_len = size };
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(peer, &message, 0), (ssize_t)size);
	unsigned before = s->broken;
	unsigned descriptors = scene_descriptors();
	scene_until_count(s->scene, &s->broken, before + 1);
	assert_true(s->why.text[0] != '\0');
	assert_true(s->why.fault == FAULT_MALFORMED || s->why.fault == FAULT_LIMIT);
	char byte;
	assert_int_equal(read(peer, &byte, 1), 0); /* hung up on */
	(void)close(peer);
	assert_int_equal(scene_descriptors(), descriptors - 1); /* only our own end is gone */
	assert_int_equal(s->asked, 0);
}

static struct reader packet(uint8_t out[static 64], uint8_t kind, uint8_t where, uint32_t size)
{
	struct writer w = writer_on(out, 64);
	writer_u32(&w, 1);
	writer_u16(&w, ECHO);
	writer_u8(&w, kind);
	writer_u8(&w, where);
	writer_u32(&w, size);
	return writer_written(&w);
}

static int memfd(size_t size, int seals)
{
	int fd = memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	if (seals != 0)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void forged_packets_are_refused(void **state)
{
	struct service s = { 0 };
	uint8_t bytes[64];
	serve(&s, *state, getuid());
	forge(&s, reader_of("abc", 3), -1);
	for (size_t cut = 1; cut < 12; cut++)
		forge(&s, reader_of(packet(bytes, 1, 0, 0).at, cut), -1);
	forge(&s, packet(bytes, 0, 0, 0), -1);
	forge(&s, packet(bytes, 2, 0, 0), -1); /* an answer, to a server */
	forge(&s, packet(bytes, 4, 0, 0), -1);
	forge(&s, packet(bytes, 5, 0, 0), -1);
	forge(&s, packet(bytes, 1, 2, 0), -1);
	forge(&s, packet(bytes, 1, 0, 1), -1);
	forge(&s, packet(bytes, 1, 1, 1 << 20), -1); /* announces a descriptor that is missing */
	sibling_server_free(s.server);
}

static void forged_memfds_are_refused(void **state)
{
	enum { ALL = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK, SIZE = 1 << 20 };
	static const struct {
		int seals;
		size_t size;
		uint32_t announced;
	} rows[] = {
		{ 0, SIZE, SIZE },
		{ F_SEAL_WRITE, SIZE, SIZE },
		{ F_SEAL_WRITE | F_SEAL_GROW, SIZE, SIZE },
		{ F_SEAL_WRITE | F_SEAL_SHRINK, SIZE, SIZE },
		{ F_SEAL_GROW | F_SEAL_SHRINK, SIZE, SIZE },
		{ ALL, SIZE, SIZE + 1 },
		{ ALL, SIZE, SIZE - 1 },
		{ ALL, 100, 100 }, /* would have fitted inline */
		{ ALL, LIMIT_SIBLING_INLINE, LIMIT_SIBLING_INLINE },
		{ ALL, LIMIT_SIBLING_PAYLOAD + 1, LIMIT_SIBLING_PAYLOAD + 1 },
		{ ALL, 0, UINT32_MAX },
	};
	struct service s = { 0 };
	uint8_t bytes[64];
	serve(&s, *state, getuid());
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = memfd(rows[i].size, rows[i].seals);
		forge(&s, packet(bytes, 1, 1, rows[i].announced), fd);
		(void)close(fd);
	}
	int file = open(s.scene->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file >= 0) {
		assert_int_equal(ftruncate(file, SIZE), 0);
		forge(&s, packet(bytes, 1, 1, SIZE), file); /* a file has no seals */
		forge(&s, packet(bytes, 1, 0, 0), file);    /* a descriptor nobody announced */
		(void)close(file);
	}
	sibling_server_free(s.server);
}

/* An empty packet looks like the end of a peer; what it carries must not stay open. */
static void a_descriptor_in_an_empty_packet_does_not_stay(void **state)
{
	struct service s = { 0 };
	serve(&s, *state, getuid());
	for (unsigned i = 0; i < 4; i++) {
		int fd = memfd(1, 0);
		forge(&s, reader_of("", 0), fd);
		(void)close(fd);
	}
	sibling_server_free(s.server);
}

static void another_user_is_turned_away(void **state)
{
	struct service s = { 0 };
	serve(&s, *state, getuid() == 0 ? 4242 : getuid() + 1);
	struct scene *scene = *state;
	assert_int_equal(chmod(scene->directory, 0755), 0);
	assert_int_equal(chmod(s.path, 0666), 0);
	pid_t child = fork();
	if (child == 0) {
		struct sockaddr_un name = { .sun_family = AF_UNIX };
		(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", s.path);
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		bool ready = (getuid() != 0 || setuid(4243) == 0) &&
			connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0;
		char byte;
		_exit(ready && read(fd, &byte, 1) == 0 ? 0 : 1);
	}
	scene_until_count(scene, &s.broken, 1);
	assert_int_equal(s.why.fault, FAULT_REFUSED);
	int status = 1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(s.opened, 0);
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

/* The blocking line needs a server that runs elsewhere: a child with a loop of its own. */
static pid_t serve_in_child(struct scene *scene, char path[static 64])
{
	struct service s = { .client = getpid() };
	(void)snprintf(path, 64, "%s/signer.tvs", scene->directory);
	pid_t child = fork();
	if (child != 0)
		return child;
	struct scene own = *scene;
	own.loop = loop_new(NULL);
	serve(&s, &own, getuid());
	(void)alarm(20);
	_exit(loop_run(own.loop, NULL) ? 0 : 1);
}

static void end_child(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_line_asks_waits_and_comes_back(void **state)
{
	char path[64];
	struct error err = { 0 };
	struct bytes got = { 0 };
	pid_t child = serve_in_child(*state, path);
	struct sibling_line *line = sibling_line_open(path, SOON, &err);
	assert_non_null(line);
	assert_true(sibling_call(line, ECHO, reader_of_text("one"), SOON, &got, &err));
	assert_true(reader_same(bytes_reader(&got), reader_of_text("one")));
	assert_false(sibling_call(line, REFUSE, reader_of_text("one"), SOON, &got, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_string_equal(err.text, "not for you, “3”");
	assert_false(sibling_call(line, KEEP, reader_of_text("one"), 10, &got, &err));
	assert_int_equal(err.fault, FAULT_BUSY);
	assert_true(reader_same(bytes_reader(&got), reader_of_text("one"))); /* untouched */
	bytes_done(&got);

	void *large = calloc(1, 1 << 20);
	assert_true(sibling_call(line, ECHO, reader_of(large, 1 << 20), SOON, &got, &err));
	assert_int_equal(got.size, 1 << 20);
	bytes_done(&got);
	free(large);

	end_child(child);
	assert_false(sibling_call(line, ECHO, reader_of_text("two"), 30, &got, &err));
	assert_true(err.fault == FAULT_IO || err.fault == FAULT_MISSING);
	child = serve_in_child(*state, path);
	assert_true(sibling_call(line, ECHO, reader_of_text("two"), SOON, &got, &err));
	bytes_done(&got);

	end_child(child); /* lost while nobody spoke: noticed by the next question */
	child = serve_in_child(*state, path);
	assert_true(sibling_call(line, ECHO, reader_of_text("three"), SOON, &got, &err));
	assert_true(reader_same(bytes_reader(&got), reader_of_text("three")));
	bytes_done(&got);
	sibling_line_close(line);
	end_child(child);
}

static void a_line_to_nobody_says_so(void **state)
{
	struct scene *scene = *state;
	char path[160];
	struct error err = { 0 };
	(void)snprintf(path, sizeof(path), "%s/nobody", scene->directory);
	assert_null(sibling_line_open(path, 30, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_non_null(strstr(err.text, path));
	memset(path, 'x', 150);
	path[150] = '\0';
	assert_null(sibling_line_open(path, 1, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	sibling_line_close(NULL);
	sibling_client_free(NULL);
	sibling_server_free(NULL);
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
		CASE(pushes_reach_everyone),
		CASE(who_never_reads_its_pushes_is_cut_off),
		CASE(forged_packets_are_refused),
		CASE(forged_memfds_are_refused),
		CASE(a_descriptor_in_an_empty_packet_does_not_stay),
		CASE(another_user_is_turned_away),
		CASE(another_process_is_turned_away),
		CASE(without_descriptors_siblings_wait),
		CASE(a_line_asks_waits_and_comes_back),
		CASE(a_line_to_nobody_says_so),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
