#include "manager/outlets_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* last: it takes the word `fail` for itself */

#define ALARM(name, number)                                                                        \
	"{\"alarm\":\"" name                                                                       \
	"\",\"severity\":2,\"unit\":\"tomcat-trust\",\"name\":\"CUCM01.pem\","                     \
	"\"not_after\":\"2014-05-19 12:46:31Z\",\"number\":" number "}"
#define STEPS(alarms) "{\"raised\":\"2014-09-05 00:00:06Z\",\"alarms\":[" alarms "]}"

static const struct node self = { .name = "CUCM02",
	.host = "CUCM02.localdomain",
	.address = "192.168.1.2" };

static bool write(const char *text, struct courier_letter *out, struct writer *w)
{
	struct error err = { 0 };
	json_t *steps = json_loads(text, 0, NULL);
	assert_non_null(steps);
	bool fine = letter_write(&self, steps, w, &err) &&
		courier_letter_parse(writer_written(w), out, &err);
	assert_true(fine || err.text[0] != '\0');
	json_decref(steps);
	return fine;
}

#define RECORD(severity, name, number, meaning)                                                    \
	"MatchedEvent : Sep 5 00:00:06 CUCM02 local7 " severity " : " number                       \
	": CUCM02.localdomain: "                                                                   \
	"Sep 05 2014 00:00:06.000 UTC : %UC_CERT-" severity "-" name ": %[Message=Certificate "    \
	"expiration Notification. Certificate name:CUCM01.der Unit:tomcat-trust Type:own-cert "    \
	"Expiration:Mon May 19 12:46:][AppID=Cisco Certificate "                                   \
	"Monitor][ClusterID=][NodeID=CUCM02]: " meaning                                            \
	"\nAppID : Cisco Syslog Agent\nClusterID :\nNodeID : CUCM02\n"                             \
	"TimeStamp : Fri Sep 05 00:00:06 UTC 2014\n"

static void several_alarms_are_one_letter(void **state)
{
	(void)state;
	static const char wanted[] =
		"At Fri Sep 05 00:00:06 UTC 2014 on node 192.168.1.2, the following "
		"SyslogSeverityMatchFound events generated:\n"
		"SeverityMatch : Critical\n" RECORD("2", "CertValidfor7days", "864",
			"Alarm to indicate that Certificate has Expired or Expires in less than "
			"seven days") "\nSeverityMatch : Emergency\n" RECORD("0", "CertExpired",
			"865", "Certificate has Expired and needs to be changed at the earliest");
	struct courier_letter letter;
	AUTO_DONE(writer) w = writer_new(1 << 20);
	assert_true(write(STEPS(ALARM("CertValidfor7days", "864") "," ALARM("CertExpired", "865")),
		&letter, &w));
	assert_string_equal(
		letter.subject, "Emergency: CertExpired on node CUCM02, 2 certificates");
	assert_int_equal(letter.written, 1409875206);
	assert_int_equal(letter.body.left, strlen(wanted));
	assert_memory_equal(letter.body.at, wanted, strlen(wanted));
}

static void what_is_no_alarm_is_no_letter(void **state)
{
	(void)state;
	static const char *const wrong[] = { "{}", STEPS(""), STEPS("{}"), STEPS("7"),
		STEPS(ALARM("CertValidFor7Days", "1")),
		"{\"raised\":\"soon\",\"alarms\":[" ALARM("CertExpired", "1") "]}",
		"{\"alarms\":[" ALARM("CertExpired", "1") "]}",
		STEPS("{\"alarm\":\"CertExpired\",\"not_after\":\"2014-13-19 12:46:31Z\"}"),
		STEPS(ALARM("CertExpired", "1") ",{}") };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct courier_letter letter;
		AUTO_DONE(writer) w = writer_new(1 << 20);
		assert_false(write(wrong[i], &letter, &w));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_alarms_are_one_letter),
		cmocka_unit_test(what_is_no_alarm_is_no_letter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
