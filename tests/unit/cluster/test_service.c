#include "cluster/parameter.h"
#include "cluster/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/own.h"

static void rows_are_whole_and_named_once(void **state)
{
	(void)state;
	size_t count;
	const struct service *rows = service_rows(&count);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(service_find(rows[i].name), &rows[i]);
		assert_true(strlen(rows[i].name) < NODE_NAME_SIZE);
		assert_true(rows[i].nodes != 0 && rows[i].nodes < 1U << (NODE_PRESENCE + 1));
		assert_true((rows[i].kind == SERVICE_OURS) == (rows[i].process != NULL));
		for (size_t other = i + 1; other < count; other++)
			assert_true(rows[i].process == NULL || rows[other].process == NULL ||
				strcmp(rows[i].process, "manager") == 0 ||
				strcmp(rows[i].process, rows[other].process) != 0);
	}
}

static void the_leaf_of_a_service_is_an_identity_on_the_same_nodes(void **state)
{
	(void)state;
	size_t count;
	const struct service *rows = service_rows(&count);
	for (size_t i = 0; i < count; i++) {
		if (rows[i].leaf == NULL)
			continue;
		const struct unit *leaf = unit_find(rows[i].leaf);
		assert_non_null(leaf);
		assert_false(leaf->trust);
		assert_int_equal(rows[i].nodes & ~leaf->nodes, 0);
		assert_ptr_equal(unit_for_service(rows[i].name), leaf);
	}
	assert_null(unit_for_service("Cisco DRF Local"));
	assert_null(unit_for_service("Cisco Nothing"));
}

static void every_restart_names_a_unit_and_a_service_once(void **state)
{
	(void)state;
	size_t count;
	const struct restart *rows = restart_rows(&count);
	for (size_t i = 0; i < count; i++) {
		const struct unit *unit = unit_find(rows[i].unit);
		if (parameter_find(rows[i].unit) != NULL) {
			assert_string_equal(parameter_find(rows[i].unit)->name, rows[i].unit);
			assert_true(rows[i].everywhere);
			assert_non_null(service_find(rows[i].service));
			continue;
		}
		assert_non_null(unit);
		assert_string_equal(unit->name, rows[i].unit);
		/* deleting from a trust store restarts nothing by itself, CSCut58407 */
		assert_true(!unit->trust || rows[i].by_itself == 0);
		assert_non_null(service_find(rows[i].service));
		assert_int_not_equal(service_find(rows[i].service)->nodes & unit->nodes, 0);
		assert_int_equal(rows[i].by_itself & ~(unsigned)IN_ALL, 0);
		for (size_t other = i + 1; other < count; other++)
			assert_false(strcmp(rows[i].unit, rows[other].unit) == 0 &&
				strcmp(rows[i].service, rows[other].service) == 0);
	}
}

static const struct restart *restart_of(const char *unit, const char *service)
{
	size_t count;
	const struct restart *rows = restart_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].unit, unit) == 0 && strcmp(rows[i].service, service) == 0)
			return &rows[i];
	return NULL;
}

/* A service that shows a unit in TLS, or lists that change, leave something to restart. */
static void every_identity_restarts_what_shows_it(void **state)
{
	(void)state;
	size_t count;
	const struct service *rows = service_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (rows[i].leaf != NULL)
			assert_non_null(restart_of(rows[i].leaf, rows[i].name));
	size_t units;
	const struct unit *unit = unit_rows(&units);
	for (size_t i = 0; i < units; i++)
		if (unit[i].lists != LISTS_NONE)
			assert_non_null(restart_of(unit[i].name, "Cisco Tftp"));
}

/* One procedure for both; only Cisco Tftp shows the RSA certificate alone. */
static void both_tomcat_certificates_restart_the_same(void **state)
{
	(void)state;
	size_t count;
	const struct restart *rows = restart_rows(&count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].unit, "tomcat") != 0 ||
			strcmp(rows[i].service, "Cisco Tftp") == 0)
			continue;
		const struct restart *twin = restart_of("tomcat-ECDSA", rows[i].service);
		assert_non_null(twin);
		assert_int_equal(twin->everywhere, rows[i].everywhere);
		assert_int_equal(twin->by_itself, rows[i].by_itself);
	}
}

static void only_ours_restart_by_themselves(void **state)
{
	(void)state;
	size_t count;
	const struct restart *rows = restart_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (rows[i].by_itself != 0)
			assert_int_equal(service_find(rows[i].service)->kind, SERVICE_OURS);
}

static void era_c_restarts_the_trust_verification_service(void **state)
{
	(void)state;
	static const char *const units[] = { "TVS", "CAPF", "ITLRecovery", "CallManager" };
	for (size_t i = 0; i < COUNT(units); i++) {
		const struct restart *tvs =
			restart_of(units[i], "Cisco Trust Verification Service");
		assert_true(tvs->everywhere);
		assert_int_equal(tvs->by_itself, IN_C);
		assert_int_equal(restart_of(units[i], "Cisco Tftp")->by_itself, IN_C);
	}
	assert_int_equal(restart_of("tomcat", "Cisco Tftp")->by_itself, IN_C);
	assert_false(restart_of("tomcat", "Cisco Tftp")->everywhere);
	assert_null(restart_of("tomcat", "Cisco Trust Verification Service"));
}

/* The ones that an operator cannot switch off, and those that they must switch on. */
static void network_services_are_always_activated(void **state)
{
	(void)state;
	static const char *const network[] = { "Cisco Trust Verification Service", "Cisco Tomcat",
		"Cisco DRF Master", "Cisco DRF Local", "Cisco Certificate Expiry Monitor",
		"Cisco Certificate Change Notification" };
	static const char *const feature[] = { "Cisco CallManager", "Cisco Tftp",
		"Cisco CTIManager", "Cisco Certificate Authority Proxy Function",
		"Cisco CTL Provider", "Cisco Certificate Enrollment Service" };
	for (size_t i = 0; i < COUNT(network); i++)
		assert_true(service_find(network[i])->network);
	for (size_t i = 0; i < COUNT(feature); i++)
		assert_false(service_find(feature[i])->network);
	size_t count;
	const struct service *rows = service_rows(&count);
	for (size_t i = 0; i < count; i++)
		assert_true(!rows[i].network || rows[i].activated);
}

static void a_restart_is_automatic_in_its_eras_only(void **state)
{
	(void)state;
	const struct restart *tvs = restart_find("TVS", "Cisco Trust Verification Service");
	assert_true(restart_is_automatic(tvs, ERA_C));
	assert_false(restart_is_automatic(tvs, ERA_A));
	assert_false(restart_is_automatic(tvs, ERA_B));
	assert_false(restart_is_automatic(restart_find("tomcat", "Cisco Tomcat"), ERA_C));
	assert_null(restart_find("TVS", "Cisco Tomcat"));
	assert_null(restart_find("tvs", "Cisco Tftp"));
}

static void names_are_found_in_any_case_and_whole(void **state)
{
	(void)state;
	assert_ptr_equal(service_find("cisco tftp"), service_find("Cisco Tftp"));
	assert_null(service_find("Tftp"));
	assert_null(service_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_whole_and_named_once),
		cmocka_unit_test(the_leaf_of_a_service_is_an_identity_on_the_same_nodes),
		cmocka_unit_test(every_restart_names_a_unit_and_a_service_once),
		cmocka_unit_test(every_identity_restarts_what_shows_it),
		cmocka_unit_test(both_tomcat_certificates_restart_the_same),
		cmocka_unit_test(only_ours_restart_by_themselves),
		cmocka_unit_test(era_c_restarts_the_trust_verification_service),
		cmocka_unit_test(network_services_are_always_activated),
		cmocka_unit_test(a_restart_is_automatic_in_its_eras_only),
		cmocka_unit_test(names_are_found_in_any_case_and_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
