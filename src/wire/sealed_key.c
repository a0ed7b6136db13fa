#include "wire/sealed_key.h"

#include "base/text.h"

/* docs/formats/sealed-key.md: fields in the order of the structs, texts and blobs with their length
 * in front. */

static void write_text(struct writer *w, const char *text)
{
	struct reader bytes = reader_of_text(text);
	if (bytes.left > UINT16_MAX)
		w->ok = false;
	writer_u16(w, (uint16_t)bytes.left);
	writer_bytes(w, bytes);
}

static void write_blob(struct writer *w, struct reader blob)
{
	if (blob.left > UINT32_MAX)
		w->ok = false;
	writer_u32(w, (uint32_t)blob.left);
	writer_bytes(w, blob);
}

static bool read_text(struct reader *r, char *out, size_t size, struct error *err)
{
	uint16_t length = reader_u16(r);
	struct reader text = reader_sub(r, length);
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "is cut short");
	return text_from(text, out, size, err);
}

static struct reader read_blob(struct reader *r)
{
	uint32_t length = reader_u32(r);
	return reader_sub(r, length);
}

static bool read_version(struct reader *r, struct error *err)
{
	uint8_t version = reader_u8(r);
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "is cut short");
	return version == SEALED_KEY_VERSION ||
		fail(err, FAULT_MALFORMED, "version %u; this release knows version %d", version,
			SEALED_KEY_VERSION);
}

static bool ends(const struct reader *r, struct error *err)
{
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "is cut short");
	return r->left == 0 || fail(err, FAULT_MALFORMED, "%zu bytes too many", r->left);
}

void sealed_key_write(struct writer *w, const struct sealed_key *m)
{
	writer_u8(w, SEALED_KEY_VERSION);
	write_text(w, m->unit);
	writer_u64(w, (uint64_t)m->made);
	write_blob(w, m->key);
	write_blob(w, m->placeholder);
}

static bool read_sealed_key(struct reader r, struct sealed_key *m, struct error *err)
{
	if (!read_version(&r, err) || !read_text(&r, m->unit, sizeof(m->unit), err))
		return false;
	m->made = (int64_t)reader_u64(&r);
	m->key = read_blob(&r);
	m->placeholder = read_blob(&r);
	return ends(&r, err);
}

bool sealed_key_parse(struct reader r, struct sealed_key *out, struct error *err)
{
	struct sealed_key m = { 0 };
	if (!read_sealed_key(r, &m, err))
		return fail_in(err, "sealed key");
	*out = m;
	return true;
}

void signer_seal_write(struct writer *w, const struct signer_seal *m)
{
	writer_u8(w, SEALED_KEY_VERSION);
	writer_bytes(w, reader_of(m->key, sizeof(m->key)));
	write_blob(w, m->recipient);
}

bool signer_seal_parse(struct reader r, struct signer_seal *out, struct error *err)
{
	struct signer_seal m = { 0 };
	bool fine = read_version(&r, err);
	reader_copy(&r, m.key, sizeof(m.key));
	m.recipient = read_blob(&r);
	if (!fine || !ends(&r, err))
		return fail_in(err, "signer: seal");
	*out = m;
	return true;
}

void signer_unseal_write(struct writer *w, const struct signer_unseal *m)
{
	writer_u8(w, SEALED_KEY_VERSION);
	writer_bytes(w, reader_of(m->key, sizeof(m->key)));
	write_text(w, m->unit);
	writer_bytes(w, reader_of(m->recipient, sizeof(m->recipient)));
	write_blob(w, m->sealed);
}

static bool read_unseal(struct reader r, struct signer_unseal *m, struct error *err)
{
	if (!read_version(&r, err))
		return false;
	reader_copy(&r, m->key, sizeof(m->key));
	if (!read_text(&r, m->unit, sizeof(m->unit), err))
		return false;
	reader_copy(&r, m->recipient, sizeof(m->recipient));
	m->sealed = read_blob(&r);
	return ends(&r, err);
}

bool signer_unseal_parse(struct reader r, struct signer_unseal *out, struct error *err)
{
	struct signer_unseal m = { 0 };
	if (!read_unseal(r, &m, err))
		return fail_in(err, "signer: unseal");
	*out = m;
	return true;
}
