#include "provision/catalogue.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/writer.h"
#include "provision/folders.h"
#include "provision/name_index.h"
#include "provision/objects.h"
#include "run/files.h"
#include "wire/signed_header.h"

bool catalogue_init(
	struct catalogue *c, const struct snapshot *snapshot, int root, struct error *err)
{
	*c = (struct catalogue){ .snapshot = snapshot, .root = root };
	c->objects = objects_new(err);
	c->folders = folders_new(root, err);
	if (c->objects != NULL && c->folders != NULL)
		return true;
	catalogue_done(c);
	return false;
}

void catalogue_done(struct catalogue *c)
{
	objects_free(c->objects);
	folders_free(c->folders);
	name_index_free(c->published);
	if (c->root >= 0)
		(void)close(c->root); /* only read from */
	*c = (struct catalogue){ .root = -1 };
}

/* The names of the index that is current, which changes when the manager publishes. */
static const struct name_index *published(struct catalogue *c, const struct snapshot_index *index)
{
	if (c->published != NULL && c->indexed == index && c->number == index->number)
		return c->published;
	name_index_free(c->published);
	c->published = name_index_new(NULL);
	for (size_t i = 0; c->published != NULL && i < index->file_count; i++)
		name_index_add(c->published, index->files[i].name);
	if (c->published == NULL || !name_index_finish(c->published, NULL)) {
		name_index_free(c->published);
		c->published = NULL;
	}
	c->indexed = index;
	c->number = index->number;
	return c->published;
}

static const struct snapshot_file *in_snapshot(struct catalogue *c, const char *name)
{
	const struct snapshot_index *index = snapshot_current(c->snapshot);
	const struct name_index *names = index == NULL ? NULL : published(c, index);
	size_t at;
	if (names == NULL || name_index_find(names, name, &at) == NULL)
		return NULL;
	return &index->files[at];
}

static bool take_object(struct catalogue *c, const struct snapshot_file *file,
	struct found_file *out, struct error *err)
{
	out->content = objects_take(c->objects, c->snapshot, file->digest, err);
	return out->content != NULL;
}

struct spelling {
	char path[LIMIT_FILE_NAME];
	size_t used;
};

static bool append(struct spelling *s, const char *part)
{
	int length = snprintf(s->path + s->used, sizeof(s->path) - s->used, "%s%s",
		s->used == 0 ? "" : "/", part);
	if (length < 0 || (size_t)length >= sizeof(s->path) - s->used)
		return false;
	s->used += (size_t)length;
	return true;
}

/* Part by part, as each folder on the way spells it. */
static bool other_case(struct folders *folders, const char *name, struct spelling *out)
{
	struct spelling s = { 0 };
	while (*name != '\0') {
		char part[LIMIT_FILE_NAME];
		size_t length = strcspn(name, "/");
		(void)snprintf(part, sizeof(part), "%.*s", (int)length, name);
		const char *spelt = folders_spelling(folders, s.path, part);
		if (spelt == NULL || !append(&s, spelt))
			return false;
		name += length + (name[length] == '/');
	}
	*out = s;
	return true;
}

static bool open_in_tree(
	struct catalogue *c, const char *name, struct found_file *out, struct error *err)
{
	struct spelling other;
	const char *spelt = name;
	if (c->root < 0)
		return fail(err, FAULT_MISSING, "no file %s", name);
	out->fd = file_open_beneath(c->root, name, &out->size, err);
	if (out->fd < 0 && err->fault == FAULT_MISSING && other_case(c->folders, name, &other)) {
		spelt = other.path;
		out->fd = file_open_beneath(c->root, spelt, &out->size, err);
	}
	return out->fd >= 0 && text_copy(out->spelt, sizeof(out->spelt), spelt, err);
}

bool found_file_read(struct found_file *f, struct error *err)
{
	if (f->fd < 0)
		return true;
	if (f->size > LIMIT_SIGNED_FILE)
		return fail(err, FAULT_LIMIT, "%s: only files up to %d bytes are signed",
			f->asked.source, LIMIT_SIGNED_FILE);
	AUTO_DONE(writer) w = writer_new(f->size);
	AUTO_DONE(bytes) bytes = { 0 };
	uint8_t block[65536];
	ssize_t got;
	while ((got = read(f->fd, block, sizeof(block))) > 0)
		writer_bytes(&w, reader_of(block, (size_t)got));
	if (got < 0)
		return fail_errno(err, "%s", f->asked.name);
	if (!w.ok || w.used != f->size)
		return fail(err, FAULT_BUSY, "%s changed while it was read", f->asked.name);
	if (!writer_take(&w, &bytes, err) || (f->content = content_new(&bytes, err)) == NULL)
		return false;
	(void)close(f->fd); /* only read from */
	f->fd = -1;
	return true;
}

/* A configuration is served as the manager has merged it, or not at all: what lies in the tree
 * under such a name was refused by it, or has not been read yet. */
static bool is_configuration(const char *source)
{
	static const char suffix[] = ".cnf.xml";
	size_t size = strlen(source), tail = sizeof(suffix) - 1;
	return strchr(source, '/') == NULL && size > tail &&
		text_same_nocase(source + size - tail, suffix);
}

static bool find_list(struct catalogue *c, struct found_file *out, struct error *err)
{
	const struct snapshot_file *file = in_snapshot(c, out->asked.source);
	if (file == NULL)
		return fail(err, FAULT_MISSING, "no %s is published", out->asked.source);
	return take_object(c, file, out, err);
}

/* What lies in the tree under the signed name itself passes through: somebody else signed it. */
static bool find_signed(
	struct catalogue *c, bool secure_transport, struct found_file *out, struct error *err)
{
	const struct snapshot_file *file = in_snapshot(c, out->asked.source);
	if (file != NULL && file->kind == SNAPSHOT_CONFIGURATION) {
		out->to_sign = !secure_transport || out->asked.device[0] == '\0';
		return text_copy(out->spelt, sizeof(out->spelt), file->name, err) &&
			take_object(c, file, out, err);
	}
	if (file != NULL || is_configuration(out->asked.source))
		return fail(err, FAULT_MISSING, "no %s to be signed", out->asked.source);
	if (open_in_tree(c, out->asked.name, out, err))
		return true;
	if (err->fault != FAULT_MISSING || !open_in_tree(c, out->asked.source, out, err))
		return false;
	if (!found_file_read(out, err))
		return false;
	if (signed_header_recognise(content_bytes(out->content)))
		return fail(err, FAULT_MISSING, "%s is signed by its maker: ask for that name",
			out->asked.source);
	out->to_sign = true;
	return true;
}

static bool find_plain(struct catalogue *c, struct found_file *out, struct error *err)
{
	const struct snapshot_file *file = in_snapshot(c, out->asked.name);
	if (file == NULL && is_configuration(out->asked.name))
		return fail(err, FAULT_MISSING, "no configuration %s", out->asked.name);
	return file != NULL ? take_object(c, file, out, err)
			    : open_in_tree(c, out->asked.name, out, err);
}

static bool find_kind(
	struct catalogue *c, bool secure_transport, struct found_file *out, struct error *err)
{
	switch (out->asked.kind) {
	case PROVISION_ITL:
	case PROVISION_CTL:
		return find_list(c, out, err);
	case PROVISION_SIGNED:
		return find_signed(c, secure_transport, out, err);
	case PROVISION_ENCRYPTED:
		return open_in_tree(c, out->asked.name, out, err);
	case PROVISION_PLAIN:
		return find_plain(c, out, err);
	}
	return fail(err, FAULT_MISSING, "no file %s", out->asked.name);
}

bool catalogue_find(struct catalogue *c, const char *asked, bool secure_transport,
	struct found_file *out, struct error *err)
{
	struct found_file found = { .fd = -1 };
	if (!provision_name_parse(asked, &found.asked, err) ||
		!find_kind(c, secure_transport, &found, err)) {
		found_file_done(&found);
		return false;
	}
	*out = found;
	return true;
}

void found_file_done(struct found_file *f)
{
	content_free(f->content);
	f->content = NULL;
	if (f->fd >= 0)
		(void)close(f->fd); /* only read from */
	f->fd = -1;
}
