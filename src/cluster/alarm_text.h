#pragma once
/*
 * An alarm as the appliance words it: the record that goes to syslog, the line of its own log, and
 * the e-mail, byte for byte. The end of the certificate is cut after the colon before its seconds,
 * as it is there. docs/expiry.md
 */
#include "cluster/alarm.h"
#include "cluster/node.h"

enum { ALARM_TEXT_SIZE = 2048 };

struct alarm_zone {  /* of the node's own clock face */
	int seconds; /* east of UTC */
	const char *name;
};

struct alarm_event {
	const struct alarm *alarm;
	const char *node;    /* "CUCM02" */
	const char *host;    /* "CUCM02.localdomain" */
	const char *address; /* "192.168.1.2" */
	const char *file;    /* name in the store, "CUCM01.pem" */
	const char *unit;    /* "tomcat-trust" */
	int64_t not_after;
	uint64_t sequence; /* counts a node's alarms */
	int64_t raised;    /* when the monitor found it */
	unsigned milliseconds;
	int64_t logged; /* when the log had it */
	int64_t seen;   /* when whoever watches the log saw it */
	int64_t mailed; /* when the e-mail was written */
	struct alarm_zone zone;
};

/* "864: CUCM02.localdomain: Sep 05 2014 00:00:06.433 UTC : %UC_CERT-2-…: %[Message=…]…: …" */
bool alarm_record(const struct alarm_event *event, char *out, size_t size, struct error *err)
	MUST_CHECK;
/* "Sep 5 02:00:06 CUCM02 local7 2 : 864: …" */
bool alarm_line(const struct alarm_event *event, char *out, size_t size, struct error *err)
	MUST_CHECK;
/* The e-mail about one: its head, and what it says of the alarm. Several lines, each with its line
 * feed. */
bool alarm_mail(const struct alarm_event *event, char *out, size_t size, struct error *err)
	MUST_CHECK;
/* "At Fri Sep 05 … on node …, the following … events generated:" */
bool alarm_mail_head(const struct alarm_event *event, char *out, size_t size, struct error *err)
	MUST_CHECK;
/* "SeverityMatch : …" to "TimeStamp : …": of each alarm, where a mail tells of several. */
bool alarm_mail_part(const struct alarm_event *event, char *out, size_t size, struct error *err)
	MUST_CHECK;
/* The record in an RFC 5424 message: "<186>1 2014-09-05T00:00:06.433Z CUCM02 …". */
bool alarm_syslog(const struct alarm_event *event, char *out, size_t size, struct error *err)
	MUST_CHECK;
