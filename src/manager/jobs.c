/* Work for another node's manager: a row that it takes, and finishes in the very change that does
 * the work, so that a crash neither loses nor doubles it. */
#include "manager/manager_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/log.h"
#include "run/memory.h"

struct adding {
	const struct job *job;
	uint64_t id;
};

static bool add(struct txn *t, void *context, struct error *err)
{
	struct adding *adding = context;
	return txn_add_job(t, adding->job, &adding->id, err);
}

bool job_add(struct manager *m, const struct asked *asked, const char *node, uint64_t *id,
	struct error *err)
{
	struct job job = { .state = JOB_WAITING };
	char detail[2 * NODE_NAME_SIZE + 32];
	char *arguments = json_dumps(asked->arguments, JSON_COMPACT);
	if (arguments == NULL)
		return fail_memory(err);
	job.arguments = arguments;
	(void)snprintf(job.node, sizeof(job.node), "%s", node);
	(void)snprintf(job.operation, sizeof(job.operation), "%s", asked->op->words);
	(void)snprintf(job.actor, sizeof(job.actor), "%s", asked->actor);
	(void)snprintf(detail, sizeof(detail), "%s, for %s", asked->op->words, node);
	struct change change = { asked->actor, "job", detail };
	struct adding adding = { &job, 0 };
	bool fine = store_change(m->store, &change, add, &adding, NULL, err);
	free(arguments);
	if (fine)
		*id = adding.id;
	return fine;
}

bool job_finish_in(
	struct txn *t, const struct asked *asked, const json_t *result, struct error *err)
{
	if (asked->job == 0)
		return true;
	char *text = json_dumps(result, JSON_COMPACT);
	if (text == NULL)
		return fail_memory(err);
	bool fine = txn_finish_job(t, asked->job, JOB_DONE, text, err);
	free(text);
	return fine;
}

struct failing {
	uint64_t job;
	const char *text;
};

static bool fail_job(struct txn *t, void *context, struct error *err)
{
	const struct failing *failing = context;
	return txn_finish_job(t, failing->job, JOB_FAILED, failing->text, err);
}

static bool record_failure(
	struct manager *m, const struct job *job, const struct error *why, struct error *err)
{
	log_warning("%s for %s: %s", job->operation, job->actor, why->text);
	json_auto_t *told =
		json_pack("{s:s, s:s}", "fault", fault_name(why->fault), "error", why->text);
	char *text = told == NULL ? NULL : json_dumps(told, JSON_COMPACT);
	if (text == NULL)
		return fail_memory(err);
	struct change change = { job->actor, "job failed", job->operation };
	struct failing failing = { job->id, text };
	bool fine = store_change(m->store, &change, fail_job, &failing, NULL, err);
	free(text);
	return fine;
}

static const struct op *op_of(const char *words)
{
	size_t count;
	const struct op *rows = op_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].words, words) == 0)
			return &rows[i];
	return NULL;
}

/* A restart that a change of certificates asked for must come about, or phones are sent what an old
 * key signed: a full disk only puts it off. What an operator waits for is told to have failed. */
static bool is_put_off(const struct op *op, enum fault fault)
{
	bool passes = fault == FAULT_IO || fault == FAULT_STORE || fault == FAULT_MEMORY;
	return op != NULL && op->id == OP_SERVICE_RESTART && passes;
}

/* What is busy keeps its turn: *again, when what it waits for has come about. */
static bool run_job(struct manager *m, const struct job *job, bool *again, struct error *err)
{
	(void)memory_was_short();
	json_auto_t *arguments = json_loads(job->arguments, 0, NULL);
	if (memory_was_short())
		return fail_memory(err); /* it keeps its turn */
	struct asked asked = {
		.op = op_of(job->operation),
		.arguments = arguments,
		.actor = job->actor,
		.job = job->id,
	};
	struct error why = { FAULT_STORE, "the job's operation is unknown to this version" };
	json_auto_t *result = NULL;
	if (asked.op != NULL)
		result = binding_find(asked.op->id)->run(m, &asked, &why);
	*again = result == NULL && why.fault == FAULT_BUSY;
	if (*again)
		manager_retry(m);
	if (result == NULL && is_put_off(asked.op, why.fault)) {
		*err = why;
		return fail_in(err, "%s for %s", job->operation, job->actor);
	}
	return result != NULL || *again || record_failure(m, job, &why, err);
}

bool jobs_run(struct manager *m, struct error *err)
{
	for (bool again = false; !again;) {
		struct job job = { 0 };
		struct error missing = { 0 };
		if (!store_next_job(m->store, m->settings->node, &job, &missing)) {
			if (missing.fault == FAULT_MISSING)
				return true;
			*err = missing;
			return false;
		}
		bool fine = run_job(m, &job, &again, err);
		job_done(&job);
		if (!fine)
			return false;
	}
	return true;
}
