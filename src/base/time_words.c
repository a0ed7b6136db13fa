#include "base/time_words.h"

#include <string.h>
#include <time.h>

enum { DATE_SIZE = 10, WHOLE_SIZE = 19, YEAR_FIRST = 1900 };

/* `size` decimal digits and nothing else. */
static bool digits(const char *at, size_t size, int min, int max, int *out)
{
	int number = 0;
	for (size_t i = 0; i < size; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		number = 10 * number + (at[i] - '0');
	}
	*out = number;
	return number >= min && number <= max;
}

static bool read_date(const char *text, struct tm *out)
{
	if (!digits(text, 4, 1950, 9999, &out->tm_year) || text[4] != '-' ||
		!digits(text + 5, 2, 1, 12, &out->tm_mon) || text[7] != '-' ||
		!digits(text + 8, 2, 1, 31, &out->tm_mday))
		return false;
	out->tm_year -= YEAR_FIRST;
	out->tm_mon -= 1;
	return true;
}

static bool read_hour(const char *text, struct tm *out)
{
	return (text[0] == ' ' || text[0] == 'T') && digits(text + 1, 2, 0, 23, &out->tm_hour) &&
		text[3] == ':' && digits(text + 4, 2, 0, 59, &out->tm_min) && text[6] == ':' &&
		digits(text + 7, 2, 0, 59, &out->tm_sec);
}

bool time_words_read(const char *text, int64_t *out, struct error *err)
{
	struct tm parts = { 0 };
	size_t size = strlen(text);
	if (size == WHOLE_SIZE + 1 && text[WHOLE_SIZE] == 'Z')
		size--;
	bool fine = (size == DATE_SIZE || size == WHOLE_SIZE) && read_date(text, &parts) &&
		(size == DATE_SIZE || read_hour(text + DATE_SIZE, &parts));
	int day = parts.tm_mday;
	int64_t seconds = fine ? (int64_t)timegm(&parts) : 0;
	if (!fine || parts.tm_mday != day) /* 30 February became another day */
		return fail(err, FAULT_USAGE,
			"\"%.40s\" is no time: 2026-11-23, or \"2026-11-23 16:04:00Z\"", text);
	*out = seconds;
	return true;
}
