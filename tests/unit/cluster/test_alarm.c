#include "cluster/alarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/own.h"

#define DAYS(n) ((int64_t)(n)*ALARM_DAY)

static void rows_go_down_from_the_most_severe(void **state)
{
	(void)state;
	size_t count, raised = 0;
	const struct alarm *rows = alarm_rows(&count);
	for (size_t i = 0; i < count && rows[i].eras != 0; i++) {
		raised++;
		assert_ptr_equal(alarm_find(rows[i].name), &rows[i]);
		assert_true(i == 0 || rows[i].severity > rows[i - 1].severity);
		assert_true(i == 0 || rows[i].below > rows[i - 1].below);
	}
	for (size_t i = raised; i < count; i++)
		assert_int_equal(rows[i].eras, 0);
	assert_true((rows[raised - 1].eras & IN_ALL) == IN_ALL);
	assert_null(alarm_find("CertValidFor7Days"));
	assert_null(alarm_find("CertValidLessThanADay"));
	assert_null(alarm_find(""));
}

/* The catalogue: severity, name and text of each, stops and blanks as they are there. */
static void the_catalogue_is_the_appliance_s(void **state)
{
	(void)state;
	static const struct {
		unsigned severity;
		const char *name, *text;
	} catalogue[] = {
		{ 0, "CertExpired",
			"Certificate has Expired and needs to be changed at the earliest." },
		{ 1, "CertValidLessthanADay",
			"Certificate is about to Expire in less than 24 hours or has Expired ." },
		{ 2, "CertValidfor7days",
			"Alarm to indicate that Certificate has Expired or Expires in less than "
			"seven days." },
		{ 4, "CertValidLessThanMonth",
			"Alarm that indicates Certificate Expire in 30 days or lesser ." },
		{ 5, "CertValidityOver30Days",
			"Alarm to Indicate certificate to Expiry is approaching but expiry date is "
			"more than 30 days  ." },
		{ 6, "CertExpiryApproaching",
			"Information Alarm that Indicates a Certificate Validity Period is "
			"approaching and the expiry date is within the notification window "
			"configured ." },
		{ 3, "CertExpired",
			"This indicates certificate has expired. Please renew the certificate at "
			"the earliest." },
	};
	size_t count;
	const struct alarm *rows = alarm_rows(&count);
	assert_int_equal(count, COUNT(catalogue));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(rows[i].severity, catalogue[i].severity);
		assert_string_equal(rows[i].name, catalogue[i].name);
		assert_string_equal(rows[i].text, catalogue[i].text);
	}
	assert_int_equal(alarm_find("CertExpired")->severity, 0);
}

/* Whatever is left, whatever the era: an alarm that it raises, and none of the last two. */
static void what_no_era_raises_is_never_raised(void **state)
{
	(void)state;
	static const enum era eras[] = { ERA_A, ERA_B, ERA_C };
	for (size_t e = 0; e < COUNT(eras); e++)
		for (int64_t left = -DAYS(2); left <= DAYS(62); left += ALARM_HOUR / 2) {
			const struct alarm *alarm = alarm_for(left, DAYS(60), eras[e]);
			assert_true((alarm == NULL) == (left > DAYS(60)));
			assert_true(alarm == NULL || (alarm->eras & 1U << eras[e]) != 0);
		}
}

static const char *name_for(int64_t left, int64_t window, enum era era)
{
	const struct alarm *alarm = alarm_for(left, window, era);
	return alarm == NULL ? "" : alarm->name;
}

static void each_edge_lies_where_the_catalogue_has_it(void **state)
{
	(void)state;
	static const struct edge {
		int64_t left;
		const char *name;
	} edges[] = {
		{ -DAYS(120), "CertExpired" },
		{ -1, "CertExpired" },
		{ 0, "CertValidLessthanADay" },
		{ DAYS(1) - 1, "CertValidLessthanADay" },
		{ DAYS(1), "CertValidfor7days" },
		{ DAYS(1) + 1, "CertValidfor7days" },
		{ DAYS(7) - 1, "CertValidfor7days" },
		{ DAYS(7), "CertValidLessThanMonth" },
		{ DAYS(7) + 1, "CertValidLessThanMonth" },
		{ DAYS(30) - 1, "CertValidLessThanMonth" },
		{ DAYS(30), "CertValidLessThanMonth" },
		{ DAYS(30) + 1, "CertValidityOver30Days" },
		{ DAYS(60), "CertValidityOver30Days" },
		{ DAYS(60) + 1, "" },
		{ INT64_MAX, "" },
		{ INT64_MIN, "CertExpired" },
	};
	for (size_t i = 0; i < COUNT(edges); i++)
		assert_string_equal(name_for(edges[i].left, DAYS(60), ERA_C), edges[i].name);
}

static void a_short_window_silences_and_never_the_expired(void **state)
{
	(void)state;
	assert_string_equal(name_for(DAYS(30), DAYS(30), ERA_C), "CertValidLessThanMonth");
	assert_string_equal(name_for(DAYS(30) + 1, DAYS(30), ERA_C), "");
	assert_string_equal(name_for(DAYS(5), DAYS(1), ERA_C), "");
	assert_string_equal(name_for(-1, 0, ERA_C), "CertExpired");
}

static void the_oldest_era_stops_at_seven_days(void **state)
{
	(void)state;
	assert_string_equal(name_for(-DAYS(109), DAYS(30), ERA_A), "CertValidfor7days");
	assert_string_equal(name_for(0, DAYS(30), ERA_A), "CertValidfor7days");
	assert_string_equal(name_for(DAYS(7), DAYS(30), ERA_A), "CertValidLessThanMonth");
	assert_string_equal(name_for(-1, DAYS(30), ERA_B), "CertExpired");
}

static void it_is_said_again_more_often_towards_the_end(void **state)
{
	(void)state;
	assert_int_equal(alarm_repeat(DAYS(30), DAYS(7)), DAYS(7));
	assert_int_equal(alarm_repeat(DAYS(7), DAYS(7)), DAYS(7));
	assert_int_equal(alarm_repeat(DAYS(7) - 1, DAYS(7)), DAYS(1));
	assert_int_equal(alarm_repeat(DAYS(1) + 1, DAYS(7)), DAYS(1));
	assert_int_equal(alarm_repeat(DAYS(1), DAYS(7)), ALARM_HOUR);
	assert_int_equal(alarm_repeat(-DAYS(90), DAYS(7)), ALARM_HOUR);
	assert_int_equal(alarm_next_pass(DAYS(7)), DAYS(1));
	assert_int_equal(alarm_next_pass(DAYS(1) + 1), DAYS(1));
	assert_int_equal(alarm_next_pass(DAYS(1)), ALARM_HOUR);
	assert_int_equal(alarm_next_pass(-1), ALARM_HOUR);
}

static void renewal_is_due_a_window_before_the_end(void **state)
{
	(void)state;
	assert_int_equal(alarm_renew_from(0, DAYS(1825), DAYS(30)), DAYS(1795));
	assert_int_equal(alarm_renew_from(0, DAYS(90), DAYS(30)), DAYS(60));
	assert_int_equal(alarm_renew_from(0, DAYS(3), DAYS(30)), DAYS(2));
	assert_int_equal(alarm_renew_from(10, 10, DAYS(30)), 10);
	assert_int_equal(alarm_renew_from(11, 10, DAYS(30)), 10);
}

static void severities_have_names(void **state)
{
	(void)state;
	assert_string_equal(alarm_severity_name(0), "Emergency");
	assert_string_equal(alarm_severity_name(2), "Critical");
	assert_string_equal(alarm_severity_name(7), "Debug");
	assert_string_equal(alarm_severity_name(8), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_go_down_from_the_most_severe),
		cmocka_unit_test(the_catalogue_is_the_appliance_s),
		cmocka_unit_test(what_no_era_raises_is_never_raised),
		cmocka_unit_test(each_edge_lies_where_the_catalogue_has_it),
		cmocka_unit_test(a_short_window_silences_and_never_the_expired),
		cmocka_unit_test(the_oldest_era_stops_at_seven_days),
		cmocka_unit_test(it_is_said_again_more_often_towards_the_end),
		cmocka_unit_test(renewal_is_due_a_window_before_the_end),
		cmocka_unit_test(severities_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
