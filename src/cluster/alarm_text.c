#include "cluster/alarm_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
	FACILITY_LOCAL7 = 23,
	FACILITY_STEP = 8,
	EPOCH_WEEKDAY = 4, /* 1 January 1970 was a Thursday */
	WEEK = 7,
	MONTHS = 12,
	NAME_SIZE = 4,
	FACE_SIZE = 48,
	DATE_SIZE = 16, /* "-09-05 00:00:06Z" */
};

static const char weekdays[WEEK][NAME_SIZE] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[MONTHS][NAME_SIZE] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
	"Aug", "Sep", "Oct", "Nov", "Dec" };

/* The face of a clock in a zone. */
struct face {
	char weekday[NAME_SIZE], month[NAME_SIZE];
	char year[16], day[3], hour[9]; /* "2014", "05", "02:00:06" */
};

static void read_face(int64_t at, int zone, struct face *out)
{
	char text[TIME_TEXT_SIZE]; /* "2014-09-05 00:00:06Z" */
	int64_t local = at + zone;
	int64_t days = local / ALARM_DAY - (local % ALARM_DAY < 0);
	int weekday = (int)(((days + EPOCH_WEEKDAY) % WEEK + WEEK) % WEEK);
	unsigned month = 0;
	*out = (struct face){ .year = "0000", .day = "00", .hour = "00:00:00" };
	const char *date = strchr(text_time(local, text), '-');
	if (date != NULL && strlen(date) == DATE_SIZE) {
		month = (unsigned)(10 * (date[1] - '0') + date[2] - '1');
		(void)snprintf(out->year, sizeof(out->year), "%.*s", (int)(date - text), text);
		(void)snprintf(out->day, sizeof(out->day), "%.2s", date + 4);
		(void)snprintf(out->hour, sizeof(out->hour), "%.8s", date + 7);
	}
	(void)snprintf(out->weekday, NAME_SIZE, "%.3s", weekdays[weekday]);
	(void)snprintf(out->month, NAME_SIZE, "%.3s", months[month % MONTHS]);
}

/* "Fri Sep 05 02:00:56 CEST 2014" */
static void write_date(int64_t at, struct alarm_zone zone, char out[static FACE_SIZE])
{
	struct face f;
	read_face(at, zone.seconds, &f);
	(void)snprintf(out, FACE_SIZE, "%s %s %s %s %.8s %s", f.weekday, f.month, f.day, f.hour,
		zone.name, f.year);
}

/* Without the ending, whatever it is: the appliance calls its files .der there. */
static int stem(const char *file)
{
	const char *dot = strrchr(file, '.');
	return (int)(dot == NULL ? strlen(file) : (size_t)(dot - file));
}

/* The sentence as it stands in the log: without the catalogue's blanks and stop at its end. */
static int sentence(const char *text)
{
	size_t size = strlen(text);
	while (size > 0 && (text[size - 1] == '.' || text[size - 1] == ' '))
		size--;
	return (int)size;
}

static bool all_of_it(int used, size_t size, struct error *err)
{
	return (used >= 0 && (size_t)used < size) ||
		fail(err, FAULT_LIMIT, "the text of an alarm is longer than %zu bytes", size - 1);
}

bool alarm_record(const struct alarm_event *event, char *out, size_t size, struct error *err)
{
	struct face at, end;
	read_face(event->raised, 0, &at);
	read_face(event->not_after, event->zone.seconds, &end);
	int used = snprintf(out, size,
		"%" PRIu64 ": %s: %s %s %s %s.%03u UTC : %%UC_CERT-%u-%s: %%[Message=Certificate "
		"expiration Notification. Certificate name:%.*s.der Unit:%s Type:own-cert "
		"Expiration:%s %s %s %.6s][AppID=Cisco Certificate Monitor][ClusterID=][NodeID=%s]"
		": %.*s",
		event->sequence, event->host, at.month, at.day, at.year, at.hour,
		event->milliseconds, event->alarm->severity, event->alarm->name, stem(event->file),
		event->file, event->unit, end.weekday, end.month, end.day, end.hour, event->node,
		sentence(event->alarm->text), event->alarm->text);
	return all_of_it(used, size, err);
}

bool alarm_line(const struct alarm_event *event, char *out, size_t size, struct error *err)
{
	struct face at;
	char record[ALARM_TEXT_SIZE];
	if (!alarm_record(event, record, sizeof(record), err))
		return false;
	read_face(event->logged, event->zone.seconds, &at);
	int used = snprintf(out, size, "%s %s %s %s local7 %u : %s", at.month,
		at.day + (at.day[0] == '0'), at.hour, event->node, event->alarm->severity, record);
	return all_of_it(used, size, err);
}

bool alarm_mail_head(const struct alarm_event *event, char *out, size_t size, struct error *err)
{
	char mailed[FACE_SIZE];
	write_date(event->mailed, event->zone, mailed);
	int used = snprintf(out, size,
		"At %s on node %s, the following SyslogSeverityMatchFound events generated:\n",
		mailed, event->address);
	return all_of_it(used, size, err);
}

bool alarm_mail_part(const struct alarm_event *event, char *out, size_t size, struct error *err)
{
	char line[ALARM_TEXT_SIZE], seen[FACE_SIZE];
	if (!alarm_line(event, line, sizeof(line), err))
		return false;
	write_date(event->seen, event->zone, seen);
	int used = snprintf(out, size,
		"SeverityMatch : %s\nMatchedEvent : %s\nAppID : Cisco Syslog Agent\nClusterID :\n"
		"NodeID : %s\nTimeStamp : %s\n",
		alarm_severity_name(event->alarm->severity), line, event->node, seen);
	return all_of_it(used, size, err);
}

bool alarm_mail(const struct alarm_event *event, char *out, size_t size, struct error *err)
{
	char head[ALARM_TEXT_SIZE], part[ALARM_TEXT_SIZE];
	if (!alarm_mail_head(event, head, sizeof(head), err) ||
		!alarm_mail_part(event, part, sizeof(part), err))
		return false;
	return all_of_it(snprintf(out, size, "%s%s", head, part), size, err);
}

bool alarm_syslog(const struct alarm_event *event, char *out, size_t size, struct error *err)
{
	char record[ALARM_TEXT_SIZE], at[TIME_TEXT_SIZE];
	if (!alarm_record(event, record, sizeof(record), err))
		return false;
	(void)text_time(event->raised, at);
	int used = snprintf(out, size, "<%u>1 %.10sT%.8s.%03uZ %s CertificateMonitor - %s - %s",
		FACILITY_LOCAL7 * FACILITY_STEP + event->alarm->severity, at, at + 11,
		event->milliseconds, event->host, event->alarm->name, record);
	return all_of_it(used, size, err);
}
