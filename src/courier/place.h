#pragma once
/* Where a URL leads: the host, which may be a name, and the port. */
#include <stdint.h>

#include "base/error.h"

enum { PLACE_HOST_SIZE = 254 };
struct place {
	char host[PLACE_HOST_SIZE]; /* without brackets */
	uint16_t port;
	bool numeric; /* an address: nothing to be looked up */
};

/* "http://host[:port][/path]", also https and any other scheme that `scheme` names; user names in
 * it are refused. `port` where it says none. */
bool place_of_url(const char *url, const char *scheme, uint16_t port, struct place *out,
	struct error *err) MUST_CHECK;
/* A name or an address. */
bool place_of_host(const char *host, uint16_t port, struct place *out, struct error *err)
	MUST_CHECK;
