#pragma once
/*
 * A signed file that somebody wants to look at: read whole from a file, "-" or a URL as lists are,
 * its header taken apart. The sentence of a failure starts with the source.
 */
#include "base/bytes.h"
#include "cli/remote_source.h"
#include "wire/signed_header.h"

enum signed_kind {
	SIGNED_PLAIN,     /* NAME.sgn: behind the header stands the clear file */
	SIGNED_ENCRYPTED, /* NAME.enc.sgn */
	SIGNED_FIRMWARE,  /* placeholders name its signer: nobody but Cisco can check it */
	SIGNED_LIST,      /* a trust list: list_show.c and list_verify.c look at those */
};

struct signed_source {
	struct bytes file;
	struct signed_header header; /* looks into file, and so does body */
	struct reader body;
};

/* FAULT_LIMIT: larger than anything that phones are served. */
bool signed_source_read(const char *source, struct signed_source *out, struct error *err)
	MUST_CHECK;
/* The same, but an https server is judged: cli/remote_source.h. */
bool signed_source_read_judged(const char *source, const struct server_judge *judge,
	struct signed_source *out, struct error *err) MUST_CHECK;
void signed_source_done(struct signed_source *s);

enum signed_kind signed_kind_of(const struct signed_header *header);
const char *signed_kind_name(enum signed_kind kind);

/* The header names the file under which it was asked for: `name`, or without one the end of
 * `source`, whole folders only. Standard input has no name and fits. FAULT_UNTRUSTED. */
bool signed_source_named(const char *source, const char *name, const struct signed_header *header,
	struct error *err) MUST_CHECK;
