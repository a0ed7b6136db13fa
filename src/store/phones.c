#include "store/store_impl.h"

struct phone_walk {
	phone_fn *each;
	void *into;
};

static bool walk_phone(const struct row *row, void *into, struct error *err)
{
	const struct phone_walk *walk = into;
	struct phone_row phone = { 0 };
	return row_text(row, 0, phone.name, sizeof(phone.name), err) &&
		row_text(row, 1, phone.description, sizeof(phone.description), err) &&
		row_text(row, 2, phone.node, sizeof(phone.node), err) &&
		walk->each(&phone, walk->into, err);
}

bool store_phones(struct store *s, phone_fn *each, void *into, struct error *err)
{
	struct phone_walk walk = { each, into };
	struct statement select = { "SELECT name, description, node FROM phone ORDER BY name", NULL,
		0, 0 };
	return store_run(s, &select, walk_phone, &walk, err);
}

bool txn_put_phone(struct txn *t, const struct phone_row *phone, struct error *err)
{
	const struct param params[] = { text_param(phone->name), text_param(phone->description),
		text_param(phone->node) };
	struct statement put = { "INSERT INTO phone (name, description, node) VALUES ($1, $2, $3) "
				 "ON CONFLICT (name) DO UPDATE SET "
				 "description = excluded.description, node = excluded.node",
		params, COUNT(params), 0 };
	return store_run(t->store, &put, NULL, NULL, err) ||
		fail_in(err, "phone %s of node %s", phone->name, phone->node);
}

bool txn_remove_phone(struct txn *t, const char *name, struct error *err)
{
	const struct param params[] = { text_param(name) };
	struct statement remove = { "DELETE FROM phone WHERE name = $1 RETURNING name", params, 1,
		0 };
	if (!store_run(t->store, &remove, NULL, NULL, err))
		return fail_in(err, "removing phone %.60s", name);
	return remove.rows > 0 ||
		fail(err, FAULT_MISSING, "there is no phone %.60s: see `dialtrust phone list`",
			name);
}
