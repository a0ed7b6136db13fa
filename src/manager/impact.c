/* impact: what cluster/impact.h says of a certificate, for the nodes, lists, services and phones
 * that this cluster has. It only reads. */
#include "manager/manager_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cluster/impact.h"
#include "cluster/parameter.h"

enum { PARAMETER_SIZE = 64 };

struct telling {
	struct manager *m;
	const struct impact *impact;
	const struct unit *unit; /* NULL: a certificate that phones have */
	const char *node;        /* NULL: on every node */
	enum era era;
	bool carried; /* lists have a record of the unit */
	json_t *rows; /* gathered now */
	struct impact_service *services;
	size_t count, capacity;
};

static bool here(const struct telling *t, const char *node)
{
	return t->node == NULL || strcmp(t->node, node) == 0;
}

/* the nodes that have it */

struct holding {
	struct telling *telling;
	json_int_t count;
	int64_t earliest;
};

static bool count_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	struct holding *h = into;
	AUTO(cert) cert = cert_parse(der, err);
	if (cert == NULL)
		return fail_in(err, "%s of %s", entry->name, entry->store);
	if (h->count == 0 || cert_not_after(cert) < h->earliest)
		h->earliest = cert_not_after(cert);
	h->count++;
	return true;
}

static bool tell_node(const struct node *node, void *into, struct error *err)
{
	struct telling *t = into;
	struct holding h = { .telling = t };
	char time[TIME_TEXT_SIZE];
	if (!unit_is_on(t->unit, node->role) || !here(t, node->name) ||
		(t->unit->scope == SCOPE_CLUSTER && node->role != NODE_PUBLISHER))
		return true;
	if (!store_entries(t->m->store, t->unit->name, node->name, count_entry, &h, err))
		return false;
	const char *until = h.count == 0 ? NULL : text_time(h.earliest, time);
	json_t *item = json_pack("{s:s, s:I, s:s?}", "node", node->name, "certificates", h.count,
		"not_after", until);
	return json_array_append_new(t->rows, item) == 0 || fail_memory(err);
}

/* the services */

static bool keep_service(struct telling *t, const struct impact_service *one, struct error *err)
{
	if (t->count == t->capacity) {
		size_t wanted = t->capacity == 0 ? 64 : 2 * t->capacity;
		struct impact_service *grown = reallocarray(t->services, wanted, sizeof(*grown));
		if (grown == NULL)
			return fail_memory(err);
		t->services = grown;
		t->capacity = wanted;
	}
	t->services[t->count++] = *one;
	return true;
}

static bool gather_service(const struct service_row *row, void *into, struct error *err)
{
	struct telling *t = into;
	struct node node;
	struct impact_service one = { service_find(row->service), .activated = row->activated };
	if (one.service == NULL)
		return true; /* of another version */
	if (!store_node(t->m->store, row->node, &node, err))
		return false;
	one.role = node.role;
	return text_copy(one.node, sizeof(one.node), row->node, err) && keep_service(t, &one, err);
}

static bool tell_services(struct telling *t, struct error *err)
{
	if (!store_services(t->m->store, gather_service, t, err))
		return false;
	t->count = impact_order(t->unit, t->node, t->era, t->services, t->count);
	for (size_t i = 0; i < t->count; i++) {
		const struct impact_service *s = &t->services[i];
		json_t *item = json_pack("{s:s, s:s, s:s, s:s}", "service", s->service->name,
			"node", s->node, "kind", service_kind_name(s->service->kind), "restart",
			impact_restart_name(s->restart));
		if (json_array_append_new(t->rows, item) != 0)
			return fail_memory(err);
	}
	return true;
}

/* the lists */

static bool tell_list(const struct list_row *row, void *into, struct error *err)
{
	struct telling *t = into;
	bool its_own = t->unit->lists == LISTS_ALL || here(t, row->node);
	if (!t->carried || !its_own)
		return true;
	json_t *item = json_pack("{s:s, s:s, s:I, s:b}", "name", row->name, "node", row->node,
		"generation", (json_int_t)row->published, "signs_it",
		strcmp(row->signer_unit, t->unit->name) == 0);
	return json_array_append_new(t->rows, item) == 0 || fail_memory(err);
}

/* the phones */

static bool tell_phone(const struct phone_row *phone, void *into, struct error *err)
{
	struct telling *t = into;
	bool touched = t->impact->phones == PHONES_ALL ||
		(t->impact->phones == PHONES_OF_ITS_NODE && here(t, phone->node));
	return !touched || json_array_append_new(t->rows, json_string(phone->name)) == 0 ||
		fail_memory(err);
}

static const char *phones_do(const struct telling *t, const char *reset)
{
	if (!t->impact->reset)
		return "go on";
	return strcmp(reset, "automatic reset") == 0 ? "reset by themselves"
						     : "are to be reset by hand";
}

/* all of it */

static bool tell_cluster(struct telling *t, json_t *result, struct error *err)
{
	json_t *nodes = json_array(), *lists = json_array(), *services = json_array();
	json_t *phones = json_array();
	(void)json_object_set_new(result, "nodes", nodes);
	(void)json_object_set_new(result, "lists", lists);
	(void)json_object_set_new(result, "services", services);
	(void)json_object_set_new(result, "phones", phones);
	struct store *s = t->m->store;
	t->rows = phones;
	if (!store_phones(s, tell_phone, t, err))
		return false;
	if (t->unit == NULL)
		return true;
	if (!lists_carry(s, t->unit, &t->carried, err))
		return false;
	t->rows = nodes;
	if (!store_nodes(s, tell_node, t, err))
		return false;
	t->rows = lists;
	if (!store_lists(s, tell_list, t, err))
		return false;
	t->rows = services;
	return tell_services(t, err);
}

static const char *kind_of(const struct unit *unit)
{
	if (unit == NULL)
		return "certificate of phones";
	return unit->trust ? "trust store" : "identity";
}

static bool node_has_it(struct telling *t, struct error *err)
{
	struct node node;
	if (t->node == NULL)
		return true;
	if (!store_node(t->m->store, t->node, &node, err))
		return false;
	if (t->unit == NULL)
		return fail(err, FAULT_USAGE,
			"%s is a certificate that phones have: no node is named with it",
			t->impact->name);
	return unit_is_on(t->unit, node.role) ||
		fail(err, FAULT_REFUSED, "a %s has no %s", node_role_name(node.role),
			t->unit->name);
}

static bool tell(struct telling *t, json_t **out, struct error *err)
{
	char reset[PARAMETER_SIZE];
	if (!node_has_it(t, err) || !cluster_era(t->m->store, &t->era, err) ||
		!store_parameter(t->m->store, PARAMETER_RESET, reset, sizeof(reset), err))
		return false;
	json_auto_t *result = json_pack("{s:i, s:s, s:s, s:s?, s:s?, s:s?, s:s, s:s}",
		"schema_version", 1, "name", t->impact->name, "kind", kind_of(t->unit), "means",
		t->unit == NULL ? NULL : t->unit->means, "breaks", impact_breaks(t->impact),
		"touches_phones_that", t->impact->touched, "phones_then", phones_do(t, reset),
		"era", era_name(t->era));
	if (result == NULL)
		return fail_memory(err);
	if (!tell_cluster(t, result, err))
		return false;
	*out = json_incref(result);
	return true;
}

json_t *impact_show(struct manager *m, struct asked *asked, struct error *err)
{
	const char *what = argument_text(asked, "what");
	struct telling t = {
		.m = m, .impact = impact_find(what), .node = argument_text(asked, "node")
	};
	json_t *result = NULL;
	if (t.impact == NULL) {
		(void)fail(err, FAULT_MISSING,
			"there is no unit %s; `dialtrust cert list` shows those that there are, "
			"and "
			"phones have lsc and mic",
			what);
		return NULL;
	}
	t.unit = unit_find(t.impact->name);
	bool told = tell(&t, &result, err);
	free(t.services);
	return told ? result : NULL;
}
