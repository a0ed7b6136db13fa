#pragma once
/*
 * From a certificate to the one that everything stands on: the issuers are looked for among those
 * at hand, and every step is checked, its signature, its time, and whether the issuer may issue.
 * docs/cert.md#verify
 */
#include "pki/cert.h"

enum { CHAIN_MAX = 10 };

struct chain_terms {
	const struct cert *const *pool; /* may stand in between; the anchors are looked at too */
	size_t pool_count;
	const struct cert *const *anchors; /* are believed; 0: the chain ends with whatever signed
					    * itself, and nobody vouches for that */
	size_t anchor_count;
	int64_t now;
	bool any_time; /* validity is not looked at */
};

struct chain {
	size_t count;
	const struct cert *certs[CHAIN_MAX]; /* the certificate first; borrowed from the terms */
	bool anchored;                       /* the last one is an anchor */
};

/* FAULT_UNTRUSTED with a sentence that names the certificate and what is wrong with it. */
bool chain_verify(const struct cert *leaf, const struct chain_terms *terms, struct chain *out,
	struct error *err) MUST_CHECK;
