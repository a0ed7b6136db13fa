#pragma once
/* libcurl's transfers in our loop: one multi handle, its sockets and its timer. What a transfer is
 * about is for http_client.c and mail_client.c to say. */
#include <curl/curl.h>

#include "base/bytes.h"
#include "net/loop.h"

struct curl_loop;
struct curl_task;

/* Ends a task; the memory is the owner's to free. result CURLE_OK and the like; `dropped`: the
 * curl_loop ends, nobody is to be told. */
typedef void curl_end_fn(struct curl_task *task, CURLcode result, bool dropped);

struct curl_task { /* inside something of its owner's, which ends it */
	CURL *easy;
	char said[CURL_ERROR_SIZE];
	curl_end_fn *end;
	struct curl_loop *loop;
	struct curl_task *next;
};

struct curl_loop *curl_loop_new(struct loop *l, struct error *err);
/* Drops what is under way. From inside a task's `end` is fine. */
void curl_loop_free(struct curl_loop *c);
/* The task has its easy handle, with every option of its owner's. It ends once, from the loop. */
bool curl_loop_add(struct curl_loop *c, struct curl_task *task);

/* What every transfer keeps to: no proxy, no signals, a connection of its own, no TLS session taken
 * up again, so that the certificate is always seen. */
bool curl_task_settle(struct curl_task *task, uint64_t timeout_ms);
/* TLS judged by these authorities, PEM, and by the name in the URL. They outlive the task. */
bool curl_task_verify(struct curl_task *task, struct reader authorities);
/* Names are never looked up by libcurl, whose way would be a thread: "host:port:address,…" says
 * where they are; NULL: the URL has an address. The list is yours to free after the task. */
bool curl_task_resolve(struct curl_task *task, const char *resolved, struct curl_slist **list);
