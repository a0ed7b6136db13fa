#include "net/name_lookup.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESOLVER "/etc/resolv.conf"
#define HOSTS "/etc/hosts"

struct name_question {
	struct name_lookup *lookup;
	struct evdns_getaddrinfo_request *request; /* NULL: it was answered at once */
	struct timer *deadline;
	char host[256];
	bool late;
	name_found_fn *fn;
	void *context;
	struct name_question *next;
};

struct name_lookup {
	struct loop *loop;
	struct event_base *base;
	struct evdns_base *dns;
	struct name_question *questions;
};

static void unlink_question(struct name_question *q)
{
	struct name_question **at = &q->lookup->questions;
	while (*at != NULL && *at != q)
		at = &(*at)->next;
	if (*at == q)
		*at = q->next;
}

static void write_addresses(const struct evutil_addrinfo *found, char out[static NAME_FOUND_SIZE])
{
	size_t used = 0, count = 0;
	out[0] = '\0';
	for (; found != NULL && count < NAME_ADDRESSES; found = found->ai_next) {
		struct address at = { .size = (socklen_t)found->ai_addrlen };
		char host[ADDRESS_TEXT_SIZE];
		if (found->ai_addrlen > sizeof(at.storage))
			continue;
		memcpy(&at.storage, found->ai_addr, found->ai_addrlen);
		int more = snprintf(out + used, NAME_FOUND_SIZE - used, "%s%s",
			count > 0 ? "," : "", address_host(&at, host));
		used += more > 0 ? (size_t)more : 0;
		count++;
	}
}

static bool judge(
	const struct name_question *q, int result, const char *addresses, struct error *why)
{
	if (result == 0 && addresses[0] != '\0')
		return true;
	if (q->late)
		return fail(why, FAULT_BUSY, "%.200s: no name server answers", q->host);
	if (result == EVUTIL_EAI_NONAME || result == EVUTIL_EAI_NODATA || result == 0)
		return fail(why, FAULT_MISSING, "%.200s: there is no such name", q->host);
	return fail(why, result == EVUTIL_EAI_CANCEL ? FAULT_BUSY : FAULT_IO,
		"%.200s cannot be looked up: %s", q->host, evutil_gai_strerror(result));
}

static void on_found(int result, struct evutil_addrinfo *found, void *context)
{
	struct name_question *q = context;
	struct error why = { 0 };
	char addresses[NAME_FOUND_SIZE];
	write_addresses(found, addresses);
	if (found != NULL)
		evutil_freeaddrinfo(found);
	bool fine = judge(q, result, addresses, &why);
	unlink_question(q);
	timer_free(q->deadline);
	q->fn(fine ? addresses : NULL, fine ? NULL : &why, q->context);
	free(q);
}

static void on_late(void *context)
{
	struct name_question *q = context;
	q->late = true;
	evdns_getaddrinfo_cancel(q->request); /* on_found comes from the loop */
}

void name_look_up(struct name_lookup *n, const char *host, uint64_t timeout_ms, name_found_fn *fn,
	void *context)
{
	const struct evutil_addrinfo wanted = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP
	};
	struct error err = { 0 };
	struct name_question *q = calloc(1, sizeof(*q));
	if (q == NULL) {
		(void)fail_memory(&err);
		fn(NULL, &err, context);
		return;
	}
	*q = (struct name_question){ .lookup = n, .fn = fn, .context = context };
	(void)snprintf(q->host, sizeof(q->host), "%s", host);
	q->deadline = timer_new(n->loop, timeout_ms, false, on_late, q, &err);
	if (q->deadline == NULL) {
		fn(NULL, &err, context);
		free(q);
		return;
	}
	q->next = n->questions;
	n->questions = q;
	/* NULL: on_found was called, and q is no more */
	struct evdns_getaddrinfo_request *request =
		evdns_getaddrinfo(n->dns, q->host, NULL, &wanted, on_found, q);
	if (request != NULL)
		q->request = request;
}

static bool take_servers(struct name_lookup *n, const struct address *server, struct error *err)
{
	/* a file that is not there, or cannot be understood, has no names and no servers */
	if (server == NULL) {
		(void)evdns_base_resolv_conf_parse(n->dns, DNS_OPTIONS_ALL, RESOLVER);
		return true;
	}
	(void)evdns_base_load_hosts(n->dns, HOSTS);
	return evdns_base_nameserver_sockaddr_add(n->dns, (const struct sockaddr *)&server->storage,
		       (ev_socklen_t)server->size, 0) == 0 ||
		fail(err, FAULT_IO, "the name server cannot be asked");
}

struct name_lookup *name_lookup_new(struct loop *l, const struct address *server, struct error *err)
{
	struct name_lookup *n = calloc(1, sizeof(*n));
	if (n == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	n->loop = l;
	n->base = loop_base(l);
	n->dns = evdns_base_new(n->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (n->dns != NULL && take_servers(n, server, err))
		return n;
	if (n->dns == NULL)
		(void)fail_memory(err);
	name_lookup_free(n);
	return NULL;
}

void name_lookup_free(struct name_lookup *n)
{
	if (n == NULL)
		return;
	bool asked = n->questions != NULL;
	for (struct name_question *q = n->questions; q != NULL; q = q->next)
		evdns_getaddrinfo_cancel(q->request);
	if (asked) /* libevent tells of what was cancelled from the loop alone */
		(void)event_base_loop(n->base, EVLOOP_NONBLOCK);
	if (n->dns != NULL)
		evdns_base_free(n->dns, 0);
	free(n);
}
