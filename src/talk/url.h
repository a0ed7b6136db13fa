#pragma once
/* Where something is fetched from: scheme, host, port and name of a URL, nothing cleverer. */
#include "base/limits.h"
#include "cluster/node.h"

struct url {
	char scheme[8];             /* lower case: "tftp", "http", "https" */
	char host[HOST_NAME_SIZE];  /* without the brackets of IPv6 */
	uint16_t port;              /* the scheme's own when the URL has none */
	char path[LIMIT_FILE_NAME]; /* starts with '/' */
};

struct url_scheme {
	const char *name;
	uint16_t port;
};

/* FAULT_USAGE: none of these schemes, no host, a port that is none, credentials, or too long. */
bool url_parse(const char *text, const struct url_scheme *schemes, size_t count, struct url *out,
	struct error *err) MUST_CHECK;
