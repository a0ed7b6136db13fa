/* Brings this node to what the database says. Every step may be repeated: a crash between any two
 * is finished by the next catch-up. */
#include "manager/hooks_impl.h"
#include "manager/multi_server_impl.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "run/log.h"

enum { RETRY_MS = 1000 };

static bool publish(struct manager *m, const struct node *self, struct error *err)
{
	(void)self; /* the node is the manager's own */
	return lists_publish(m, err);
}

static bool work(struct manager *m, const struct node *self, struct error *err)
{
	(void)self;
	return jobs_run(m, err);
}

static bool receive(struct manager *m, const struct node *self, struct error *err)
{
	(void)self;
	return multi_server_receive(m, err) && install_notice(m, err);
}

static bool reconcile(struct manager *m, const struct node *self, struct error *err)
{
	(void)self;
	if (m->reconciled)
		return true;
	m->reconciled = install_reconcile(m, err);
	return m->reconciled;
}

static bool deploy(struct manager *m, const struct node *self, struct error *err)
{
	(void)self;
	return hooks_run(m, err);
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
 * keep phones from the rest. A job may wait for a list of before, and want another. */
static bool (*const steps[])(struct manager *m, const struct node *self, struct error *err) = {
	receive,
	reconcile,
	install_node,
	publish,
	work,
	publish,
	deploy,
	scan,
	show,
	restart,
};
static_assert(COUNT(steps) <= MANAGER_STEPS, "each step has a place for its trouble");

/* Once, until it changes. What an ending manager did not wait for is no trouble: the next one does
 * it. */
static void tell_trouble(struct manager *m, size_t step, const struct error *why)
{
	if (manager_is_ending(m))
		return;
	if (strcmp(m->trouble[step], why->text) != 0)
		log_error("%s; it is tried again", why->text);
	(void)snprintf(m->trouble[step], sizeof(m->trouble[step]), "%s", why->text);
	manager_retry(m);
}

static void take_steps(struct manager *m, const struct node *self)
{
	for (size_t i = 0; i < COUNT(steps) && !manager_is_ending(m); i++) {
		struct error err = { 0 };
		if (!steps[i](m, self, &err))
			tell_trouble(m, i, &err);
		else
			m->trouble[i][0] = '\0';
	}
}

bool manager_is_ending(const struct manager *m)
{
	struct pollfd end = { .fd = m->end, .events = POLLIN };
	return poll(&end, 1, 0) == 1;
}

void manager_catch_up(struct manager *m)
{
	struct node self;
	struct error err = { 0 };
	m->retry_at = 0;
	if (store_node(m->store, m->settings->node, &self, &err))
		take_steps(m, &self);
	else if (err.fault != FAULT_MISSING) /* missing: no cluster, or not in it yet */
		tell_trouble(m, 0, &err);
	answers_settle(m);
}

void manager_retry(struct manager *m)
{
	m->retry_at = clock_monotonic_ms() + RETRY_MS;
}
