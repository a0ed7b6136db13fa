#include "pki/digest.h"

#include "pki/crypto_fault_impl.h"
#include "pki/digest_impl.h"

static const struct digest_row {
	const char *name;
	size_t size;
	const EVP_MD *(*md)(void);
} rows[] = {
	[DIGEST_MD5] = { "MD5", 16, EVP_md5 },
	[DIGEST_SHA1] = { "SHA-1", 20, EVP_sha1 },
	[DIGEST_SHA256] = { "SHA-256", 32, EVP_sha256 },
	[DIGEST_SHA384] = { "SHA-384", 48, EVP_sha384 },
	[DIGEST_SHA512] = { "SHA-512", 64, EVP_sha512 },
};

size_t digest_size(enum digest_kind kind)
{
	return rows[kind].size;
}

const char *digest_name(enum digest_kind kind)
{
	return rows[kind].name;
}

const EVP_MD *digest_md(enum digest_kind kind)
{
	return rows[kind].md();
}

bool digest_of(enum digest_kind kind, const struct reader *parts, size_t count, uint8_t *out,
	struct error *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL && EVP_DigestInit_ex2(context, digest_md(kind), NULL) == 1;
	for (size_t i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(context, parts[i].at, parts[i].left) == 1;
	ok = ok && EVP_DigestFinal_ex(context, digest, &size) == 1 && size == rows[kind].size;
	EVP_MD_CTX_free(context);
	if (!ok) {
		(void)fail_crypto(err, "the digest cannot be made");
		return fail_in(err, "%s", rows[kind].name);
	}
	struct reader whole = reader_of(digest, size);
	reader_copy(&whole, out, size);
	return true;
}

bool digest_sha256(struct reader bytes, uint8_t out[static DIGEST_SIZE], struct error *err)
{
	return digest_of(DIGEST_SHA256, &bytes, 1, out, err);
}
