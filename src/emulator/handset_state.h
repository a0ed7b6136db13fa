#pragma once
/*
 * What a phone keeps while it is switched off, in a directory of its own: ctl.tlv, itl.tlv,
 * configuration.xml and phone.json (its boots, the answers of TVS that it remembers).
 * docs/phone.md#directory
 */
#include "talk/phone.h"

struct handset_state {
	int directory; /* descriptor, or -1 */
	unsigned boots;
	struct bytes configuration;                             /* the XML that was believed last */
	bool configuration_changed;                             /* since it was last saved */
	uint8_t ctl_saved[DIGEST_SIZE], itl_saved[DIGEST_SIZE]; /* digests of what lies there */
};

/* Makes the directory when it is not there; gives `p` what it holds. A file in it that is damaged
 * is an error that names it: a phone that forgot its trust would be no phone any more. */
bool handset_state_open(struct handset_state *s, const char *directory, struct phone *p,
	struct error *err) MUST_CHECK;
bool handset_state_save(struct handset_state *s, const struct phone *p, struct error *err)
	MUST_CHECK; /* writes what changed */
void handset_state_done(struct handset_state *s);
