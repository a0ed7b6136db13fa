#include "cluster/parameter.h"

#include <string.h>

#include "base/text.h"

enum { TVS_TTL_MAX = 2592000, NOTIFY_DAYS_MAX = 3650 };

static bool is_tvs_ttl(const char *value)
{
	uint64_t seconds;
	return text_number(value, 1, TVS_TTL_MAX, &seconds);
}

static bool is_days(const char *value)
{
	uint64_t days;
	return text_number(value, 1, NOTIFY_DAYS_MAX, &days);
}

/* clang-format off */
static const struct parameter rows[] = {
	{ PARAMETER_ERA, "C", "A|B|C", NULL, false,
	  "which releases the cluster behaves like: A 8.0 to 11.5, B 12.0 to 12.5, C 14 and 15" },
	{ PARAMETER_ITL_SIGNER, "ITLRecovery", "ITLRecovery|CallManager", NULL, true,
	  "whose key signs the ITL of every TFTP node" },
	{ PARAMETER_FILE_HASH, "SHA-1", "SHA-1|SHA-512", NULL, true,
	  "digest under the signatures of trust lists and files; old phones know only SHA-1" },
	{ PARAMETER_SECURITY_MODE, "0", "0", NULL, true,
	  "0 non-secure; mixed mode is not served yet" },
	{ PARAMETER_TVS_TTL, "86400", "1 to 2592000 seconds", is_tvs_ttl, false,
	  "how long a phone may remember an answer of TVS, in seconds" },
	{ PARAMETER_RESET, "automatic reset", "automatic reset|manual reset", NULL, false,
	  "what phones do after CallManager, CAPF or TVS was regenerated" },
	{ PARAMETER_NOTIFY_START, "30", "1 to 3650 days", is_days, false,
	  "how many days before a certificate ends its alarms begin" },
	{ PARAMETER_NOTIFY_FREQUENCY, "7", "1 to 3650 days", is_days, false,
	  "after how many days an alarm is said again, until seven days are left" },
};
/* clang-format on */

const struct parameter *parameter_find(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (text_same_nocase(rows[i].name, name))
			return &rows[i];
	return NULL;
}

const struct parameter *parameter_rows(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

static bool is_one_of(const char *values, const char *value)
{
	size_t size = strlen(value);
	for (const char *at = values; at != NULL; at = strchr(at, '|')) {
		at += *at == '|';
		if (strcspn(at, "|") == size && strncmp(at, value, size) == 0)
			return true;
	}
	return false;
}

bool parameter_check(const struct parameter *row, const char *value, struct error *err)
{
	bool good = row->check != NULL ? row->check(value) : is_one_of(row->values, value);
	if (!good)
		return fail(err, FAULT_USAGE, "the parameter %s cannot be \"%.40s\"; allowed: %s",
			row->name, value, row->values);
	return true;
}
