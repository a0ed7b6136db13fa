/* A file that opens gives the bytes that its clear digest names; one that does not gives nothing.
 * With a content key that is known its digest is set right first, so that every body opens. */
#include <string.h>

#include "device_key.h"
#include "pki/envelope.h"
#include "target.h"
#include "trust/sealed_file.h"

enum { UNTOUCHED = 77 };

static enum digest_kind kind_of(enum hash_code hash)
{
	return hash == HASH_SHA1      ? DIGEST_SHA1
		: hash == HASH_SHA256 ? DIGEST_SHA256
				      : DIGEST_SHA512;
}

static const struct key *device(void)
{
	static struct key *key;
	if (key == NULL)
		key = key_parse(reader_of(device_key, sizeof(device_key)), NULL);
	assert(key != NULL);
	return key;
}

/* What the body is with the known key. */
static bool decipher(struct reader body, const struct signed_header *h, struct bytes *out)
{
	struct content_key k;
	struct reader key = reader_of(content_key_bytes, sizeof(content_key_bytes));
	struct reader iv = h->encryption.iv;
	reader_copy(&key, k.key, sizeof(k.key));
	reader_copy(&iv, k.iv, sizeof(k.iv));
	return content_decrypt(&k, body, out, NULL);
}

static bool padding_is_odd(const struct bytes *deciphered, size_t count)
{
	for (size_t i = deciphered->size - count; i < deciphered->size; i++)
		if (deciphered->data[i] != 0x0d)
			return true;
	return false;
}

static void must_open(struct bytes *file, struct signed_header *h, struct reader body)
{
	struct error err = { 0 };
	struct unsealed_file out = { 0 };
	AUTO_DONE(bytes) whole = { 0 };
	if (!decipher(body, h, &whole))
		return;
	struct reader clear = reader_of(whole.data, whole.size - h->encryption.padding);
	uint8_t *digest = file->data + (h->encryption.digest.at - file->data);
	assert(digest_of(kind_of(h->encryption.hash), &clear, 1, digest, &err));
	assert(sealed_file_open(bytes_reader(file), h, device(), &out, &err));
	assert(reader_same(bytes_reader(&out.clear), clear));
	assert(out.odd_padding == padding_is_odd(&whole, h->encryption.padding));
	bytes_wipe(&out.clear);
}

static void may_open(struct reader file, const struct signed_header *h, struct reader body)
{
	uint8_t digest[DIGEST_MAX];
	struct error err = { 0 };
	struct unsealed_file out = { .clear = { NULL, UNTOUCHED }, .odd_padding = true };
	if (!sealed_file_open(file, h, device(), &out, &err)) {
		assert(out.clear.data == NULL && out.clear.size == UNTOUCHED && out.odd_padding);
		(void)refused(&err);
		return;
	}
	struct reader clear = bytes_reader(&out.clear);
	assert(clear.left + h->encryption.padding == body.left);
	assert(digest_of(kind_of(h->encryption.hash), &clear, 1, digest, &err));
	assert(reader_same(reader_of(digest, h->encryption.digest.left), h->encryption.digest));
	bytes_wipe(&out.clear);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct signed_header h;
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	assert(bytes_copy(&file, reader_of(data, size), NULL));
	struct reader body = bytes_reader(&file);
	if (!signed_header_parse(&body, &h, &err))
		return refused(&err);
	struct reader known = reader_of(content_key_wrapped, sizeof(content_key_wrapped));
	if (h.has_encryption && reader_same(h.encryption.wrapped_key, known))
		must_open(&file, &h, body);
	else
		may_open(bytes_reader(&file), &h, body);
	return 0;
}
