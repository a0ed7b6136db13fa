#include "store/store_impl.h"

#define NODE_COLUMNS "name, role, host, address, tftp_port, http_port, https_port, tvs_port"

struct node_walk {
	node_fn *each;
	void *into;
};

static bool read_node(const struct row *row, struct node *out, struct error *err)
{
	char role[16];
	struct node node = {
		.tftp_port = (uint16_t)row_number(row, 4),
		.http_port = (uint16_t)row_number(row, 5),
		.https_port = (uint16_t)row_number(row, 6),
		.tvs_port = (uint16_t)row_number(row, 7),
	};
	if (!row_text(row, 0, node.name, sizeof(node.name), err) ||
		!row_text(row, 1, role, sizeof(role), err) ||
		!row_text(row, 2, node.host, sizeof(node.host), err) ||
		!row_text(row, 3, node.address, sizeof(node.address), err))
		return false;
	if (!node_role_from_name(role, &node.role))
		return fail(err, FAULT_STORE, "node %s has the unknown role %s", node.name, role);
	*out = node;
	return true;
}

static bool walk_node(const struct row *row, void *into, struct error *err)
{
	const struct node_walk *walk = into;
	struct node node;
	return read_node(row, &node, err) && walk->each(&node, walk->into, err);
}

bool store_nodes(struct store *s, node_fn *each, void *into, struct error *err)
{
	struct node_walk walk = { each, into };
	struct statement select = { "SELECT " NODE_COLUMNS " FROM node "
				    "ORDER BY CASE role WHEN 'publisher' THEN 0 ELSE 1 END, name",
		NULL, 0, 0 };
	return store_run(s, &select, walk_node, &walk, err);
}

static bool take_node(const struct row *row, void *into, struct error *err)
{
	return read_node(row, into, err);
}

bool store_node(struct store *s, const char *name, struct node *out, struct error *err)
{
	const struct param params[] = { text_param(name) };
	struct statement select = { "SELECT " NODE_COLUMNS " FROM node WHERE name = $1", params, 1,
		0 };
	if (!store_run(s, &select, take_node, out, err))
		return fail_in(err, "reading node %.60s", name);
	if (select.rows == 0)
		return fail(err, FAULT_MISSING, "there is no node %.60s: see `dialtrust node list`",
			name);
	return true;
}

bool txn_put_node(struct txn *t, const struct node *node, struct error *err)
{
	const struct param params[] = { text_param(node->name),
		text_param(node_role_name(node->role)), text_param(node->host),
		text_param(node->address), number_param(node->tftp_port),
		number_param(node->http_port), number_param(node->https_port),
		number_param(node->tvs_port) };
	struct statement put = {
		"INSERT INTO node (" NODE_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
		"ON CONFLICT (name) DO UPDATE SET role = excluded.role, host = excluded.host, "
		"address = excluded.address, tftp_port = excluded.tftp_port, "
		"http_port = excluded.http_port, https_port = excluded.https_port, "
		"tvs_port = excluded.tvs_port",
		params, COUNT(params), 0
	};
	return store_run(t->store, &put, NULL, NULL, err) || fail_in(err, "node %s", node->name);
}
