#include "net/curl_loop_impl.h"

#include <event2/event.h>
#include <stdlib.h>

struct curl_loop {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct curl_task *tasks;
	bool delivering;
	bool freed; /* by a task's end, while delivering: the memory goes when that ends */
};

static void unlink_task(struct curl_task *task)
{
	struct curl_task **at = &task->loop->tasks;
	while (*at != NULL && *at != task)
		at = &(*at)->next;
	if (*at == task)
		*at = task->next;
	(void)curl_multi_remove_handle(task->loop->multi, task->easy);
}

static void deliver(struct curl_loop *c)
{
	int left = 0;
	if (c->delivering)
		return; /* an end that asks anew: the loop below sees to it */
	c->delivering = true;
	while (!c->freed) {
		CURLMsg *message = curl_multi_info_read(c->multi, &left);
		char *own = NULL;
		if (message == NULL)
			break;
		CURLcode result = message->data.result;
		if (message->msg != CURLMSG_DONE ||
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &own) != CURLE_OK)
			continue;
		struct curl_task *task = (struct curl_task *)(void *)own;
		unlink_task(task);
		task->end(task, result, false);
	}
	c->delivering = false;
	if (c->freed)
		free(c);
}

static void act(struct curl_loop *c, curl_socket_t socket, int what)
{
	int running = 0;
	(void)curl_multi_socket_action(c->multi, socket, what, &running); /* each task tells */
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
	struct curl_loop *c = context;
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
	struct curl_loop *c = context;
	struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	if (ms < 0)
		return event_del(c->timer);
	return event_add(c->timer, &after);
}

struct curl_loop *curl_loop_new(struct loop *l, struct error *err)
{
	struct curl_loop *c = calloc(1, sizeof(*c));
	if (c == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(c);
		fail_memory(err);
		return NULL;
	}
	c->base = loop_base(l);
	c->multi = curl_multi_init();
	c->timer = evtimer_new(c->base, timer_fired, c);
	if (c->multi == NULL || c->timer == NULL) {
		curl_loop_free(c);
		fail_memory(err);
		return NULL;
	}
	(void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	(void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	(void)curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	(void)curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	return c;
}

void curl_loop_free(struct curl_loop *c)
{
	if (c == NULL)
		return;
	while (c->tasks != NULL) {
		struct curl_task *task = c->tasks;
		unlink_task(task);
		task->end(task, CURLE_ABORTED_BY_CALLBACK, true);
	}
	(void)curl_multi_cleanup(c->multi);
	if (c->timer != NULL)
		event_free(c->timer);
	curl_global_cleanup();
	c->freed = true;
	if (!c->delivering)
		free(c);
}

bool curl_loop_add(struct curl_loop *c, struct curl_task *task)
{
	if (curl_easy_setopt(task->easy, CURLOPT_PRIVATE, task) != CURLE_OK ||
		curl_easy_setopt(task->easy, CURLOPT_ERRORBUFFER, task->said) != CURLE_OK ||
		curl_multi_add_handle(c->multi, task->easy) != CURLM_OK)
		return false;
	task->loop = c;
	task->next = c->tasks;
	c->tasks = task;
	return true;
}

bool curl_task_settle(struct curl_task *task, uint64_t timeout_ms)
{
	CURL *e = task->easy;
	return curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_NOPROXY, "*") == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_CAINFO, NULL) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK;
}

bool curl_task_verify(struct curl_task *task, struct reader authorities)
{
	CURL *e = task->easy;
	struct curl_blob blob = { .data = (void *)(uintptr_t)authorities.at,
		.len = authorities.left,
		.flags = CURL_BLOB_NOCOPY };
	return curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
		CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK;
}

bool curl_task_resolve(struct curl_task *task, const char *resolved, struct curl_slist **list)
{
	if (resolved == NULL)
		return true;
	*list = curl_slist_append(NULL, resolved);
	return *list != NULL && curl_easy_setopt(task->easy, CURLOPT_RESOLVE, *list) == CURLE_OK;
}
