#include "fetch/server_address.h"

#include <netdb.h>
#include <stdio.h>

#include "base/reader.h"

bool server_address(const char *host, uint16_t port, struct address *out, struct error *err)
{
	if (address_of(host, port, out, NULL))
		return true;
	char service[8];
	struct addrinfo *found = NULL;
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	(void)snprintf(service, sizeof(service), "%u", (unsigned)port);
	int result = getaddrinfo(host, service, &hints, &found);
	if (result != 0)
		return fail(
			err, FAULT_IO, "the host %s is not known: %s", host, gai_strerror(result));
	struct reader address = reader_of(found->ai_addr, found->ai_addrlen);
	reader_copy(&address, &out->storage, found->ai_addrlen);
	out->size = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}
