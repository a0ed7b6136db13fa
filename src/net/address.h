#pragma once
/* IPv4 and IPv6 socket addresses as text and back: "127.0.10.1:6969", "[::1]:69". */
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

enum { ADDRESS_TEXT_SIZE = 64 };

struct address {
	struct sockaddr_storage storage;
	socklen_t size;
};

/* Numeric host, port 0 … 65535; "host:port". FAULT_USAGE. */
bool address_parse(const char *text, struct address *out, struct error *err) MUST_CHECK;
bool address_of(const char *host, uint16_t port, struct address *out, struct error *err) MUST_CHECK;
const char *address_text(const struct address *a, char out[static ADDRESS_TEXT_SIZE]);
const char *address_host(const struct address *a, char out[static ADDRESS_TEXT_SIZE]);
uint16_t address_port(const struct address *a);
bool address_same(const struct address *a, const struct address *b); /* host and port */
bool address_same_host(const struct address *a, const struct address *b);
uint64_t address_hash(const struct address *a);      /* of host and port, for tables */
uint64_t address_host_hash(const struct address *a); /* of the host alone */

/* Bound sockets, non-blocking, close-on-exec. A port in use is FAULT_IO with a sentence that says
 * which and what to do. Port 0: the kernel chooses; see address_of_socket. */
int listen_stream(const struct address *at, struct error *err);
int listen_datagram(const struct address *at, struct error *err);
/* Unix sockets; a stale file is replaced, a live one is refused. mode as for chmod. */
int listen_unix(const char *path, int type, unsigned mode, struct error *err);
bool address_of_socket(int fd, struct address *out, struct error *err) MUST_CHECK;
