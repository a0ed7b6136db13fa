#include "store/store_impl.h"

#define IDENTITY_SELECT                                                                            \
	"SELECT identity.unit, identity.node, identity.digest, identity.key_name, "                \
	"identity.change, certificate.der FROM identity "                                          \
	"JOIN certificate ON certificate.digest = identity.digest WHERE retired IS NULL "

static bool read_identity(const struct row *row, struct identity_row *out, struct error *err)
{
	struct identity_row identity = { .change = row_number(row, 4) };
	if (!row_text(row, 0, identity.unit, sizeof(identity.unit), err) ||
		!row_text(row, 1, identity.node, sizeof(identity.node), err) ||
		!row_digest(row, 2, identity.digest, err) || !row_digest(row, 3, identity.key, err))
		return false;
	*out = identity;
	return true;
}

struct identity_walk {
	identity_fn *each;
	void *into;
};

static bool walk_identity(const struct row *row, void *into, struct error *err)
{
	const struct identity_walk *walk = into;
	struct identity_row identity;
	return read_identity(row, &identity, err) &&
		walk->each(&identity, row_bytes(row, 5), walk->into, err);
}

bool store_identities(struct store *s, identity_fn *each, void *into, struct error *err)
{
	struct identity_walk walk = { each, into };
	struct statement select = { IDENTITY_SELECT "ORDER BY identity.unit, identity.node", NULL,
		0, 0 };
	return store_run(s, &select, walk_identity, &walk, err);
}

struct identity_found {
	struct identity_row *row;
	struct bytes *der; /* may be NULL */
};

static bool take_identity(const struct row *row, void *into, struct error *err)
{
	struct identity_found *found = into;
	struct identity_row identity;
	if (!read_identity(row, &identity, err) ||
		(found->der != NULL && !bytes_copy(found->der, row_bytes(row, 5), err)))
		return false;
	*found->row = identity;
	return true;
}

bool store_identity(struct store *s, const char *unit, const char *node, struct identity_row *out,
	struct bytes *der, struct error *err)
{
	struct identity_found found = { out, der };
	const struct param params[] = { text_param(unit), text_param(node) };
	struct statement select = { IDENTITY_SELECT "AND identity.unit = $1 AND identity.node = $2",
		params, COUNT(params), 0 };
	if (!store_run(s, &select, take_identity, &found, err))
		return fail_in(err, "reading the %.60s identity of node %.60s", unit, node);
	return select.rows > 0 ||
		fail(err, FAULT_MISSING, "node %.60s has no %.60s certificate", node, unit);
}

struct retired_walk {
	retired_fn *each;
	void *into;
};

static bool walk_retired(const struct row *row, void *into, struct error *err)
{
	const struct retired_walk *walk = into;
	struct identity_row identity;
	return read_identity(row, &identity, err) &&
		walk->each(&identity, row_number(row, 5), walk->into, err);
}

bool store_retired(
	struct store *s, const char *node, retired_fn *each, void *into, struct error *err)
{
	struct retired_walk walk = { each, into };
	const struct param params[] = { text_param(node) };
	struct statement select = { "SELECT unit, node, digest, key_name, change, retired "
				    "FROM identity WHERE node = $1 AND retired IS NOT NULL "
				    "ORDER BY unit, change DESC",
		params, COUNT(params), 0 };
	return store_run(s, &select, walk_retired, &walk, err);
}

bool txn_put_identity(struct txn *t, const struct identity_row *row, struct error *err)
{
	const struct param retiring[] = { text_param(row->unit), text_param(row->node),
		number_param(txn_number(t)) };
	struct statement retire = { "UPDATE identity SET retired = $3 "
				    "WHERE unit = $1 AND node = $2 AND retired IS NULL",
		retiring, COUNT(retiring), 0 };
	const struct param params[] = { text_param(row->unit), text_param(row->node),
		number_param(txn_number(t)), digest_param(row->digest), digest_param(row->key) };
	struct statement insert = { "INSERT INTO identity (unit, node, change, digest, key_name) "
				    "VALUES ($1, $2, $3, $4, $5)",
		params, COUNT(params), 0 };
	if (!store_run(t->store, &retire, NULL, NULL, err) ||
		!store_run(t->store, &insert, NULL, NULL, err))
		return fail_in(err, "the %s identity of node %s", row->unit, row->node);
	return true;
}
