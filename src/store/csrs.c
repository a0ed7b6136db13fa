#include "store/csrs.h"

#include "base/own.h"
#include "store/sealed_keys.h"
#include "store/store_impl.h"

#define CSR_SELECT "SELECT unit, node, key_name, change, der, multi_server FROM csr "

enum { CSR_BYTES_MAX = 32 * 1024 };

static bool read_csr(const struct row *row, struct csr_row *out, struct error *err)
{
	struct csr_row csr = {
		.change = row_number(row, 3),
		.multi_server = row_number(row, 5) != 0,
	};
	if (!row_text(row, 0, csr.unit, sizeof(csr.unit), err) ||
		!row_text(row, 1, csr.node, sizeof(csr.node), err) ||
		!row_digest(row, 2, csr.key, err))
		return false;
	*out = csr;
	return true;
}

struct csr_walk {
	csr_fn *each;
	void *into;
};

static bool walk_csr(const struct row *row, void *into, struct error *err)
{
	const struct csr_walk *walk = into;
	struct csr_row csr;
	return read_csr(row, &csr, err) && walk->each(&csr, row_bytes(row, 4), walk->into, err);
}

bool store_csrs(struct store *s, csr_fn *each, void *into, struct error *err)
{
	struct csr_walk walk = { each, into };
	struct statement select = { CSR_SELECT "ORDER BY node, unit", NULL, 0, 0 };
	return store_run(s, &select, walk_csr, &walk, err);
}

struct csr_found {
	struct csr_row *row;
	struct bytes *der; /* may be NULL */
};

static bool take_csr(const struct row *row, void *into, struct error *err)
{
	struct csr_found *found = into;
	struct csr_row csr;
	if (!read_csr(row, &csr, err) ||
		(found->der != NULL && !bytes_copy(found->der, row_bytes(row, 4), err)))
		return false;
	*found->row = csr;
	return true;
}

bool store_csr(struct store *s, const char *unit, const char *node, struct csr_row *out,
	struct bytes *der, struct error *err)
{
	struct csr_found found = { out, der };
	const struct param params[] = { text_param(unit), text_param(node) };
	struct statement select = { CSR_SELECT "WHERE unit = $1 AND node = $2", params,
		COUNT(params), 0 };
	if (!store_run(s, &select, take_csr, &found, err))
		return fail_in(err, "reading the %.60s request of node %.60s", unit, node);
	return select.rows > 0 ||
		fail(err, FAULT_MISSING, "node %.60s has no pending request for %.60s", node, unit);
}

bool txn_put_csr(struct txn *t, const struct csr_row *row, struct reader der, struct error *err)
{
	if (der.left == 0 || der.left > CSR_BYTES_MAX)
		return fail(err, FAULT_LIMIT, "a request of %zu bytes cannot be kept: 1 to %d",
			der.left, CSR_BYTES_MAX);
	const struct param params[] = { text_param(row->unit), text_param(row->node),
		digest_param(row->key), bytes_param(der), number_param(txn_number(t)),
		number_param(row->multi_server) };
	struct statement put = {
		"INSERT INTO csr (unit, node, key_name, der, change, multi_server) "
		"VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (unit, node) DO UPDATE "
		"SET key_name = excluded.key_name, der = excluded.der, "
		"change = excluded.change, multi_server = excluded.multi_server",
		params, COUNT(params), 0
	};
	return store_run(t->store, &put, NULL, NULL, err) ||
		fail_in(err, "the %s request of node %s", row->unit, row->node);
}

static bool drop_everywhere(struct txn *t, const struct csr_row *row, struct error *err)
{
	const struct param params[] = { digest_param(row->key) };
	struct statement drop = { "DELETE FROM csr WHERE key_name = $1", params, COUNT(params), 0 };
	return store_run(t->store, &drop, NULL, NULL, err) &&
		txn_drop_sealed_key(t, row->key, NULL, err);
}

bool txn_drop_csr(struct txn *t, const char *unit, const char *node, struct error *err)
{
	struct csr_row row;
	struct error missing = { 0 };
	if (store_csr(t->store, unit, node, &row, NULL, &missing) && row.multi_server)
		return drop_everywhere(t, &row, err) ||
			fail_in(err, "dropping the %.60s request of all nodes", unit);
	const struct param params[] = { text_param(unit), text_param(node) };
	struct statement drop = { "DELETE FROM csr WHERE unit = $1 AND node = $2", params,
		COUNT(params), 0 };
	return store_run(t->store, &drop, NULL, NULL, err) ||
		fail_in(err, "dropping the %.60s request of node %.60s", unit, node);
}
