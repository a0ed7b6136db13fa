#pragma once
/*
 * Two trust lists held side by side: what became of each record, and whether a phone that holds the
 * one comes to the other by itself. Pure. docs/list.md#diff
 */
#include "trust/belief.h"

enum list_change {
	CHANGE_NONE,
	CHANGE_PLACE,    /* role, subject and certificate stayed; host name or address did not */
	CHANGE_REPLACED, /* role and subject stayed; the certificate did not */
	CHANGE_ROLE,     /* the certificate stayed with another role */
	CHANGE_REMOVED,
	CHANGE_ADDED,
};

struct list_difference {
	enum list_change change;
	size_t before, after; /* records; before has no meaning for CHANGE_ADDED, after none for
				 CHANGE_REMOVED */
};

struct list_diff {
	size_t count; /* without CHANGE_NONE: records of `before` in order, then those added */
	struct list_difference differences[2 * LIMIT_RECORDS];
	bool signer, signer_version, hash, file_name, timestamp; /* of the header: it changed */
	bool form; /* the same signer, its names written in another form */
};

/* Records are matched when they are the same, then by role and subject, then by certificate. A
 * record without subject is known by its host name. */
void list_diff(
	const struct trust_list *before, const struct trust_list *after, struct list_diff *out);
/* They say the same, whenever they were made. */
bool list_diff_same(const struct list_diff *diff);

enum passage {
	PASSAGE_HELD, /* accepted by the held list itself */
	PASSAGE_ASK,  /* accepted if a TVS of the held list vouches for the signer */
	PASSAGE_NONE, /* rejected */
	PASSAGE_OPEN, /* accepted unseen: the held list is blank */
};

struct list_passage {
	enum passage passage;
	size_t record;  /* PASSAGE_HELD: of the held list */
	size_t servers; /* TVS records of the held list */
};

bool list_is_ctl(const struct trust_list *list);
/* A phone holds `held` alone and is given `next`. `why` is set when it is not PASSAGE_HELD. */
struct list_passage list_passage(
	const struct held_list *held, const struct held_list *next, struct error *why);
