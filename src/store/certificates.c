#include <stdio.h>

#include "base/hex.h"
#include "base/limits.h"
#include "store/store_impl.h"

bool txn_put_certificate(struct txn *t, const uint8_t digest[static DIGEST_SIZE], struct reader der,
	struct error *err)
{
	if (der.left == 0 || der.left > LIMIT_CERTIFICATE)
		return fail(err, FAULT_LIMIT, "a certificate of %zu bytes cannot be kept: 1 to %d",
			der.left, LIMIT_CERTIFICATE);
	const struct param params[] = { digest_param(digest), bytes_param(der) };
	struct statement put = {
		"INSERT INTO certificate (digest, der) VALUES ($1, $2) ON CONFLICT DO NOTHING",
		params, COUNT(params), 0
	};
	return store_run(t->store, &put, NULL, NULL, err) || fail_in(err, "keeping a certificate");
}

static bool take_bytes(const struct row *row, void *into, struct error *err)
{
	return bytes_copy(into, row_bytes(row, 0), err);
}

bool store_certificate(struct store *s, const uint8_t digest[static DIGEST_SIZE], struct bytes *der,
	struct error *err)
{
	char hex[DIGEST_HEX_SIZE];
	const struct param params[] = { digest_param(digest) };
	struct statement select = { "SELECT der FROM certificate WHERE digest = $1", params, 1, 0 };
	if (!store_run(s, &select, take_bytes, der, err))
		return fail_in(err, "reading a certificate");
	if (select.rows == 0)
		return fail(err, FAULT_MISSING, "there is no certificate with the SHA-256 %s",
			hex_write(reader_of(digest, DIGEST_SIZE), hex));
	return true;
}

struct entry_walk {
	entry_fn *each;
	void *into;
};

static bool walk_entry(const struct row *row, void *into, struct error *err)
{
	const struct entry_walk *walk = into;
	struct entry entry = { .change = row_number(row, 5) };
	return row_text(row, 0, entry.store, sizeof(entry.store), err) &&
		row_text(row, 1, entry.node, sizeof(entry.node), err) &&
		row_text(row, 2, entry.name, sizeof(entry.name), err) &&
		row_digest(row, 3, entry.digest, err) &&
		row_text(row, 4, entry.reason, sizeof(entry.reason), err) &&
		walk->each(&entry, row_bytes(row, 6), walk->into, err);
}

bool store_entries(struct store *s, const char *store, const char *node, entry_fn *each, void *into,
	struct error *err)
{
	struct entry_walk walk = { each, into };
	const struct param params[] = { text_param(store == NULL ? "" : store),
		text_param(node == NULL ? "" : node) };
	struct statement select = {
		"SELECT entry.store, entry.node, entry.name, entry.digest, entry.reason, "
		"entry.change, certificate.der FROM entry "
		"JOIN certificate ON certificate.digest = entry.digest "
		"WHERE ($1 = '' OR entry.store = $1) AND ($2 = '' OR entry.node = $2) "
		"ORDER BY entry.store, entry.node, entry.name",
		params, COUNT(params), 0
	};
	return store_run(s, &select, walk_entry, &walk, err);
}

static bool put_entry(struct txn *t, const struct entry *entry, struct error *err)
{
	const struct param params[] = { text_param(entry->store), text_param(entry->node),
		text_param(entry->name), digest_param(entry->digest), text_param(entry->reason),
		number_param(txn_number(t)) };
	struct statement put = {
		"INSERT INTO entry (store, node, name, digest, reason, change) "
		"VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (store, node, name) DO UPDATE SET "
		"digest = excluded.digest, reason = excluded.reason, change = excluded.change",
		params, COUNT(params), 0
	};
	return store_run(t->store, &put, NULL, NULL, err) ||
		fail_in(err, "%s in %s of node %s", entry->name, entry->store, entry->node);
}

bool txn_put_entry(struct txn *t, const struct entry *entry, struct error *err)
{
	uint64_t change;
	if (!store_deleted_by(t->store, entry, &change, err))
		return false;
	if (change != 0)
		return fail(err, FAULT_REFUSED,
			"%s was deleted from %s by change %llu and stays deleted: say --again to "
			"bring it back",
			entry->name, entry->store, (unsigned long long)change);
	return put_entry(t, entry, err);
}

bool txn_copy_entry(struct txn *t, const struct entry *entry, struct error *err)
{
	uint64_t change;
	return store_deleted_by(t->store, entry, &change, err) &&
		(change != 0 || put_entry(t, entry, err));
}

bool txn_remove_entry(
	struct txn *t, const char *store, const char *node, const char *name, struct error *err)
{
	const struct param params[] = { text_param(store), text_param(node), text_param(name) };
	struct statement remove = {
		"DELETE FROM entry WHERE store = $1 AND node = $2 AND name = $3 "
		"RETURNING name",
		params, COUNT(params), 0
	};
	if (!store_run(t->store, &remove, NULL, NULL, err))
		return fail_in(err, "removing %.60s from %.60s of node %.60s", name, store, node);
	return remove.rows > 0 ||
		fail(err, FAULT_MISSING, "there is no %.100s in %.60s of node %.60s", name, store,
			node);
}
