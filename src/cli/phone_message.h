#pragma once
/*
 * What phones and their alarms say about trust lists, certificates and files, as rows: the words,
 * what they mean, what causes them, and the next step that makes nothing worse. docs/explain.md
 */
#include <stddef.h>

#include "base/error.h"

enum message_level {
	MESSAGE_FINE,
	MESSAGE_NOTICE, /* nothing to repair, perhaps something to know */
	MESSAGE_TROUBLE,
};

enum { MESSAGE_WORDS = 6, MESSAGE_TEXT_MAX = 4096 };

struct phone_message {
	/* Letters in any case, a blank for one or more, any before a colon or a bracket, % for the
	 * name of a device, * for that of a file (or any run of characters without blank, < and >).
	 * The first is the usual form. */
	const char *words[MESSAGE_WORDS];
	const char *unless; /* words beside which the row says nothing; may be NULL */
	enum message_level level;
	const char *means, *cause, *action;
	const char *source;
};

/* From the special to the general: the first that matches explains. */
const struct phone_message *phone_message_rows(size_t *count);
/* The row whose words stand in this line. NULL: FAULT_MISSING names the nearest words that are
 * known, FAULT_LIMIT for more than MESSAGE_TEXT_MAX bytes. */
const struct phone_message *phone_message_find(const char *text, struct error *err);
const char *message_level_name(enum message_level level);
