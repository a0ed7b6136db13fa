/*
 * An operator's answer is given when what it tells has happened: the job on the other node has
 * ended, every wanted list is published, and every node's processes serve that state. A node that
 * does not come round in time is named in "behind".
 */
#include "manager/hooks_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/writer.h"
#include "run/log.h"
#include "store/sealed_keys.h"

enum { ANSWER_WAIT_MS = 45000 };

struct waiting {
	struct sibling_request *request;
	json_t *result;   /* NULL while the job runs */
	bool must_hold;   /* hooks of the result, or it is refused */
	uint64_t job;     /* on another node; 0: none */
	uint64_t need;    /* change number that all must serve; 0: not known yet */
	int64_t deadline; /* monotonic ms */
	struct waiting *next;
};

void answer_operator(struct sibling_request *request, const json_t *result)
{
	json_auto_t *answer = json_pack("{s:O}", "result", result);
	char *text = answer == NULL ? NULL : json_dumps(answer, JSON_COMPACT);
	if (text == NULL) {
		struct error err = { FAULT_MEMORY, "out of memory while answering" };
		sibling_refuse(request, &err);
		return;
	}
	sibling_answer(request, reader_of_text(text));
	free(text);
}

void answer_operator_text(struct sibling_request *request, struct reader json)
{
	struct error err = { FAULT_LIMIT, "the answer is too long: ask for less" };
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	writer_text(&w, "{\"result\":");
	writer_bytes(&w, json);
	writer_u8(&w, '}');
	if (w.ok)
		sibling_answer(request, writer_written(&w));
	else
		sibling_refuse(request, &err);
}

void answers_add(struct manager *m, struct sibling_request *request, const struct asked *asked,
	json_t *result)
{
	struct waiting *w = calloc(1, sizeof(*w));
	if (w == NULL) {
		struct error err = { FAULT_MEMORY, "out of memory while waiting for the outcome" };
		sibling_refuse(request, &err);
		return;
	}
	*w = (struct waiting){
		.request = request,
		.result = json_incref(result),
		.must_hold = asked->op->id == OP_SERVICE_RESTART,
		.job = asked->job,
		.deadline = clock_monotonic_ms() + ANSWER_WAIT_MS,
		.next = m->waiting,
	};
	m->waiting = w;
}

/* what is still open */

struct open_matters {
	struct manager *m;
	uint64_t need;
	bool open;
	json_t *behind; /* names of nodes */
};

static bool list_open(const struct list_row *row, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct open_matters *o = into;
	if (row->wanted > row->published)
		o->open = true;
	return true;
}

static bool job_open(const struct node *node, void *into, struct error *err)
{
	struct open_matters *o = into;
	struct job job = { 0 };
	struct error missing = { 0 };
	if (store_next_job(o->m->store, node->name, &job, &missing)) {
		o->open = true;
		(void)json_array_append_new(o->behind, json_string(node->name));
		job_done(&job);
		return true;
	}
	if (missing.fault == FAULT_MISSING)
		return true;
	*err = missing;
	return false;
}

static bool serving_open(
	const char *node, const char *process, uint64_t number, void *into, struct error *err)
{
	(void)process;
	(void)err; /* nothing here fails */
	struct open_matters *o = into;
	if (number < o->need) {
		o->open = true;
		(void)json_array_append_new(o->behind, json_string(node));
	}
	return true;
}

/* A key that another node has not taken yet. */
static bool key_open(
	const struct sealed_key_row *row, struct reader sealed, void *into, struct error *err)
{
	(void)sealed;
	(void)err; /* nothing here fails */
	struct open_matters *o = into;
	o->open = true;
	(void)json_array_append_new(o->behind, json_string(row->node));
	return true;
}

static bool work_is_open(struct manager *m, struct open_matters *o, struct error *err)
{
	return store_lists(m->store, list_open, o, err) &&
		store_nodes(m->store, job_open, o, err) &&
		store_sealed_keys(m->store, NULL, key_open, o, err);
}

/* Looks once at what this answer waits for. */
static bool look(struct manager *m, struct waiting *w, struct open_matters *o, struct error *err)
{
	if (!work_is_open(m, o, err))
		return false;
	if (o->open)
		return true;
	if (w->need == 0 && !store_change_number(m->store, &w->need, err))
		return false;
	o->need = w->need;
	return store_serving(m->store, serving_open, o, err);
}

/* answering */

static void refuse_with_job(struct waiting *w, const struct job *job)
{
	struct error err = { FAULT_STORE, "the job failed and left no reason" };
	json_auto_t *told = job->result == NULL ? NULL : json_loads(job->result, 0, NULL);
	const char *text = json_string_value(json_object_get(told, "error"));
	const char *fault = json_string_value(json_object_get(told, "fault"));
	if (text != NULL && fault != NULL && fault_from_name(fault, &err.fault))
		(void)fail(&err, err.fault, "%s", text);
	sibling_refuse(w->request, &err);
	w->request = NULL;
}

/* False: it has not ended yet, or the request was refused (then w->request is NULL). */
static bool job_has_ended(struct manager *m, struct waiting *w)
{
	struct job job = { 0 };
	struct error err = { 0 };
	if (!store_job(m->store, w->job, &job, &err)) {
		sibling_refuse(w->request, &err);
		w->request = NULL;
		return false;
	}
	if (job.state == JOB_FAILED)
		refuse_with_job(w, &job);
	if (job.state == JOB_DONE)
		w->result = json_loads(job.result, 0, NULL);
	job_done(&job);
	return w->result != NULL;
}

static bool settle(struct manager *m, struct waiting *w)
{
	bool late = clock_monotonic_ms() > w->deadline;
	if (w->result == NULL && !job_has_ended(m, w)) {
		struct error err = { FAULT_BUSY,
			"the other node has not taken the work yet; it will "
			"when it is up: see `dialtrust node list`" };
		if (w->request != NULL && late)
			sibling_refuse(w->request, &err);
		return w->request == NULL || late;
	}
	json_auto_t *behind = json_array();
	struct open_matters o = { .m = m, .behind = behind };
	struct error err = { 0 };
	struct error unheld = { 0 };
	bool hooks = false;
	if (!look(m, w, &o, &err) || !hooks_outcome(m->store, w->result, &hooks, &unheld, &err)) {
		log_error("%s", err.text);
		o.open = true;
	}
	o.open = o.open || hooks;
	if (o.open && !late)
		return false;
	if (o.open)
		(void)json_object_set(w->result, "behind", behind);
	if (w->must_hold && unheld.fault != FAULT_NONE)
		sibling_refuse(w->request, &unheld);
	else
		answer_operator(w->request, w->result);
	return true;
}

void answers_settle(struct manager *m)
{
	struct waiting **link = &m->waiting;
	while (*link != NULL) {
		struct waiting *w = *link;
		if (!settle(m, w)) {
			link = &w->next;
			continue;
		}
		*link = w->next;
		json_decref(w->result);
		free(w);
	}
}

void answers_refuse_all(struct manager *m)
{
	struct error err = { FAULT_BUSY, "the manager ends; what was committed stands" };
	while (m->waiting != NULL) {
		struct waiting *w = m->waiting;
		m->waiting = w->next;
		sibling_refuse(w->request, &err);
		json_decref(w->result);
		free(w);
	}
}
