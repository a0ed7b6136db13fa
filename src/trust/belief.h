#pragma once
/*
 * Who believes whom: the pure heart of the house. A phone holds up to two lists; it is sent a list
 * or a signed file; does it believe the signer by itself, must it ask TVS, or is the file bad? The
 * servers, the emulated phone, the planner and the tests call these same functions.
 * docs/trust.md
 */
#include "trust/held_list.h"

struct holding { /* what a phone has on board; either may be NULL */
	const struct held_list *ctl;
	const struct held_list *itl;
};

enum belief {
	BELIEF_FIRST,   /* nothing on board: taken unseen */
	BELIEF_HELD,    /* signed by a record of a held list that has the role for it */
	BELIEF_ASK_TVS, /* the signer is not held: TVS may vouch */
	BELIEF_BAD,     /* the signer is held and the signature does not fit */
	BELIEF_OPEN,    /* the ITL is blank and no CTL is held: taken unseen, whoever signed it */
};

struct belief_answer {
	enum belief belief;
	const struct cert *signer; /* BELIEF_HELD, BELIEF_BAD: lent by the holding */
	bool by_ctl;               /* it stands in the CTL */
	size_t record;
};

enum believed_thing { BELIEVE_CTL, BELIEVE_ITL, BELIEVE_FILE };

/* `file` must start with `header`, both parsed by the caller. The signer is looked for in the ITL,
 * then in the CTL, whichever of the three it is. `why` is set for BELIEF_BAD and BELIEF_ASK_TVS. */
struct belief_answer believe(const struct holding *holding, enum believed_thing what,
	struct reader file, const struct signed_header *header, struct error *why);
/* After TVS vouched for `signer` with these roles: a role that this thing needs is among them and
 * the signature fits. */
bool believe_vouched(enum believed_thing what, struct reader file,
	const struct signed_header *header, const struct cert *signer, const uint8_t *roles,
	size_t role_count, struct error *why) MUST_CHECK;

/* A TLS server's certificate is one of the held records with this role (role 21 for TVS). */
bool believe_server(const struct holding *holding, const struct cert *server, enum role role);
/* The holding makes a phone ask for signed names: a TFTP-role record with a certificate is there.
 */
bool wants_signed_files(const struct holding *holding);
/* A record with role 21 and a certificate is there: TVS can be asked, and was. */
bool knows_tvs(const struct holding *holding);
/* Issuer, serial and subject of a header's signer fit the certificate, in whichever text form. */
bool signer_is(const struct signed_header *header, const struct cert *cert);
