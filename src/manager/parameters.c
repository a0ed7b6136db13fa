/* parameter list and set. A parameter that lists depend on wants them anew. */
#include "manager/manager_impl.h"

#include <string.h>

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
	const char *name, *value;
};

static bool want_all_lists(struct txn *t, const struct node *node, struct error *err)
{
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (units[i].lists == LISTS_ALL)
			return lists_want(t, &units[i], node->name, err);
	return true;
}

static bool want_from_publisher(const struct node *node, void *into, struct error *err)
{
	return node->role != NODE_PUBLISHER || want_all_lists(into, node, err);
}

static bool record_setting(struct txn *t, void *context, struct error *err)
{
	const struct setting *s = context;
	return txn_set_parameter(t, s->name, s->value, err) &&
		store_nodes(txn_store(t), want_from_publisher, t, err);
}

json_t *parameter_set(struct manager *m, struct asked *asked, struct error *err)
{
	struct setting s = { argument_text(asked, "name"), argument_text(asked, "value") };
	const struct parameter *row = parameter_find(s.name);
	if (row == NULL) {
		(void)fail(err, FAULT_MISSING,
			"there is no parameter '%s': see `dialtrust parameter list`", s.name);
		return NULL;
	}
	if (!parameter_check(row, s.value, err))
		return NULL;
	s.name = row->name;
	struct change change = { asked->actor, "parameter set", s.name };
	if (!store_change(m->store, &change, record_setting, &s, NULL, err))
		return NULL;
	asked->wait_served = true;
	return json_pack("{s:i, s:s, s:s}", "schema_version", 1, "name", s.name, "value", s.value);
}
