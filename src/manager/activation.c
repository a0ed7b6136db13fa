/* Which services a node has activated. What is not is neither restarted nor written into lists. */
#include "manager/manager_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

struct activation {
	struct asked *asked;
	const struct service *service;
	const char *node;
	bool activate;
	bool found, already;
	struct service_row row;
	json_t *result;
};

static void activation_done(struct activation *a)
{
	json_decref(a->result);
}

static bool find_row(const struct service_row *row, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct activation *a = into;
	if (strcmp(row->service, a->service->name) != 0 || strcmp(row->node, a->node) != 0)
		return true;
	a->found = true;
	a->row = *row;
	a->already = row->activated == a->activate;
	return true;
}

static bool look(struct activation *a, struct store *s, struct error *err)
{
	a->found = false;
	if (!store_services(s, find_row, a, err))
		return false;
	return a->found ||
		fail(err, FAULT_MISSING, "there is no %s on %s: see `dialtrust service list`",
			a->service->name, a->node);
}

static bool may_change(const struct activation *a, struct error *err)
{
	enum manager_peer peer;
	if (a->activate)
		return true;
	if (a->service->network)
		return fail(err, FAULT_REFUSED, "%s is a network service: it cannot be deactivated",
			a->service->name);
	if (services_peer(a->service->name, &peer))
		return fail(err, FAULT_REFUSED,
			"%s is a process of this node, which phones need: switch its addresses off "
			"in the node's settings instead, see dialtrustd(8)",
			a->service->name);
	return true;
}

/* The records that the service brings into lists, or takes out of them. Asked for before and after
 * the row changes, because a unit without a record wants none; a change wants a list once. */
static bool want_its_lists(struct txn *t, const struct activation *a, struct error *err)
{
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < units[i].list_role_count; n++) {
			const struct unit_list_role *role = &units[i].list_roles[n];
			if (role->if_service && strcmp(role->service, a->service->name) == 0 &&
				!(lists_settled(txn_store(t), &units[i], a->node, err) &&
					lists_want(t, &units[i], a->node, err)))
				return false;
		}
	return true;
}

static bool describe_list(const struct list_row *row, void *into, struct error *err)
{
	if (row->wanted == row->published)
		return true;
	json_t *item = json_pack("{s:s, s:s, s:I}", "name", row->name, "node", row->node,
		"generation", (json_int_t)row->wanted);
	return json_array_append_new(into, item) == 0 || fail_memory(err);
}

static bool describe(struct activation *a, struct store *s, const char *told, struct error *err)
{
	char message[NODE_NAME_SIZE * 2 + 64];
	(void)snprintf(message, sizeof(message), "%s %s %s on %s.", a->service->name, told,
		a->activate ? "activated" : "deactivated", a->node);
	json_t *lists = json_array();
	json_decref(a->result);
	a->result = json_pack("{s:i, s:s, s:s, s:b, s:o, s:s}", "schema_version", 1, "service",
		a->service->name, "node", a->node, "activated", a->activate, "lists", lists,
		"message", message);
	if (a->result == NULL)
		return fail_memory(err);
	return a->already || store_lists(s, describe_list, lists, err);
}

/* A service that begins to run loads what there is, and one that does not run has nothing old. */
static bool record_activation(struct txn *t, void *context, struct error *err)
{
	struct activation *a = context;
	if (!look(a, txn_store(t), err) || !want_its_lists(t, a, err))
		return false;
	a->row.activated = a->activate;
	a->row.started = a->activate ? clock_now() : 0;
	a->row.restart_wanted = 0;
	return txn_put_service(t, &a->row, err) && want_its_lists(t, a, err) &&
		describe(a, txn_store(t), "is", err) && job_finish_in(t, a->asked, a->result, err);
}

/* Nothing to do is no change, unless a job waits for its end. */
static bool record(struct manager *m, struct activation *a, struct error *err)
{
	if (a->already && a->asked->job == 0)
		return describe(a, m->store, "was already", err);
	char detail[2 * NODE_NAME_SIZE + 8];
	(void)snprintf(detail, sizeof(detail), "%s on %s", a->service->name, a->node);
	struct change change = { a->asked->actor, a->asked->op->words, detail };
	a->asked->wait_served = true;
	return store_change(m->store, &change, record_activation, a, NULL, err);
}

static json_t *change_activation(
	struct manager *m, struct asked *asked, bool activate, struct error *err)
{
	const char *name = argument_text(asked, "service");
	__attribute__((cleanup(activation_done))) struct activation a = { .asked = asked,
		.service = service_find(name),
		.node = m->settings->node,
		.activate = activate };
	if (a.service == NULL) {
		(void)fail(err, FAULT_MISSING,
			"there is no service '%s': see `dialtrust service list`", name);
		return NULL;
	}
	if (!look(&a, m->store, err) || !may_change(&a, err) || !record(m, &a, err))
		return NULL;
	return json_incref(a.result);
}

json_t *service_activate(struct manager *m, struct asked *asked, struct error *err)
{
	return change_activation(m, asked, true, err);
}

json_t *service_deactivate(struct manager *m, struct asked *asked, struct error *err)
{
	return change_activation(m, asked, false, err);
}
