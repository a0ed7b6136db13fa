#pragma once
/* Where a server that the operator named is: a numeric address, or the first that its name has. */
#include "net/address.h"

bool server_address(const char *host, uint16_t port, struct address *out, struct error *err)
	MUST_CHECK;
