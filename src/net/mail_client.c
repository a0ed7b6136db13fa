#include "net/mail_client.h"

#include <stdlib.h>
#include <string.h>

#include "net/curl_loop_impl.h"

enum { SMTP_NO = 400 };

struct sending {
	struct curl_task task;
	struct curl_slist *to, *resolved;
	struct bytes message;
	struct reader rest; /* of it, to be read by libcurl */
	mail_sent_fn *fn;
	void *context;
};

struct mail_client {
	struct curl_loop *curl;
};

static void sending_free(struct sending *s)
{
	curl_easy_cleanup(s->task.easy);
	curl_slist_free_all(s->to);
	curl_slist_free_all(s->resolved);
	bytes_done(&s->message);
	free(s);
}

static const struct outcome {
	CURLcode result;
	enum fault fault;
} outcomes[] = {
	{ CURLE_OPERATION_TIMEDOUT, FAULT_BUSY },
	{ CURLE_PEER_FAILED_VERIFICATION, FAULT_UNTRUSTED },
	{ CURLE_USE_SSL_FAILED, FAULT_UNTRUSTED },
	{ CURLE_LOGIN_DENIED, FAULT_REFUSED },
};

static enum fault fault_of(CURLcode result, long answer)
{
	for (size_t i = 0; i < COUNT(outcomes); i++)
		if (outcomes[i].result == result)
			return outcomes[i].fault;
	return answer >= SMTP_NO ? FAULT_REFUSED : FAULT_IO;
}

/* The one place that calls fn. Nothing of the client is touched after it. */
static void sending_end(struct curl_task *task, CURLcode result, bool dropped)
{
	struct sending *s = (struct sending *)(void *)task;
	struct error why = { 0 };
	const char *url = "";
	long answer = 0;
	(void)curl_easy_getinfo(task->easy, CURLINFO_EFFECTIVE_URL, &url);
	(void)curl_easy_getinfo(task->easy, CURLINFO_RESPONSE_CODE, &answer);
	if (result != CURLE_OK)
		(void)fail(&why, fault_of(result, answer), "%.160s: %.140s", url,
			task->said[0] != '\0' ? task->said : curl_easy_strerror(result));
	if (!dropped)
		s->fn(result == CURLE_OK ? NULL : &why, s->context);
	sending_free(s);
}

static size_t give(char *out, size_t one, size_t size, void *context)
{
	struct sending *s = context;
	size_t most = one * size < s->rest.left ? one * size : s->rest.left;
	reader_copy(&s->rest, out, most);
	return most;
}

static size_t ignore(char *bytes, size_t one, size_t size, void *context)
{
	(void)bytes; /* what the server says besides its answers */
	(void)context;
	return one * size;
}

static bool take_recipients(struct sending *s, const struct mail_letter *letter)
{
	for (size_t i = 0; letter->to[i] != NULL; i++) {
		struct curl_slist *longer = curl_slist_append(s->to, letter->to[i]);
		if (longer == NULL)
			return false;
		s->to = longer;
	}
	return s->to != NULL;
}

/* PLAIN and LOGIN alone: over TLS they do, and others would look for files and other servers. */
static bool set_login(CURL *e, const struct mail_letter *letter)
{
	return letter->user == NULL ||
		(curl_easy_setopt(e, CURLOPT_USERNAME, letter->user) == CURLE_OK &&
			curl_easy_setopt(e, CURLOPT_PASSWORD, letter->password) == CURLE_OK &&
			curl_easy_setopt(e, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN") ==
				CURLE_OK);
}

static bool set_letter(struct sending *s, const struct mail_letter *letter)
{
	CURL *e = s->task.easy;
	long security = letter->starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE;
	return curl_easy_setopt(e, CURLOPT_URL, letter->url) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_USE_SSL, security) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_MAIL_FROM, letter->from) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_MAIL_RCPT, s->to) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_READFUNCTION, give) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_READDATA, s) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, ignore) == CURLE_OK &&
		set_login(e, letter);
}

bool mail_send(struct mail_client *c, const struct mail_letter *letter, mail_sent_fn *fn,
	void *context, struct error *err)
{
	struct sending *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return fail_memory(err);
	s->task = (struct curl_task){ .easy = curl_easy_init(), .end = sending_end };
	s->fn = fn;
	s->context = context;
	bool fine = s->task.easy != NULL && bytes_copy(&s->message, letter->message, NULL) &&
		take_recipients(s, letter) && curl_task_settle(&s->task, letter->timeout_ms) &&
		curl_task_verify(&s->task, letter->authorities) &&
		curl_task_resolve(&s->task, letter->resolved, &s->resolved) &&
		set_letter(s, letter);
	s->rest = bytes_reader(&s->message);
	if (fine && curl_loop_add(c->curl, &s->task))
		return true;
	sending_free(s);
	return fail(
		err, FAULT_IO, "%.200s cannot be asked: libcurl refuses the letter", letter->url);
}

struct mail_client *mail_client_new(struct loop *l, struct error *err)
{
	struct mail_client *c = calloc(1, sizeof(*c));
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

void mail_client_free(struct mail_client *c)
{
	if (c == NULL)
		return;
	curl_loop_free(c->curl);
	free(c);
}
