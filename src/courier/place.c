#include "courier/place.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "net/address.h"

enum { LABEL_MAX = 63 };

/* Letters, digits, hyphens and underscores between dots. */
static bool is_name(const char *host)
{
	size_t label = 0;
	for (const char *c = host; *c != '\0'; c++) {
		bool dot = *c == '.';
		if (!dot && !isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
		if (dot && label == 0)
			return false;
		label = dot ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return host[0] != '\0';
}

bool place_of_host(const char *host, uint16_t port, struct place *out, struct error *err)
{
	struct address address;
	struct place place = { .port = port };
	if (!text_copy(place.host, sizeof(place.host), host, err))
		return fail_in(err, "\"%.60s…\"", host);
	place.numeric = address_of(place.host, port, &address, NULL);
	if (!place.numeric && !is_name(place.host))
		return fail(err, FAULT_USAGE, "\"%.100s\" is neither a name nor an address", host);
	*out = place;
	return true;
}

/* ":port" or nothing, up to `end`. */
static bool read_port(const char *at, const char *end, uint64_t *out)
{
	char digits[8];
	if (at == end)
		return true;
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)(end - at) - 1, at + 1);
	return *at == ':' && text_number(digits, 1, UINT16_MAX, out);
}

bool place_of_url(
	const char *url, const char *scheme, uint16_t port, struct place *out, struct error *err)
{
	uint64_t number = port;
	char host[PLACE_HOST_SIZE];
	struct place place;
	if (strncmp(url, scheme, strlen(scheme)) != 0)
		return fail(err, FAULT_USAGE, "\"%.100s\" does not begin with %s", url, scheme);
	const char *at = url + strlen(scheme), *end = at + strcspn(at, "/?#");
	bool bracket = *at == '[';
	at += bracket;
	size_t size = strcspn(at, bracket ? "]/?#" : ":/?#");
	const char *behind = at + size + (bracket && at[size] == ']');
	if (size >= sizeof(host) || memchr(at, '@', (size_t)(end - at)) != NULL ||
		(bracket && at[size] != ']'))
		return fail(err, FAULT_USAGE, "\"%.100s\" names no host", url);
	if (!read_port(behind, end, &number))
		return fail(err, FAULT_USAGE, "\"%.100s\" names no port", url);
	(void)snprintf(host, sizeof(host), "%.*s", (int)size, at);
	if (!place_of_host(host, (uint16_t)number, &place, err))
		return false;
	if (bracket != (strchr(host, ':') != NULL))
		return fail(err, FAULT_USAGE, "\"%.100s\": only IPv6 stands in brackets", url);
	*out = place;
	return true;
}
