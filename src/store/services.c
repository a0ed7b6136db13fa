#include "store/store_impl.h"

struct service_walk {
	service_fn *each;
	void *into;
};

static bool walk_service(const struct row *row, void *into, struct error *err)
{
	const struct service_walk *walk = into;
	struct service_row service = {
		.activated = row_number(row, 2) != 0,
		.started = row_time(row, 3),
		.restart_wanted = row_number(row, 4),
		.restarted = row_number(row, 5),
	};
	return row_text(row, 0, service.service, sizeof(service.service), err) &&
		row_text(row, 1, service.node, sizeof(service.node), err) &&
		walk->each(&service, walk->into, err);
}

bool store_services(struct store *s, service_fn *each, void *into, struct error *err)
{
	struct service_walk walk = { each, into };
	struct statement select = { "SELECT service, node, activated, started, restart_wanted, "
				    "restarted FROM service ORDER BY node, service",
		NULL, 0, 0 };
	return store_run(s, &select, walk_service, &walk, err);
}

bool txn_put_service(struct txn *t, const struct service_row *row, struct error *err)
{
	const struct param params[] = { text_param(row->service), text_param(row->node),
		number_param(row->activated), time_param(row->started),
		number_param(row->restart_wanted), number_param(row->restarted) };
	struct statement put = {
		"INSERT INTO service (service, node, activated, started, restart_wanted, "
		"restarted) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (service, node) DO UPDATE "
		"SET "
		"activated = excluded.activated, started = excluded.started, "
		"restart_wanted = excluded.restart_wanted, restarted = excluded.restarted",
		params, COUNT(params), 0
	};
	return store_run(t->store, &put, NULL, NULL, err) ||
		fail_in(err, "%s on node %s", row->service, row->node);
}

struct serving_walk {
	serving_fn *each;
	void *into;
};

static bool walk_serving(const struct row *row, void *into, struct error *err)
{
	const struct serving_walk *walk = into;
	char node[NODE_NAME_SIZE], process[NODE_NAME_SIZE];
	return row_text(row, 0, node, sizeof(node), err) &&
		row_text(row, 1, process, sizeof(process), err) &&
		walk->each(node, process, row_number(row, 2), walk->into, err);
}

bool store_serving(struct store *s, serving_fn *each, void *into, struct error *err)
{
	struct serving_walk walk = { each, into };
	struct statement select = {
		"SELECT node, process, number FROM serving ORDER BY node, process", NULL, 0, 0
	};
	return store_run(s, &select, walk_serving, &walk, err);
}

bool store_put_serving(
	struct store *s, const char *node, const char *process, uint64_t number, struct error *err)
{
	const struct param params[] = { text_param(node), text_param(process),
		number_param(number) };
	struct statement put = { "INSERT INTO serving (node, process, number) VALUES ($1, $2, $3) "
				 "ON CONFLICT (node, process) DO UPDATE SET "
				 "number = excluded.number",
		params, COUNT(params), 0 };
	return store_run(s, &put, NULL, NULL, err) ||
		fail_in(err, "noting what %.60s of node %.60s serves", process, node);
}
