#include "wire/signer_message.h"

#include "base/text.h"

/* docs/formats/sibling.md#signer: fields in the order of the structs, texts and blobs with their
 * length in front. */

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

static void write_key(struct writer *w, const uint8_t key[static SIGNER_KEY_SIZE])
{
	writer_bytes(w, reader_of(key, SIGNER_KEY_SIZE));
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

/* The message ends with its last field. */
static bool ends(const struct reader *r, struct error *err)
{
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "is cut short");
	if (r->left > 0)
		return fail(err, FAULT_MALFORMED, "%zu bytes too many", r->left);
	return true;
}

/* 0 or 1, nothing else, so that what is read writes back equal. */
static bool read_flag(struct reader *r, bool *out, struct error *err)
{
	uint8_t value = reader_u8(r);
	if (value > 1)
		return fail(err, FAULT_MALFORMED, "flag of %u, must be 0 or 1", value);
	*out = value == 1;
	return true;
}

/* The texts of signer_make in their order. */
struct text_field {
	char *text;
	size_t size;
};
enum { MAKE_TEXTS = 7 };

static void make_texts(struct signer_make *m, struct text_field out[static MAKE_TEXTS])
{
	out[0] = (struct text_field){ m->common_name, sizeof(m->common_name) };
	out[1] = (struct text_field){ m->organizational_unit, sizeof(m->organizational_unit) };
	out[2] = (struct text_field){ m->organization, sizeof(m->organization) };
	out[3] = (struct text_field){ m->locality, sizeof(m->locality) };
	out[4] = (struct text_field){ m->state, sizeof(m->state) };
	out[5] = (struct text_field){ m->country, sizeof(m->country) };
	out[6] = (struct text_field){ m->dns_name, sizeof(m->dns_name) };
}

void signer_make_write(struct writer *w, const struct signer_make *m)
{
	struct signer_make copy = *m;
	struct text_field texts[MAKE_TEXTS];
	make_texts(&copy, texts);
	write_text(w, m->unit);
	writer_u8(w, m->key_kind);
	writer_u16(w, m->hash_bits);
	for (size_t i = 0; i < MAKE_TEXTS; i++)
		write_text(w, texts[i].text);
	writer_u32(w, m->usages);
	writer_u8(w, m->authority ? 1 : 0);
	writer_u64(w, (uint64_t)m->not_before);
	writer_u16(w, m->days);
}

static bool read_make(struct reader r, struct signer_make *m, struct error *err)
{
	struct text_field texts[MAKE_TEXTS];
	make_texts(m, texts);
	if (!read_text(&r, m->unit, sizeof(m->unit), err))
		return false;
	m->key_kind = reader_u8(&r);
	m->hash_bits = reader_u16(&r);
	for (size_t i = 0; i < MAKE_TEXTS; i++)
		if (!read_text(&r, texts[i].text, texts[i].size, err))
			return false;
	m->usages = reader_u32(&r);
	if (!read_flag(&r, &m->authority, err))
		return false;
	m->not_before = (int64_t)reader_u64(&r);
	m->days = reader_u16(&r);
	return ends(&r, err);
}

bool signer_make_parse(struct reader r, struct signer_make *out, struct error *err)
{
	struct signer_make m = { 0 };
	if (!read_make(r, &m, err))
		return fail_in(err, "signer: make identity");
	*out = m;
	return true;
}

void signer_identity_write(struct writer *w, const struct signer_identity *m)
{
	write_key(w, m->key);
	write_blob(w, m->certificate);
}

bool signer_identity_parse(struct reader r, struct signer_identity *out, struct error *err)
{
	struct signer_identity m = { 0 };
	reader_copy(&r, m.key, sizeof(m.key));
	m.certificate = read_blob(&r);
	if (!ends(&r, err))
		return fail_in(err, "signer: identity");
	*out = m;
	return true;
}

enum { REQUEST_TEXTS = 6 };

static void request_texts(struct signer_request *m, struct text_field out[static REQUEST_TEXTS])
{
	out[0] = (struct text_field){ m->common_name, sizeof(m->common_name) };
	out[1] = (struct text_field){ m->organizational_unit, sizeof(m->organizational_unit) };
	out[2] = (struct text_field){ m->organization, sizeof(m->organization) };
	out[3] = (struct text_field){ m->locality, sizeof(m->locality) };
	out[4] = (struct text_field){ m->state, sizeof(m->state) };
	out[5] = (struct text_field){ m->country, sizeof(m->country) };
}

void signer_request_write(struct writer *w, const struct signer_request *m)
{
	struct signer_request copy = *m;
	struct text_field texts[REQUEST_TEXTS];
	request_texts(&copy, texts);
	if (m->name_count > SIGNER_REQUEST_NAMES)
		w->ok = false;
	write_key(w, m->key);
	for (size_t i = 0; i < REQUEST_TEXTS; i++)
		write_text(w, texts[i].text);
	writer_u8(w, (uint8_t)m->name_count);
	for (size_t i = 0; w->ok && i < m->name_count; i++)
		write_text(w, m->names[i]);
}

static bool read_request(struct reader r, struct signer_request *m, struct error *err)
{
	struct text_field texts[REQUEST_TEXTS];
	request_texts(m, texts);
	reader_copy(&r, m->key, sizeof(m->key));
	for (size_t i = 0; i < REQUEST_TEXTS; i++)
		if (!read_text(&r, texts[i].text, texts[i].size, err))
			return false;
	m->name_count = reader_u8(&r);
	if (m->name_count > SIGNER_REQUEST_NAMES)
		return fail(err, FAULT_LIMIT, "%zu names, at most %d are accepted", m->name_count,
			SIGNER_REQUEST_NAMES);
	for (size_t i = 0; i < m->name_count; i++)
		if (!read_text(&r, m->names[i], sizeof(m->names[i]), err))
			return false;
	return ends(&r, err);
}

bool signer_request_parse(struct reader r, struct signer_request *out, struct error *err)
{
	struct signer_request m = { 0 };
	if (!read_request(r, &m, err))
		return fail_in(err, "signer: request");
	*out = m;
	return true;
}

void signer_mark_write(struct writer *w, const struct signer_mark *m)
{
	write_key(w, m->key);
	writer_u8(w, m->has_predecessor ? 1 : 0);
	if (m->has_predecessor)
		write_key(w, m->predecessor);
}

bool signer_mark_parse(struct reader r, struct signer_mark *out, struct error *err)
{
	struct signer_mark m = { 0 };
	reader_copy(&r, m.key, sizeof(m.key));
	bool fine = read_flag(&r, &m.has_predecessor, err);
	if (m.has_predecessor)
		reader_copy(&r, m.predecessor, sizeof(m.predecessor));
	if (!fine || !ends(&r, err))
		return fail_in(err, "signer: mark");
	*out = m;
	return true;
}

void signer_sign_write(struct writer *w, const struct signer_sign *m)
{
	write_key(w, m->key);
	write_text(w, m->list);
	write_blob(w, m->file);
}

bool signer_sign_parse(struct reader r, struct signer_sign *out, struct error *err)
{
	struct signer_sign m = { 0 };
	reader_copy(&r, m.key, sizeof(m.key));
	bool fine = read_text(&r, m.list, sizeof(m.list), err);
	m.file = read_blob(&r);
	if (!fine || !ends(&r, err))
		return fail_in(err, "signer: sign");
	*out = m;
	return true;
}

void signer_leaf_write(struct writer *w, const struct signer_leaf *m)
{
	write_blob(w, m->key);
	write_blob(w, m->certificate);
}

bool signer_leaf_parse(struct reader r, struct signer_leaf *out, struct error *err)
{
	struct signer_leaf m = { 0 };
	m.key = read_blob(&r);
	m.certificate = read_blob(&r);
	if (!ends(&r, err))
		return fail_in(err, "signer: leaf");
	*out = m;
	return true;
}

void signer_key_row_write(struct writer *w, const struct signer_key_row *m)
{
	write_key(w, m->key);
	write_text(w, m->unit);
	writer_u8(w, (uint8_t)m->state);
	writer_u64(w, (uint64_t)m->made);
}

static bool read_key_row(struct reader *r, struct signer_key_row *m, struct error *err)
{
	reader_copy(r, m->key, sizeof(m->key));
	if (!read_text(r, m->unit, sizeof(m->unit), err))
		return false;
	uint8_t state = reader_u8(r);
	m->made = (int64_t)reader_u64(r);
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "is cut short");
	if (state < SIGNER_KEY_NEW || state > SIGNER_KEY_RETIRED)
		return fail(err, FAULT_MALFORMED, "key state %u is unknown", state);
	m->state = (enum signer_key_state)state;
	return true;
}

bool signer_key_row_next(struct reader *r, struct signer_key_row *out, struct error *err)
{
	struct signer_key_row m = { 0 };
	struct reader rest = *r;
	if (!read_key_row(&rest, &m, err))
		return fail_in(err, "signer: key row");
	*r = rest;
	*out = m;
	return true;
}
