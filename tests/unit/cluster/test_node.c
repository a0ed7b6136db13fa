#include "cluster/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void every_role_has_a_name_that_leads_back(void **state)
{
	(void)state;
	for (int role = NODE_PUBLISHER; role <= NODE_PRESENCE; role++) {
		enum node_role found;
		assert_true(node_role_from_name(node_role_name((enum node_role)role), &found));
		assert_int_equal(found, role);
	}
	enum node_role found = NODE_SUBSCRIBER;
	assert_false(node_role_from_name("Publisher", &found));
	assert_false(node_role_from_name("", &found));
	assert_int_equal(found, NODE_SUBSCRIBER);
}

typedef bool check_fn(const char *name, struct error *err);

static void assert_refused(check_fn *check, const char *name)
{
	struct error err = { 0 };
	assert_false(check(name, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	assert_true(strlen(err.text) > 20);
}

static const char *filled(char *out, size_t size, const char *start)
{
	memset(out, 'A', size);
	memcpy(out, start, strlen(start));
	out[size] = '\0';
	return out;
}

static void node_names(void **state)
{
	(void)state;
	char name[NODE_NAME_SIZE + 1];
	assert_true(node_name_check("pub", NULL));
	assert_true(node_name_check("Sub-1.example", NULL));
	assert_true(node_name_check(filled(name, NODE_NAME_SIZE - 1, "n"), NULL));
	assert_refused(node_name_check, filled(name, NODE_NAME_SIZE, "n"));
	static const char *const wrong[] = { "", "1pub", "-pub", ".", "pub 1", "pub_1", "pub/1",
		"püb", "pub\n", "..", "{node}" };
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_refused(node_name_check, wrong[i]);
}

static void host_names(void **state)
{
	(void)state;
	assert_true(host_name_check("pub", NULL));
	assert_true(host_name_check("pub.example.net", NULL));
	assert_true(host_name_check("127.0.10.1", NULL));
	assert_true(host_name_check("3com-gw.x", NULL));
	static const char *const wrong[] = { "", ".", "pub.", ".pub", "a..b", "-a.b", "a-.b",
		"a.b-", "pub_1.net", "pub net", "pub/net", "pub\t", "pub:1" };
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_refused(host_name_check, wrong[i]);
	char label[66];
	assert_true(host_name_check(filled(label, 63, ""), NULL));
	assert_refused(host_name_check, filled(label, 64, ""));
	char host[HOST_NAME_SIZE + 1];
	filled(host, HOST_NAME_SIZE, "");
	for (size_t i = 50; i < HOST_NAME_SIZE; i += 50)
		host[i] = '.';
	assert_refused(host_name_check, host);
	host[HOST_NAME_SIZE - 1] = '\0';
	assert_true(host_name_check(host, NULL));
}

static void device_names(void **state)
{
	(void)state;
	char name[DEVICE_NAME_SIZE + 1];
	assert_true(device_name_check("SEP001122334455", NULL));
	assert_true(device_name_check("ATAFFFFFFFFFFFF", NULL));
	assert_true(device_name_check("CSFanna_b.c-d", NULL));
	assert_true(device_name_check(filled(name, DEVICE_NAME_SIZE - 1, "CSF"), NULL));
	assert_refused(device_name_check, filled(name, DEVICE_NAME_SIZE, "CSF"));
	static const char *const wrong[] = { "", "SEP", "SEP00112233445", "SEP0011223344556",
		"SEP00112233445g", "SEP0011223344aa", "ATA", "SEP001122334455.cnf.xml",
		"../SEP001122334455", "1234", "CSF anna", "CSF/anna", "CSFänna", "-CSF", "_CSF" };
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_refused(device_name_check, wrong[i]);
}

static void subjects(void **state)
{
	(void)state;
	struct cluster_subject subject = { .organization = "Example" };
	struct error err = { 0 };
	assert_true(cluster_subject_check(&subject, &err));
	memcpy(subject.country, "DE", 3);
	assert_true(cluster_subject_check(&subject, &err));
	static const char *const wrong[] = { "de", "D", "D1", "1D", " D" };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		err = (struct error){ 0 };
		memcpy(subject.country, wrong[i], strlen(wrong[i]) + 1);
		assert_false(cluster_subject_check(&subject, &err));
		assert_int_equal(err.fault, FAULT_USAGE);
	}
	subject = (struct cluster_subject){ .country = "DE" };
	assert_false(cluster_subject_check(&subject, &err));
	assert_non_null(strstr(err.text, "--organization"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_role_has_a_name_that_leads_back),
		cmocka_unit_test(node_names),
		cmocka_unit_test(host_names),
		cmocka_unit_test(device_names),
		cmocka_unit_test(subjects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
