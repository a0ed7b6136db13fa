/* parameter list and set. A parameter that lists depend on wants them anew. */
#include "manager/manager_impl.h"

#include <stdio.h>

#include "cluster/parameter.h"

enum { VALUE_SIZE = 128 };

json_t *parameter_list(struct manager *m, struct asked *asked, struct error *err)
{
	(void)asked; /* takes no arguments */
	size_t count;
	const struct parameter *rows = parameter_rows(&count);
	json_auto_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		char value[VALUE_SIZE];
		if (!store_parameter(m->store, rows[i].name, value, sizeof(value), err))
			return NULL;
		(void)json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s}", "name", rows[i].name, "value", value,
				"default", rows[i].fallback, "means", rows[i].means));
	}
	return result_of_rows("parameters", list);
}

struct setting {
	const struct parameter *row;
	const char *value;
};

static bool want_all_lists(struct txn *t, const struct node *node, struct error *err)
{
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (units[i].lists == LISTS_ALL && units[i].signs_lists)
			return lists_settled(txn_store(t), &units[i], node->name, err) &&
				lists_want(t, &units[i], node->name, err);
	return true;
}

static bool want_from_publisher(const struct node *node, void *into, struct error *err)
{
	return node->role != NODE_PUBLISHER || want_all_lists(into, node, err);
}

static bool record_setting(struct txn *t, void *context, struct error *err)
{
	const struct setting *s = context;
	if (!txn_set_parameter(t, s->row->name, s->value, err))
		return false;
	return !s->row->lists || store_nodes(txn_store(t), want_from_publisher, t, err);
}

json_t *parameter_set(struct manager *m, struct asked *asked, struct error *err)
{
	const char *name = argument_text(asked, "name");
	struct setting s = { parameter_find(name), argument_text(asked, "value") };
	if (s.row == NULL) {
		(void)fail(err, FAULT_MISSING,
			"there is no parameter '%s': see `dialtrust parameter list`", name);
		return NULL;
	}
	if (!parameter_check(s.row, s.value, err))
		return NULL;
	char detail[2 * VALUE_SIZE];
	(void)snprintf(detail, sizeof(detail), "%s = %s", s.row->name, s.value);
	struct change change = { asked->actor, "parameter set", detail };
	if (!store_change(m->store, &change, record_setting, &s, NULL, err))
		return NULL;
	asked->wait_served = true;
	return json_pack(
		"{s:i, s:s, s:s}", "schema_version", 1, "name", s.row->name, "value", s.value);
}
