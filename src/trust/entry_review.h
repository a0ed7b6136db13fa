#pragma once
/*
 * What an entry of a trust store is for, and whether it may go: judged from all entries and
 * identities of a cluster. Pure: the time is given. docs/trust-stores.md
 */
#include "cluster/node.h"
#include "pki/cert.h"

enum entry_standing {
	ENTRY_COPY,          /* of an identity that is live */
	ENTRY_IN_USE,        /* something stands on it: it issued what lives, or what phones hold */
	ENTRY_MANUFACTURING, /* an authority of the maker of the phones; never proposed */
	ENTRY_EXPIRED,
	ENTRY_OLD, /* an earlier certificate of ours, or of a host or domain that was ours */
	ENTRY_FOREIGN,
};

enum { REVIEW_TEXT = 400 };

struct review_entry {
	const struct unit *store;
	const struct cert *cert;
};

struct review_identity {
	const struct unit *unit;
	const char *node;
	const struct cert *cert;
	bool live; /* else a predecessor, retired */
};

struct review_facts {
	const struct review_entry *entries; /* one for each certificate of each store */
	size_t entry_count;
	const struct review_identity *identities;
	size_t identity_count;
	const char *organization; /* the cluster's: who else names it in a subject was one of us */
	int64_t now;
};

struct entry_review {
	enum entry_standing standing;
	bool may_go;                 /* nothing of ours needs it, as far as can be known */
	char needed_by[REVIEW_TEXT]; /* "tomcat of pub, CAPF-12.pem"; "" when nothing needs it */
	char advice[REVIEW_TEXT];    /* one sentence: what to do with it */
};

void entry_review(const struct review_facts *facts, size_t entry, struct entry_review *out);
const char *entry_standing_name(enum entry_standing standing); /* "copy", "in use", … */
