#pragma once
/*
 * What is wrong with a phone's configuration, what weakens its security first: a table of rules,
 * one row each, held against the bytes, their name and the elements in them. XML is read without
 * network, entities or a DOCTYPE. What is judged comes from anywhere; nothing of it is believed.
 * docs/config-lint.md
 */
#include "base/bytes.h"

struct _xmlDoc; /* libxml2's */
struct _xmlNode;

enum lint_level {
	LINT_SECURITY, /* somebody may listen, log in, or be taken for the phone */
	LINT_FAULT,    /* phones refuse the file, or ignore what it says */
	LINT_WARNING,
	LINT_NOTE,
};
enum { LINT_LEVELS = LINT_NOTE + 1 };

enum {
	LINT_FILE_MAX = 1 << 20, /* bytes; configurations of phones have some ten thousand */
	LINT_TAGS_MAX = 10000,   /* angle brackets that open something */
	LINT_VALUE = 120,        /* bytes of a value that is shown */
	LINT_FINDINGS = 200,     /* findings that are kept */
	LINT_WHEN = 2,
};

/* When the rules of a row are asked: an earlier stage that finds a fault ends the reading. */
enum lint_stage { LINT_TREE, LINT_BYTES, LINT_XML };

struct lint_scene {
	const char *name;   /* under which phones ask for it, no folders; NULL: not known */
	const char *header; /* the name that its signed header gives; NULL: it has none */
	struct reader xml;
	struct _xmlDoc *document; /* from LINT_XML on; NULL: it cannot be read, as these two say: */
	long line;
	char why[LINT_VALUE];
};

struct lint_rule;

/* What a check is held against, and what it found there. */
struct lint_place {
	const struct lint_scene *scene;
	const struct lint_rule *rule;
	const struct _xmlNode *node; /* NULL: the file itself */
	struct reader value;         /* the element's text, without blanks around it */
	long line;                   /* 0: of no line */
	char detail[LINT_VALUE];
};

/* True: it is wrong. May set line and detail. */
typedef bool lint_check(struct lint_place *place);

struct lint_rule {
	enum lint_level level;
	enum lint_stage stage;
	const char *code; /* a word for programs */
	/* "capfList/capf/phonePort" from the root's children on, "//webAccess" anywhere, "//" "*"
	 * for every element; NULL: the file itself. */
	const char *path;
	lint_check *wrong;    /* NULL: it is wrong that there is no such element, or an empty one */
	const char *argument; /* of the check */
	/* All must hold: the first element at this path has one of these texts, "-" being none.
	 * The path "/" is the name of the root. */
	struct lint_condition {
		const char *path, *values;
	} when[LINT_WHEN];
	bool secret; /* the value is not shown */
	const char *sentence, *action, *source;
};

const struct lint_rule *lint_rules(size_t *count);
const char *lint_level_name(enum lint_level level); /* "security", "fault", … */

struct lint_findings {
	size_t count, omitted;
	size_t of_level[LINT_LEVELS]; /* the omitted ones too */
	struct lint_finding {
		const struct lint_rule *rule;
		long line;
		char path[LINT_VALUE];
		char value[LINT_VALUE]; /* escaped */
	} rows[LINT_FINDINGS];          /* by level, then in the order of the rules */
};

/* `scene` has name, header and bytes; the rest is filled on the way. */
struct lint_findings *configuration_lint(struct lint_scene *scene, struct error *err);
void lint_findings_free(struct lint_findings *f);
DEFINE_AUTO(lint_findings, lint_findings_free);
