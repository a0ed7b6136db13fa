/* What operators are told of hooks: `hook list`, and what became of those that a change wanted. */
#include "manager/hooks_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "store/hooks.h"

static const char *state_of(const struct hook_row *row)
{
	if (row->wanted > row->tried)
		return "waiting";
	if (row->tried == 0)
		return "never";
	return row->held == row->tried ? "held" : "failed";
}

static bool list_hook(const struct hook_row *row, void *into, struct error *err)
{
	char ended[TIME_TEXT_SIZE] = "";
	if (row->ended != 0)
		(void)text_time(row->ended, ended);
	json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s, s:s?, s:s}", "node", row->node,
		"hook", row->name, "service", row->service, "unit", row->unit, "recipe",
		row->recipe[0] == '\0' ? NULL : row->recipe, "state", state_of(row), "ended",
		row->ended == 0 ? NULL : ended, "told", row->told);
	return json_array_append_new(into, item) == 0 || fail_memory(err);
}

json_t *hook_list(struct manager *m, struct asked *asked, struct error *err)
{
	(void)asked; /* takes no arguments */
	json_auto_t *rows = json_array();
	if (!store_hooks(m->store, list_hook, rows, err))
		return NULL;
	return result_of_rows("hooks", rows);
}

/* the state of a service, in its row of `service list`: its worst hook's */

static const char *const worse[] = { "held", "never", "waiting", "failed" };

struct summing {
	const char *service, *node;
	size_t worst; /* of `worse`, counted from 1; 0: there is no hook */
};

static bool sum(const struct hook_row *row, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct summing *s = into;
	if (strcmp(row->service, s->service) != 0 || strcmp(row->node, s->node) != 0)
		return true;
	for (size_t i = s->worst; i < COUNT(worse); i++)
		if (strcmp(state_of(row), worse[i]) == 0)
			s->worst = i + 1;
	return true;
}

bool hooks_state(
	struct store *s, const char *service, const char *node, const char **out, struct error *err)
{
	struct summing summing = { service, node, 0 };
	if (!store_hooks(s, sum, &summing, err))
		return false;
	*out = summing.worst == 0 ? NULL : worse[summing.worst - 1];
	return true;
}

/* what a change wanted */

struct wanted_by {
	uint64_t change;
	json_t *rows;
};

static bool wanted_now(const struct hook_row *row, void *into, struct error *err)
{
	const struct wanted_by *w = into;
	if (row->wanted != w->change)
		return true;
	json_t *item = json_pack(
		"{s:s, s:s, s:s}", "node", row->node, "hook", row->name, "service", row->service);
	return json_array_append_new(w->rows, item) == 0 || fail_memory(err);
}

bool hooks_wanted(struct txn *t, json_t *rows, struct error *err)
{
	struct wanted_by w = { txn_number(t), rows };
	return store_hooks(txn_store(t), wanted_now, &w, err);
}

struct judging {
	json_t *hooks; /* of the result */
	bool open;
	struct error first;
};

static bool is_this(const json_t *item, const struct hook_row *row)
{
	const char *node = json_string_value(json_object_get(item, "node"));
	const char *hook = json_string_value(json_object_get(item, "hook"));
	return node != NULL && hook != NULL && strcmp(node, row->node) == 0 &&
		strcmp(hook, row->name) == 0;
}

static bool judge(const struct hook_row *row, void *into, struct error *err)
{
	struct judging *j = into;
	size_t index;
	json_t *item;
	json_array_foreach (j->hooks, index, item) {
		if (!is_this(item, row))
			continue;
		bool held = row->held == row->tried;
		if (row->wanted > row->tried)
			j->open = true;
		else if (!held && j->first.fault == FAULT_NONE)
			(void)fail(&j->first, FAULT_UNTRUSTED, "hook %s: %s", row->name, row->told);
		if (json_object_set_new(item, "state", json_string(state_of(row))) != 0 ||
			json_object_set_new(item, "told", json_string(row->told)) != 0)
			return fail_memory(err);
	}
	return true;
}

bool hooks_outcome(
	struct store *s, json_t *result, bool *open, struct error *failed, struct error *err)
{
	struct judging j = { .hooks = json_object_get(result, "hooks") };
	if (j.hooks != NULL && !store_hooks(s, judge, &j, err))
		return false;
	*open = j.open;
	*failed = j.first;
	return true;
}
