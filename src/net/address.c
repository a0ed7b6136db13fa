#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool numeric_host(const char *host, uint16_t port, struct address *out)
{
	struct address found = { 0 };
	struct sockaddr_in *four = (struct sockaddr_in *)&found.storage;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&found.storage;
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		found.size = sizeof(*four);
	} else if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		found.size = sizeof(*six);
	} else {
		return false;
	}
	*out = found;
	return true;
}

bool address_of(const char *host, uint16_t port, struct address *out, struct error *err)
{
	if (!numeric_host(host, port, out))
		return fail(err, FAULT_USAGE,
			"\"%.60s\" is no numeric address such as 192.0.2.1 or 2001:db8::1", host);
	return true;
}

static bool split(const char *text, char *host, size_t size, const char **port)
{
	bool bracketed = text[0] == '[';
	const char *start = bracketed ? text + 1 : text;
	const char *end = strchr(start, bracketed ? ']' : ':');
	if (end == NULL || (bracketed && end[1] != ':'))
		return false;
	struct reader part = reader_of(start, (size_t)(end - start));
	*port = bracketed ? end + 2 : end + 1;
	bool six = strchr(start, ':') < end; /* a colon inside the host */
	return text_from(part, host, size, NULL) && bracketed == six;
}

bool address_parse(const char *text, struct address *out, struct error *err)
{
	char host[INET6_ADDRSTRLEN];
	const char *digits = NULL;
	uint64_t port = 0;
	if (!split(text, host, sizeof(host), &digits) ||
		!text_number(digits, 0, UINT16_MAX, &port) ||
		!numeric_host(host, (uint16_t)port, out))
		return fail(err, FAULT_USAGE,
			"\"%.60s\" is no address and port such as 192.0.2.1:6970 or "
			"[2001:db8::1]:6970",
			text);
	return true;
}

const char *address_host(const struct address *a, char out[static ADDRESS_TEXT_SIZE])
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&a->storage;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a->storage;
	const char *written = NULL;
	if (a->size > 0 && a->storage.ss_family == AF_INET)
		written = inet_ntop(AF_INET, &four->sin_addr, out, ADDRESS_TEXT_SIZE);
	if (a->size > 0 && a->storage.ss_family == AF_INET6)
		written = inet_ntop(AF_INET6, &six->sin6_addr, out, ADDRESS_TEXT_SIZE);
	if (written == NULL)
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "unix");
	return out;
}

uint16_t address_port(const struct address *a)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&a->storage;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a->storage;
	if (a->storage.ss_family == AF_INET)
		return ntohs(four->sin_port);
	return a->storage.ss_family == AF_INET6 ? ntohs(six->sin6_port) : 0;
}

const char *address_text(const struct address *a, char out[static ADDRESS_TEXT_SIZE])
{
	char host[ADDRESS_TEXT_SIZE];
	address_host(a, host);
	if (a->storage.ss_family == AF_INET)
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "%.16s:%u", host, address_port(a));
	else if (a->storage.ss_family == AF_INET6)
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "[%.46s]:%u", host, address_port(a));
	else
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "%s", host);
	return out;
}

static struct reader host_bytes(const struct address *a)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&a->storage;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a->storage;
	if (a->storage.ss_family == AF_INET)
		return reader_of(&four->sin_addr, sizeof(four->sin_addr));
	if (a->storage.ss_family == AF_INET6)
		return reader_of(&six->sin6_addr, sizeof(six->sin6_addr));
	return reader_of(NULL, 0);
}

bool address_same_host(const struct address *a, const struct address *b)
{
	return a->storage.ss_family == b->storage.ss_family &&
		reader_same(host_bytes(a), host_bytes(b));
}

bool address_same(const struct address *a, const struct address *b)
{
	return address_same_host(a, b) && address_port(a) == address_port(b);
}

/* FNV-1a, stirred, so that its low bits depend on all others. */
static uint64_t stirred(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdu;
	return hash ^ hash >> 33;
}

static uint64_t host_sum(const struct address *a)
{
	uint64_t sum = 0xcbf29ce484222325u;
	for (struct reader host = host_bytes(a); host.left > 0;)
		sum = (sum ^ reader_u8(&host)) * 0x100000001b3u;
	return sum;
}

uint64_t address_hash(const struct address *a)
{
	return stirred((host_sum(a) ^ address_port(a)) * 0x100000001b3u);
}

uint64_t address_host_hash(const struct address *a)
{
	return stirred(host_sum(a));
}

bool address_of_socket(int fd, struct address *out, struct error *err)
{
	struct address found = { .size = sizeof(found.storage) };
	if (getsockname(fd, (struct sockaddr *)&found.storage, &found.size) != 0)
		return fail_errno(err, "asking a socket for its address");
	*out = found;
	return true;
}
