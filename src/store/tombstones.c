#include "base/own.h"
#include "store/store_impl.h"

struct tombstone_walk {
	tombstone_fn *each;
	void *into;
};

static bool walk_tombstone(const struct row *row, void *into, struct error *err)
{
	const struct tombstone_walk *walk = into;
	struct tombstone tombstone = { .change = row_number(row, 4) };
	return row_text(row, 0, tombstone.store, sizeof(tombstone.store), err) &&
		row_digest(row, 1, tombstone.digest, err) &&
		row_text(row, 2, tombstone.name, sizeof(tombstone.name), err) &&
		row_text(row, 3, tombstone.reason, sizeof(tombstone.reason), err) &&
		walk->each(&tombstone, row_bytes(row, 5), walk->into, err);
}

bool store_tombstones(
	struct store *s, const char *store, tombstone_fn *each, void *into, struct error *err)
{
	struct tombstone_walk walk = { each, into };
	const struct param params[] = { text_param(store == NULL ? "" : store) };
	struct statement select = {
		"SELECT tombstone.store, tombstone.digest, tombstone.name, tombstone.reason, "
		"tombstone.change, certificate.der FROM tombstone "
		"JOIN certificate ON certificate.digest = tombstone.digest "
		"WHERE ($1 = '' OR tombstone.store = $1) "
		"ORDER BY tombstone.change DESC, tombstone.store, tombstone.name",
		params, COUNT(params), 0
	};
	return store_run(s, &select, walk_tombstone, &walk, err);
}

bool txn_put_tombstone(struct txn *t, const struct tombstone *tombstone, struct error *err)
{
	const struct param params[] = { text_param(tombstone->store),
		digest_param(tombstone->digest), text_param(tombstone->name),
		text_param(tombstone->reason), number_param(txn_number(t)) };
	struct statement put = {
		"INSERT INTO tombstone (store, digest, name, reason, change) "
		"VALUES ($1, $2, $3, $4, $5) ON CONFLICT (store, digest) DO UPDATE SET "
		"name = excluded.name, reason = excluded.reason, change = excluded.change",
		params, COUNT(params), 0
	};
	return store_run(t->store, &put, NULL, NULL, err) ||
		fail_in(err, "tombstone of %s in %s", tombstone->name, tombstone->store);
}

bool txn_remove_tombstone(struct txn *t, const char *store,
	const uint8_t digest[static DIGEST_SIZE], struct error *err)
{
	const struct param params[] = { text_param(store), digest_param(digest) };
	struct statement remove = {
		"DELETE FROM tombstone WHERE store = $1 AND digest = $2 RETURNING name", params,
		COUNT(params), 0
	};
	if (!store_run(t->store, &remove, NULL, NULL, err))
		return fail_in(err, "removing a tombstone of %.60s", store);
	return remove.rows > 0 || fail(err, FAULT_MISSING, "it was not deleted from %.60s", store);
}

static bool take_change(const struct row *row, void *into, struct error *err)
{
	(void)err; /* a number is read always */
	*(uint64_t *)into = row_number(row, 0);
	return true;
}

bool store_deleted_by(struct store *s, const struct entry *entry, uint64_t *out, struct error *err)
{
	const struct param params[] = { text_param(entry->store), digest_param(entry->digest) };
	struct statement select = { "SELECT change FROM tombstone WHERE store = $1 AND digest = $2",
		params, COUNT(params), 0 };
	*out = 0;
	return store_run(s, &select, take_change, out, err);
}
