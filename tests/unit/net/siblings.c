#include "siblings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/socket.h>

#include "base/limits.h"

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

void serve(struct service *s, struct scene *scene, uint32_t uid)
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

void answered(struct reader payload, const struct error *err, void *context)
{
	struct asked *a = context;
	a->calls++;
	bytes_done(&a->answer);
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

struct sibling_client *client(struct service *s, struct asked *a)
{
	struct error err = { 0 };
	struct sibling_client *c = sibling_connect(s->scene->loop, s->path, &listening, a, &err);
	assert_non_null(c);
	return c;
}

void ask(struct service *s, struct sibling_client *c, uint16_t operation, struct reader payload,
	struct asked *a)
{
	unsigned before = a->calls;
	bytes_done(&a->answer);
	a->why = (struct error){ 0 };
	sibling_ask(c, operation, payload, SOON, answered, a);
	scene_until_count(s->scene, &a->calls, before + 1);
}
