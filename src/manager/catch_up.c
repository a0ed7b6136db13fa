/* Brings this node to what the database says. Every step may be repeated: a crash between any two
 * is finished by the next catch-up. */
#include "manager/manager_impl.h"

#include <string.h>

#include "base/clock.h"
#include "run/log.h"

enum { RETRY_MS = 1000 };

static bool steps(struct manager *m, struct error *err)
{
	struct node self;
	struct error missing = { 0 };
	if (!store_node(m->store, m->settings->node, &self, &missing)) {
		if (missing.fault == FAULT_MISSING)
			return true; /* no cluster yet, or this node is not in it yet */
		*err = missing;
		return false;
	}
	if (!m->reconciled && !install_reconcile(m, err))
		return false;
	m->reconciled = true;
	/* A job may wait for a list of before, and want another. */
	if (!install_node(m, &self, err) || !lists_publish(m, err) || !jobs_run(m, err) ||
		!lists_publish(m, err))
		return false;
	if (m->root_changed && !phones_scan(m, err))
		return false;
	uint64_t number;
	if (!store_change_number(m->store, &number, err))
		return false;
	if (m->index == NULL || m->index->number != number || m->root_changed) {
		m->root_changed = false;
		if (!snapshot_write(m, &self, err))
			return false;
	}
	return services_restart_due(m, err);
}

void manager_catch_up(struct manager *m)
{
	struct error err = { 0 };
	m->retry_at = 0;
	if (!steps(m, &err)) {
		log_error("%s; tried again in a second", err.text);
		m->retry_at = clock_monotonic_ms() + RETRY_MS;
	}
	answers_settle(m);
}
