/* One operation asked of the publisher's daemon over its Unix socket, as the CLI does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab_impl.h"

enum { ASK_PATIENCE_MS = 60000, ANSWER_LIMIT = 8 << 20, CONTROL_URL_SIZE = 1024 };

#define CONTROL_HOST "http://dialtrust"

struct asking {
	struct lab *lab;
	bool answered;
	int status;
	json_t *body; /* NULL: none, or no JSON */
	struct error why;
};

static const char *find(const struct control_argument *arguments, const char *name, size_t size)
{
	for (; arguments != NULL && arguments->name != NULL; arguments++)
		if (strlen(arguments->name) == size && strncmp(arguments->name, name, size) == 0)
			return arguments->text;
	return NULL;
}

static size_t encode(const char *text, char *out, size_t size)
{
	size_t used = 0;
	for (; *text != '\0' && used + 4 < size; text++) {
		bool plain = strchr("-._~", *text) != NULL || (*text >= '0' && *text <= '9') ||
			(*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
		used += (size_t)snprintf(
			out + used, size - used, plain ? "%c" : "%%%02X", (unsigned char)*text);
	}
	return used;
}

static bool compose_url(const struct op *op, const struct control_argument *arguments,
	char out[static CONTROL_URL_SIZE], struct error *err)
{
	size_t used = (size_t)snprintf(out, CONTROL_URL_SIZE, CONTROL_HOST);
	for (const char *at = op->path; *at != '\0';) {
		size_t size = strcspn(at, "{}");
		if (*at == '{') {
			size = strcspn(at, "}");
			const char *value = find(arguments, at + 1, size - 1);
			if (value == NULL)
				return fail(err, FAULT_USAGE, "%s: %s lacks an argument", op->words,
					op->path);
			used += encode(value, out + used, CONTROL_URL_SIZE - used);
			at += size + 1;
			continue;
		}
		used += (size_t)snprintf(
			out + used, CONTROL_URL_SIZE - used, "%.*s", (int)size, at);
		at += size;
	}
	return true;
}

static bool in_path(const struct op *op, const char *name)
{
	char braces[64];
	(void)snprintf(braces, sizeof(braces), "{%s}", name);
	return strstr(op->path, braces) != NULL;
}

/* What is not in the path travels in the body. */
static char *compose_body(const struct op *op, const struct control_argument *arguments)
{
	json_auto_t *object = json_object();
	for (; arguments != NULL && arguments->name != NULL; arguments++)
		if (arguments->text != NULL && !in_path(op, arguments->name))
			(void)json_object_set_new(
				object, arguments->name, json_string(arguments->text));
	return strcmp(op->method, "GET") == 0 ? NULL : json_dumps(object, JSON_COMPACT);
}

static void on_reply(const struct http_reply *reply, const struct error *err, void *context)
{
	struct asking *a = context;
	a->answered = true;
	if (err != NULL) {
		a->why = *err;
	} else {
		a->status = reply->status;
		a->body = json_loadb((const char *)reply->body.at, reply->body.left, 0, NULL);
	}
	loop_stop(a->lab->loop);
}

static bool answered(struct lab *l, void *context)
{
	(void)l;
	return ((struct asking *)context)->answered;
}

static bool judge(struct asking *a, json_t **result, struct error *err)
{
	enum fault fault = FAULT_IO;
	const char *word = json_string_value(json_object_get(a->body, "fault"));
	const char *text = json_string_value(json_object_get(a->body, "error"));
	if (a->why.fault != FAULT_NONE)
		return fail(err, a->why.fault, "%s", a->why.text);
	if (text != NULL) {
		(void)(word != NULL && fault_from_name(word, &fault));
		return fail(err, fault, "%s", text);
	}
	if (a->status != 200 || a->body == NULL)
		return fail(err, FAULT_IO, "the daemon answered with HTTP status %d", a->status);
	if (result != NULL)
		*result = json_incref(a->body);
	return true;
}

bool control_ask(struct lab *l, enum op_id id, const struct control_argument *arguments,
	json_t **result, struct error *err)
{
	size_t count;
	char url[CONTROL_URL_SIZE];
	const struct op *op = &op_rows(&count)[id];
	struct asking asking = { .lab = l };
	if (!compose_url(op, arguments, url, err))
		return false;
	char *body = compose_body(op, arguments);
	struct http_question question = {
		.method = op->method,
		.url = url,
		.unix_socket = l->nodes[0].settings.admin_socket,
		.body = body == NULL ? reader_of(NULL, 0) : reader_of_text(body),
		.timeout_ms = ASK_PATIENCE_MS,
		.limit = ANSWER_LIMIT,
	};
	struct lab_wait answer = { answered, &asking, 0, op->words };
	bool fine = http_ask(l->http, &question, on_reply, &asking, err) &&
		lab_wait(l, &answer, err) && judge(&asking, result, err);
	free(body);
	json_decref(asking.body);
	return fine ? true : fail_in(err, "%s", op->words);
}
