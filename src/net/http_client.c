#include "net/http_client.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "net/tls_impl.h"

struct question {
	struct http_client *client;
	CURL *easy;
	struct curl_slist *fields;
	char said[CURL_ERROR_SIZE];
	struct bytes body; /* of the question */
	struct writer received;
	struct tls_pin pin;
	bool unnamed;
	http_reply_fn *fn;
	void *context;
	struct question *next;
};

struct http_client {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct question *questions;
	bool delivering;
	bool freed; /* by fn, while delivering: the memory goes when that ends */
};

static void question_free(struct question *q)
{
	curl_easy_cleanup(q->easy);
	curl_slist_free_all(q->fields);
	writer_done(&q->received);
	bytes_done(&q->body);
	bytes_done(&q->pin.shown);
	free(q);
}

static void question_unlink(struct question *q)
{
	struct question **at = &q->client->questions;
	while (*at != NULL && *at != q)
		at = &(*at)->next;
	if (*at == q)
		*at = q->next;
	(void)curl_multi_remove_handle(q->client->multi, q->easy);
}

/* What a result means depends on whether somebody was there to answer: libcurl calls an answer that
 * is no HTTP an unsupported protocol, and a head that it does not hold a lack of memory. */
static const struct outcome {
	CURLcode result;
	bool connected;
	enum fault fault;
	const char *says; /* NULL: libcurl's own words */
} outcomes[] = {
	{ CURLE_OPERATION_TIMEDOUT, false, FAULT_BUSY, NULL },
	{ CURLE_OPERATION_TIMEDOUT, true, FAULT_BUSY, NULL },
	{ CURLE_URL_MALFORMAT, false, FAULT_USAGE, NULL },
	{ CURLE_UNSUPPORTED_PROTOCOL, false, FAULT_USAGE, NULL },
	{ CURLE_UNSUPPORTED_PROTOCOL, true, FAULT_MALFORMED, "its answer is not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, true, FAULT_MALFORMED, NULL },
	{ CURLE_OUT_OF_MEMORY, true, FAULT_LIMIT, "the head of its answer is too long" },
};

static const struct outcome *outcome_of(CURLcode result, bool connected)
{
	for (size_t i = 0; i < COUNT(outcomes); i++)
		if (outcomes[i].result == result && outcomes[i].connected == connected)
			return &outcomes[i];
	return NULL;
}

static bool was_connected(const struct question *q)
{
	long connections = 0;
	return curl_easy_getinfo(q->easy, CURLINFO_NUM_CONNECTS, &connections) == CURLE_OK &&
		connections > 0;
}

static bool tell(const struct question *q, CURLcode result, struct error *why)
{
	if (q->pin.failed)
		return fail(why, FAULT_UNTRUSTED, "it shows another certificate than expected");
	if (!q->received.ok)
		return fail(
			why, FAULT_LIMIT, "it answers with more than %zu bytes", q->received.limit);
	const struct outcome *row = outcome_of(result, was_connected(q));
	if (row != NULL && row->says != NULL)
		return fail(why, row->fault, "%s", row->says);
	return fail(why, row != NULL ? row->fault : FAULT_IO, "%.140s",
		q->said[0] != '\0' ? q->said : curl_easy_strerror(result));
}

static bool judge(const struct question *q, CURLcode result, struct error *why)
{
	const char *url = "";
	if (result == CURLE_OK || tell(q, result, why) || q->unnamed)
		return result == CURLE_OK;
	(void)curl_easy_getinfo(q->easy, CURLINFO_EFFECTIVE_URL, &url);
	return fail_in(why, "%.160s", url);
}

/* The one place that calls fn. Nothing of the client is touched after it. */
static void question_end(struct question *q, CURLcode result)
{
	struct error why = { 0 };
	long status = 0;
	bool fine = judge(q, result, &why);
	(void)curl_easy_getinfo(q->easy, CURLINFO_RESPONSE_CODE, &status);
	question_unlink(q);
	struct http_reply reply = { .status = (int)status,
		.body = writer_written(&q->received),
		.certificate = bytes_reader(&q->pin.shown) };
	q->fn(fine ? &reply : NULL, fine ? NULL : &why, q->context);
	question_free(q);
}

static void deliver(struct http_client *c)
{
	int left = 0;
	if (c->delivering)
		return; /* fn asks anew: the loop below sees to it */
	c->delivering = true;
	while (!c->freed) {
		CURLMsg *message = curl_multi_info_read(c->multi, &left);
		char *own = NULL;
		if (message == NULL)
			break;
		CURLcode result = message->data.result;
		if (message->msg == CURLMSG_DONE &&
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &own) == CURLE_OK)
			question_end((struct question *)(void *)own, result);
	}
	c->delivering = false;
	if (c->freed)
		free(c);
}

static void act(struct http_client *c, curl_socket_t socket, int what)
{
	int running = 0;
	(void)curl_multi_socket_action(c->multi, socket, what, &running); /* each question tells */
	deliver(c);
}

static void socket_ready(int fd, short what, void *context)
{
	int said = (what & EV_READ) != 0 ? CURL_CSELECT_IN : 0;
	said |= (what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0;
	act(context, fd, said);
}

static void timer_fired(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	act(context, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl says which descriptors it waits for; `own` is our event of this one. */
static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *own)
{
	(void)easy;
	struct http_client *c = context;
	struct event *event = own;
	if (event != NULL)
		event_free(event);
	(void)curl_multi_assign(c->multi, socket, NULL);
	if (what == CURL_POLL_REMOVE)
		return 0;
	short wanted = EV_PERSIST;
	wanted = (short)(wanted | ((what & CURL_POLL_IN) != 0 ? EV_READ : 0));
	wanted = (short)(wanted | ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));
	event = event_new(c->base, socket, wanted, socket_ready, c);
	if (event == NULL || event_add(event, NULL) != 0)
		return -1;
	(void)curl_multi_assign(c->multi, socket, event);
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *context)
{
	(void)multi;
	struct http_client *c = context;
	struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	if (ms < 0)
		return event_del(c->timer);
	return event_add(c->timer, &after);
}

struct http_client *http_client_new(struct loop *l, struct error *err)
{
	struct http_client *c = calloc(1, sizeof(*c));
	if (c == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(c);
		fail_memory(err);
		return NULL;
	}
	c->base = loop_base(l);
	c->multi = curl_multi_init();
	c->timer = evtimer_new(c->base, timer_fired, c);
	if (c->multi == NULL || c->timer == NULL) {
		http_client_free(c);
		fail_memory(err);
		return NULL;
	}
	(void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	(void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	(void)curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	(void)curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	return c;
}

void http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	while (c->questions != NULL) {
		struct question *q = c->questions;
		c->questions = q->next;
		(void)curl_multi_remove_handle(c->multi, q->easy);
		question_free(q);
	}
	(void)curl_multi_cleanup(c->multi);
	if (c->timer != NULL)
		event_free(c->timer);
	curl_global_cleanup();
	c->freed = true;
	if (!c->delivering)
		free(c);
}

static size_t receive(char *bytes, size_t one, size_t size, void *context)
{
	struct question *q = context;
	writer_bytes(&q->received, reader_of(bytes, one * size));
	return q->received.ok ? one * size : 0;
}

static CURLcode guard(CURL *easy, void *ssl_ctx, void *context)
{
	(void)easy;
	tls_pin_guard(ssl_ctx, context);
	return CURLE_OK;
}

/* One connection a question, no session of TLS taken up again: the certificate is always seen. */
static bool set_connection(struct question *q, const struct http_question *question)
{
	CURL *e = q->easy;
	char source[128] = "";
	if (question->source != NULL)
		(void)snprintf(source, sizeof(source), "host!%.100s", question->source);
	return curl_easy_setopt(e, CURLOPT_URL, question->url) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_NOPROXY, "*") == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK && /* guard does */
		curl_easy_setopt(e, CURLOPT_CAINFO, NULL) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, guard) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, &q->pin) == CURLE_OK &&
		(question->unix_socket == NULL ||
			curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, question->unix_socket) ==
				CURLE_OK) &&
		(question->source == NULL ||
			curl_easy_setopt(e, CURLOPT_INTERFACE, source) == CURLE_OK);
}

static bool set_request(struct question *q, const struct http_question *question)
{
	CURL *e = q->easy;
	bool body = question->body.left > 0;
	bool head = strcmp(question->method, "HEAD") == 0;
	const char *type = body ? "Content-Type: application/json" : "Accept: */*";
	struct curl_slist *first = curl_slist_append(NULL, "Expect:");
	q->fields = first != NULL ? curl_slist_append(first, type) : NULL;
	if (q->fields == NULL)
		curl_slist_free_all(first);
	return q->fields != NULL &&
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, question->method) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_NOBODY, head ? 1L : 0L) == CURLE_OK &&
		(!body ||
			(curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)q->body.size) == CURLE_OK &&
				curl_easy_setopt(e, CURLOPT_POSTFIELDS, q->body.data) ==
					CURLE_OK)) &&
		curl_easy_setopt(e, CURLOPT_HTTPHEADER, q->fields) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)question->timeout_ms) == CURLE_OK;
}

static bool set_answer(struct question *q)
{
	CURL *e = q->easy;
	return curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_WRITEDATA, q) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_ERRORBUFFER, q->said) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_PRIVATE, q) == CURLE_OK;
}

bool http_ask(struct http_client *c, const struct http_question *question, http_reply_fn *fn,
	void *context, struct error *err)
{
	struct question *q = calloc(1, sizeof(*q));
	if (q == NULL)
		return fail_memory(err);
	*q = (struct question){ .client = c,
		.easy = curl_easy_init(),
		.received = writer_new(question->limit),
		.unnamed = question->unnamed,
		.fn = fn,
		.context = context };
	q->pin.wanted = question->pin != NULL;
	struct reader pin = reader_of(question->pin, q->pin.wanted ? DIGEST_SIZE : 0);
	reader_copy(&pin, q->pin.digest, pin.left);
	bool fine = q->easy != NULL && bytes_copy(&q->body, question->body, NULL) &&
		set_connection(q, question) && set_request(q, question) && set_answer(q);
	if (fine && curl_multi_add_handle(c->multi, q->easy) == CURLM_OK) {
		q->next = c->questions;
		c->questions = q;
		return true;
	}
	question_free(q);
	return fail(err, FAULT_IO, "%.200s cannot be asked: libcurl refuses the question",
		question->url);
}
