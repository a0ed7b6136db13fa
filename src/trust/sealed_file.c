#include "trust/sealed_file.h"

#include "base/limits.h"
#include "pki/envelope.h"
#include "trust/header_fill_impl.h"

enum { PAD_BYTE = 0x0d, WRAPPED_KEY_MAX = 512 };

static const struct version sealed_version = { 2, 0 };

static enum digest_kind digest_kind_of(enum hash_code hash)
{
	switch (hash) {
	case HASH_SHA1:
		return DIGEST_SHA1;
	case HASH_SHA256:
		return DIGEST_SHA256;
	case HASH_SHA512:
		return DIGEST_SHA512;
	}
	return DIGEST_SHA512;
}

/* At least one byte, so that a file of whole blocks grows by one more. */
static bool pad(struct reader clear, struct bytes *out, uint16_t *count, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIGNED_FILE + CIPHER_BLOCK_SIZE);
	writer_bytes(&w, clear);
	*count = (uint16_t)(CIPHER_BLOCK_SIZE - clear.left % CIPHER_BLOCK_SIZE);
	for (uint16_t i = 0; i < *count; i++)
		writer_u8(&w, PAD_BYTE);
	return writer_take(&w, out, err);
}

static bool encrypt(const struct content_key *k, struct reader clear, uint16_t *count,
	struct bytes *out, struct error *err)
{
	struct bytes padded = { 0 };
	bool fine = pad(clear, &padded, count, err) &&
		content_encrypt(k, bytes_reader(&padded), out, err);
	bytes_wipe(&padded);
	return fine;
}

static bool write_file(const struct signed_header *header, struct reader body, struct bytes *out,
	struct error *err)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIGNED_FILE + UINT16_MAX);
	signed_header_write(&w, header);
	writer_bytes(&w, body);
	return writer_take(&w, out, err);
}

static bool build(const struct sealed_plan *plan, const struct content_key *k, struct reader clear,
	struct bytes *out, struct error *err)
{
	struct signed_header header = { .version = sealed_version, .timestamp = plan->timestamp };
	struct file_signer signer = { plan->signer, plan->hash, plan->names };
	struct encryption *e = &header.encryption;
	uint8_t digest[DIGEST_MAX];
	AUTO_DONE(bytes) wrapped = { 0 };
	AUTO_DONE(bytes) body = { 0 };
	if (!header_fill(&header, plan->file_name, &signer, err) ||
		!digest_of(digest_kind_of(plan->hash), &clear, 1, digest, err) ||
		!content_key_wrap(k, plan->device, &wrapped, err) ||
		!encrypt(k, clear, &e->padding, &body, err))
		return false;
	if (wrapped.size > WRAPPED_KEY_MAX)
		return fail(err, FAULT_REFUSED, "a device with a key of %zu bits, at most %d",
			8 * wrapped.size, 8 * WRAPPED_KEY_MAX);
	header.has_encryption = true;
	e->iv = reader_of(k->iv, sizeof(k->iv));
	e->wrapped_key = bytes_reader(&wrapped);
	e->hash = plan->hash;
	e->digest = reader_of(digest, hash_code_size(plan->hash));
	return write_file(&header, bytes_reader(&body), out, err);
}

bool sealed_file_build(
	const struct sealed_plan *plan, struct reader clear, struct bytes *out, struct error *err)
{
	struct content_key k;
	if (clear.left > LIMIT_SIGNED_FILE)
		return fail(err, FAULT_LIMIT, "building %s: a clear file of more than %d bytes",
			plan->file_name, LIMIT_SIGNED_FILE);
	bool built = content_key_make(&k, err) && build(plan, &k, clear, out, err);
	content_key_done(&k);
	return built || fail_in(err, "building %s", plan->file_name);
}

static bool decrypt(struct reader body, const struct encryption *e, const struct key *device,
	struct bytes *out, struct error *err)
{
	struct content_key k;
	struct reader iv = e->iv;
	reader_copy(&iv, k.iv, sizeof(k.iv));
	bool fine = content_key_unwrap(device, e->wrapped_key, &k, err) &&
		content_decrypt(&k, body, out, err);
	content_key_done(&k);
	return fine;
}

static bool usual_padding(const struct bytes *padded, size_t count)
{
	uint8_t different = 0;
	for (size_t i = padded->size - count; i < padded->size; i++)
		different |= padded->data[i] ^ PAD_BYTE;
	return different == 0;
}

/* Takes what was deciphered over, or wipes it. */
static bool check_clear(struct bytes *padded, const struct encryption *e, struct unsealed_file *out,
	struct error *err)
{
	uint8_t digest[DIGEST_MAX];
	struct reader clear = reader_of(padded->data, padded->size - e->padding);
	bool usual = usual_padding(padded, e->padding);
	bool fine = digest_of(digest_kind_of(e->hash), &clear, 1, digest, err);
	if (fine && !secret_same(reader_of(digest, hash_code_size(e->hash)), e->digest))
		fine = fail(err, FAULT_UNTRUSTED,
			"does not open with this key: it is for another device, or was changed");
	if (!fine) {
		bytes_wipe(padded);
		return false;
	}
	*out = (struct unsealed_file){ .clear = { padded->data, clear.left },
		.odd_padding = !usual };
	return true;
}

bool sealed_file_open(struct reader file, const struct signed_header *header,
	const struct key *device, struct unsealed_file *out, struct error *err)
{
	struct bytes padded = { 0 };
	struct reader body = file;
	(void)reader_sub(&body, header->size);
	if (!header->has_encryption)
		return fail(err, FAULT_REFUSED, "is not encrypted");
	if (body.left == 0 || body.left % CIPHER_BLOCK_SIZE != 0)
		return fail(err, FAULT_MALFORMED,
			"%zu bytes stand behind the header, no whole blocks of %d", body.left,
			CIPHER_BLOCK_SIZE);
	return decrypt(body, &header->encryption, device, &padded, err) &&
		check_clear(&padded, &header->encryption, out, err);
}
