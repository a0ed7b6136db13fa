#include "talk/url.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static const struct url_scheme *find_scheme(
	const char *text, const struct url_scheme *schemes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(schemes[i].name);
		if (strncasecmp(text, schemes[i].name, size) == 0 &&
			strncmp(text + size, "://", 3) == 0)
			return &schemes[i];
	}
	return NULL;
}

/* Takes the host off the front; IPv6 addresses stand in brackets. */
static bool take_host(const char **at, struct url *out)
{
	bool bracket = **at == '[';
	const char *start = *at + (bracket ? 1 : 0);
	size_t size = strcspn(start, bracket ? "]" : ":/?#");
	*at = start + size;
	if (bracket && *(*at)++ != ']')
		return false;
	return size > 0 && memchr(start, '@', size) == NULL &&
		text_from(reader_of(start, size), out->host, sizeof(out->host), NULL);
}

static bool take_port(const char **at, struct url *out)
{
	if (**at != ':')
		return true;
	char digits[8];
	uint64_t port;
	size_t size = strcspn(++*at, "/?#");
	if (!text_from(reader_of(*at, size), digits, sizeof(digits), NULL) ||
		!text_number(digits, 1, UINT16_MAX, &port))
		return false;
	out->port = (uint16_t)port;
	*at += size;
	return true;
}

bool url_parse(const char *text, const struct url_scheme *schemes, size_t count, struct url *out,
	struct error *err)
{
	const struct url_scheme *scheme = find_scheme(text, schemes, count);
	if (scheme == NULL)
		return fail(
			err, FAULT_USAGE, "%.80s: not a URL of a kind that is known here", text);
	struct url url = { .port = scheme->port };
	const char *at = text + strlen(scheme->name) + strlen("://");
	if (!take_host(&at, &url) || !take_port(&at, &url))
		return fail(err, FAULT_USAGE, "%.80s: no host, or a port that is none", text);
	if (*at != '/' && *at != '\0')
		return fail(err, FAULT_USAGE, "%.80s: a path must follow the host", text);
	if (!text_copy(url.scheme, sizeof(url.scheme), scheme->name, err) ||
		!text_from(reader_of_text(*at == '/' ? at : "/"), url.path, sizeof(url.path), err))
		return fail(err, FAULT_USAGE, "%.80s: the path is too long or not text", text);
	*out = url;
	return true;
}
