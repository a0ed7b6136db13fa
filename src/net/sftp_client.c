#include "net/sftp_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/writer.h"
#include "net/curl_loop_impl.h"
#include "pki/digest.h"

enum { URL_SIZE = 640, NAME_MAX_SIZE = 200, KEY_TEXT_SIZE = 64 };

static const char host_key_prefix[] = "SHA256:";

struct transfer {
	struct curl_task task; /* first: a task is its transfer */
	const struct sftp_place *place;
	char shown[KEY_TEXT_SIZE]; /* host key of whoever answered; "": nobody did */
	bool other_key;
	struct curl_slist *after; /* commands once the file is there */
	struct bytes content;
	struct reader rest; /* of it, to be read by libcurl */
	struct writer received;
	sftp_fn *fn;
	void *context;
};

struct sftp_client {
	struct curl_loop *curl;
};

static void transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->task.easy);
	curl_slist_free_all(t->after);
	bytes_done(&t->content);
	writer_done(&t->received);
	free(t);
}

/* names */

static bool is_of(const char *text, const char *more)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	for (; *text != '\0'; text++)
		if (strchr(plain, *text) == NULL && strchr(more, *text) == NULL)
			return false;
	return true;
}

bool sftp_name_check(const char *name, struct error *err)
{
	return (name[0] != '\0' && name[0] != '.' && strlen(name) <= NAME_MAX_SIZE &&
		       is_of(name, "")) ||
		fail(err, FAULT_USAGE,
			"a file name of 1 to %d letters, digits, dots, hyphens and underscores is "
			"expected, the first no dot",
			NAME_MAX_SIZE);
}

bool sftp_place_check(const struct sftp_place *place, struct error *err)
{
	enum { KEY_DIGITS = 43 };
	if (strncmp(place->host_key, host_key_prefix, strlen(host_key_prefix)) != 0 ||
		strlen(place->host_key) != strlen(host_key_prefix) + KEY_DIGITS)
		return fail(err, FAULT_USAGE,
			"the host key is expected as SHA256: and %d characters, as ssh-keygen -l "
			"prints it",
			KEY_DIGITS);
	if (place->folder[0] != '/' || !is_of(place->folder, "/~"))
		return fail(err, FAULT_USAGE,
			"the folder is expected as a path from the root, of letters, digits and "
			". _ - ~ /");
	if (place->user[0] == '\0' || (place->password == NULL && place->key == NULL))
		return fail(err, FAULT_USAGE, "a user, and a password or a key, are expected");
	return true;
}

/* what came of it */

static const struct outcome {
	CURLcode result;
	enum fault fault;
	const char *says; /* NULL: libcurl's own words */
} outcomes[] = {
	{ CURLE_OPERATION_TIMEDOUT, FAULT_BUSY, NULL },
	{ CURLE_LOGIN_DENIED, FAULT_REFUSED, "it does not let this user in" },
	{ CURLE_REMOTE_ACCESS_DENIED, FAULT_REFUSED, "this user may not do that there" },
	{ CURLE_REMOTE_FILE_NOT_FOUND, FAULT_MISSING, "there is no such file" },
	{ CURLE_REMOTE_DISK_FULL, FAULT_IO, "there is no room" },
	{ CURLE_QUOTE_ERROR, FAULT_REFUSED, NULL },
};

static bool judge(const struct transfer *t, CURLcode result, struct error *why)
{
	if (result == CURLE_OK)
		return true;
	if (t->other_key)
		return fail(why, FAULT_UNTRUSTED, "it shows the host key %s, and %s is expected",
			t->shown, t->place->host_key);
	if (!t->received.ok)
		return fail(why, FAULT_LIMIT, "more than %zu bytes", t->received.limit);
	struct outcome meant = { result, FAULT_IO, NULL };
	for (size_t i = 0; i < COUNT(outcomes); i++)
		if (outcomes[i].result == result)
			meant = outcomes[i];
	if (meant.says == NULL)
		meant.says = t->task.said[0] != '\0' ? t->task.said : curl_easy_strerror(result);
	return fail(why, meant.fault, "%.140s", meant.says);
}

/* The one place that calls fn. Nothing of the client is touched after it. */
static void transfer_end(struct curl_task *task, CURLcode result, bool dropped)
{
	struct transfer *t = (struct transfer *)(void *)task;
	struct error why = { 0 };
	bool fine = judge(t, result, &why) ||
		fail_in(&why, "sftp://%.100s%.100s", t->place->address, t->place->folder);
	if (!dropped)
		t->fn(writer_written(&t->received), fine ? NULL : &why, t->context);
	transfer_free(t);
}

/* libcurl's questions */

static int judge_host_key(void *context, int type, const char *key, size_t size)
{
	(void)type;
	struct transfer *t = context;
	uint8_t digest[DIGEST_SIZE];
	char *text = NULL;
	struct reader part = reader_of(key, size);
	if (!digest_of(DIGEST_SHA256, &part, 1, digest, NULL) ||
		!base64_write(reader_of(digest, DIGEST_SIZE), &text, NULL))
		return CURLKHMATCH_MISMATCH;
	text[strcspn(text, "=")] = '\0';
	(void)snprintf(t->shown, sizeof(t->shown), "%s%s", host_key_prefix, text);
	free(text);
	t->other_key = strcmp(t->shown, t->place->host_key) != 0;
	return t->other_key ? CURLKHMATCH_MISMATCH : CURLKHMATCH_OK;
}

static size_t give(char *out, size_t one, size_t size, void *context)
{
	struct transfer *t = context;
	size_t most = one * size < t->rest.left ? one * size : t->rest.left;
	reader_copy(&t->rest, out, most);
	return most;
}

static size_t receive(char *bytes, size_t one, size_t size, void *context)
{
	struct transfer *t = context;
	writer_bytes(&t->received, reader_of(bytes, one * size));
	return t->received.ok ? one * size : 0;
}

static bool set_login(struct transfer *t)
{
	CURL *e = t->task.easy;
	const struct sftp_place *p = t->place;
	long ways = p->key != NULL ? CURLSSH_AUTH_PUBLICKEY
				   : CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD;
	return curl_easy_setopt(e, CURLOPT_SSH_AUTH_TYPES, ways) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSH_HOSTKEYFUNCTION, judge_host_key) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSH_HOSTKEYDATA, t) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_USERNAME, p->user) == CURLE_OK &&
		(p->key != NULL ? curl_easy_setopt(e, CURLOPT_SSH_PRIVATE_KEYFILE, p->key)
				: curl_easy_setopt(e, CURLOPT_PASSWORD, p->password)) == CURLE_OK;
}

static bool add_command(struct transfer *t, const char *command)
{
	struct curl_slist *longer = curl_slist_append(t->after, command);
	if (longer != NULL)
		t->after = longer;
	return longer != NULL;
}

/* SFTP of version 3 renames onto nothing that is there. */
static bool set_put(struct transfer *t, const struct sftp_question *question)
{
	CURL *e = t->task.easy;
	char remove[URL_SIZE], rename[2 * URL_SIZE];
	const char *folder = t->place->folder, *name = question->name;
	(void)snprintf(remove, sizeof(remove), "*rm \"%s/%s\"", folder, name);
	(void)snprintf(rename, sizeof(rename), "rename \"%s/%s.part\" \"%s/%s\"", folder, name,
		folder, name);
	return bytes_copy(&t->content, question->content, NULL) && add_command(t, remove) &&
		add_command(t, rename) && curl_easy_setopt(e, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->content.size) ==
		CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_READFUNCTION, give) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_READDATA, t) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_POSTQUOTE, t->after) == CURLE_OK;
}

static bool set_question(struct transfer *t, const struct sftp_question *question)
{
	CURL *e = t->task.easy;
	char url[URL_SIZE];
	const struct sftp_place *p = t->place;
	bool put = question->verb == SFTP_PUT, names = question->verb == SFTP_NAMES;
	int size = snprintf(url, sizeof(url), "sftp://%s%s/%s%s", p->address, p->folder,
		names ? "" : question->name, put ? ".part" : "");
	return size > 0 && (size_t)size < sizeof(url) &&
		curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "sftp") == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_DIRLISTONLY, names ? 1L : 0L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
		(!put || set_put(t, question));
}

bool sftp_ask(struct sftp_client *c, const struct sftp_question *question, sftp_fn *fn,
	void *context, struct error *err)
{
	if (!sftp_place_check(question->place, err) ||
		(question->verb != SFTP_NAMES && !sftp_name_check(question->name, err)))
		return false;
	struct transfer *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return fail_memory(err);
	*t = (struct transfer){ .task = { .easy = curl_easy_init(), .end = transfer_end },
		.place = question->place,
		.received = writer_new(question->limit),
		.fn = fn,
		.context = context };
	bool fine = t->task.easy != NULL &&
		curl_task_settle(&t->task, question->place->timeout_ms) && set_login(t) &&
		set_question(t, question);
	t->rest = bytes_reader(&t->content);
	if (fine && curl_loop_add(c->curl, &t->task))
		return true;
	transfer_free(t);
	return fail(err, FAULT_IO, "sftp://%.200s cannot be asked: libcurl refuses the question",
		question->place->address);
}

struct sftp_client *sftp_client_new(struct loop *l, struct error *err)
{
	struct sftp_client *c = calloc(1, sizeof(*c));
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

void sftp_client_free(struct sftp_client *c)
{
	if (c == NULL)
		return;
	curl_loop_free(c->curl);
	free(c);
}
