/* A URL that is read has a host, a port and a path that are text without control bytes. */
#include <string.h>

#include "base/text.h"
#include "talk/url.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct url_scheme schemes[] = { { "tftp", 69 }, { "https", 443 } };
	char asked[1024] = "", shown[LIMIT_FILE_NAME];
	struct url url;
	struct error err = { 0 };
	struct reader bytes = reader_of(data, size);
	if (size >= sizeof(asked))
		return 0;
	reader_copy(&bytes, asked, size);
	if (!url_parse(asked, schemes, COUNT(schemes), &url, &err))
		return refused(&err);
	assert(strcmp(url.scheme, "tftp") == 0 || strcmp(url.scheme, "https") == 0);
	assert(url.host[0] != '\0' && strchr(url.host, '@') == NULL && url.port != 0);
	assert(text_from(reader_of_text(url.host), shown, sizeof(shown), &err));
	assert(url.path[0] == '/');
	assert(text_from(reader_of_text(url.path), shown, sizeof(shown), &err));
	return 0;
}
