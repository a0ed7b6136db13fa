/* Requests become operations with checked arguments, or a fault with a sentence. */
#include "admin/question.h"
#include "run/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* last: it takes the word `fail` for itself */

/* Lets malloc fail under AddressSanitizer as it does without. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

struct pair {
	const char *name, *value;
};

static const char *query(size_t index, const char **value, void *context)
{
	const struct pair *pairs = context;
	for (size_t i = 0; pairs != NULL && pairs[i].name != NULL; i++)
		if (i == index) {
			*value = pairs[i].value;
			return pairs[i].name;
		}
	return NULL;
}

static bool asked(const char *method, const char *path, const char *body, struct pair *pairs,
	struct question *out, struct error *err)
{
	struct question_source from = {
		.method = method,
		.path = path,
		.body = { body, body == NULL ? 0 : strlen(body) },
		.query = query,
		.context = pairs,
	};
	return question_read(&from, out, err);
}

static const char *argument(const struct question *q, const char *name)
{
	return json_string_value(json_object_get(q->arguments, name));
}

static void a_path_carries_its_fields(void **state)
{
	(void)state;
	struct question q;
	struct error err = { 0 };
	assert_true(asked(
		"POST", "/v1/nodes/pub/certificates/CallManager/regenerate", NULL, NULL, &q, &err));
	assert_int_equal(q.op->id, OP_CERT_REGEN);
	assert_string_equal(argument(&q, "node"), "pub");
	assert_string_equal(argument(&q, "unit"), "CallManager");
	question_done(&q);
}

static void a_get_takes_its_query(void **state)
{
	(void)state;
	struct question q;
	struct error err = { 0 };
	struct pair pairs[] = { { "node", "sub1" }, { NULL, NULL } };
	assert_true(asked("GET", "/v1/certificates", NULL, pairs, &q, &err));
	assert_string_equal(argument(&q, "node"), "sub1");
	assert_null(argument(&q, "unit"));
	question_done(&q);
}

static void a_query_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path;
		struct pair pairs[3];
		const char *says;
	} bad[] = {
		{ "GET", "/v1/certificates", { { "colour", "red" } }, "\"colour\"" },
		{ "GET", "/v1/certificates", { { "node", "a" }, { "node", "b" } }, "\"node\"" },
		{ "GET", "/v1/certificates", { { "node", "\xff" } }, "\"node\"" },
		{ "GET", "/v1/certificates", { { "\x1b[31m", "" } }, "\\x1b" },
		{ "POST", "/v1/nodes/pub/certificates/TVS/regenerate", { { "unit", "TVS" } },
			"\"unit\"" },
		{ "POST", "/v1/nodes", { { "node", "sub1" } }, "\"node\"" },
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct question q = { 0 };
		struct error err = { 0 };
		struct pair pairs[3];
		memcpy(pairs, bad[i].pairs, sizeof(pairs));
		assert_false(asked(bad[i].method, bad[i].path, NULL, pairs, &q, &err));
		assert_int_equal(err.fault, FAULT_USAGE);
		assert_non_null(strstr(err.text, bad[i].says));
		assert_null(q.arguments);
	}
}

static void a_body_may_hold_numbers(void **state)
{
	(void)state;
	struct question q;
	struct error err = { 0 };
	assert_true(asked("POST", "/v1/nodes",
		"{\"node\":\"sub1\",\"address\":\"127.0.10.2\",\"tftp-port\":6969}", NULL, &q,
		&err));
	assert_string_equal(argument(&q, "tftp-port"), "6969");
	question_done(&q);
}

static void what_does_not_fit_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path, *body;
		enum fault fault;
		const char *says;
	} bad[] = {
		{ "GET", "/", NULL, FAULT_MISSING, "there is no /" },
		{ "GET", "/v1/certificates/x/y/z", NULL, FAULT_MISSING, "there is no" },
		{ "DELETE", "/v1/nodes", NULL, FAULT_USAGE, "not for DELETE" },
		{ "POST", "/v1/nodes", NULL, FAULT_USAGE, "missing" },
		{ "POST", "/v1/nodes", "{", FAULT_MALFORMED, "no JSON object" },
		{ "POST", "/v1/nodes", "[]", FAULT_MALFORMED, "no JSON object" },
		{ "POST", "/v1/nodes", "{\"node\":\"a\",\"node\":\"b\"}", FAULT_MALFORMED,
			"no JSON object" },
		{ "POST", "/v1/nodes", "{\"colour\":\"red\"}", FAULT_USAGE, "colour" },
		{ "POST", "/v1/nodes", "{\"node\":true}", FAULT_USAGE, "node" },
		{ "POST", "/v1/nodes", "{\"node\":\"sub1\",\"address\":\"x\",\"tftp-port\":\"-1\"}",
			FAULT_USAGE, "tftp-port" },
		{ "POST", "/v1/nodes/pub/certificates/CallManager/regenerate",
			"{\"node\":\"sub1\"}", FAULT_USAGE, "node" },
		{ "POST", "/v1/nodes/pub/certificates/Nonsense/regenerate", NULL, FAULT_MISSING,
			"Nonsense" },
		{ "POST", "/v1/nodes/pub/certificates/tomcat-trust/regenerate", NULL, FAULT_REFUSED,
			"trust store" },
		{ "POST", "/v1/nodes/-pub/certificates/TVS/regenerate", NULL, FAULT_USAGE, "node" },
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct question q = { 0 };
		struct error err = { 0 };
		assert_false(asked(bad[i].method, bad[i].path, bad[i].body, NULL, &q, &err));
		if (err.fault != bad[i].fault || strstr(err.text, bad[i].says) == NULL)
			fail_msg("%zu: %s: %s", i, fault_name(err.fault), err.text);
		assert_null(q.arguments);
	}
}

static void every_fault_has_a_status(void **state)
{
	(void)state;
	for (int fault = FAULT_USAGE; fault <= FAULT_MEMORY; fault++)
		assert_in_range(question_status((enum fault)fault), 400, 503);
	assert_int_equal(question_status(FAULT_NONE), 200);
}

static unsigned left; /* allocations until one fails; 0: none does */

static void *take_or_not(size_t size)
{
	return left > 0 && --left == 0 ? memory_take(SIZE_MAX / 2) : memory_take(size);
}

/* Each allocation in turn: what is left out of it is never taken for something that was not asked.
 */
static void without_memory_it_is_memory(void **state)
{
	(void)state;
	unsigned nth = 0;
	bool failed = true;
	json_set_alloc_funcs(take_or_not, free);
	while (failed) {
		struct question q = { 0 };
		struct error err = { 0 };
		left = ++nth;
		bool read = asked("POST", "/v1/nodes/pub/services/Cisco Tftp/restart",
			"{\"wait\": true}", NULL, &q, &err);
		failed = left == 0;
		left = 0;
		assert_int_equal(err.fault,
			failed         ? FAULT_MEMORY
				: read ? FAULT_NONE
				       : FAULT_USAGE);
		assert_true(!failed || (!read && q.arguments == NULL));
		question_done(&q);
	}
	json_set_alloc_funcs(malloc, free);
	assert_true(nth > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_carries_its_fields),
		cmocka_unit_test(a_get_takes_its_query),
		cmocka_unit_test(a_query_that_does_not_fit_is_refused),
		cmocka_unit_test(a_body_may_hold_numbers),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(every_fault_has_a_status),
		cmocka_unit_test(without_memory_it_is_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
