#include "cluster/impact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "base/text.h"

static void every_unit_has_one_row_and_phones_have_two_certificates(void **state)
{
	(void)state;
	size_t units, count;
	const struct unit *unit = unit_rows(&units);
	const struct impact *rows = impact_rows(&count);
	assert_int_equal(count, units + 2);
	for (size_t i = 0; i < units; i++)
		assert_string_equal(impact_find(unit[i].name)->name, unit[i].name);
	for (size_t i = 0; i < count; i++)
		for (size_t other = i + 1; other < count; other++)
			assert_false(text_same_nocase(rows[i].name, rows[other].name));
	assert_string_equal(impact_find("lsc")->name, "LSC");
	assert_string_equal(impact_find("mic")->name, "MIC");
}

static void every_row_says_what_breaks_and_what_phones_notice(void **state)
{
	(void)state;
	size_t count;
	const struct impact *rows = impact_rows(&count);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(impact_breaks(&rows[i]));
		assert_true((rows[i].phones == PHONES_NONE) == (rows[i].touched == NULL));
		assert_true(rows[i].phones != PHONES_NONE || !rows[i].reset);
		const struct unit *unit = unit_find(rows[i].name);
		/* what the unit says wins: it is said once */
		assert_true(unit == NULL || unit->expired == NULL || rows[i].breaks == NULL);
		if (unit != NULL && unit->lists != LISTS_NONE)
			assert_int_equal(rows[i].phones, PHONES_ALL);
		/* deleting from a trust store resets nothing, CSCut58407 */
		if (unit != NULL && unit->trust)
			assert_false(rows[i].reset);
	}
}

static void what_is_no_unit_is_not_found(void **state)
{
	(void)state;
	static const char *const names[] = { "", "CallManage", "CallManager ", "lsc-trust", "dsc" };
	for (size_t i = 0; i < COUNT(names); i++)
		assert_null(impact_find(names[i]));
}

static struct impact_service at(const char *service, const char *node, enum node_role role, bool on)
{
	struct impact_service one = { .service = service_find(service), .role = role };
	assert_non_null(one.service);
	one.activated = on;
	(void)snprintf(one.node, sizeof(one.node), "%s", node);
	return one;
}

static void assert_at(const struct impact_service *one, const char *service, const char *node,
	enum impact_restart restart)
{
	assert_string_equal(one->service->name, service);
	assert_string_equal(one->node, node);
	assert_int_equal(one->restart, restart);
}

#define TVS "Cisco Trust Verification Service"
#define CAPF "Cisco Certificate Authority Proxy Function"

static void services_come_in_turn_the_publisher_first(void **state)
{
	(void)state;
	struct impact_service services[] = {
		at("Cisco Tftp", "aaa", NODE_SUBSCRIBER, true),
		at(TVS, "bbb", NODE_SUBSCRIBER, true),
		at(TVS, "aaa", NODE_SUBSCRIBER, true),
		at("Cisco HAProxy", "pub", NODE_PUBLISHER, true),
		at("Cisco Tomcat", "pub", NODE_PUBLISHER, true),
		at(TVS, "pub", NODE_PUBLISHER, true),
		at(CAPF, "pub", NODE_PUBLISHER, false),
	};
	size_t count = impact_order(unit_find("CAPF"), "pub", ERA_C, services, COUNT(services));
	assert_int_equal(count, 6);
	assert_at(&services[0], CAPF, "pub", RESTARTS_NOT);
	assert_at(&services[1], TVS, "pub", RESTARTS_BY_ITSELF);
	assert_at(&services[2], TVS, "aaa", RESTARTS_BY_ITSELF);
	assert_at(&services[3], TVS, "bbb", RESTARTS_BY_ITSELF);
	assert_at(&services[4], "Cisco Tftp", "aaa", RESTARTS_BY_ITSELF);
	assert_at(&services[5], "Cisco HAProxy", "pub", RESTARTS_BY_HAND);
}

static void before_era_c_nothing_restarts_by_itself(void **state)
{
	(void)state;
	for (enum era era = ERA_A; era < ERA_C; era++) {
		struct impact_service one = at(TVS, "pub", NODE_PUBLISHER, true);
		assert_int_equal(impact_order(unit_find("TVS"), NULL, era, &one, 1), 1);
		assert_int_equal(one.restart, RESTARTS_BY_HAND);
	}
}

static void what_stays_on_its_node_is_asked_there_alone(void **state)
{
	(void)state;
	struct impact_service services[] = {
		at("Cisco Tomcat", "sub", NODE_SUBSCRIBER, true),
		at("Cisco Tomcat", "pub", NODE_PUBLISHER, true),
	};
	struct impact_service both[] = { services[0], services[1] };
	assert_int_equal(impact_order(unit_find("tomcat"), "sub", ERA_C, services, 2), 1);
	assert_string_equal(services[0].node, "sub");
	assert_int_equal(impact_order(unit_find("tomcat"), NULL, ERA_C, both, 2), 2);
	assert_string_equal(both[0].node, "pub");
}

static void a_service_that_does_not_read_it_goes_on(void **state)
{
	(void)state;
	struct impact_service one = at("Cisco CTL Provider", "pub", NODE_PUBLISHER, true);
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(impact_order(&units[i], NULL, ERA_C, &one, 1), 0);
	assert_int_equal(impact_order(unit_find("TVS"), NULL, ERA_C, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_unit_has_one_row_and_phones_have_two_certificates),
		cmocka_unit_test(every_row_says_what_breaks_and_what_phones_notice),
		cmocka_unit_test(what_is_no_unit_is_not_found),
		cmocka_unit_test(services_come_in_turn_the_publisher_first),
		cmocka_unit_test(before_era_c_nothing_restarts_by_itself),
		cmocka_unit_test(what_stays_on_its_node_is_asked_there_alone),
		cmocka_unit_test(a_service_that_does_not_read_it_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
