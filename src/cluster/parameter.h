#pragma once
/* Cluster parameters: name as the appliance prints it, type, allowed values, default, and what
 * follows when it is changed. */
#include <stddef.h>

#include "base/error.h"

enum parameter_type { PARAMETER_CHOICE, PARAMETER_NUMBER };

struct parameter {
	const char *name;
	const char *fallback;
	const char *values; /* "SHA-1|SHA-512"; where `check` decides, words for people */
	bool (*check)(const char *value);
	bool lists; /* trust lists follow from it: all are wanted anew when it changes */
	const char *means;
	enum parameter_type type;
	bool read_only; /* something else changes it, which `consequence` names */
	bool resets;    /* every phone is reset when it changes, whatever PARAMETER_RESET says */
	bool non_secure_only;    /* in mixed mode only its default is taken */
	const char *consequence; /* of changing it, a sentence */
};

const struct parameter *parameter_find(const char *name); /* in any case; or NULL */
const struct parameter *parameter_rows(size_t *count);
/* FAULT_USAGE with the values that are allowed. */
bool parameter_check(const struct parameter *row, const char *value, struct error *err) MUST_CHECK;

/* What an operator may set. FAULT_REFUSED: it is read-only. */
bool parameter_change_check(const struct parameter *row, const char *value, struct error *err)
	MUST_CHECK;
const char *parameter_type_name(enum parameter_type type); /* "choice", "number" */

/* Names used by code; each has its row (a test proves it). */
#define PARAMETER_ERA "Era"                                 /* A, B, C; default C */
#define PARAMETER_ITL_SIGNER "ITL Signer"                   /* ITLRecovery (default), CallManager */
#define PARAMETER_FILE_HASH "TFTP File Signature Algorithm" /* SHA-1 (default), SHA-512 */
#define PARAMETER_SECURITY_MODE "Cluster Security Mode"     /* 0 non-secure (default), 1 mixed */
#define PARAMETER_ROLLBACK "Prepare Cluster for Rollback to pre 8.0" /* True, False (default) */
#define PARAMETER_TVS_TTL "TVS Answer Lifetime"                      /* seconds, default 86400 */
#define PARAMETER_RESET                                                                            \
	"Phone Interaction on Certificate Update"           /* automatic reset, manual reset */
#define PARAMETER_NOTIFY_START "Notification Start Time"    /* days before the end, default 30 */
#define PARAMETER_NOTIFY_FREQUENCY "Notification Frequency" /* days, default 7 */
