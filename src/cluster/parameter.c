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
	{ .name = PARAMETER_ERA, .fallback = "C", .values = "A|B|C",
	  .means = "which releases the cluster behaves like: A 8.0 to 11.5, B 12.0 to 12.5, C 14 and 15",
	  .consequence = "Which services restart by themselves after a regeneration changes, and for how "
			 "long a new ITLRecovery is valid; nothing restarts and no phone is reset now." },
	{ .name = PARAMETER_ITL_SIGNER, .fallback = "ITLRecovery", .values = "ITLRecovery|CallManager",
	  .lists = true,
	  .means = "whose key signs the ITL of every TFTP node",
	  .consequence = "Every ITL is signed anew; phones know both signers from the list that they hold. "
			 "Wait until they have taken it before either is regenerated." },
	{ .name = PARAMETER_FILE_HASH, .fallback = "SHA-1", .values = "SHA-1|SHA-512", .lists = true,
	  .means = "digest under the signatures of trust lists and files; old phones know only SHA-1",
	  .consequence = "Every ITL and every signed file is signed anew with that digest: phones that "
			 "cannot verify it stop following lists and configurations. Cisco CallManager and "
			 "Cisco Tftp must restart." },
	{ .name = PARAMETER_SECURITY_MODE, .fallback = "0", .values = "0|1", .lists = true, .read_only = true,
	  .means = "0 non-secure, 1 mixed",
	  .consequence = "It follows the CTL and is changed with it, by `utils ctl set-cluster`, which this "
			 "version does not have: mixed mode is not served yet." },
	{ .name = PARAMETER_ROLLBACK, .fallback = "False", .values = "True|False",
	  .lists = true, .resets = true, .non_secure_only = true,
	  .means = "blanks the TVS and TFTP records of every ITL, so that phones take any list and any file",
	  .consequence = "Every ITL is made anew and every phone is reset; wait until all of them have "
			 "registered again, about ten minutes. While it is True phones take unsigned "
			 "configurations and any new list, and HTTPS services on them fail: extension "
			 "mobility, corporate and personal directory. It prevents and does not cure: a phone "
			 "that rejects its list, or is switched off meanwhile, keeps the one that it holds." },
	{ .name = PARAMETER_TVS_TTL, .fallback = "86400", .values = "1 to 2592000 seconds",
	  .check = is_tvs_ttl, .type = PARAMETER_NUMBER,
	  .means = "how long a phone may remember an answer of TVS, in seconds",
	  .consequence = "Answers that TVS gives from now on are remembered so long; what phones remember "
			 "already stays until its own end." },
	{ .name = PARAMETER_RESET, .fallback = "automatic reset", .values = "automatic reset|manual reset",
	  .means = "what phones do after CallManager, CAPF or TVS was regenerated",
	  .consequence = "Later regenerations reset phones by themselves, or leave that to you; none is "
			 "reset now." },
	{ .name = PARAMETER_NOTIFY_START, .fallback = "30", .values = "1 to 3650 days",
	  .check = is_days, .type = PARAMETER_NUMBER,
	  .means = "how many days before a certificate ends its alarms begin",
	  .consequence = "Certificates that come within these days are spoken of at the next look." },
	{ .name = PARAMETER_NOTIFY_FREQUENCY, .fallback = "7", .values = "1 to 3650 days",
	  .check = is_days, .type = PARAMETER_NUMBER,
	  .means = "after how many days an alarm is said again, until seven days are left",
	  .consequence = "Alarms are repeated after so many days from now on." },
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

bool parameter_change_check(const struct parameter *row, const char *value, struct error *err)
{
	if (row->read_only)
		return fail(err, FAULT_REFUSED, "the parameter %s is read-only here: %s", row->name,
			row->consequence);
	return parameter_check(row, value, err);
}

const char *parameter_type_name(enum parameter_type type)
{
	switch (type) {
	case PARAMETER_CHOICE:
		return "choice";
	case PARAMETER_NUMBER:
		return "number";
	}
	return "";
}
