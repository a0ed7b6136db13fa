#include "store/sealed_keys.h"

#include "base/own.h"
#include "store/store_impl.h"

enum { SEALED_BYTES_MAX = 128 * 1024 };

struct sealed_walk {
	sealed_key_fn *each;
	void *into;
};

static bool walk_sealed(const struct row *row, void *into, struct error *err)
{
	const struct sealed_walk *walk = into;
	struct sealed_key_row key = { 0 };
	return row_digest(row, 0, key.key, err) &&
		row_text(row, 1, key.node, sizeof(key.node), err) &&
		row_text(row, 2, key.unit, sizeof(key.unit), err) &&
		row_digest(row, 3, key.recipient, err) &&
		walk->each(&key, row_bytes(row, 4), walk->into, err);
}

bool store_sealed_keys(
	struct store *s, const char *node, sealed_key_fn *each, void *into, struct error *err)
{
	struct sealed_walk walk = { each, into };
	const struct param params[] = { text_param(node == NULL ? "" : node) };
	struct statement select = {
		"SELECT key_name, node, unit, recipient, sealed FROM sealed_key "
		"WHERE ($1 = '' OR node = $1) ORDER BY node, unit",
		params, COUNT(params), 0
	};
	return store_run(s, &select, walk_sealed, &walk, err);
}

bool txn_put_sealed_key(
	struct txn *t, const struct sealed_key_row *row, struct reader sealed, struct error *err)
{
	if (sealed.left == 0 || sealed.left > SEALED_BYTES_MAX)
		return fail(err, FAULT_LIMIT, "a sealed key of %zu bytes cannot be kept: 1 to %d",
			sealed.left, SEALED_BYTES_MAX);
	const struct param params[] = { digest_param(row->key), text_param(row->node),
		text_param(row->unit), digest_param(row->recipient), bytes_param(sealed),
		number_param(txn_number(t)) };
	struct statement put = {
		"INSERT INTO sealed_key (key_name, node, unit, recipient, sealed, change) "
		"VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_name, node) DO UPDATE SET "
		"unit = excluded.unit, recipient = excluded.recipient, sealed = excluded.sealed, "
		"change = excluded.change",
		params, COUNT(params), 0
	};
	return store_run(t->store, &put, NULL, NULL, err) ||
		fail_in(err, "the key of %s for node %s", row->unit, row->node);
}

bool txn_drop_sealed_key(
	struct txn *t, const uint8_t key[static DIGEST_SIZE], const char *node, struct error *err)
{
	const struct param params[] = { digest_param(key), text_param(node == NULL ? "" : node) };
	struct statement drop = {
		"DELETE FROM sealed_key WHERE key_name = $1 AND ($2 = '' OR node = $2)", params,
		COUNT(params), 0
	};
	return store_run(t->store, &drop, NULL, NULL, err) || fail_in(err, "dropping a sealed key");
}
