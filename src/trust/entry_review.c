#include "trust/entry_review.h"

#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "pki/authority.h"
#include "pki/cert_issuer.h"

static const char *const names[] = {
	[ENTRY_COPY] = "copy",
	[ENTRY_IN_USE] = "in use",
	[ENTRY_MANUFACTURING] = "manufacturing",
	[ENTRY_EXPIRED] = "expired",
	[ENTRY_OLD] = "old",
	[ENTRY_FOREIGN] = "foreign",
};

const char *entry_standing_name(enum entry_standing standing)
{
	return names[standing];
}

/* Adds one who needs it; the last ones are dropped where there is no room. */
static void need(char needed_by[static REVIEW_TEXT], const char *what, const char *whose)
{
	size_t used = strlen(needed_by);
	int size = snprintf(needed_by + used, REVIEW_TEXT - used, "%s%s%s%s", used > 0 ? ", " : "",
		what, whose[0] != '\0' ? " of " : "", whose);
	if (size < 0 || (size_t)size >= REVIEW_TEXT - used)
		needed_by[used] = '\0';
}

static bool is_self_issued(const struct cert *c)
{
	return strcmp(cert_subject(c, NAME_BUILDER), cert_issuer(c, NAME_BUILDER)) == 0;
}

static bool issued(const struct cert *issuer, const struct cert *c)
{
	return !cert_same(issuer, c) && !is_self_issued(c) &&
		strcmp(cert_subject(issuer, NAME_BUILDER), cert_issuer(c, NAME_BUILDER)) == 0 &&
		cert_signed_by(c, issuer, NULL);
}

/* Identities that are this very certificate; *live when one of them is. */
static bool is_identity(const struct review_facts *facts, const struct cert *c, bool live)
{
	for (size_t i = 0; i < facts->identity_count; i++)
		if (facts->identities[i].live == live && cert_same(facts->identities[i].cert, c))
			return true;
	return false;
}

static void find_copies(const struct review_facts *facts, const struct cert *c, char *needed_by)
{
	for (size_t i = 0; i < facts->identity_count; i++) {
		const struct review_identity *identity = &facts->identities[i];
		if (identity->live && cert_same(identity->cert, c))
			need(needed_by, identity->unit->name, identity->node);
	}
}

/* Identities that a CA signed, by this one; and other entries of the same store. */
static void find_issued(
	const struct review_facts *facts, const struct review_entry *entry, char *needed_by)
{
	for (size_t i = 0; i < facts->identity_count; i++) {
		const struct review_identity *identity = &facts->identities[i];
		if (identity->live && issued(entry->cert, identity->cert))
			need(needed_by, identity->unit->name, identity->node);
	}
	for (size_t i = 0; i < facts->entry_count; i++)
		if (facts->entries[i].store == entry->store &&
			issued(entry->cert, facts->entries[i].cert))
			need(needed_by, "the chain", cert_common_name(facts->entries[i].cert));
}

/* An issuer of phones' certificates keeps its name for good: "CAPF-%x". Every one that was ever
 * live may have signed what a phone still shows. */
static void find_phones(const struct review_facts *facts, const struct cert *c, char *needed_by)
{
	for (size_t i = 0; i < facts->identity_count; i++)
		if (facts->identities[i].unit->keeps_old_copies && !facts->identities[i].live &&
			cert_same(facts->identities[i].cert, c)) {
			need(needed_by, "phones whose certificates it issued", "");
			return;
		}
}

static bool names_organization(const struct cert *c, const char *organization)
{
	char wanted[80];
	const char *subject = cert_subject(c, NAME_APPLIANCE);
	int size = snprintf(wanted, sizeof(wanted), "O=%s", organization);
	if (organization[0] == '\0' || size < 0 || (size_t)size >= sizeof(wanted))
		return false;
	for (const char *at = subject; at != NULL; at = strchr(at, ';')) {
		at += *at == ';';
		if (strncmp(at, wanted, (size_t)size) == 0 && (at[size] == ';' || at[size] == '\0'))
			return true;
	}
	return false;
}

static enum entry_standing standing_of(const struct review_facts *facts,
	const struct review_entry *entry, const struct entry_review *so_far)
{
	const struct cert *c = entry->cert;
	if (authority_of(c) != NULL)
		return ENTRY_MANUFACTURING;
	if (is_identity(facts, c, true))
		return ENTRY_COPY;
	if (so_far->needed_by[0] != '\0')
		return ENTRY_IN_USE;
	if (cert_not_after(c) < facts->now)
		return ENTRY_EXPIRED;
	if (is_identity(facts, c, false) || names_organization(c, facts->organization))
		return ENTRY_OLD;
	return ENTRY_FOREIGN;
}

static void advise(const struct review_entry *entry, struct entry_review *r)
{
	const char *name = cert_common_name(entry->cert);
	switch (r->standing) {
	case ENTRY_COPY:
		(void)snprintf(r->advice, REVIEW_TEXT,
			"keep it: it follows by itself when %.300s is regenerated", r->needed_by);
		return;
	case ENTRY_IN_USE:
		(void)snprintf(
			r->advice, REVIEW_TEXT, "keep it: %.300s stands on it", r->needed_by);
		return;
	case ENTRY_MANUFACTURING:
		(void)snprintf(r->advice, REVIEW_TEXT,
			"keep it: %.300s; phones that have no other certificate show one from it",
			authority_of(entry->cert)->means);
		return;
	case ENTRY_EXPIRED:
		(void)snprintf(r->advice, REVIEW_TEXT,
			"delete it, or have it renewed by whoever runs %.200s and upload that",
			name);
		return;
	case ENTRY_OLD:
		(void)snprintf(r->advice, REVIEW_TEXT,
			"delete it: an earlier certificate of ours, under the name %.200s", name);
		return;
	case ENTRY_FOREIGN:
		(void)snprintf(r->advice, REVIEW_TEXT,
			"ask whoever runs %.200s whether this cluster still talks to it", name);
		return;
	}
}

void entry_review(const struct review_facts *facts, size_t entry, struct entry_review *out)
{
	const struct review_entry *reviewed = &facts->entries[entry];
	struct entry_review r = { 0 };
	find_copies(facts, reviewed->cert, r.needed_by);
	find_issued(facts, reviewed, r.needed_by);
	find_phones(facts, reviewed->cert, r.needed_by);
	r.standing = standing_of(facts, reviewed, &r);
	r.may_go = r.standing == ENTRY_EXPIRED || r.standing == ENTRY_OLD;
	advise(reviewed, &r);
	*out = r;
}
