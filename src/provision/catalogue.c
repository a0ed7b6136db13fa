#include "provision/catalogue.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/writer.h"
#include "run/files.h"
#include "wire/signed_header.h"

static int by_name(const void *name, const void *file)
{
	return strcmp(name, ((const struct snapshot_file *)file)->name);
}

static const struct snapshot_file *in_snapshot(const struct catalogue *c, const char *name)
{
	const struct snapshot_index *index = snapshot_current(c->snapshot);
	if (index == NULL || index->file_count == 0)
		return NULL;
	const struct snapshot_file *exact =
		bsearch(name, index->files, index->file_count, sizeof(*index->files), by_name);
	if (exact != NULL)
		return exact;
	for (size_t i = 0; i < index->file_count; i++)
		if (text_same_nocase(index->files[i].name, name))
			return &index->files[i];
	return NULL;
}

static bool take_object(const struct catalogue *c, const struct snapshot_file *file,
	struct found_file *out, struct error *err)
{
	return snapshot_object(c->snapshot, file->digest, LIMIT_SIGNED_FILE, &out->bytes, err);
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

static DIR *open_folder(int root, const char *path)
{
	const char *folder = path[0] == '\0' ? "." : path;
	int fd = openat(root, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *open = fd < 0 ? NULL : fdopendir(fd);
	if (open == NULL && fd >= 0)
		(void)close(fd); /* nothing was written to it */
	return open;
}

/* The entry of the folder so far that is `part` but for case. */
static bool respell(int root, struct spelling *s, const char *part)
{
	DIR *folder = open_folder(root, s->path);
	bool found = false;
	for (struct dirent *at; folder != NULL && !found && (at = readdir(folder)) != NULL;)
		found = text_same_nocase(at->d_name, part) && append(s, at->d_name);
	if (folder != NULL)
		(void)closedir(folder); /* only read from */
	return found;
}

static bool other_case(int root, const char *name, struct spelling *out)
{
	struct spelling s = { 0 };
	while (*name != '\0') {
		char part[LIMIT_FILE_NAME];
		size_t length = strcspn(name, "/");
		(void)snprintf(part, sizeof(part), "%.*s", (int)length, name);
		if (!respell(root, &s, part))
			return false;
		name += length + (name[length] == '/');
	}
	*out = s;
	return true;
}

static bool open_in_tree(
	const struct catalogue *c, const char *name, struct found_file *out, struct error *err)
{
	struct spelling spelling;
	if (c->root < 0)
		return fail(err, FAULT_MISSING, "no file %s", name);
	out->fd = file_open_beneath(c->root, name, &out->size, err);
	if (out->fd < 0 && err->fault == FAULT_MISSING && other_case(c->root, name, &spelling))
		out->fd = file_open_beneath(c->root, spelling.path, &out->size, err);
	return out->fd >= 0;
}

bool found_file_read(struct found_file *f, struct error *err)
{
	if (f->fd < 0)
		return true;
	if (f->size > LIMIT_PASSED_FILE)
		return fail(
			err, FAULT_LIMIT, "%s: over %d bytes", f->asked.name, LIMIT_PASSED_FILE);
	AUTO_DONE(writer) w = writer_new(f->size);
	uint8_t block[65536];
	ssize_t got;
	while ((got = read(f->fd, block, sizeof(block))) > 0)
		writer_bytes(&w, reader_of(block, (size_t)got));
	if (got < 0)
		return fail_errno(err, "%s", f->asked.name);
	if (!w.ok || w.used != f->size)
		return fail(err, FAULT_BUSY, "%s changed while it was read", f->asked.name);
	if (!writer_take(&w, &f->bytes, err))
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

static bool find_list(const struct catalogue *c, struct found_file *out, struct error *err)
{
	const struct snapshot_file *file = in_snapshot(c, out->asked.source);
	if (file == NULL)
		return fail(err, FAULT_MISSING, "no %s is published", out->asked.source);
	return take_object(c, file, out, err);
}

/* What lies in the tree under the signed name itself passes through: somebody else signed it. */
static bool find_signed(
	const struct catalogue *c, bool secure_transport, struct found_file *out, struct error *err)
{
	const struct snapshot_file *file = in_snapshot(c, out->asked.source);
	if (file != NULL && file->kind == SNAPSHOT_CONFIGURATION) {
		out->to_sign = !secure_transport || out->asked.device[0] == '\0';
		return take_object(c, file, out, err);
	}
	if (file != NULL || is_configuration(out->asked.source))
		return fail(err, FAULT_MISSING, "no %s to be signed", out->asked.source);
	if (open_in_tree(c, out->asked.name, out, err))
		return true;
	if (err->fault != FAULT_MISSING || !open_in_tree(c, out->asked.source, out, err))
		return false;
	if (out->size > LIMIT_SIGNED_FILE)
		return fail(err, FAULT_LIMIT, "%s: only files up to %d bytes are signed",
			out->asked.source, LIMIT_SIGNED_FILE);
	if (!found_file_read(out, err))
		return false;
	if (signed_header_recognise(bytes_reader(&out->bytes)))
		return fail(err, FAULT_MISSING, "%s is signed by its maker: ask for that name",
			out->asked.source);
	out->to_sign = true;
	return true;
}

static bool find_plain(const struct catalogue *c, struct found_file *out, struct error *err)
{
	const struct snapshot_file *file = in_snapshot(c, out->asked.name);
	if (file == NULL && is_configuration(out->asked.name))
		return fail(err, FAULT_MISSING, "no configuration %s", out->asked.name);
	return file != NULL ? take_object(c, file, out, err)
			    : open_in_tree(c, out->asked.name, out, err);
}

static bool find_kind(
	const struct catalogue *c, bool secure_transport, struct found_file *out, struct error *err)
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

bool catalogue_find(const struct catalogue *c, const char *asked, bool secure_transport,
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
	bytes_done(&f->bytes);
	if (f->fd >= 0)
		(void)close(f->fd); /* only read from */
	f->fd = -1;
}
