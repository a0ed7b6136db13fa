#pragma once
/*
 * The alarms that the appliance raises about certificates that end: name, severity and text are its
 * interface, spelled as it spells them. One table says which of them a number of seconds left
 * means, and its neighbours how often it is said again. docs/expiry.md
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/era.h"

enum { ALARM_HOUR = 3600, ALARM_DAY = 86400 };

struct alarm {
	const char *name;  /* "CertValidfor7days" */
	unsigned severity; /* syslog's: 0 Emergency to 6 Informational */
	int64_t below;     /* raised when fewer seconds than this are left */
	unsigned eras;     /* IN_A | …: who escalates so far; 0: nobody */
	const char *text;  /* the catalogue's */
};

/* The ladder, the most severe first; behind it what the catalogue has and no era raises. */
const struct alarm *alarm_rows(size_t *count);
/* Exactly so spelled; or NULL. Of two of one name the one that is raised. */
const struct alarm *alarm_find(const char *name);
const char *alarm_severity_name(unsigned severity); /* "Critical" */

/* `left` seconds until a certificate ends, negative once it has ended; it is valid in its last
 * second. NULL: it ends later than `window` seconds from now, nobody is told. */
const struct alarm *alarm_for(int64_t left, int64_t window, enum era era);

/* Seconds until syslog hears of it again: an hour from the last day on, a day under seven days,
 * else `frequency`. */
int64_t alarm_repeat(int64_t left, int64_t frequency);
/* Seconds until the monitor looks again, when the certificate that ends first has `left`. */
int64_t alarm_next_pass(int64_t left);
/* When a certificate should be made anew: `window` before its end, but not before two thirds of a
 * life that is shorter than three windows. */
int64_t alarm_renew_from(int64_t not_before, int64_t not_after, int64_t window);
