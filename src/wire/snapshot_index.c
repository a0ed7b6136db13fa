#include "wire/snapshot_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/signed_header.h"

/* docs/formats/snapshot-index.md. Elements stand in the order of their tags; 4, 5 and 6 come as
 * often as needed. */
enum index_tag {
	INDEX_HEAD = 1,
	INDEX_CLUSTER = 2,
	INDEX_NODE = 3,
	INDEX_IDENTITY = 4,
	INDEX_CERTIFICATE = 5,
	INDEX_FILE = 6,
};

enum { INDEX_FORMAT = 1, INDEX_TAGS = INDEX_FILE + 1 };

struct cursor {
	struct reader value;
	struct snapshot_index *index;
};

static bool ends(struct reader *r, struct error *err)
{
	if (!reader_done(r))
		return fail(err, FAULT_MALFORMED, "has a wrong length");
	return true;
}

static bool read_head(struct cursor *c, struct error *err)
{
	struct snapshot_index *index = c->index;
	uint16_t format = reader_u16(&c->value);
	if (format != INDEX_FORMAT)
		return fail(err, FAULT_REFUSED, "format %u, this program reads %d", format,
			INDEX_FORMAT);
	index->number = reader_u64(&c->value);
	index->time = (int64_t)reader_u64(&c->value);
	reader_copy(&c->value, index->audit_head, sizeof(index->audit_head));
	index->file_hash = reader_u8(&c->value);
	index->tvs_ttl = reader_u32(&c->value);
	if (hash_code_size((enum hash_code)index->file_hash) == 0)
		return fail(err, FAULT_MALFORMED, "hash code %u is unknown", index->file_hash);
	return ends(&c->value, err);
}

static bool read_cluster(struct cursor *c, struct error *err)
{
	return text_from(c->value, c->index->cluster, sizeof(c->index->cluster), err);
}

static bool read_node(struct cursor *c, struct error *err)
{
	return text_from(c->value, c->index->node, sizeof(c->index->node), err);
}

static bool read_identity(struct cursor *c, struct error *err)
{
	struct snapshot_identity *one = &c->index->identities[c->index->identity_count];
	reader_copy(&c->value, one->key, sizeof(one->key));
	reader_copy(&c->value, one->certificate, sizeof(one->certificate));
	struct reader unit = reader_rest(&c->value);
	if (!ends(&c->value, err) || !text_from(unit, one->unit, sizeof(one->unit), err))
		return false;
	c->index->identity_count++;
	return true;
}

static bool read_certificate(struct cursor *c, struct error *err)
{
	struct snapshot_certificate *one = &c->index->certificates[c->index->certificate_count];
	reader_copy(&c->value, one->digest, sizeof(one->digest));
	if (!c->value.ok || c->value.left > sizeof(one->roles))
		return fail(err, FAULT_MALFORMED, "has a wrong length");
	one->role_count = c->value.left;
	reader_copy(&c->value, one->roles, one->role_count);
	c->index->certificate_count++;
	return true;
}

static bool read_file(struct cursor *c, struct error *err)
{
	struct snapshot_index *index = c->index;
	struct snapshot_file *one = &index->files[index->file_count];
	uint8_t kind = reader_u8(&c->value);
	reader_copy(&c->value, one->digest, sizeof(one->digest));
	struct reader name = reader_rest(&c->value);
	if (!ends(&c->value, err) || !text_from(name, one->name, sizeof(one->name), err))
		return false;
	if (kind != SNAPSHOT_PUBLISHED && kind != SNAPSHOT_CONFIGURATION)
		return fail(err, FAULT_MALFORMED, "file kind %u is unknown", kind);
	if (index->file_count > 0 && strcmp(one[-1].name, one->name) >= 0)
		return fail(err, FAULT_MALFORMED, "files are not sorted by name");
	one->kind = (enum snapshot_file_kind)kind;
	index->file_count++;
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct cursor *c, struct error *err);
	size_t min; /* bytes: bounds what a small index can make us allocate */
	bool once;
} elements[] = {
	[INDEX_HEAD] = { "head", read_head, 55, true },
	[INDEX_CLUSTER] = { "cluster", read_cluster, 0, true },
	[INDEX_NODE] = { "node", read_node, 0, true },
	[INDEX_IDENTITY] = { "identity", read_identity, 64, false },
	[INDEX_CERTIFICATE] = { "certificate", read_certificate, 32, false },
	[INDEX_FILE] = { "file", read_file, 34, false },
};

/* How often each tag comes, so that arrays are made once; order and number are judged here. */
static bool count_elements(struct reader body, size_t counts[static INDEX_TAGS], struct error *err)
{
	struct reader rest = body;
	uint8_t last = INDEX_HEAD;
	struct tlv one;
	while (tlv_next(&rest, &one)) {
		if (one.tag < last || one.tag >= INDEX_TAGS)
			return fail(err, FAULT_MALFORMED, "tag %u after tag %u", one.tag, last);
		if (one.value.left < elements[one.tag].min)
			return fail(err, FAULT_MALFORMED, "%s of %zu bytes", elements[one.tag].name,
				one.value.left);
		last = one.tag;
		counts[one.tag]++;
	}
	if (!rest.ok)
		return fail(err, FAULT_MALFORMED, "is cut short");
	for (size_t tag = INDEX_HEAD; tag < INDEX_TAGS; tag++)
		if (elements[tag].once && counts[tag] != 1)
			return fail(err, FAULT_MALFORMED, "%zu elements \"%s\", must be one",
				counts[tag], elements[tag].name);
	return true;
}

static struct snapshot_index *index_new(const size_t counts[static INDEX_TAGS], struct error *err)
{
	struct snapshot_index *index = calloc(1, sizeof(*index));
	if (index == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	index->identities = calloc(counts[INDEX_IDENTITY] + 1, sizeof(*index->identities));
	index->certificates = calloc(counts[INDEX_CERTIFICATE] + 1, sizeof(*index->certificates));
	index->files = calloc(counts[INDEX_FILE] + 1, sizeof(*index->files));
	if (index->identities == NULL || index->certificates == NULL || index->files == NULL) {
		snapshot_index_free(index);
		(void)fail_memory(err);
		return NULL;
	}
	return index;
}

static bool read_elements(struct reader body, struct snapshot_index *index, struct error *err)
{
	size_t whole = body.left;
	struct tlv one;
	for (size_t at = 0; tlv_next(&body, &one); at = whole - body.left) {
		struct cursor c = { .value = one.value, .index = index };
		if (!elements[one.tag].read(&c, err))
			return fail_in(err, "%s at byte %zu", elements[one.tag].name, at);
	}
	return true;
}

struct snapshot_index *snapshot_index_parse(struct reader body, struct error *err)
{
	size_t counts[INDEX_TAGS] = { 0 };
	AUTO(snapshot_index) index = NULL;
	bool fine = body.left <= LIMIT_INDEX ||
		fail(err, FAULT_LIMIT, "%zu bytes, at most %d are allowed", body.left, LIMIT_INDEX);
	fine = fine && count_elements(body, counts, err) &&
		(index = index_new(counts, err)) != NULL && read_elements(body, index, err);
	if (!fine) {
		(void)fail_in(err, "snapshot index");
		return NULL;
	}
	return TAKE(index);
}

void snapshot_index_free(struct snapshot_index *index)
{
	if (index == NULL)
		return;
	free(index->identities);
	free(index->certificates);
	free(index->files);
	free(index);
}

static void write_head(struct writer *w, const struct snapshot_index *index)
{
	size_t head = tlv_open(w, INDEX_HEAD);
	writer_u16(w, INDEX_FORMAT);
	writer_u64(w, index->number);
	writer_u64(w, (uint64_t)index->time);
	writer_bytes(w, reader_of(index->audit_head, sizeof(index->audit_head)));
	writer_u8(w, index->file_hash);
	writer_u32(w, index->tvs_ttl);
	tlv_close(w, head);
	tlv_write(w, INDEX_CLUSTER, reader_of_text(index->cluster));
	tlv_write(w, INDEX_NODE, reader_of_text(index->node));
}

static void write_identity(struct writer *w, const struct snapshot_identity *one)
{
	size_t mark = tlv_open(w, INDEX_IDENTITY);
	writer_bytes(w, reader_of(one->key, sizeof(one->key)));
	writer_bytes(w, reader_of(one->certificate, sizeof(one->certificate)));
	writer_text(w, one->unit);
	tlv_close(w, mark);
}

static void write_certificate(struct writer *w, const struct snapshot_certificate *one)
{
	size_t mark = tlv_open(w, INDEX_CERTIFICATE);
	writer_bytes(w, reader_of(one->digest, sizeof(one->digest)));
	writer_bytes(w, reader_of(one->roles, one->role_count));
	tlv_close(w, mark);
}

static void write_file(struct writer *w, const struct snapshot_file *one)
{
	size_t mark = tlv_open(w, INDEX_FILE);
	writer_u8(w, (uint8_t)one->kind);
	writer_bytes(w, reader_of(one->digest, sizeof(one->digest)));
	writer_text(w, one->name);
	tlv_close(w, mark);
}

void snapshot_index_write(struct writer *w, const struct snapshot_index *index)
{
	write_head(w, index);
	for (size_t i = 0; i < index->identity_count; i++)
		write_identity(w, &index->identities[i]);
	for (size_t i = 0; i < index->certificate_count; i++)
		write_certificate(w, &index->certificates[i]);
	for (size_t i = 0; i < index->file_count; i++) {
		if (i > 0 && strcmp(index->files[i - 1].name, index->files[i].name) >= 0)
			w->ok = false; /* a reader would refuse it */
		write_file(w, &index->files[i]);
	}
}

static bool bytes_same(const uint8_t *a, const uint8_t *b)
{
	return reader_same(reader_of(a, SNAPSHOT_DIGEST_SIZE), reader_of(b, SNAPSHOT_DIGEST_SIZE));
}

static bool identities_same(const struct snapshot_index *a, const struct snapshot_index *b)
{
	if (a->identity_count != b->identity_count)
		return false;
	for (size_t i = 0; i < a->identity_count; i++)
		if (strcmp(a->identities[i].unit, b->identities[i].unit) != 0 ||
			!bytes_same(a->identities[i].key, b->identities[i].key) ||
			!bytes_same(a->identities[i].certificate, b->identities[i].certificate))
			return false;
	return true;
}

static bool certificates_same(const struct snapshot_index *a, const struct snapshot_index *b)
{
	if (a->certificate_count != b->certificate_count)
		return false;
	for (size_t i = 0; i < a->certificate_count; i++) {
		const struct snapshot_certificate *x = &a->certificates[i];
		const struct snapshot_certificate *y = &b->certificates[i];
		if (!bytes_same(x->digest, y->digest) ||
			!reader_same(reader_of(x->roles, x->role_count),
				reader_of(y->roles, y->role_count)))
			return false;
	}
	return true;
}

static bool files_same(const struct snapshot_index *a, const struct snapshot_index *b)
{
	if (a->file_count != b->file_count)
		return false;
	for (size_t i = 0; i < a->file_count; i++)
		if (strcmp(a->files[i].name, b->files[i].name) != 0 ||
			a->files[i].kind != b->files[i].kind ||
			!bytes_same(a->files[i].digest, b->files[i].digest))
			return false;
	return true;
}

bool snapshot_index_same(const struct snapshot_index *a, const struct snapshot_index *b)
{
	return a->number == b->number && a->time == b->time &&
		strcmp(a->cluster, b->cluster) == 0 && strcmp(a->node, b->node) == 0 &&
		bytes_same(a->audit_head, b->audit_head) && a->file_hash == b->file_hash &&
		a->tvs_ttl == b->tvs_ttl && identities_same(a, b) && certificates_same(a, b) &&
		files_same(a, b);
}
