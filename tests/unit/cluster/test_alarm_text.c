#include "cluster/alarm_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define RECORD                                                                                     \
	"864: CUCM02.localdomain: Sep 05 2014 00:00:06.433 UTC : %UC_CERT-2-CertValidfor7days: "   \
	"%[Message=Certificate expiration Notification. Certificate name:CUCM01.der "              \
	"Unit:tomcat-trust Type:own-cert Expiration:Mon May 19 14:46:][AppID=Cisco Certificate "   \
	"Monitor][ClusterID=][NodeID=CUCM02]: Alarm to indicate that Certificate has Expired or "  \
	"Expires in less than seven days"
#define LINE "Sep 5 02:00:06 CUCM02 local7 2 : " RECORD

/* 5 September 2014, 00:00:06 UTC, and the end on 19 May 2014, 12:46:31 UTC. */
static struct alarm_event sample(void)
{
	return (struct alarm_event){
		.alarm = alarm_for(1400503591 - 1409875206, 30 * ALARM_DAY, ERA_A),
		.node = "CUCM02",
		.host = "CUCM02.localdomain",
		.address = "192.168.1.2",
		.file = "CUCM01.pem",
		.unit = "tomcat-trust",
		.not_after = 1400503591,
		.sequence = 864,
		.raised = 1409875206,
		.milliseconds = 433,
		.logged = 1409875206,
		.seen = 1409875216,
		.mailed = 1409875256,
		.zone = { 7200, "CEST" },
	};
}

static void the_line_is_the_appliance_s(void **state)
{
	(void)state;
	char out[ALARM_TEXT_SIZE];
	struct alarm_event event = sample();
	assert_true(alarm_record(&event, out, sizeof(out), NULL));
	assert_string_equal(out, RECORD);
	assert_true(alarm_line(&event, out, sizeof(out), NULL));
	assert_string_equal(out, LINE);
}

static void the_mail_is_the_appliance_s(void **state)
{
	(void)state;
	char out[2 * ALARM_TEXT_SIZE];
	struct alarm_event event = sample();
	assert_true(alarm_mail(&event, out, sizeof(out), NULL));
	assert_string_equal(out,
		"At Fri Sep 05 02:00:56 CEST 2014 on node 192.168.1.2, the following "
		"SyslogSeverityMatchFound events generated:\n"
		"SeverityMatch : Critical\n"
		"MatchedEvent : " LINE "\n"
		"AppID : Cisco Syslog Agent\n"
		"ClusterID :\n"
		"NodeID : CUCM02\n"
		"TimeStamp : Fri Sep 05 02:00:16 CEST 2014\n");
}

static void syslog_carries_the_record(void **state)
{
	(void)state;
	char out[ALARM_TEXT_SIZE];
	struct alarm_event event = sample();
	assert_true(alarm_syslog(&event, out, sizeof(out), NULL));
	assert_string_equal(out,
		"<186>1 2014-09-05T00:00:06.433Z CUCM02.localdomain CertificateMonitor - "
		"CertValidfor7days - " RECORD);
	event.alarm = alarm_find("CertExpired");
	assert_true(alarm_syslog(&event, out, sizeof(out), NULL));
	assert_int_equal(strncmp(out, "<184>1 ", 7), 0);
	assert_non_null(strstr(out, "%UC_CERT-0-CertExpired: "));
}

static void days_and_names_are_cut_as_there(void **state)
{
	(void)state;
	char out[ALARM_TEXT_SIZE];
	struct alarm_event event = sample();
	event.zone = (struct alarm_zone){ 0, "UTC" };
	event.file = "no-ending";
	event.not_after = -1;
	event.raised = 0;
	event.logged = 951827696; /* 29 February 2000 */
	assert_true(alarm_line(&event, out, sizeof(out), NULL));
	assert_int_equal(strncmp(out, "Feb 29 12:34:56 CUCM02 local7 2 : 864: ", 39), 0);
	assert_non_null(strstr(out, ": Jan 01 1970 00:00:00.433 UTC : "));
	assert_non_null(strstr(out, "name:no-ending.der "));
	assert_non_null(strstr(out, "Expiration:Wed Dec 31 23:59:]"));
	event.file = "";
	assert_true(alarm_line(&event, out, sizeof(out), NULL));
	assert_non_null(strstr(out, "name:.der "));
}

static void what_does_not_fit_is_refused(void **state)
{
	(void)state;
	char out[2 * ALARM_TEXT_SIZE], file[ALARM_TEXT_SIZE];
	struct error err = { 0 };
	struct alarm_event event = sample();
	assert_true(alarm_record(&event, out, sizeof(RECORD), &err));
	assert_false(alarm_record(&event, out, sizeof(RECORD) - 1, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_true(alarm_line(&event, out, sizeof(LINE), &err));
	assert_false(alarm_line(&event, out, sizeof(LINE) - 1, &err));
	assert_false(alarm_mail(&event, out, sizeof(LINE), &err));
	assert_false(alarm_syslog(&event, out, sizeof(RECORD), &err));
	memset(file, 'x', sizeof(file));
	file[sizeof(file) - 1] = '\0';
	event.file = file;
	assert_false(alarm_line(&event, out, sizeof(out), &err));
	assert_false(alarm_mail(&event, out, sizeof(out), &err));
	assert_false(alarm_syslog(&event, out, sizeof(out), &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_is_the_appliance_s),
		cmocka_unit_test(the_mail_is_the_appliance_s),
		cmocka_unit_test(syslog_carries_the_record),
		cmocka_unit_test(days_and_names_are_cut_as_there),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
