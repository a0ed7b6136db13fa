#include "base/text.h"
#include "cluster/parameter.h"
#include "store/store_impl.h"

static bool read_cluster(const struct row *row, void *into, struct error *err)
{
	struct cluster_row cluster = { .created = row_time(row, 6) };
	struct cluster_subject *subject = &cluster.subject;
	if (!row_text(row, 0, cluster.name, sizeof(cluster.name), err) ||
		!row_text(row, 1, subject->organization, sizeof(subject->organization), err) ||
		!row_text(row, 2, subject->unit, sizeof(subject->unit), err) ||
		!row_text(row, 3, subject->locality, sizeof(subject->locality), err) ||
		!row_text(row, 4, subject->state, sizeof(subject->state), err) ||
		!row_text(row, 5, subject->country, sizeof(subject->country), err))
		return false;
	*(struct cluster_row *)into = cluster;
	return true;
}

bool store_cluster(struct store *s, struct cluster_row *out, struct error *err)
{
	struct statement select = {
		"SELECT name, organization, unit, locality, state, country, created FROM cluster",
		NULL, 0, 0
	};
	if (!store_run(s, &select, read_cluster, out, err))
		return fail_in(err, "reading the cluster");
	if (select.rows == 0)
		return fail(err, FAULT_MISSING,
			"there is no cluster yet: `dialtrust cluster init` makes one");
	return true;
}

bool txn_make_cluster(struct txn *t, const struct cluster_row *row, struct error *err)
{
	const struct cluster_subject *subject = &row->subject;
	const struct param params[] = { text_param(row->name), text_param(subject->organization),
		text_param(subject->unit), text_param(subject->locality),
		text_param(subject->state), text_param(subject->country),
		time_param(row->created) };
	struct statement insert = {
		"INSERT INTO cluster (one, name, organization, unit, locality, state, country, "
		"created) VALUES (1, $1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING "
		"RETURNING one",
		params, COUNT(params), 0
	};
	if (!store_run(t->store, &insert, NULL, NULL, err))
		return fail_in(err, "making the cluster %s", row->name);
	if (insert.rows == 0)
		return fail(err, FAULT_REFUSED, "this database holds a cluster already");
	return true;
}

struct value {
	char *out;
	size_t size;
};

static bool read_value(const struct row *row, void *into, struct error *err)
{
	struct value *value = into;
	return row_text(row, 0, value->out, value->size, err);
}

bool store_parameter(struct store *s, const char *name, char *out, size_t size, struct error *err)
{
	const struct parameter *row = parameter_find(name);
	if (row == NULL)
		return fail(err, FAULT_MISSING, "there is no parameter \"%.60s\"", name);
	const struct param params[] = { text_param(row->name) };
	struct statement select = { "SELECT value FROM parameter WHERE name = $1", params, 1, 0 };
	struct value value = { out, size };
	if (!store_run(s, &select, read_value, &value, err))
		return fail_in(err, "reading the parameter %s", row->name);
	return select.rows > 0 || text_copy(out, size, row->fallback, err);
}

bool txn_set_parameter(struct txn *t, const char *name, const char *value, struct error *err)
{
	const struct parameter *row = parameter_find(name);
	if (row == NULL)
		return fail(err, FAULT_MISSING, "there is no parameter \"%.60s\"", name);
	if (!parameter_check(row, value, err))
		return false;
	const struct param params[] = { text_param(row->name), text_param(value) };
	struct statement put = { "INSERT INTO parameter (name, value) VALUES ($1, $2) "
				 "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		params, COUNT(params), 0 };
	return store_run(t->store, &put, NULL, NULL, err) ||
		fail_in(err, "setting the parameter %s", row->name);
}
