/* Which services must restart after a change, and restarting those that are ours: the process is
 * told to end, the supervisor starts it again, and it has restarted when the next one serves. */
#include "manager/hooks_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cluster/parameter.h"
#include "run/log.h"
#include "wire/manager_message.h"

static const struct {
	const char *process;
	enum manager_peer peer;
} processes[] = {
	{ "tvs", PEER_TVS },
	{ "provision", PEER_PROVISION },
};

enum { SERVICES_MAX = 64 };

struct completing {
	const struct node *node;
	bool known[SERVICES_MAX]; /* by the table */
};

static bool is_missing(const struct completing *c, size_t service)
{
	size_t count;
	const struct service *services = service_rows(&count);
	return service < COUNT(c->known) && !c->known[service] &&
		(services[service].nodes & (1u << c->node->role)) != 0;
}

static bool add_missing(struct txn *t, void *context, struct error *err)
{
	size_t count;
	const struct completing *c = context;
	const struct service *services = service_rows(&count);
	for (size_t i = 0; i < count; i++) {
		struct service_row row = { .activated = services[i].activated };
		if (!is_missing(c, i))
			continue;
		(void)snprintf(row.service, sizeof(row.service), "%s", services[i].name);
		(void)snprintf(row.node, sizeof(row.node), "%s", c->node->name);
		if (!txn_put_service(t, &row, err))
			return false;
	}
	return true;
}

bool services_default(struct txn *t, const struct node *node, struct error *err)
{
	struct completing all = { .node = node };
	return add_missing(t, &all, err);
}

static bool note_known(const struct service_row *row, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	size_t count;
	struct completing *c = into;
	const struct service *services = service_rows(&count);
	for (size_t i = 0; i < count && i < COUNT(c->known); i++)
		if (strcmp(row->node, c->node->name) == 0 &&
			strcmp(row->service, services[i].name) == 0)
			c->known[i] = true;
	return true;
}

/* A store may be older than the row of a service. */
bool services_complete(struct manager *m, const struct node *self, struct error *err)
{
	size_t count, missing = 0;
	char actor[NODE_NAME_SIZE + 16], detail[NODE_NAME_SIZE + 48];
	struct completing c = { .node = self };
	if (!store_services(m->store, note_known, &c, err))
		return false;
	(void)service_rows(&count);
	for (size_t i = 0; i < count; i++)
		missing += is_missing(&c, i);
	if (missing == 0)
		return true;
	(void)snprintf(actor, sizeof(actor), "manager of %s", self->name);
	(void)snprintf(detail, sizeof(detail), "%zu new services of %s", missing, self->name);
	struct change change = { actor, "service rows", detail };
	return store_change(m->store, &change, add_missing, &c, NULL, err);
}

/* after a change */

struct following {
	struct txn *txn;
	const char *what; /* unit or parameter */
	const char *node; /* where it changed; NULL: everywhere */
	enum era era;
};

/* A new identity reaches a program that has hooks at once. All else, what was deleted from a store
 * among it, waits for the operator. */
static bool flag(const struct following *f, const struct service_row *row, struct error *err)
{
	size_t hooks = 0;
	struct service_row flagged = *row;
	const struct unit *unit = unit_find(f->what);
	flagged.restart_wanted = txn_number(f->txn);
	if (!txn_put_service(f->txn, &flagged, err))
		return false;
	return unit == NULL || unit->trust ||
		hooks_want(f->txn, row->service, row->node, &hooks, err);
}

static bool want_restart(
	const struct following *f, const struct service_row *row, bool by_itself, struct error *err)
{
	if (!by_itself)
		return flag(f, row, err);
	struct job job = { .state = JOB_WAITING };
	json_auto_t *arguments =
		json_pack("{s:s, s:s}", "service", row->service, "node", row->node);
	char *text = json_dumps(arguments, JSON_COMPACT);
	if (text == NULL)
		return fail_memory(err);
	job.arguments = text;
	(void)snprintf(job.node, sizeof(job.node), "%s", row->node);
	(void)snprintf(job.operation, sizeof(job.operation), "service restart");
	(void)snprintf(job.actor, sizeof(job.actor), "after %s", f->what);
	bool fine = txn_add_job(f->txn, &job, NULL, err);
	free(text);
	return fine;
}

static bool follow_service(const struct service_row *row, void *into, struct error *err)
{
	const struct following *f = into;
	const struct restart *restart = restart_find(f->what, row->service);
	if (!row->activated || restart == NULL ||
		(!restart->everywhere && f->node != NULL && strcmp(row->node, f->node) != 0))
		return true;
	return want_restart(f, row, restart_is_automatic(restart, f->era), err);
}

bool cluster_era(struct store *s, enum era *out, struct error *err)
{
	char era[16];
	if (!store_parameter(s, PARAMETER_ERA, era, sizeof(era), err))
		return false;
	return era_from_name(era, out) || fail(err, FAULT_STORE, "the cluster's era is '%s'", era);
}

bool services_after(struct txn *t, const char *what, const char *node, struct error *err)
{
	struct following f = { .txn = t, .what = what, .node = node };
	struct store *s = txn_store(t);
	return cluster_era(s, &f.era, err) && store_services(s, follow_service, &f, err);
}

/* restarting */

bool services_peer(const char *service, enum manager_peer *out)
{
	const struct service *row = service_find(service);
	for (size_t i = 0; row != NULL && row->process != NULL && i < COUNT(processes); i++)
		if (strcmp(processes[i].process, row->process) == 0) {
			*out = processes[i].peer;
			return true;
		}
	return false;
}

struct restarted {
	const char *service, *node;
	bool found, activated;
	struct txn *txn;
	const struct asked *asked;
	json_t *result;
	const char *hook; /* state of its hooks; NULL: it has none */
};

static bool note_started(const struct service_row *row, void *into, struct error *err)
{
	struct restarted *r = into;
	if (strcmp(row->service, r->service) != 0 || strcmp(row->node, r->node) != 0)
		return true;
	struct service_row started = *row;
	r->found = true;
	r->activated = row->activated;
	started.started = clock_now();
	started.restart_wanted = 0;
	started.restarted = r->txn == NULL ? row->restarted : txn_number(r->txn);
	return r->txn == NULL || txn_put_service(r->txn, &started, err);
}

/* With hooks it has restarted once they hold: that is another change, manager/hooks.c. */
static bool record_restart(struct txn *t, void *context, struct error *err)
{
	struct restarted *r = context;
	size_t hooks = 0;
	json_t *rows = json_object_get(r->result, "hooks");
	r->txn = t;
	(void)json_array_clear(rows);
	if (!hooks_want(t, r->service, r->node, &hooks, err) || !hooks_wanted(t, rows, err) ||
		(hooks == 0 && !store_services(txn_store(t), note_started, r, err)))
		return false;
	return job_finish_in(t, r->asked, r->result, err);
}

/* What a restart amounts to, in words; no process of ours: the operator has restarted it, or
 * nothing of it runs that could go on with what is old. */
static const char *restart_told(const struct service *row, bool process, bool hook)
{
	switch (row->kind) {
	case SERVICE_OURS:
		return process ? "it restarts and loads what it serves with anew"
			       : "it has no process of its own on this node: nothing goes on with "
				 "what is old";
	case SERVICE_HOOKED:
		if (hook)
			return "its hooks ran: it was reloaded, and shows its certificate";
		return "no hook of this node restarts it: it is noted that you did";
	case SERVICE_NOTED:
		return "it is noted that you restarted it";
	}
	return "";
}

static bool restart_is_possible(
	struct manager *m, const char *name, struct restarted *r, struct error *err)
{
	if (!store_services(m->store, note_started, r, err))
		return false;
	if (!r->found)
		return fail(err, FAULT_MISSING,
			"there is no service '%s' on %s: see `dialtrust service list`", name,
			r->node);
	return r->activated ||
		fail(err, FAULT_REFUSED,
			"%s is not activated on %s: there is nothing to restart; see `dialtrust "
			"service activate`",
			r->service, r->node);
}

/* The row says from which change on the service must have loaded what it serves with; a crash at
 * any moment after it leaves that to services_restart_due. */
json_t *service_restart(struct manager *m, struct asked *asked, struct error *err)
{
	enum manager_peer peer;
	const char *name = argument_text(asked, "service");
	const struct service *row = service_find(name);
	const char *service = row == NULL ? name : row->name; /* as the table spells it */
	struct restarted r = { .service = service, .node = m->settings->node, .asked = asked };
	if (!restart_is_possible(m, name, &r, err))
		return NULL;
	bool process = services_peer(service, &peer);
	if (!hooks_state(m->store, service, r.node, &r.hook, err))
		return NULL;
	json_auto_t *result = json_pack("{s:i, s:s, s:s, s:[], s:s}", "schema_version", 1,
		"service", service, "node", m->settings->node, "hooks", "message",
		row == NULL ? "" : restart_told(row, process, r.hook != NULL));
	r.result = result;
	char detail[2 * NODE_NAME_SIZE + 8];
	(void)snprintf(detail, sizeof(detail), "%s on %s", service, m->settings->node);
	struct change change = { asked->actor, "service restart", detail };
	if (result == NULL || !store_change(m->store, &change, record_restart, &r, NULL, err))
		return NULL;
	asked->wait_served = process || r.hook != NULL;
	return json_incref(result);
}

/* Only once the snapshot has what it is to load: told to end any earlier, a process would come
 * back with the identity that it had. */
static bool restart_if_due(const struct service_row *row, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct manager *m = into;
	enum manager_peer peer;
	if (strcmp(row->node, m->settings->node) != 0 || !services_peer(row->service, &peer))
		return true;
	bool old = m->loaded[peer] != 0 && m->loaded[peer] < row->restarted;
	bool ready = m->index != NULL && m->index->number >= row->restarted;
	if (!old || !ready || m->peers[peer] == NULL)
		return true;
	m->loaded[peer] = 0;
	log_info("%s restarts", row->service);
	sibling_push(m->peers[peer], MANAGER_RESTART, reader_of(NULL, 0));
	return true;
}

bool services_restart_due(struct manager *m, struct error *err)
{
	return store_services(m->store, restart_if_due, m, err);
}

void services_now_serving(
	struct manager *m, enum manager_peer peer, uint64_t number, uint64_t loaded)
{
	struct error err = { 0 };
	m->loaded[peer] = loaded;
	if (!services_restart_due(m, &err))
		log_error("%s", err.text);
	if (m->loaded[peer] != 0)
		m->serving[peer] = number;
}

/* Each note is a durable write: many indexes in a row cost one, at the next tick. */
bool services_note_serving(struct manager *m, struct error *err)
{
	for (size_t i = 0; i < COUNT(processes); i++) {
		enum manager_peer peer = processes[i].peer;
		if (m->serving[peer] == m->serving_noted[peer])
			continue;
		if (!store_put_serving(m->store, m->settings->node, processes[i].process,
			    m->serving[peer], err))
			return false;
		m->serving_noted[peer] = m->serving[peer];
	}
	return true;
}

/* listing */

struct listing {
	struct store *store;
	json_t *rows;
};

static bool list_service(const struct service_row *row, void *into, struct error *err)
{
	const struct listing *l = into;
	const char *hook = NULL;
	char started[TIME_TEXT_SIZE] = "";
	const struct service *service = service_find(row->service);
	if (row->started != 0)
		(void)text_time(row->started, started);
	if (!hooks_state(l->store, row->service, row->node, &hook, err))
		return false;
	json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s?, s:b, s:s?}", "node", row->node,
		"service", row->service, "kind",
		service == NULL ? "unknown" : service_kind_name(service->kind), "type",
		service != NULL && service->network ? "network" : "feature", "activated",
		row->activated, "started", row->started == 0 ? NULL : started, "restart_wanted",
		row->restart_wanted != 0, "hook", hook);
	return json_array_append_new(l->rows, item) == 0 || fail_memory(err);
}

json_t *service_list(struct manager *m, struct asked *asked, struct error *err)
{
	(void)asked; /* takes no arguments */
	json_auto_t *rows = json_array();
	struct listing l = { m->store, rows };
	if (!store_services(m->store, list_service, &l, err))
		return NULL;
	return result_of_rows("services", rows);
}
