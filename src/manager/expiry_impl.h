#pragma once
/* What the certificates of the stores are used for and how long they last; stays in this room. */
#include "cluster/alarm.h"
#include "manager/manager_impl.h"
#include "trust/certificate_use.h"

struct watched { /* an entry of a store; lent to a callback */
	const struct entry *entry;
	const struct cert *cert;
	int64_t not_after;
	int64_t renew_from;
	enum certificate_use use;
};

/* What the cluster's parameters say of the monitor. */
struct watch_policy {
	int64_t window, frequency; /* seconds */
	enum era era;
};
bool watch_policy(struct store *s, struct watch_policy *out, struct error *err) MUST_CHECK;

typedef bool watched_fn(const struct watched *watched, void *into, struct error *err);
/* Every entry of every store of the node, or of all nodes (NULL). */
bool watch_each(struct store *s, const char *node, const struct watch_policy *policy,
	watched_fn *each, void *into, struct error *err) MUST_CHECK;

/* manager/monitor.c: looks at this node's certificates at the times that alarm_next_pass says,
 * after a start and after a jump of the clock, and hands what is to be told to the courier. */
bool monitor_start(struct manager *m, struct error *err) MUST_CHECK;
void monitor_look(struct manager *m); /* at every poll */
void monitor_end(struct manager *m);

/* manager/metrics.c: answers with this node's page. */
void metrics_answer(struct manager *m, struct sibling_request *request);
