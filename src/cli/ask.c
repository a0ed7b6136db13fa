#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli_impl.h"
#include "net/http_client.h"

enum { ASK_WAIT_MS = 300000, ASK_REPLY_MAX = 64 << 20 };

struct asking {
	struct loop *loop;
	int status;
	json_t *reply;
	struct error err;
};

static void note_reply(const struct http_reply *reply, const struct error *err, void *context)
{
	struct asking *a = context;
	json_error_t where;
	loop_stop(a->loop);
	if (err != NULL) {
		a->err = *err;
		return;
	}
	a->status = reply->status;
	a->reply = json_loadb((const char *)reply->body.at, reply->body.left, 0, &where);
	if (a->reply == NULL)
		(void)fail(&a->err, FAULT_IO,
			"the daemon's answer (HTTP status %d) is no JSON: is another program "
			"behind "
			"this socket?",
			reply->status);
}

static bool ask(const struct http_question *question, struct asking *a, struct error *err)
{
	AUTO(loop) loop = loop_new(err);
	if (loop == NULL)
		return false;
	AUTO(http_client) client = http_client_new(loop, err);
	a->loop = loop;
	if (client == NULL || !http_ask(client, question, note_reply, a, err) ||
		!loop_run(loop, err))
		return false;
	if (a->err.fault == FAULT_NONE)
		return true;
	if (err != NULL)
		*err = a->err;
	return false;
}

/* {"fault", "error"} of a daemon that did not do it. */
static bool fail_told(const json_t *reply, int status, struct error *err)
{
	enum fault fault;
	const char *text = json_string_value(json_object_get(reply, "error"));
	const char *name = json_string_value(json_object_get(reply, "fault"));
	if (text == NULL || name == NULL || !fault_from_name(name, &fault) || fault == FAULT_NONE)
		return fail(err, FAULT_IO, "the daemon answered with HTTP status %d and no reason",
			status);
	return fail(err, fault, "%s", text);
}

/* The usual reasons, before the network's own words for them. */
static bool check_socket(const char *control, struct error *err)
{
	struct stat facts;
	if (stat(control, &facts) == 0 && !S_ISSOCK(facts.st_mode))
		return fail(err, FAULT_IO,
			"%.120s is no socket: name the daemon's with --control or "
			"DIALTRUST_CONTROL",
			control);
	if (access(control, W_OK) == 0)
		return true;
	if (errno == ENOENT || errno == ENOTDIR)
		return fail(err, FAULT_IO,
			"there is no daemon's socket %.120s: start dialtrustd, or name its socket "
			"with "
			"--control or DIALTRUST_CONTROL",
			control);
	return fail(err, FAULT_IO, "the daemon's socket %.120s: %s", control, strerror(errno));
}

/* Once a change has been sent, nothing but its answer says what came of it. */
static bool fail_sent(const struct daemon_question *question, struct error *err)
{
	if (strcmp(question->method, "GET") == 0 || err == NULL || err->fault != FAULT_IO)
		return false;
	return fail_in(err, "whether it was done is not known, `dialtrust audit list` tells");
}

bool ask_daemon(const char *control, const struct daemon_question *question, json_t **out,
	struct error *err)
{
	char url[2048];
	struct asking a = { 0 };
	if (!check_socket(control, err))
		return false;
	int size = snprintf(url, sizeof(url), "http://localhost%s", question->path);
	if (size < 0 || (size_t)size >= sizeof(url))
		return fail(err, FAULT_USAGE, "the arguments are too long");
	char *body = question->body == NULL ? NULL : json_dumps(question->body, JSON_COMPACT);
	const struct http_question http = {
		.method = question->method,
		.url = url,
		.unix_socket = control,
		.body = body == NULL ? reader_of(NULL, 0) : reader_of_text(body),
		.timeout_ms = ASK_WAIT_MS,
		.limit = ASK_REPLY_MAX,
	};
	bool asked = ask(&http, &a, err);
	free(body);
	json_auto_t *reply = a.reply;
	if (!asked) {
		if (err != NULL)
			err->fault = FAULT_IO; /* that there is no daemon is no "not found" */
		(void)fail_in(err, "asking the daemon at %.120s", control);
		return fail_sent(question, err);
	}
	if (a.status < 200 || a.status > 299)
		return fail_told(reply, a.status, err) || fail_sent(question, err);
	*out = json_incref(reply);
	return true;
}
