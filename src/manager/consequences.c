/* What follows from a new identity, as the change that makes it live leaves the store. */
#include "manager/csr_impl.h"
#include "manager/hooks_impl.h"

#include <stdio.h>
#include <string.h>

#include "cluster/outside.h"

static bool list_of_result(const struct list_row *row, void *into, struct error *err)
{
	if (row->wanted == row->published)
		return true;
	json_t *item = json_pack("{s:s, s:s, s:I}", "name", row->name, "node", row->node,
		"generation", (json_int_t)row->wanted);
	return json_array_append_new(into, item) == 0 || fail_memory(err);
}

/* A phone whose node's list is new has to follow: it is behind until it has fetched that. */
struct following {
	const json_t *lists; /* of the result */
	json_t *phones;
};

static bool list_is_new(const json_t *lists, const char *node)
{
	size_t index;
	json_t *list;
	json_array_foreach (lists, index, list) {
		if (strcmp(json_string_value(json_object_get(list, "node")), node) == 0)
			return true;
	}
	return false;
}

static bool phone_behind(const struct phone_row *phone, void *into, struct error *err)
{
	const struct following *f = into;
	return !list_is_new(f->lists, phone->node) ||
		json_array_append_new(f->phones, json_string(phone->name)) == 0 || fail_memory(err);
}

bool consequences_lists(struct txn *t, json_t *rows, struct error *err)
{
	return store_lists(txn_store(t), list_of_result, rows, err);
}

bool consequences_phones(struct txn *t, const json_t *lists, json_t *names, struct error *err)
{
	struct following following = { lists, names };
	return store_phones(txn_store(t), phone_behind, &following, err);
}

struct flagging {
	uint64_t change; /* this one */
	json_t *rows;
};

static bool flagged_of_result(const struct service_row *row, void *into, struct error *err)
{
	const struct flagging *f = into;
	if (row->restart_wanted != f->change)
		return true;
	json_t *item = json_pack("{s:s, s:s}", "service", row->service, "node", row->node);
	return json_array_append_new(f->rows, item) == 0 || fail_memory(err);
}

bool consequences_flagged(struct txn *t, json_t *rows, struct error *err)
{
	struct flagging flagging = { txn_number(t), rows };
	return store_services(txn_store(t), flagged_of_result, &flagging, err);
}

/* Who outside believes the old one, and must be given the new. */
static json_t *consequences_outside(const char *unit)
{
	size_t count;
	const struct outside_system *rows = outside_systems(&count);
	json_t *systems = json_array();
	for (size_t i = 0; i < count; i++)
		if (outside_needs(&rows[i], unit))
			(void)json_array_append_new(systems,
				json_pack("{s:s, s:s, s:s}", "system", rows[i].name, "means",
					rows[i].means, "fails", rows[i].fails));
	return systems;
}

json_t *consequences_of(
	struct txn *t, const struct made_identity *made, const char *message, struct error *err)
{
	struct entry entry = { 0 };
	(void)snprintf(entry.store, sizeof(entry.store), "%s", made->unit->name);
	(void)snprintf(entry.node, sizeof(entry.node), "%s", made->node);
	(void)snprintf(entry.name, sizeof(entry.name), "%s.pem", made->unit->name);
	(void)snprintf(entry.reason, sizeof(entry.reason), "%s", made->reason);
	memcpy(entry.digest, cert_digest(made->cert), DIGEST_SIZE);
	json_t *lists = json_array(), *flagged = json_array(), *phones = json_array(),
	       *hooks = json_array();
	json_auto_t *result = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
		"schema_version", 1, "unit", made->unit->name, "node", made->node, "certificate",
		certificate_json(&entry, made->cert), "lists", lists, "must_restart", flagged,
		"phones_behind", phones, "hooks", hooks, "must_be_given_to",
		consequences_outside(made->unit->name), "message", message);
	if (result == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	if (!consequences_lists(t, lists, err) || !consequences_phones(t, lists, phones, err) ||
		!consequences_flagged(t, flagged, err) || !hooks_wanted(t, hooks, err))
		return NULL;
	return json_incref(result);
}
