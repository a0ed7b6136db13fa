#include "cli/key_source.h"

#include <string.h>

#include "base/limits.h"
#include "run/files.h"

enum { PEM_MAX = 64 << 10 };

static const char pem_opening[] = "-----BEGIN ";

/* PEM may have text in front of it; DER starts with a SEQUENCE. */
static bool is_pem(struct reader file)
{
	for (size_t i = 0; i + sizeof(pem_opening) - 1 <= file.left; i++)
		if (memcmp(file.at + i, pem_opening, sizeof(pem_opening) - 1) == 0)
			return true;
	return false;
}

struct cert *cert_source_read(const char *path, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	if (!file_read(path, PEM_MAX, &file, err))
		return NULL;
	struct reader read = bytes_reader(&file);
	struct cert *cert = is_pem(read) ? cert_parse_pem(read, err) : cert_parse(read, err);
	if (cert == NULL)
		(void)fail_in(err, "%s", path);
	return cert;
}

struct key *key_source_read(const char *path, struct error *err)
{
	struct bytes file = { 0 };
	if (!file_read(path, PEM_MAX, &file, err))
		return NULL;
	struct reader read = bytes_reader(&file);
	struct key *key = is_pem(read) ? key_parse_pem(read, err) : key_parse(read, err);
	bytes_wipe(&file);
	if (key == NULL)
		(void)fail_in(err, "%s", path);
	return key;
}
