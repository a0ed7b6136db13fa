#include "admin/admin.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/question.h"
#include "base/limits.h"
#include "net/http_server.h"
#include "net/sibling.h"
#include "run/log.h"
#include "run/memory.h"
#include "run/process.h"
#include "wire/manager_message.h"

enum { MANAGER_MS = 120000, PATH_SIZE = 256, REQUEST_MS = 10000, CONNECTIONS = 64 };

static const char content_type[] = "application/json";
static const char metrics_type[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";
static const char metrics_path[] = "/metrics";

static const char *const methods[] = {
	[HTTP_GET] = "GET",
	[HTTP_HEAD] = "HEAD",
	[HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT",
	[HTTP_DELETE] = "DELETE",
	[HTTP_OTHER] = "this method",
};

struct admin {
	const struct settings *settings;
	struct loop *loop;
	struct http_server *server;
	struct http_server *scraped; /* NULL: off */
	struct sibling_client *manager;
};

static void refuse(struct http_exchange *x, int status, const struct error *why)
{
	json_auto_t *told = json_pack("{s:i, s:s, s:s}", "schema_version", 1, "fault",
		fault_name(why->fault), "error", why->text);
	char *text = told == NULL ? NULL : json_dumps(told, JSON_COMPACT);
	http_answer(x, status, content_type, reader_of_text(text == NULL ? "{}" : text));
	free(text);
}

/* What stands in {"result":…}, which is all that a manager says. It may be long, and goes on as it
 * came. */
static bool take_result(struct reader *answer)
{
	static const char before[] = "{\"result\":";
	struct reader start = reader_sub(answer, sizeof(before) - 1);
	if (!answer->ok || !reader_same(start, reader_of_text(before)) || answer->left < 2 ||
		answer->at[answer->left - 1] != '}')
		return false;
	*answer = reader_of(answer->at, answer->left - 1);
	return true;
}

/* {"result": …} from the manager becomes the body. */
static void on_answer(struct reader answer, const struct error *err, void *context)
{
	struct http_exchange *x = context;
	struct error why = { FAULT_IO, "the manager's answer is not understood" };
	if (err != NULL) {
		refuse(x, question_status(err->fault), err);
		return;
	}
	if (take_result(&answer))
		http_answer(x, 200, content_type, answer);
	else
		refuse(x, 500, &why);
}

/* Root, and whoever runs the daemon. */
static bool may_ask(const struct http_exchange *x, uint32_t *uid)
{
	return http_peer_uid(x, uid) && (*uid == 0 || *uid == geteuid());
}

static const char *query(size_t index, const char **value, void *context)
{
	return http_query_at(context, index, value);
}

static void hand_on(
	struct admin *a, struct http_exchange *x, const struct question *q, uint32_t uid)
{
	char actor[32];
	struct error err = { FAULT_MEMORY, "out of memory" };
	(void)snprintf(actor, sizeof(actor), "uid %u", uid);
	(void)memory_was_short();
	json_auto_t *asked = json_pack("{s:s, s:O, s:s}", "operation", q->op->words, "arguments",
		q->arguments, "actor", actor);
	char *text = asked == NULL ? NULL : json_dumps(asked, JSON_COMPACT);
	if (text == NULL || memory_was_short())
		refuse(x, 500, &err);
	else
		sibling_ask(a->manager, MANAGER_OPERATE, reader_of_text(text), MANAGER_MS,
			on_answer, x);
	free(text);
}

static void on_metrics(struct reader page, const struct error *err, void *context)
{
	struct http_exchange *x = context;
	if (err != NULL)
		refuse(x, question_status(err->fault), err);
	else
		http_answer(x, 200, metrics_type, page);
}

/* What a monitoring system reads; on a network socket, whoever it is. */
static void on_scrape(struct http_exchange *x, void *context)
{
	struct admin *a = context;
	struct error err = { FAULT_MISSING, "there is nothing here but GET /metrics" };
	if (strcmp(http_path(x), metrics_path) == 0 && http_method(x) == HTTP_GET)
		sibling_ask(
			a->manager, MANAGER_METRICS, reader_of(NULL, 0), MANAGER_MS, on_metrics, x);
	else
		refuse(x, 404, &err);
}

static void on_request(struct http_exchange *x, void *context)
{
	struct admin *a = context;
	struct question q;
	struct error err = { 0 };
	uint32_t uid = 0;
	struct reader body = http_body(x);
	const struct question_source from = {
		.method = methods[http_method(x)],
		.path = http_path(x),
		.body = { (const char *)body.at, body.left },
		.query = query,
		.context = x,
	};
	if (!may_ask(x, &uid)) {
		(void)fail(&err, FAULT_REFUSED,
			"uid %u may not: root and the daemon's own user may ask", uid);
		log_refused("admin socket", "admin", &err);
		refuse(x, 403, &err);
	} else if (strcmp(http_path(x), metrics_path) == 0) {
		on_scrape(x, a);
	} else if (!question_read(&from, &q, &err)) {
		refuse(x, question_status(err.fault), &err);
	} else {
		hand_on(a, x, &q, uid);
		question_done(&q);
	}
}

static void on_bad(const char *peer, const struct error *why, void *context)
{
	(void)context;
	log_refused(peer, "admin", why);
}

static void on_end(void *context)
{
	struct admin *a = context;
	loop_stop(a->loop);
}

static bool serve_metrics(struct admin *a, const struct http_limits *limits, struct error *err)
{
	int fd = process_socket("metrics");
	struct http_limits scrapes = *limits;
	scrapes.per_source = CONNECTIONS / 4;
	if (fd < 0)
		return true;
	a->scraped = http_serve(a->loop, fd, NULL, &scrapes, on_scrape, a, err);
	if (a->scraped == NULL)
		return false;
	http_server_on_bad(a->scraped, on_bad);
	return true;
}

static bool start(struct admin *a, struct error *err)
{
	static const struct sibling_client_events quiet = { NULL, NULL };
	static const struct http_limits limits = {
		.request_ms = REQUEST_MS,
		.idle_ms = MANAGER_MS,
		.header = LIMIT_HTTP_HEADER,
		.body = LIMIT_ADMIN_BODY,
		.connections = CONNECTIONS,
	};
	const char *paths[] = { NULL };
	char path[PATH_SIZE];
	if (!process_enter(a->settings, "admin", SANDBOX_ADMIN, paths, err) ||
		!process_sibling_path(a->settings, "manager.admin", path, sizeof(path), err))
		return false;
	a->manager = sibling_connect(a->loop, path, &quiet, a, err);
	if (a->manager == NULL)
		return false;
	a->server = http_serve(a->loop, process_socket("admin"), NULL, &limits, on_request, a, err);
	if (a->server == NULL)
		return false;
	http_server_on_bad(a->server, on_bad);
	if (!serve_metrics(a, &limits, err))
		return false;
	return loop_on_signal(a->loop, SIGTERM, on_end, a, err);
}

bool admin_run(const struct settings *settings, struct error *err)
{
	struct admin a = { .settings = settings };
	json_set_alloc_funcs(memory_take, free);
	AUTO(loop) loop = loop_new(err);
	a.loop = loop;
	bool fine = loop != NULL && start(&a, err);
	if (fine) {
		process_ready();
		fine = loop_run(loop, err);
	}
	sibling_client_free(a.manager); /* answers what is open */
	http_server_free(a.server);
	http_server_free(a.scraped);
	return fine;
}
