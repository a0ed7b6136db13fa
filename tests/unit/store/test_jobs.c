#include "unit/store/scratch.h"

struct adding {
	struct job job;
	uint64_t id;
};

static bool add(struct txn *t, void *context, struct error *err)
{
	struct adding *adding = context;
	return txn_add_job(t, &adding->job, &adding->id, err);
}

static uint64_t add_job(struct scratch *s, const char *node, char *arguments)
{
	struct adding adding = { .job = { .operation = "cert regen",
					 .actor = "uid 0",
					 .arguments = arguments,
					 .state = JOB_DONE } };
	memcpy(adding.job.node, node, strlen(node) + 1);
	(void)must_change(s->store, add, &adding);
	return adding.id;
}

struct finishing {
	uint64_t id;
	enum job_state state;
	const char *result;
};

static bool finish(struct txn *t, void *context, struct error *err)
{
	const struct finishing *f = context;
	return txn_finish_job(t, f->id, f->state, f->result, err);
}

static void a_node_takes_its_oldest_work_first(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	put_two_nodes(s->store);
	uint64_t first = add_job(s, "sub1", (char[]){ "{\"unit\":\"TVS\"}" });
	uint64_t second = add_job(s, "sub1", NULL);
	uint64_t other = add_job(s, "pub", NULL);
	assert_true(first < second && second < other);

	AUTO_DONE(job) job = { 0 };
	assert_true(store_next_job(s->store, "sub1", &job, NULL));
	assert_int_equal(job.id, first);
	assert_string_equal(job.node, "sub1");
	assert_string_equal(job.operation, "cert regen");
	assert_string_equal(job.actor, "uid 0");
	assert_string_equal(job.arguments, "{\"unit\":\"TVS\"}");
	assert_string_equal(job.result, "");
	assert_int_equal(job.state, JOB_WAITING);

	(void)must_change(s->store, finish, &(struct finishing){ first, JOB_DONE, "{\"a\":1}" });
	job_done(&job);
	assert_true(store_next_job(s->store, "sub1", &job, NULL));
	assert_int_equal(job.id, second);
	assert_string_equal(job.arguments, "{}");
	(void)must_change(s->store, finish, &(struct finishing){ second, JOB_FAILED, NULL });
	job_done(&job);
	assert_false(store_next_job(s->store, "sub1", &job, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
}

static void a_finished_job_keeps_its_result(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	uint64_t id = add_job(s, "pub", NULL);
	(void)must_change(s->store, finish,
		&(struct finishing){ id, JOB_FAILED, "{\"fault\":\"refused\",\"error\":\"no\"}" });
	AUTO_DONE(job) job = { 0 };
	assert_true(store_job(s->store, id, &job, NULL));
	assert_int_equal(job.state, JOB_FAILED);
	assert_string_equal(job.result, "{\"fault\":\"refused\",\"error\":\"no\"}");
	must_refuse(s->store, finish, &(struct finishing){ id, JOB_DONE, "{}" }, FAULT_MISSING);
}

static void jobs_that_are_not_there(void **state)
{
	struct scratch *s = *state;
	struct job job = { .id = 77 };
	struct error err = { 0 };
	struct adding homeless = { .job = { .node = "sub9", .operation = "x" } };
	put_two_nodes(s->store);
	assert_false(store_job(s->store, 1, &job, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_int_equal(job.id, 77);
	must_refuse(s->store, finish, &(struct finishing){ 1, JOB_DONE, "{}" }, FAULT_MISSING);
	must_refuse(s->store, add, &homeless, FAULT_MISSING);
	assert_int_equal(homeless.id, 0);
}

static void arguments_with_line_breaks_are_refused(void **state)
{
	struct scratch *s = *state;
	struct adding adding = {
		.job = { .node = "pub", .operation = "x", .arguments = (char[]){ "{\n}" } }
	};
	put_two_nodes(s->store);
	must_refuse(s->store, add, &adding, FAULT_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_node_takes_its_oldest_work_first),
		STORE_TEST(a_finished_job_keeps_its_result),
		STORE_TEST(jobs_that_are_not_there),
		STORE_TEST(arguments_with_line_breaks_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
