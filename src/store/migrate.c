#include "base/clock.h"
#include "store/store_impl.h"

static const char make_table[] = "CREATE TABLE IF NOT EXISTS migration ("
				 "number BIGINT PRIMARY KEY, name TEXT NOT NULL, "
				 "applied BIGINT NOT NULL)";

static bool read_number(const struct row *row, void *into, struct error *err)
{
	(void)err; /* a number is read always */
	*(uint64_t *)into = row_number(row, 0);
	return true;
}

static bool apply(struct store *s, const struct migration *m, struct error *err)
{
	const struct param params[] = { number_param(m->number), text_param(m->name),
		time_param(clock_now()) };
	struct statement note = {
		"INSERT INTO migration (number, name, applied) VALUES ($1, $2, $3)", params,
		COUNT(params), 0
	};
	if (!s->engine->script(s->db, m->sql, err) || !store_run(s, &note, NULL, NULL, err))
		return fail_in(err, "migration %u, %s", m->number, m->name);
	return true;
}

static bool apply_missing(struct store *s, struct error *err)
{
	uint64_t have = 0;
	struct statement newest = { "SELECT coalesce(max(number), 0) FROM migration", NULL, 0, 0 };
	if (!s->engine->script(s->db, make_table, err) ||
		!store_run(s, &newest, read_number, &have, err))
		return false;
	if (have > migration_count)
		return fail(err, FAULT_STORE,
			"was made by a newer dialtrust (its schema is %llu, this program knows "
			"%zu): "
			"upgrade dialtrust on this node",
			(unsigned long long)have, migration_count);
	for (size_t i = have; i < migration_count; i++)
		if (!apply(s, &migrations[i], err))
			return false;
	return true;
}

bool store_migrate(struct store *s, struct error *err)
{
	if (!s->engine->begin(s->db, err))
		return false;
	if (apply_missing(s, err) && s->engine->commit(s->db, err))
		return true;
	s->engine->rollback(s->db);
	return false;
}
