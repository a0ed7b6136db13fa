#include "net/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "net/curl_loop_impl.h"
#include "net/tls_impl.h"

struct question {
	struct curl_task task;
	struct curl_slist *fields, *resolved;
	struct bytes body; /* of the question */
	struct writer received;
	struct tls_pin pin;
	bool unnamed;
	http_reply_fn *fn;
	void *context;
};

struct http_client {
	struct curl_loop *curl;
};

static void question_free(struct question *q)
{
	curl_easy_cleanup(q->task.easy);
	curl_slist_free_all(q->fields);
	curl_slist_free_all(q->resolved);
	writer_done(&q->received);
	bytes_done(&q->body);
	bytes_done(&q->pin.shown);
	free(q);
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
	{ CURLE_PEER_FAILED_VERIFICATION, false, FAULT_UNTRUSTED, NULL },
	{ CURLE_PEER_FAILED_VERIFICATION, true, FAULT_UNTRUSTED, NULL },
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
	return curl_easy_getinfo(q->task.easy, CURLINFO_NUM_CONNECTS, &connections) == CURLE_OK &&
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
		q->task.said[0] != '\0' ? q->task.said : curl_easy_strerror(result));
}

static bool judge(const struct question *q, CURLcode result, struct error *why)
{
	const char *url = "";
	if (result == CURLE_OK || tell(q, result, why) || q->unnamed)
		return result == CURLE_OK;
	(void)curl_easy_getinfo(q->task.easy, CURLINFO_EFFECTIVE_URL, &url);
	return fail_in(why, "%.160s", url);
}

/* The one place that calls fn. Nothing of the client is touched after it. */
static void question_end(struct curl_task *task, CURLcode result, bool dropped)
{
	struct question *q = (struct question *)(void *)task;
	struct error why = { 0 };
	long status = 0;
	bool fine = judge(q, result, &why);
	(void)curl_easy_getinfo(q->task.easy, CURLINFO_RESPONSE_CODE, &status);
	struct http_reply reply = { .status = (int)status,
		.body = writer_written(&q->received),
		.certificate = bytes_reader(&q->pin.shown) };
	if (!dropped)
		q->fn(fine ? &reply : NULL, fine ? NULL : &why, q->context);
	question_free(q);
}

struct http_client *http_client_new(struct loop *l, struct error *err)
{
	struct http_client *c = calloc(1, sizeof(*c));
	if (c == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	c->curl = curl_loop_new(l, err);
	if (c->curl != NULL)
		return c;
	free(c);
	return NULL;
}

void http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	curl_loop_free(c->curl);
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

/* Who is at the other end of https: the pin says, or the authorities do. */
static bool set_trust(struct question *q, const struct http_question *question)
{
	CURL *e = q->task.easy;
	if (question->authorities.left > 0)
		return curl_task_verify(&q->task, question->authorities);
	return curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK && /* guard does */
		curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, guard) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, &q->pin) == CURLE_OK;
}

static bool set_connection(struct question *q, const struct http_question *question)
{
	CURL *e = q->task.easy;
	char source[128] = "";
	if (question->source != NULL)
		(void)snprintf(source, sizeof(source), "host!%.100s", question->source);
	return curl_task_settle(&q->task, question->timeout_ms) && set_trust(q, question) &&
		curl_task_resolve(&q->task, question->resolved, &q->resolved) &&
		curl_easy_setopt(e, CURLOPT_URL, question->url) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
		(question->unix_socket == NULL ||
			curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, question->unix_socket) ==
				CURLE_OK) &&
		(question->source == NULL ||
			curl_easy_setopt(e, CURLOPT_INTERFACE, source) == CURLE_OK);
}

static bool set_request(struct question *q, const struct http_question *question)
{
	CURL *e = q->task.easy;
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
		curl_easy_setopt(e, CURLOPT_HTTPHEADER, q->fields) == CURLE_OK;
}

static bool set_answer(struct question *q)
{
	CURL *e = q->task.easy;
	return curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_WRITEDATA, q) == CURLE_OK;
}

bool http_ask(struct http_client *c, const struct http_question *question, http_reply_fn *fn,
	void *context, struct error *err)
{
	struct question *q = calloc(1, sizeof(*q));
	if (q == NULL)
		return fail_memory(err);
	*q = (struct question){ .task = { .easy = curl_easy_init(), .end = question_end },
		.received = writer_new(question->limit),
		.unnamed = question->unnamed,
		.fn = fn,
		.context = context };
	q->pin.wanted = question->pin != NULL;
	struct reader pin = reader_of(question->pin, q->pin.wanted ? DIGEST_SIZE : 0);
	reader_copy(&pin, q->pin.digest, pin.left);
	bool fine = q->task.easy != NULL && bytes_copy(&q->body, question->body, NULL) &&
		set_connection(q, question) && set_request(q, question) && set_answer(q);
	if (fine && curl_loop_add(c->curl, &q->task))
		return true;
	question_free(q);
	return fail(err, FAULT_IO, "%.200s cannot be asked: libcurl refuses the question",
		question->url);
}
