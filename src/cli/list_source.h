#pragma once
/*
 * Where a trust list that somebody wants to look at comes from: a file, "-" for standard input,
 * tftp://host[:port]/NAME, http://host[:port]/NAME or https://… The sentence of a failure starts
 * with the source. FAULT_LIMIT: a list beyond our limits, which no phone takes either.
 */
#include "cli/remote_source.h"
#include "trust/held_list.h"

/* What an https server showed is told on standard error. */
bool list_source_read(const char *source, struct bytes *out, struct error *err) MUST_CHECK;
/* The same, but the server is judged: cli/remote_source.h. */
bool list_source_read_judged(const char *source, const struct server_judge *judge,
	struct bytes *out, struct error *err) MUST_CHECK;
/* Read and loaded; its signature is not looked at. */
struct held_list *list_source_load(const char *source, struct error *err);
/* Read, and as strict as a phone's own list must be: its certificates and its signature too. */
struct held_list *list_source_hold(const char *source, struct error *err);
