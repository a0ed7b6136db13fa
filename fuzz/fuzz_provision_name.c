/* A name that is taken stays beneath its folder, leads to no key, and means the same again. */
#include <string.h>

#include "base/text.h"
#include "talk/provision_name.h"
#include "target.h"

static bool ends(const char *text, const char *suffix)
{
	size_t size = strlen(text), tail = strlen(suffix);
	return size > tail && text_same_nocase(text + size - tail, suffix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char asked[2 * LIMIT_FILE_NAME] = "";
	struct provision_name once, twice;
	struct error err = { 0 };
	struct reader bytes = reader_of(data, size);
	if (size >= sizeof(asked))
		return 0;
	reader_copy(&bytes, asked, size);
	if (!provision_name_parse(asked, &once, &err))
		return refused(&err);
	assert(once.name[0] != '/' && once.name[0] != '.' && once.source[0] != '\0');
	assert(strstr(once.name, "/.") == NULL && strstr(once.name, "//") == NULL);
	assert(strpbrk(once.name, "\\:") == NULL);
	assert(!ends(once.source, ".pem") && !ends(once.source, ".key"));
	assert(provision_name_parse(once.name, &twice, &err));
	assert(once.kind == twice.kind && strcmp(once.name, twice.name) == 0);
	assert(strcmp(once.source, twice.source) == 0 && strcmp(once.device, twice.device) == 0);
	return 0;
}
