/* Operations asked of a daemon: what travels, what is printed, what its refusals become. */
#include "unit/cli/scene.h"

#include <jansson.h>
#include <string.h>

#include "ops/op.h"

static struct ran ran;

/* What the daemon was asked when this line was typed. */
static json_t *said_by(char **argv)
{
	struct daemon d;
	json_error_t where;
	daemon_start(&d, 200, NULL);
	run_words(&ran, argv, d.socket);
	daemon_end(&d);
	if (ran.status != EXIT_FINE)
		print_error("%s", ran.err);
	assert_int_equal(ran.status, EXIT_FINE);
	json_t *told = json_loads(ran.out, 0, &where);
	assert_non_null(told);
	json_t *said = json_incref(json_object_get(told, "said"));
	json_decref(told);
	assert_non_null(said);
	return said;
}

static void assert_said(json_t *said, const char *method, const char *path, const char *body)
{
	assert_string_equal(json_string_value(json_object_get(said, "method")), method);
	assert_string_equal(json_string_value(json_object_get(said, "path")), path);
	assert_string_equal(json_string_value(json_object_get(said, "body")), body);
}

static void a_change_travels_in_path_and_body(void **state)
{
	(void)state;
	char *argv[] = { "dialtrust", "cert", "regen", "TVS", "--node", "sub1", "--json", NULL };
	json_auto_t *said = said_by(argv);
	assert_said(said, "POST", "/v1/nodes/sub1/certificates/TVS/regenerate", "{}");
	char *init[] = { "dialtrust", "cluster", "init", "example", "--node", "pub", "--address",
		"127.0.10.1", "--organization", "Größe \"A\"", "--organizational-unit", "T",
		"--tvs-port", "2445", "--json", NULL };
	json_auto_t *founded = said_by(init);
	assert_string_equal(json_string_value(json_object_get(founded, "method")), "POST");
	json_auto_t *body =
		json_loads(json_string_value(json_object_get(founded, "body")), 0, NULL);
	assert_int_equal(json_object_size(body), 6);
	assert_string_equal(json_string_value(json_object_get(body, "name")), "example");
	assert_string_equal(
		json_string_value(json_object_get(body, "organization")), "Größe \"A\"");
	assert_string_equal(json_string_value(json_object_get(body, "organizational_unit")), "T");
	assert_string_equal(json_string_value(json_object_get(body, "tvs-port")), "2445");
}

static void names_with_blanks_and_signs_arrive_whole(void **state)
{
	(void)state;
	char *argv[] = { "dialtrust", "parameter", "set", "ITL Signer", "a&b=c#d?%20ä", "--json",
		NULL };
	json_auto_t *said = said_by(argv);
	assert_said(said, "PUT", "/v1/parameters/ITL Signer", "{\"value\":\"a&b=c#d?%20ä\"}");
	char *show[] = { "dialtrust", "cert", "show", "tomcat-trust", "--node", "pub", "--name",
		"a&b=c#d?%20ä +.pem", "--json", NULL };
	json_auto_t *shown = said_by(show);
	assert_said(shown, "GET", "/v1/nodes/pub/certificates/tomcat-trust", "");
	json_t *query = json_object_get(shown, "query");
	assert_int_equal(json_object_size(query), 1);
	assert_string_equal(
		json_string_value(json_object_get(query, "name")), "a&b=c#d?%20ä +.pem");
}

static void a_reading_travels_in_the_query(void **state)
{
	(void)state;
	char *argv[] = { "dialtrust", "cert", "list", "--unit", "TVS", "--node=pub", "--json",
		NULL };
	json_auto_t *said = said_by(argv);
	assert_said(said, "GET", "/v1/certificates", "");
	json_t *query = json_object_get(said, "query");
	assert_int_equal(json_object_size(query), 2);
	assert_string_equal(json_string_value(json_object_get(query, "unit")), "TVS");
	assert_string_equal(json_string_value(json_object_get(query, "node")), "pub");
}

static void run_against(const char *words, int status, const char *answer)
{
	struct daemon d;
	daemon_start(&d, status, answer);
	run_line(&ran, words, d.socket);
	daemon_end(&d);
}

static void rows_become_a_table(void **state)
{
	(void)state;
	run_against("phone list", 200,
		"{\"schema_version\":1,\"phones\":[{\"name\":\"SEP001122334455\",\"description\":"
		"\"Größe\\n\\u001b[2J\",\"node\":\"pub\"},{\"name\":\"CSFa\",\"description\":\"\","
		"\"node\":\"sub1\"}]}");
	assert_int_equal(ran.status, EXIT_FINE);
	assert_string_equal(ran.out,
		"PHONE            DESCRIPTION       NODE\n"
		"SEP001122334455  Größe\\x0a\\x1b[2J  pub\n"
		"CSFa                               sub1\n");
	assert_string_equal(ran.err, "");
}

static void numbers_and_claims_become_words(void **state)
{
	(void)state;
	run_against("service list", 200,
		"{\"services\":[{\"node\":\"pub\",\"service\":\"Cisco "
		"Tftp\",\"kind\":\"ours\",\"type\":\"feature\","
		"\"activated\":true,\"started\":null,\"restart_wanted\":false}]}");
	assert_non_null(
		strstr(ran.out, "pub   Cisco Tftp  ours  feature  yes                 no\n"));
	run_against("list status", 200, "{\"lists\":[{\"name\":\"ITL pub\",\"generation\":12}]}");
	assert_non_null(strstr(ran.out, "ITL pub  12\n"));
}

static void no_rows_are_said_to_be_none(void **state)
{
	(void)state;
	run_against("phone list", 200, "{\"schema_version\":1,\"phones\":[]}");
	assert_int_equal(ran.status, EXIT_FINE);
	assert_string_equal(ran.out, "");
	assert_string_equal(ran.err, "dialtrust: there are none\n");
}

static void an_object_becomes_facts_and_a_sentence(void **state)
{
	(void)state;
	run_against("cert regen TVS --node pub", 200,
		"{\"schema_version\":1,\"unit\":\"TVS\",\"certificate\":{\"not_after\":\"2031\"},"
		"\"lists\":[{\"name\":\"ITL pub\",\"generation\":3},{\"name\":\"ITL sub1\","
		"\"generation\":2}],\"behind\":[\"sub1\"],\"must_restart\":[],"
		"\"message\":\"Successfully Regenerated Certificate for TVS.\"}");
	assert_int_equal(ran.status, EXIT_FINE);
	assert_string_equal(ran.out,
		"unit:                TVS\n"
		"certificate:\n"
		"  not after:         2031\n"
		"lists:               ITL pub, generation 3\n"
		"lists:               ITL sub1, generation 2\n"
		"behind:              sub1\n");
	assert_string_equal(ran.err, "dialtrust: Successfully Regenerated Certificate for TVS.\n");
}

static void pem_is_printed_as_it_is(void **state)
{
	(void)state;
	run_against("cert show TVS --node pub", 200,
		"{\"pem\":\"-----BEGIN CERTIFICATE-----\\nMIID\\n-----END CERTIFICATE-----\\n\"}");
	assert_string_equal(
		ran.out, "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n");
}

static void json_is_one_value(void **state)
{
	(void)state;
	run_against("phone list --json", 200, "{\"schema_version\":1,\"phones\":[]}");
	json_auto_t *value = json_loads(ran.out, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(value, "schema_version")), 1);
	assert_true(json_is_array(json_object_get(value, "phones")));
	assert_string_equal(ran.err, "");
}

static void refusals_keep_their_kind(void **state)
{
	(void)state;
	static const struct {
		int http;
		const char *answer;
		int status;
		const char *word;
	} rows[] = {
		{ 409, "{\"fault\":\"refused\",\"error\":\"not you\"}", EXIT_REFUSED, "not you" },
		{ 404, "{\"fault\":\"missing\",\"error\":\"no node x\"}", EXIT_MISSING,
			"no node x" },
		{ 503, "{\"fault\":\"busy\",\"error\":\"later\"}", EXIT_ERROR, "later" },
		{ 400, "{\"fault\":\"usage\",\"error\":\"what?\"}", EXIT_USAGE, "what?" },
		{ 500, "{\"fault\":\"store\",\"error\":\"disk\"}", EXIT_ERROR, "disk" },
		{ 500, "{\"fault\":\"none\",\"error\":\"odd\"}", EXIT_ERROR, "status 500" },
		{ 500, "{\"fault\":\"unheard\",\"error\":\"odd\"}", EXIT_ERROR, "status 500" },
		{ 500, "{\"error\":\"odd\"}", EXIT_ERROR, "status 500" },
		{ 418, "{}", EXIT_ERROR, "status 418" },
		{ 500, "[]", EXIT_ERROR, "status 500" },
		{ 200, "not JSON", EXIT_ERROR, "no JSON" },
		{ 200, "", EXIT_ERROR, "no JSON" },
		{ 200, "{\"phones\":", EXIT_ERROR, "no JSON" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		run_against("phone list", rows[i].http, rows[i].answer);
		if (ran.status != rows[i].status || strstr(ran.err, rows[i].word) == NULL)
			print_error("row %zu: %d %s", i, ran.status, ran.err);
		assert_int_equal(ran.status, rows[i].status);
		assert_non_null(strstr(ran.err, rows[i].word));
		assert_string_equal(ran.out, "");
	}
}

static void answers_of_another_shape_are_refused(void **state)
{
	(void)state;
	static const char *const answers[] = { "[]", "{}", "{\"phones\":{}}", "{\"phones\":\"x\"}",
		"{\"phones\":null}", "{\"nodes\":[]}" };
	for (size_t i = 0; i < COUNT(answers); i++) {
		run_against("phone list", 200, answers[i]);
		assert_int_equal(ran.status, EXIT_ERROR);
		assert_string_equal(ran.out, "");
		assert_non_null(strstr(ran.err, "not that of `phone list`"));
	}
	run_against("cert show TVS --node pub", 200, "[1]");
	assert_int_equal(ran.status, EXIT_ERROR);
}

static void odd_values_are_left_out(void **state)
{
	(void)state;
	run_against("phone list", 200,
		"{\"phones\":[1,\"x\",null,[],{\"name\":{\"a\":[]},\"node\":12}]}");
	assert_int_equal(ran.status, EXIT_FINE);
	assert_string_equal(ran.out,
		"PHONE  DESCRIPTION  NODE\n\n\n\n\n"
		"                    12\n");
	run_against("cert show TVS --node pub", 200, "{\"a\":{\"b\":[[1],{\"c\":{}}]},\"d\":1.5}");
	assert_int_equal(ran.status, EXIT_FINE);
}

static void nobody_listens(void **state)
{
	(void)state;
	struct daemon d;
	run_line(&ran, "phone list", "/tmp/no/such/socket");
	assert_int_equal(ran.status, EXIT_ERROR);
	assert_non_null(strstr(ran.err, "/tmp/no/such/socket"));
	assert_non_null(strstr(ran.err, "dialtrustd"));
	run_line(&ran, "phone list", "/tmp");
	assert_int_equal(ran.status, EXIT_ERROR);
	daemon_start(&d, 200, "{}");
	run_line(&ran, "phone list", d.socket); /* it ends with its one answer */
	run_line(&ran, "phone list", d.socket);
	daemon_end(&d);
	assert_int_equal(ran.status, EXIT_ERROR);
	assert_non_null(strstr(ran.err, d.socket));
}

/* Refused before a word is sent: there is no daemon at this socket. */
static void values_are_checked_before_they_travel(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		int status;
		const char *word;
	} rows[] = {
		{ "cert regen CalManager --node pub", EXIT_MISSING, "CallManager is the nearest" },
		{ "cert regen Xylophone --node pub", EXIT_MISSING, "no unit Xylophone" },
		{ "cert regen TVS-trust --node pub", EXIT_REFUSED, "trust store" },
		{ "cert regen TVS --node 1pub", EXIT_USAGE, "1pub" },
		{ "cert list --node pub/..", EXIT_USAGE, "pub/.." },
		{ "cluster init x --node pub --address 1 --organization O --tftp-port x",
			EXIT_USAGE, "tftp-port" },
		{ "parameter set  x", EXIT_USAGE, "empty" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		run_line(&ran, rows[i].words, "/tmp/no/such/socket");
		if (strstr(ran.err, rows[i].word) == NULL)
			print_error("%s: %s", rows[i].words, ran.err);
		assert_int_equal(ran.status, rows[i].status);
		assert_non_null(strstr(ran.err, rows[i].word));
	}
}

static void every_operation_fits_a_call(void **state)
{
	(void)state;
	size_t count;
	const struct op *rows = op_rows(&count);
	for (size_t i = 0; i < count; i++) {
		size_t fields = 0, columns = 0;
		for (const struct op_field *f = rows[i].fields; f != NULL && f->name != NULL; f++) {
			assert_true(strlen(f->name) < 32);
			fields++;
		}
		for (const struct op_column *c = rows[i].columns; c != NULL && c->key != NULL; c++)
			columns++;
		assert_true(fields < CALL_ARGUMENTS);
		assert_true(columns <= 12);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_travels_in_path_and_body),
		cmocka_unit_test(names_with_blanks_and_signs_arrive_whole),
		cmocka_unit_test(a_reading_travels_in_the_query),
		cmocka_unit_test(rows_become_a_table),
		cmocka_unit_test(numbers_and_claims_become_words),
		cmocka_unit_test(no_rows_are_said_to_be_none),
		cmocka_unit_test(an_object_becomes_facts_and_a_sentence),
		cmocka_unit_test(pem_is_printed_as_it_is),
		cmocka_unit_test(json_is_one_value),
		cmocka_unit_test(refusals_keep_their_kind),
		cmocka_unit_test(answers_of_another_shape_are_refused),
		cmocka_unit_test(odd_values_are_left_out),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(values_are_checked_before_they_travel),
		cmocka_unit_test(every_operation_fits_a_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
