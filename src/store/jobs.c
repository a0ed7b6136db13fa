#include <stdlib.h>

#include "store/store_impl.h"

#define JOB_COLUMNS "id, node, operation, arguments, result, actor, state"

static const char *const states[] = {
	[JOB_WAITING] = "waiting",
	[JOB_DONE] = "done",
	[JOB_FAILED] = "failed",
};

static bool state_from_name(const char *name, enum job_state *out)
{
	for (size_t i = 0; i < COUNT(states); i++)
		if (strcmp(name, states[i]) == 0) {
			*out = (enum job_state)i;
			return true;
		}
	return false;
}

void job_done(struct job *job)
{
	free(job->arguments);
	free(job->result);
	job->arguments = NULL;
	job->result = NULL;
}

static bool take_job(const struct row *row, void *into, struct error *err)
{
	char state[16];
	AUTO_DONE(job) job = { .id = row_number(row, 0) };
	if (!row_text(row, 1, job.node, sizeof(job.node), err) ||
		!row_text(row, 2, job.operation, sizeof(job.operation), err) ||
		!row_text_new(row, 3, &job.arguments, err) ||
		!row_text_new(row, 4, &job.result, err) ||
		!row_text(row, 5, job.actor, sizeof(job.actor), err) ||
		!row_text(row, 6, state, sizeof(state), err))
		return false;
	if (!state_from_name(state, &job.state))
		return fail(err, FAULT_STORE, "job %llu has the unknown state %s",
			(unsigned long long)job.id, state);
	*(struct job *)into = job;
	job.arguments = NULL;
	job.result = NULL;
	return true;
}

static bool take_id(const struct row *row, void *into, struct error *err)
{
	(void)err; /* a number is read always */
	*(uint64_t *)into = row_number(row, 0);
	return true;
}

bool txn_add_job(struct txn *t, const struct job *job, uint64_t *id, struct error *err)
{
	uint64_t made = 0;
	const struct param params[] = { text_param(job->node), text_param(job->operation),
		text_param(job->arguments == NULL ? "{}" : job->arguments), text_param(job->actor),
		number_param(txn_number(t)) };
	struct statement insert = {
		"INSERT INTO job (" JOB_COLUMNS ", change) "
		"SELECT coalesce(max(id), 0) + 1, $1, $2, $3, '', $4, 'waiting', $5 FROM job "
		"RETURNING id",
		params, COUNT(params), 0
	};
	if (!store_run(t->store, &insert, take_id, &made, err))
		return fail_in(err, "work for node %s", job->node);
	if (id != NULL)
		*id = made;
	return true;
}

bool store_next_job(struct store *s, const char *node, struct job *out, struct error *err)
{
	const struct param params[] = { text_param(node) };
	struct statement select = { "SELECT " JOB_COLUMNS " FROM job "
				    "WHERE node = $1 AND state = 'waiting' ORDER BY id LIMIT 1",
		params, 1, 0 };
	if (!store_run(s, &select, take_job, out, err))
		return fail_in(err, "reading the work of node %.60s", node);
	return select.rows > 0 || fail(err, FAULT_MISSING, "no work waits for node %.60s", node);
}

bool store_job(struct store *s, uint64_t id, struct job *out, struct error *err)
{
	const struct param params[] = { number_param(id) };
	struct statement select = { "SELECT " JOB_COLUMNS " FROM job WHERE id = $1", params, 1, 0 };
	if (!store_run(s, &select, take_job, out, err))
		return fail_in(err, "reading job %llu", (unsigned long long)id);
	return select.rows > 0 ||
		fail(err, FAULT_MISSING, "there is no job %llu", (unsigned long long)id);
}

bool txn_finish_job(
	struct txn *t, uint64_t id, enum job_state state, const char *result, struct error *err)
{
	assert(state != JOB_WAITING);
	const struct param params[] = { number_param(id), text_param(states[state]),
		text_param(result == NULL ? "" : result) };
	struct statement finish = { "UPDATE job SET state = $2, result = $3 "
				    "WHERE id = $1 AND state = 'waiting' RETURNING id",
		params, COUNT(params), 0 };
	if (!store_run(t->store, &finish, NULL, NULL, err))
		return fail_in(err, "finishing job %llu", (unsigned long long)id);
	return finish.rows > 0 ||
		fail(err, FAULT_MISSING, "no job %llu waits to be finished",
			(unsigned long long)id);
}
