#include "cluster/alarm.h"

#include <string.h>

#include "base/own.h"

enum { LIFE_PARTS = 3, WEEK_DAYS = 7, MONTH_DAYS = 30 };

/* clang-format off */
static const struct alarm rows[] = {
	{ "CertExpired", 0, 0, IN_B | IN_C,
	  "Certificate has Expired and needs to be changed at the earliest." },
	{ "CertValidLessthanADay", 1, ALARM_DAY, IN_B | IN_C,
	  "Certificate is about to Expire in less than 24 hours or has Expired ." },
	/* in 9.1 the ladder ended here, also for what had expired months ago */
	{ "CertValidfor7days", 2, WEEK_DAYS * ALARM_DAY, IN_ALL,
	  "Alarm to indicate that Certificate has Expired or Expires in less than seven days." },
	{ "CertValidLessThanMonth", 4, MONTH_DAYS * ALARM_DAY + 1, IN_ALL,
	  "Alarm that indicates Certificate Expire in 30 days or lesser ." },
	{ "CertValidityOver30Days", 5, INT64_MAX, IN_ALL,
	  "Alarm to Indicate certificate to Expiry is approaching but expiry date is more than 30 days  ." },
	/* No era raises these: wherever the catalogue would have them, a row above has a worse word. */
	{ "CertExpiryApproaching", 6, INT64_MAX, 0,
	  "Information Alarm that Indicates a Certificate Validity Period is approaching and the expiry date is within the "
	  "notification window configured ." },
	{ "CertExpired", 3, 0, 0,
	  "This indicates certificate has expired. Please renew the certificate at the earliest." },
};
/* clang-format on */

static const char *const severities[] = { "Emergency", "Alert", "Critical", "Error", "Warning",
	"Notice", "Informational", "Debug" };

const struct alarm *alarm_rows(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

const struct alarm *alarm_find(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const char *alarm_severity_name(unsigned severity)
{
	return severity < COUNT(severities) ? severities[severity] : "";
}

const struct alarm *alarm_for(int64_t left, int64_t window, enum era era)
{
	for (size_t i = 0; left <= window && i < COUNT(rows); i++)
		if (left < rows[i].below && (rows[i].eras & 1U << era) != 0)
			return &rows[i];
	return NULL;
}

int64_t alarm_repeat(int64_t left, int64_t frequency)
{
	if (left <= ALARM_DAY)
		return ALARM_HOUR;
	return left < WEEK_DAYS * ALARM_DAY ? ALARM_DAY : frequency;
}

int64_t alarm_next_pass(int64_t left)
{
	return left <= ALARM_DAY ? ALARM_HOUR : ALARM_DAY;
}

int64_t alarm_renew_from(int64_t not_before, int64_t not_after, int64_t window)
{
	int64_t life = not_after > not_before ? not_after - not_before : 0;
	int64_t margin = life / LIFE_PARTS < window ? life / LIFE_PARTS : window;
	return not_after - margin;
}
