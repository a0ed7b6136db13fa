#include "cli/authority_folder.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/limits.h"
#include "base/writer.h"
#include "cli/cert_files.h"
#include "pki/authority.h"

static const struct authority *called(const char *name)
{
	size_t count;
	const struct authority *rows = authority_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static bool check(const char *path, const struct cert *cert, struct error *err)
{
	char shown[DIGEST_HEX_SIZE];
	if (authority_of(cert) != NULL)
		return true;
	const struct authority *meant = called(cert_common_name(cert));
	if (meant == NULL)
		return fail(err, FAULT_UNTRUSTED,
			"%.120s: %.80s is none of the maker's authorities; nothing is imported: "
			"take "
			"it out of the folder, or upload it with `dialtrust trust upload`",
			path, cert_common_name(cert));
	(void)hex_write(reader_of(cert_digest(cert), DIGEST_SIZE), shown);
	return fail(err, FAULT_UNTRUSTED,
		"%.100s: it calls itself %s, whose SHA-256 begins with %.16s, but its own with "
		"%.16s: it was changed or forged; nothing is imported",
		path, meant->name, meant->sha256, shown);
}

static bool append(const char *path, const struct cert_bundle *held, void *into, struct error *err)
{
	struct writer *w = into;
	for (size_t i = 0; i < held->count; i++) {
		char *pem = NULL;
		if (!check(path, held->certs[i], err) || !cert_pem(held->certs[i], &pem, err))
			return false;
		writer_text(w, pem);
		free(pem);
	}
	return w->ok || fail(err, FAULT_LIMIT, "%s: the folder is too large", path);
}

bool authority_folder_read(const char *path, struct bytes *out, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_UPLOAD);
	return cert_files_each(path, append, &w, err) && bytes_copy(out, writer_written(&w), err);
}
