#include "store/alarms.h"

#include "base/own.h"
#include "store/store_impl.h"

struct alarm_walk {
	alarm_fn *each;
	void *into;
};

static bool walk_alarm(const struct row *row, void *into, struct error *err)
{
	const struct alarm_walk *walk = into;
	struct alarm_row alarm = {
		.logged = row_time(row, 3),
		.worst = row_number(row, 4),
	};
	return row_text(row, 0, alarm.node, sizeof(alarm.node), err) &&
		row_text(row, 1, alarm.store, sizeof(alarm.store), err) &&
		row_digest(row, 2, alarm.digest, err) && walk->each(&alarm, walk->into, err);
}

bool store_alarms(struct store *s, const char *node, alarm_fn *each, void *into, struct error *err)
{
	struct alarm_walk walk = { each, into };
	const struct param params[] = { text_param(node) };
	struct statement select = { "SELECT node, store, digest, logged, worst FROM alarm "
				    "WHERE node = $1 ORDER BY store, digest",
		params, COUNT(params), 0 };
	return store_run(s, &select, walk_alarm, &walk, err);
}

bool txn_put_alarm(struct txn *t, const struct alarm_row *row, struct error *err)
{
	const struct param params[] = { text_param(row->node), text_param(row->store),
		digest_param(row->digest), time_param(row->logged), number_param(row->worst) };
	struct statement put = {
		"INSERT INTO alarm (node, store, digest, logged, worst) "
		"VALUES ($1, $2, $3, $4, $5) ON CONFLICT (node, store, digest) DO UPDATE SET "
		"logged = excluded.logged, worst = excluded.worst",
		params, COUNT(params), 0
	};
	return store_run(t->store, &put, NULL, NULL, err) ||
		fail_in(err, "noting an alarm about %s of node %s", row->store, row->node);
}

bool txn_forget_alarms(struct txn *t, const char *node, struct error *err)
{
	const struct param params[] = { text_param(node) };
	struct statement remove = { "DELETE FROM alarm WHERE node = $1 AND NOT EXISTS "
				    "(SELECT 1 FROM entry WHERE entry.store = alarm.store AND "
				    "entry.node = alarm.node AND entry.digest = alarm.digest)",
		params, COUNT(params), 0 };
	return store_run(t->store, &remove, NULL, NULL, err);
}

/* counting */

static bool take_number(const struct row *row, void *into, struct error *err)
{
	(void)err; /* a number is read always */
	*(uint64_t *)into = row_number(row, 0);
	return true;
}

static bool make_count(struct txn *t, const char *node, struct error *err)
{
	const struct param params[] = { text_param(node) };
	struct statement make = { "INSERT INTO alarm_count (node, alarms, notices) "
				  "VALUES ($1, 0, 0) ON CONFLICT DO NOTHING",
		params, COUNT(params), 0 };
	return store_run(t->store, &make, NULL, NULL, err);
}

bool txn_count_alarms(
	struct txn *t, const char *node, uint64_t more, uint64_t *first, struct error *err)
{
	uint64_t last = 0;
	const struct param params[] = { text_param(node), number_param(more) };
	struct statement count = {
		"UPDATE alarm_count SET alarms = alarms + $2 WHERE node = $1 RETURNING alarms",
		params, COUNT(params), 0
	};
	if (!make_count(t, node, err) || !store_run(t->store, &count, take_number, &last, err))
		return false;
	*first = last - more + 1;
	return true;
}

/* notices */

bool txn_add_notice(
	struct txn *t, const char *node, unsigned target, struct reader text, struct error *err)
{
	uint64_t number = 0;
	const struct param one[] = { text_param(node) };
	struct statement count = { "UPDATE alarm_count SET notices = notices + 1 WHERE node = $1 "
				   "RETURNING notices",
		one, COUNT(one), 0 };
	if (!make_count(t, node, err) || !store_run(t->store, &count, take_number, &number, err))
		return false;
	const struct param params[] = { number_param(number), text_param(node),
		number_param(target), bytes_param(text) };
	struct statement add = {
		"INSERT INTO notice (number, node, target, text) VALUES ($1, $2, $3, $4)", params,
		COUNT(params), 0
	};
	const struct param most[] = { text_param(node), number_param(target),
		number_param(NOTICES_MAX) };
	struct statement drop = { "DELETE FROM notice WHERE node = $1 AND target = $2 AND number "
				  "NOT IN (SELECT number FROM notice WHERE node = $1 AND "
				  "target = $2 ORDER BY number DESC LIMIT $3)",
		most, COUNT(most), 0 };
	return store_run(t->store, &add, NULL, NULL, err) &&
		store_run(t->store, &drop, NULL, NULL, err);
}

struct notice_walk {
	notice_fn *each;
	void *into;
};

static bool walk_notice(const struct row *row, void *into, struct error *err)
{
	const struct notice_walk *walk = into;
	return walk->each(row_number(row, 0), row_bytes(row, 1), walk->into, err);
}

bool store_next_notice(struct store *s, const char *node, unsigned target, notice_fn *each,
	void *into, struct error *err)
{
	struct notice_walk walk = { each, into };
	const struct param params[] = { text_param(node), number_param(target) };
	struct statement select = { "SELECT number, text FROM notice WHERE node = $1 AND "
				    "target = $2 ORDER BY number LIMIT 1",
		params, COUNT(params), 0 };
	return store_run(s, &select, walk_notice, &walk, err);
}

bool store_drop_notice(struct store *s, const char *node, uint64_t number, struct error *err)
{
	const struct param params[] = { text_param(node), number_param(number) };
	struct statement drop = { "DELETE FROM notice WHERE node = $1 AND number = $2", params,
		COUNT(params), 0 };
	return store_run(s, &drop, NULL, NULL, err);
}
