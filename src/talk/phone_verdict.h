#pragma once
/*
 * What a phone decided about one thing that it was sent: in fields for a program, and in the words
 * that a real phone shows. docs/phone.md#verdicts
 */
#include "base/error.h"
#include "base/limits.h"
#include "cluster/node.h"

enum {
	PHONE_WORDS_SIZE = LIMIT_FILE_NAME + 48,
	PHONE_TVS_ADDRESS_SIZE = 51, /* 50 characters, docs/formats/tvs.md */
	PHONE_TVS_TEXT_SIZE = PHONE_TVS_ADDRESS_SIZE + 8,
};

enum phone_transport { PHONE_HTTP, PHONE_TFTP };

enum phone_subject {
	PHONE_CTL,
	PHONE_ITL,
	PHONE_TRUST, /* both together: told only when the phone ends up without any list */
	PHONE_CONFIGURATION,
	PHONE_FIRMWARE,
	PHONE_RING_LIST,
	PHONE_SERVICE, /* an HTTPS page named by the configuration */
	PHONE_FILE,    /* one file on request */
};

enum phone_outcome {
	PHONE_INSTALLED, /* a first list */
	PHONE_UPDATED,   /* a list in place of another */
	PHONE_UNCHANGED, /* the list that is held already; real phones stay silent */
	PHONE_VERIFIED,  /* signature, or a server's certificate, believed */
	PHONE_TAKEN,     /* nothing to verify it by: unsigned, or signed by the phone's maker */
	PHONE_NONE,      /* the server has no such file, or an empty one */
	PHONE_REJECTED,  /* malformed, badly signed, not vouched for */
	PHONE_UNREACHED, /* no server gave it */
};

enum phone_basis {
	PHONE_BY_NOTHING,
	PHONE_BY_FAITH,  /* the first list is taken unseen */
	PHONE_BY_LIST,   /* by its own list */
	PHONE_BY_TVS,    /* asked TVS just now */
	PHONE_BY_MEMORY, /* TVS answered within the lifetime of its answer */
	PHONE_BY_BLANK,  /* unseen: the list that was held is blank */
};

struct phone_verdict {
	enum phone_subject subject;
	enum phone_outcome outcome;
	enum phone_basis basis;
	char file[LIMIT_FILE_NAME];   /* as asked, or the service's URL */
	char words[PHONE_WORDS_SIZE]; /* "Trust List Updated" */
	char server[ADDRESS_SIZE];    /* that gave the file; "" when none did */
	enum phone_transport transport;
	char tvs[PHONE_TVS_TEXT_SIZE]; /* that vouched or refused: "127.0.10.1:2445"; or "" */
	struct error why;              /* NONE, REJECTED, UNREACHED: the reason */
};

const char *phone_subject_name(enum phone_subject subject); /* "ITL", "configuration", … */
const char *phone_outcome_name(enum phone_outcome outcome); /* "updated", "rejected", … */
const char *phone_basis_name(enum phone_basis basis);       /* "list", "tvs", …; "" for nothing */
const char *phone_transport_name(enum phone_transport transport); /* "HTTP", "TFTP" */
/* "Trust List Updated, by its own list", "…, asked TVS at 127.0.10.1:2445": for people. */
const char *phone_verdict_text(const struct phone_verdict *v, char *out, size_t size);
/* Nothing that the phone needs was refused or out of reach; a missing CTL is fine. */
bool phone_verdict_good(const struct phone_verdict *v);
