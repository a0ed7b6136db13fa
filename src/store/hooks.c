#include "store/hooks.h"

#include "base/own.h"
#include "store/store_impl.h"

struct hook_walk {
	hook_fn *each;
	void *into;
};

static bool walk_hook(const struct row *row, void *into, struct error *err)
{
	const struct hook_walk *walk = into;
	struct hook_row hook = {
		.wanted = row_number(row, 5),
		.tried = row_number(row, 6),
		.held = row_number(row, 7),
		.ended = row_time(row, 8),
	};
	return row_text(row, 0, hook.node, sizeof(hook.node), err) &&
		row_text(row, 1, hook.name, sizeof(hook.name), err) &&
		row_text(row, 2, hook.service, sizeof(hook.service), err) &&
		row_text(row, 3, hook.unit, sizeof(hook.unit), err) &&
		row_text(row, 4, hook.recipe, sizeof(hook.recipe), err) &&
		row_text(row, 9, hook.told, sizeof(hook.told), err) &&
		walk->each(&hook, walk->into, err);
}

bool store_hooks(struct store *s, hook_fn *each, void *into, struct error *err)
{
	struct hook_walk walk = { each, into };
	struct statement select = {
		"SELECT node, name, service, unit, recipe, wanted, tried, held, "
		"ended, told FROM hook ORDER BY node, name",
		NULL, 0, 0
	};
	return store_run(s, &select, walk_hook, &walk, err);
}

bool txn_put_hook(struct txn *t, const struct hook_row *row, struct error *err)
{
	const struct param params[] = { text_param(row->node), text_param(row->name),
		text_param(row->service), text_param(row->unit), text_param(row->recipe),
		number_param(row->wanted), number_param(row->tried), number_param(row->held),
		time_param(row->ended), text_param(row->told) };
	struct statement put = {
		"INSERT INTO hook (node, name, service, unit, recipe, wanted, tried, held, ended, "
		"told) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
		"ON CONFLICT (node, name) DO UPDATE SET service = excluded.service, "
		"unit = excluded.unit, recipe = excluded.recipe, wanted = excluded.wanted, "
		"tried = excluded.tried, held = excluded.held, ended = excluded.ended, "
		"told = excluded.told",
		params, COUNT(params), 0
	};
	return store_run(t->store, &put, NULL, NULL, err) ||
		fail_in(err, "hook %s of node %s", row->name, row->node);
}

bool txn_remove_hook(struct txn *t, const char *node, const char *name, struct error *err)
{
	const struct param params[] = { text_param(node), text_param(name) };
	struct statement remove = { "DELETE FROM hook WHERE node = $1 AND name = $2", params,
		COUNT(params), 0 };
	return store_run(t->store, &remove, NULL, NULL, err) ||
		fail_in(err, "removing hook %.60s of node %.60s", name, node);
}
