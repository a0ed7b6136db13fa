#pragma once
/*
 * What `list verify` says about a list. With nothing to hold it against, a signature is checked
 * with a key out of the same file: intact, which is not trust. Held against a list that a phone
 * has, it is judged as that phone would.
 */
#include "trust/belief.h"

enum list_verdict {
	LIST_INTACT,  /* fits a key of its own */
	LIST_TRUSTED, /* fits a key of the held list that may sign lists */
};

struct list_judgement {
	enum list_verdict verdict;
	size_t record;       /* whose key fits: of the list itself, or of the held one */
	struct cert_key key; /* that key */
	bool older;          /* than the held list of the same name */
	bool other_form;     /* its signer's names are written otherwise than in its own record */
	bool without_successor; /* its signer has no role-0 record in it: nobody could follow it */
};

/* `held` may be NULL. FAULT_MALFORMED or FAULT_UNTRUSTED: the sentence says why, and whether a
 * phone would ask TVS. */
bool list_judge(const struct held_list *list, const struct held_list *held,
	struct list_judgement *out, struct error *err) MUST_CHECK;

/* A list under a name that phones ask for (ITLFile.tlv, ITLSEP….tlv, CTLFile.tlv, CTLSEP….tlv) says
 * inside that it is that kind; FAULT_UNTRUSTED. Other names of a file say nothing. */
bool list_named(const char *source, const struct trust_list *list, struct error *err) MUST_CHECK;

/* What a phone has that holds this one list: a CTL or an ITL, as its name says. */
struct holding list_holding(const struct held_list *held);
/* "a phone asks TVS", or that it knows none to ask, in front of err's sentence. `needs` is what
 * TVS must say. Returns false. */
bool list_fail_unknown(const struct held_list *held, const char *needs, struct error *err);
