#pragma once
/*
 * What there is to say about a trust list: what it lets a phone do, its anchors, and what an
 * administrator should know or mend. Each finding is a row: how grave, a word for programs, a
 * sentence. Pure: the time is given. docs/list.md#explain
 */
#include "trust/held_list.h"

enum finding_level {
	FINDING_ALLOWS, /* what a phone that holds the list does because of it */
	FINDING_ANCHOR, /* whose lists such a phone accepts, and until when */
	FINDING_NOTE,
	FINDING_WARNING,
	FINDING_FAULT, /* phones refuse the list, or are stranded with it */
};

enum {
	FINDING_SENTENCE = 400,
	FINDING_NO_RECORD = LIMIT_RECORDS,
	FINDINGS_MAX = 10 * LIMIT_RECORDS + 16, /* more than all rules can find */
	LIST_CERTIFICATES = 39,                 /* beyond, phones fail: docs/list.md#explain */
};

struct finding {
	enum finding_level level;
	const char *code; /* "weak-key" */
	size_t record;    /* or FINDING_NO_RECORD */
	char sentence[FINDING_SENTENCE];
};

struct list_findings {
	size_t anchors;      /* records with role 0 */
	size_t certificates; /* different ones */
	size_t count;
	struct finding rows[FINDINGS_MAX]; /* by rule, then by record */
};

/* Reads a list as far as it can be read, certificates that cannot left NULL: to look at, never to
 * hold. Fails only where trust_list_parse does. */
struct held_list *list_inspect(struct reader file, struct error *err);

struct list_findings *list_findings_new(
	const struct held_list *list, int64_t now, struct error *err);
void list_findings_free(struct list_findings *f);
DEFINE_AUTO(list_findings, list_findings_free);

const char *finding_level_name(enum finding_level level); /* "allows", "anchor", … */
