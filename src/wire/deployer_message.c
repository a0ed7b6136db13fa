#include "wire/deployer_message.h"

#include "base/limits.h"
#include "base/text.h"

/* docs/formats/sibling.md#deployer: fields in the order of the structs, texts and blobs with their
 * length in front. */

#define JOURNAL_MARK "dialtrust deploy 1\n"

enum { CONTENT_LIMIT = 1 << 20 };

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

static bool read_blob(struct reader *r, size_t limit, struct reader *out, struct error *err)
{
	uint32_t length = reader_u32(r);
	*out = reader_sub(r, length);
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "is cut short");
	return length <= limit ||
		fail(err, FAULT_LIMIT, "%u bytes where %zu are the most", length, limit);
}

static bool ends(const struct reader *r, struct error *err)
{
	if (!r->ok)
		return fail(err, FAULT_MALFORMED, "is cut short");
	return r->left == 0 || fail(err, FAULT_MALFORMED, "%zu bytes too many", r->left);
}

void deployer_hook_write(struct writer *w, const struct deployer_hook *m)
{
	write_text(w, m->name);
	write_text(w, m->service);
	write_text(w, m->unit);
	write_text(w, m->recipe);
}

bool deployer_hook_next(struct reader *r, struct deployer_hook *out, struct error *err)
{
	struct deployer_hook m = { 0 };
	if (!read_text(r, m.name, sizeof(m.name), err) ||
		!read_text(r, m.service, sizeof(m.service), err) ||
		!read_text(r, m.unit, sizeof(m.unit), err) ||
		!read_text(r, m.recipe, sizeof(m.recipe), err))
		return fail_in(err, "deployer: hook");
	*out = m;
	return true;
}

void deployer_order_write(struct writer *w, const struct deployer_order *m)
{
	write_text(w, m->hook);
	writer_bytes(w, reader_of(m->key, sizeof(m->key)));
	write_blob(w, m->certificate);
	writer_u8(w, (uint8_t)m->issuer_count);
	for (size_t i = 0; i < m->issuer_count; i++)
		write_blob(w, m->issuers[i]);
}

static bool read_order(struct reader r, struct deployer_order *m, struct error *err)
{
	if (!read_text(&r, m->hook, sizeof(m->hook), err))
		return false;
	reader_copy(&r, m->key, sizeof(m->key));
	if (!read_blob(&r, LIMIT_CERTIFICATE, &m->certificate, err))
		return false;
	m->issuer_count = reader_u8(&r);
	if (m->issuer_count > DEPLOYER_ISSUERS)
		return fail(err, FAULT_LIMIT, "%zu issuers where %d are the most", m->issuer_count,
			DEPLOYER_ISSUERS);
	for (size_t i = 0; i < m->issuer_count; i++)
		if (!read_blob(&r, LIMIT_CERTIFICATE, &m->issuers[i], err))
			return false;
	return ends(&r, err);
}

bool deployer_order_parse(struct reader r, struct deployer_order *out, struct error *err)
{
	struct deployer_order m = { 0 };
	if (!read_order(r, &m, err))
		return fail_in(err, "deployer: order");
	*out = m;
	return true;
}

static void write_file(struct writer *w, const struct deployer_file *file)
{
	write_text(w, file->path);
	writer_u8(w, file->existed ? 1 : 0);
	writer_u32(w, file->mode);
	writer_u32(w, file->owner);
	writer_u32(w, file->group);
	write_blob(w, file->content);
}

void deployer_journal_write(struct writer *w, const struct deployer_journal *m)
{
	writer_text(w, JOURNAL_MARK);
	writer_u8(w, (uint8_t)m->count);
	for (size_t i = 0; i < m->count; i++)
		write_file(w, &m->files[i]);
}

static bool read_file(struct reader *r, struct deployer_file *file, struct error *err)
{
	if (!read_text(r, file->path, sizeof(file->path), err))
		return false;
	if (file->path[0] != '/')
		return fail(err, FAULT_MALFORMED, "a path that does not begin at the root");
	uint8_t existed = reader_u8(r);
	file->existed = existed == 1;
	file->mode = reader_u32(r);
	file->owner = reader_u32(r);
	file->group = reader_u32(r);
	if (existed > 1 || file->mode > 07777)
		return fail(err, FAULT_MALFORMED, "%s has a flag or a mode that no file has",
			file->path);
	return read_blob(r, CONTENT_LIMIT, &file->content, err);
}

static bool read_journal(struct reader r, struct deployer_journal *m, struct error *err)
{
	struct reader mark = reader_of_text(JOURNAL_MARK);
	if (!reader_same(reader_sub(&r, mark.left), mark))
		return fail(err, FAULT_MALFORMED, "does not begin as one of this version");
	m->count = reader_u8(&r);
	if (m->count > DEPLOYER_FILES)
		return fail(err, FAULT_LIMIT, "%zu files where %d are the most", m->count,
			DEPLOYER_FILES);
	for (size_t i = 0; i < m->count; i++)
		if (!read_file(&r, &m->files[i], err))
			return false;
	return ends(&r, err);
}

bool deployer_journal_parse(struct reader r, struct deployer_journal *out, struct error *err)
{
	struct deployer_journal m = { 0 };
	if (!read_journal(r, &m, err))
		return fail_in(err, "journal");
	*out = m;
	return true;
}
