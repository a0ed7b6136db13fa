#include "deployer/placing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "run/files.h"

enum { FILE_LIMIT = 1 << 20, JOURNAL_LIMIT = 6 << 20, JOURNAL_MODE = 0600 };

struct placing {
	int directory; /* of the journal; the deployer's */
	char name[DEPLOYER_NAME_SIZE + 16];
	struct bytes journal; /* what the readers of `before` borrow */
	struct deployer_journal before;
};

struct place {
	int folder;
	char path[DEPLOYER_PATH_SIZE], copy[DEPLOYER_PATH_SIZE];
	const char *name;
};

static bool place_open(const char *path, struct place *out, struct error *err)
{
	if (!text_copy(out->path, sizeof(out->path), path, err) ||
		!text_copy(out->copy, sizeof(out->copy), path, err))
		return false;
	out->name = basename(out->copy);
	const char *folder = dirname(out->path);
	out->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->folder >= 0)
		return true;
	if (errno == ENOENT)
		return fail(err, FAULT_MISSING,
			"there is no folder %s: make it, or correct the path", folder);
	return fail_errno(err, "the folder %s", folder);
}

/* Left by a deployer that died while it wrote: ".NAME.0123456789abcdef.new"; NULL: of any name. */
static bool is_leftover(const char *entry, const char *name)
{
	enum { TAIL = 21 }; /* the name's end to the entry's */
	size_t size = strlen(entry), length = size > TAIL ? size - TAIL - 1 : 0;
	return length > 0 && entry[0] == '.' && entry[length + 1] == '.' &&
		strcmp(entry + size - 4, ".new") == 0 &&
		(name == NULL || (strlen(name) == length && strncmp(entry + 1, name, length) == 0));
}

static void sweep(int folder, const char *name)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);
	if (listing == NULL && fd >= 0)
		(void)close(fd);
	for (struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;)
		if (is_leftover(entry->d_name, name))
			(void)unlinkat(folder, entry->d_name, 0); /* swept again next time */
	if (listing != NULL)
		(void)closedir(listing);
}

void placing_sweep(int directory)
{
	sweep(directory, NULL);
}

static bool write_one(const struct placed_file *file, struct error *err)
{
	struct place place;
	const struct file_rights rights = { file->mode, file->owner, file->group };
	if (!place_open(file->path, &place, err))
		return false;
	bool fine = file_replace_as(place.folder, place.name, file->content, &rights, err);
	(void)close(place.folder);
	return fine || fail_in(err, "%s", file->path);
}

static bool remove_one(const char *path, struct error *err)
{
	struct place place;
	if (!place_open(path, &place, err))
		return false;
	bool fine = (unlinkat(place.folder, place.name, 0) == 0 || errno == ENOENT) &&
		fsync(place.folder) == 0;
	if (!fine)
		(void)fail_errno(err, "removing %s", path);
	(void)close(place.folder);
	return fine;
}

/* A link or a folder is somebody's arrangement, which a file in its place would break. */
static bool remember_in(const struct place *place, const char *path, struct deployer_file *out,
	struct bytes *content, struct error *err)
{
	struct stat facts;
	(void)snprintf(out->path, sizeof(out->path), "%s", path);
	out->existed = fstatat(place->folder, place->name, &facts, AT_SYMLINK_NOFOLLOW) == 0;
	if (!out->existed && errno != ENOENT)
		return fail_errno(err, "%s", path);
	if (!out->existed)
		return true;
	if (!S_ISREG(facts.st_mode))
		return fail(err, FAULT_REFUSED,
			"%s is no file but a link, a folder or the like: name the file itself",
			path);
	out->mode = facts.st_mode & 07777;
	out->owner = facts.st_uid;
	out->group = facts.st_gid;
	return file_read_beneath(place->folder, place->name, FILE_LIMIT, content, err);
}

static bool remember(
	const char *path, struct deployer_file *out, struct bytes *content, struct error *err)
{
	struct place place;
	if (!place_open(path, &place, err))
		return false;
	bool fine = remember_in(&place, path, out, content, err);
	(void)close(place.folder);
	return fine;
}

static bool remember_all(struct placing *p, const struct placed_file *files, size_t count,
	struct bytes *contents, struct error *err)
{
	struct deployer_journal before = { .count = count };
	for (size_t i = 0; i < count; i++) {
		if (!remember(files[i].path, &before.files[i], &contents[i], err))
			return false;
		before.files[i].content = bytes_reader(&contents[i]);
	}
	AUTO_DONE(writer) w = writer_new(JOURNAL_LIMIT);
	deployer_journal_write(&w, &before);
	return writer_take(&w, &p->journal, err) &&
		deployer_journal_parse(bytes_reader(&p->journal), &p->before, err) &&
		file_replace(p->directory, p->name, bytes_reader(&p->journal), JOURNAL_MODE, err);
}

static struct placing *placing_new(int directory, const char *name, struct error *err)
{
	struct placing *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	p->directory = directory;
	(void)snprintf(p->name, sizeof(p->name), "%.*s.journal", DEPLOYER_NAME_SIZE, name);
	return p;
}

static bool write_all(
	struct placing *p, const struct placed_file *files, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct error back = { 0 };
		if (write_one(&files[i], err))
			continue;
		if (!placing_undo(p, &back) || !placing_settle(p, &back))
			(void)fail(err, err->fault, "%.150s; and the way back failed: %.150s",
				err->text, back.text);
		return false;
	}
	return true;
}

struct placing *placing_do(int directory, const char *name, const struct placed_file *files,
	size_t count, struct error *err)
{
	struct bytes contents[DEPLOYER_FILES] = { { 0 } };
	struct placing *p = placing_new(directory, name, err);
	bool fine = p != NULL && remember_all(p, files, count, contents, err) &&
		write_all(p, files, count, err);
	for (size_t i = 0; i < count; i++)
		bytes_wipe(&contents[i]);
	if (fine)
		return p;
	placing_free(p);
	return NULL;
}

struct placing *placing_left(int directory, const char *name, struct error *err)
{
	struct placing *p = placing_new(directory, name, err);
	if (p == NULL)
		return NULL;
	if (faccessat(directory, p->name, F_OK, 0) != 0)
		(void)fail(err, FAULT_MISSING, "there is no %s", p->name);
	else if (!file_read_beneath(directory, p->name, JOURNAL_LIMIT, &p->journal, err) ||
		!deployer_journal_parse(bytes_reader(&p->journal), &p->before, err))
		(void)fail_in(err, "%s in the deployer's directory", p->name);
	else
		return p;
	placing_free(p);
	return NULL;
}

static bool undo_one(const struct deployer_file *before, struct error *err)
{
	struct place place;
	if (place_open(before->path, &place, NULL)) {
		sweep(place.folder, place.name);
		(void)close(place.folder);
	}
	if (!before->existed)
		return remove_one(before->path, err);
	const struct placed_file file = { before->path, before->content, before->mode,
		before->owner, before->group };
	return write_one(&file, err);
}

/* All of them, whatever became of one. */
bool placing_undo(const struct placing *p, struct error *err)
{
	bool fine = true;
	for (size_t i = 0; i < p->before.count; i++)
		fine = undo_one(&p->before.files[i], fine ? err : NULL) && fine;
	return fine;
}

bool placing_settle(const struct placing *p, struct error *err)
{
	if (unlinkat(p->directory, p->name, 0) != 0 && errno != ENOENT)
		return fail_errno(err, "removing %s", p->name);
	return fsync(p->directory) == 0 ? true : fail_errno(err, "the deployer's directory");
}

void placing_free(struct placing *p)
{
	if (p == NULL)
		return;
	bytes_wipe(&p->journal);
	free(p);
}
