#include "talk/phone_verdict.h"

#include <stdio.h>

static const char *const subject_names[] = {
	[PHONE_CTL] = "CTL",
	[PHONE_ITL] = "ITL",
	[PHONE_TRUST] = "trust list",
	[PHONE_CONFIGURATION] = "configuration",
	[PHONE_FIRMWARE] = "firmware",
	[PHONE_RING_LIST] = "ring list",
	[PHONE_SERVICE] = "service",
	[PHONE_FILE] = "file",
};

static const char *const outcome_names[] = {
	[PHONE_INSTALLED] = "installed",
	[PHONE_UPDATED] = "updated",
	[PHONE_UNCHANGED] = "unchanged",
	[PHONE_VERIFIED] = "verified",
	[PHONE_TAKEN] = "taken",
	[PHONE_NONE] = "none",
	[PHONE_REJECTED] = "rejected",
	[PHONE_UNREACHED] = "unreached",
};

static const struct basis {
	const char *name;
	const char *text;
} bases[] = {
	[PHONE_BY_NOTHING] = { "", "" },
	[PHONE_BY_FAITH] = { "faith", "taken unseen as its first" },
	[PHONE_BY_LIST] = { "list", "by its own list" },
	[PHONE_BY_TVS] = { "tvs", "asked TVS at " },
	[PHONE_BY_MEMORY] = { "memory", "by an earlier answer of TVS" },
	[PHONE_BY_BLANK] = { "blank", "taken unseen, for its own list is blank" },
};

const char *phone_subject_name(enum phone_subject subject)
{
	return subject_names[subject];
}

const char *phone_outcome_name(enum phone_outcome outcome)
{
	return outcome_names[outcome];
}

const char *phone_basis_name(enum phone_basis basis)
{
	return bases[basis].name;
}

const char *phone_transport_name(enum phone_transport transport)
{
	return transport == PHONE_HTTP ? "HTTP" : "TFTP";
}

const char *phone_verdict_text(const struct phone_verdict *v, char *out, size_t size)
{
	const char *text = bases[v->basis].text;
	const char *tvs = v->basis == PHONE_BY_TVS ? v->tvs : "";
	const char *why = v->why.fault != FAULT_NONE ? v->why.text : "";
	(void)snprintf(out, size, "%s%s%s%s%s%s", v->words, text[0] != '\0' ? ", " : "", text, tvs,
		why[0] != '\0' ? ": " : "", why);
	return out;
}

bool phone_verdict_good(const struct phone_verdict *v)
{
	switch (v->outcome) {
	case PHONE_INSTALLED:
	case PHONE_UPDATED:
	case PHONE_UNCHANGED:
	case PHONE_VERIFIED:
		return true;
	case PHONE_TAKEN:
		return v->subject == PHONE_FIRMWARE;
	case PHONE_NONE:
		return v->subject == PHONE_CTL;
	case PHONE_REJECTED:
	case PHONE_UNREACHED:
		return false;
	}
	return false;
}
