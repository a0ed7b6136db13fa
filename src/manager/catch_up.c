/* Brings this node to what the database says. Every step may be repeated: a crash between any two
 * is finished by the next catch-up. */
#include "manager/manager_impl.h"

#include "base/clock.h"
#include "run/log.h"

enum { RETRY_MS = 1000 };

/* Lists that follow from jobs are published in the same round. */
static bool publish_and_work(struct manager *m, const struct node *self, struct error *err)
{
	(void)self; /* the node is the manager's own */
	return lists_publish(m, err) && jobs_run(m, err) && lists_publish(m, err);
}

static bool reconcile(struct manager *m, const struct node *self, struct error *err)
{
	(void)self;
	if (m->reconciled)
		return true;
	m->reconciled = install_reconcile(m, err);
	return m->reconciled;
}

static bool scan(struct manager *m, const struct node *self, struct error *err)
{
	(void)self;
	return !m->root_changed || phones_scan(m, err);
}

static bool show(struct manager *m, const struct node *self, struct error *err)
{
	uint64_t number;
	if (!store_change_number(m->store, &number, err))
		return false;
	if (m->index != NULL && m->index->number == number && !m->root_changed)
		return true;
	bool changed = m->root_changed;
	m->root_changed = false; /* what changes from here on is another round's */
	if (snapshot_write(m, self, err))
		return true;
	m->root_changed = changed;
	return false;
}

static bool restart(struct manager *m, const struct node *self, struct error *err)
{
	(void)self;
	return services_restart_due(m, err);
}

/* Each is tried whatever became of those before it: one list that cannot be published must not
 * keep phones from the rest. */
static bool (*const steps[])(struct manager *m, const struct node *self, struct error *err) = {
	reconcile,
	install_node,
	publish_and_work,
	scan,
	show,
	restart,
};

void manager_catch_up(struct manager *m)
{
	struct node self;
	struct error err = { 0 };
	m->retry_at = 0;
	bool member = store_node(m->store, m->settings->node, &self, &err);
	if (!member && err.fault != FAULT_MISSING) { /* missing: no cluster, or not in it yet */
		log_error("%s; tried again in a second", err.text);
		manager_retry(m);
	}
	for (size_t i = 0; member && i < COUNT(steps); i++)
		if (!steps[i](m, &self, &err)) {
			log_error("%s; tried again in a second", err.text);
			manager_retry(m);
		}
	answers_settle(m);
}

void manager_retry(struct manager *m)
{
	m->retry_at = clock_monotonic_ms() + RETRY_MS;
}
