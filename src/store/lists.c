#include "base/limits.h"
#include "store/store_impl.h"

#define LIST_COLUMNS "name, node, wanted, published, signer_unit, signer_node"

struct list_walk {
	list_fn *each;
	void *into;
};

static bool read_list(const struct row *row, struct list_row *out, struct error *err)
{
	struct list_row list = { .wanted = row_number(row, 2), .published = row_number(row, 3) };
	if (!row_text(row, 0, list.name, sizeof(list.name), err) ||
		!row_text(row, 1, list.node, sizeof(list.node), err) ||
		!row_text(row, 4, list.signer_unit, sizeof(list.signer_unit), err) ||
		!row_text(row, 5, list.signer_node, sizeof(list.signer_node), err))
		return false;
	*out = list;
	return true;
}

static bool walk_list(const struct row *row, void *into, struct error *err)
{
	const struct list_walk *walk = into;
	struct list_row list;
	return read_list(row, &list, err) && walk->each(&list, walk->into, err);
}

bool store_lists(struct store *s, list_fn *each, void *into, struct error *err)
{
	struct list_walk walk = { each, into };
	struct statement select = { "SELECT " LIST_COLUMNS " FROM trust_list ORDER BY name", NULL,
		0, 0 };
	return store_run(s, &select, walk_list, &walk, err);
}

bool txn_want_list(struct txn *t, const char *name, const char *node, const char *signer_unit,
	const char *signer_node, struct error *err)
{
	const struct param params[] = { text_param(name), text_param(node), text_param(signer_unit),
		text_param(signer_node), number_param(txn_number(t)) };
	struct statement put = {
		"INSERT INTO trust_list (name, node, wanted, published, signer_unit, signer_node, "
		"change) VALUES ($1, $2, 1, 0, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET "
		"node = excluded.node, wanted = trust_list.wanted + "
		"CASE WHEN trust_list.change = excluded.change THEN 0 ELSE 1 END, "
		"signer_unit = excluded.signer_unit, signer_node = excluded.signer_node, "
		"change = excluded.change",
		params, COUNT(params), 0
	};
	return store_run(t->store, &put, NULL, NULL, err) || fail_in(err, "list %.60s", name);
}

static bool take_list(const struct row *row, void *into, struct error *err)
{
	return read_list(row, into, err);
}

static bool find_list(struct store *s, const char *name, struct list_row *out, struct error *err)
{
	const struct param params[] = { text_param(name) };
	struct statement select = { "SELECT " LIST_COLUMNS " FROM trust_list WHERE name = $1",
		params, 1, 0 };
	if (!store_run(s, &select, take_list, out, err))
		return fail_in(err, "reading list %.60s", name);
	return select.rows > 0 || fail(err, FAULT_MISSING, "there is no trust list %.60s", name);
}

static bool check_turn(const struct list_row *list, uint64_t generation, struct error *err)
{
	if (generation < list->wanted)
		return fail(err, FAULT_BUSY,
			"generation %llu of list %s is no longer wanted, generation %llu is",
			(unsigned long long)generation, list->name,
			(unsigned long long)list->wanted);
	if (generation > list->wanted || generation == list->published)
		return fail(err, FAULT_REFUSED,
			"generation %llu of list %s was not asked for: %llu is wanted, %llu "
			"published",
			(unsigned long long)generation, list->name,
			(unsigned long long)list->wanted, (unsigned long long)list->published);
	return true;
}

bool txn_publish_list(
	struct txn *t, const char *name, uint64_t generation, struct reader file, struct error *err)
{
	struct list_row list;
	if (!find_list(t->store, name, &list, err) || !check_turn(&list, generation, err))
		return false;
	if (file.left == 0 || file.left > LIMIT_TRUST_LIST)
		return fail(err, FAULT_LIMIT, "list %s has %zu bytes; 1 to %d can be published",
			list.name, file.left, LIMIT_TRUST_LIST);
	const struct param archived[] = { text_param(name), number_param(generation),
		bytes_param(file), number_param(txn_number(t)) };
	struct statement archive = { "INSERT INTO trust_list_file (name, generation, file, change) "
				     "VALUES ($1, $2, $3, $4)",
		archived, COUNT(archived), 0 };
	const struct param moved[] = { text_param(name), number_param(generation) };
	struct statement move = { "UPDATE trust_list SET published = $2 WHERE name = $1", moved,
		COUNT(moved), 0 };
	if (!store_run(t->store, &archive, NULL, NULL, err) ||
		!store_run(t->store, &move, NULL, NULL, err))
		return fail_in(err, "publishing list %s", list.name);
	return true;
}

static bool take_file(const struct row *row, void *into, struct error *err)
{
	return bytes_copy(into, row_bytes(row, 0), err);
}

bool store_list_file(struct store *s, const char *name, uint64_t generation, struct bytes *file,
	struct error *err)
{
	struct list_row list;
	if (!find_list(s, name, &list, err))
		return false;
	if (generation == 0)
		generation = list.published;
	const struct param params[] = { text_param(name), number_param(generation) };
	struct statement select = {
		"SELECT file FROM trust_list_file WHERE name = $1 AND generation = $2", params,
		COUNT(params), 0
	};
	if (!store_run(s, &select, take_file, file, err))
		return fail_in(err, "reading list %s", list.name);
	if (select.rows > 0)
		return true;
	if (generation == 0)
		return fail(
			err, FAULT_MISSING, "no generation of list %s is published yet", list.name);
	return fail(err, FAULT_MISSING, "list %s has no generation %llu", list.name,
		(unsigned long long)generation);
}
