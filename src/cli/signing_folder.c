#include "cli/signing_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"
#include "cluster/secret_name.h"

enum { DEPTH_MAX = 16, NAMES_MAX = 1 << 20, PATH_SIZE = 4096 };

static const char *const signed_already[] = { ".sgn", ".tlv" };

static bool ends_in(const char *name, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);
	return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

static bool is_left_out(const char *name)
{
	if (name[0] == '.' || secret_name(name))
		return true;
	for (size_t i = 0; i < COUNT(signed_already); i++)
		if (ends_in(name, signed_already[i]))
			return true;
	return false;
}

static bool add(struct signing_folder *folder, const char *name, struct error *err)
{
	if (folder->count == NAMES_MAX)
		return fail(err, FAULT_LIMIT, "more than %d files", NAMES_MAX);
	if ((folder->count & (folder->count - 1)) == 0) { /* room for twice as many */
		size_t room = folder->count == 0 ? 1 : 2 * folder->count;
		char **names = reallocarray(folder->names, room, sizeof(*names));
		if (names == NULL)
			return fail_memory(err);
		folder->names = names;
	}
	char *copy = strdup(name);
	if (copy == NULL)
		return fail_memory(err);
	folder->names[folder->count++] = copy;
	return true;
}

struct walk {
	int dirfd;
	bool (*keep)(struct signing_folder *found, const char *name, struct error *err);
	struct signing_folder *found;
	bool sweeps; /* leftovers are removed, and nothing is found */
	unsigned depth;
};

/* ".NAME.sgn.0123456789abcdef.new", of a run that was killed: run/files.c */
static bool is_leftover(const char *name)
{
	enum { DIGITS = 16 };
	static const char before[] = ".sgn.", behind[] = ".new";
	size_t length = strlen(name), tail = sizeof(before) - 1 + DIGITS + sizeof(behind) - 1;
	if (name[0] != '.' || length <= tail || !ends_in(name, behind))
		return false;
	const char *at = name + length - tail;
	return strncmp(at, before, sizeof(before) - 1) == 0 &&
		strspn(at + sizeof(before) - 1, "0123456789abcdef") == DIGITS;
}

static bool walk_folder(struct walk *w, const char *prefix, struct error *err);

static bool walk_entry(struct walk *w, const char *prefix, const char *entry, struct error *err)
{
	char name[LIMIT_FILE_NAME];
	struct stat facts;
	if (is_left_out(entry))
		return true;
	int used =
		snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] != '\0' ? "/" : "", entry);
	if (used < 0 || (size_t)used + sizeof(".sgn") > sizeof(name))
		return w->sweeps ||
			fail(err, FAULT_LIMIT, "%s/%.60s: a name that is too long for phones",
				prefix, entry);
	if (fstatat(w->dirfd, name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || fail_errno(err, "%s", name);
	if (S_ISDIR(facts.st_mode))
		return walk_folder(w, name, err);
	return !S_ISREG(facts.st_mode) || w->keep(w->found, name, err);
}

static bool sweep_entry(
	const struct walk *w, const char *prefix, const char *entry, struct error *err)
{
	char name[PATH_SIZE];
	int used =
		snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] != '\0' ? "/" : "", entry);
	if (!is_leftover(entry) || used < 0 || (size_t)used >= sizeof(name))
		return true;
	return unlinkat(w->dirfd, name, 0) == 0 || errno == ENOENT ||
		fail_errno(err, "removing %s", name);
}

static bool walk_entries(struct walk *w, DIR *entries, const char *prefix, struct error *err)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(entries);
		if (entry == NULL)
			return errno == 0 || fail_errno(err, "%s", prefix);
		if (w->sweeps && !sweep_entry(w, prefix, entry->d_name, err))
			return false;
		if (!walk_entry(w, prefix, entry->d_name, err))
			return false;
	}
}

static bool walk_folder(struct walk *w, const char *prefix, struct error *err)
{
	if (w->depth == DEPTH_MAX)
		return fail(err, FAULT_LIMIT, "%s: more than %d folders within each other", prefix,
			DEPTH_MAX);
	int fd = openat(w->dirfd, prefix[0] != '\0' ? prefix : ".",
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "%s", prefix);
	DIR *entries = fdopendir(fd);
	if (entries == NULL) {
		(void)close(fd);
		return fail_memory(err);
	}
	w->depth++;
	bool fine = walk_entries(w, entries, prefix, err);
	w->depth--;
	(void)closedir(entries);
	return fine;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool signing_folder_read(int dirfd, struct signing_folder *out, struct error *err)
{
	AUTO_DONE(signing_folder) found = { 0 };
	struct walk w = { .dirfd = dirfd, .keep = add, .found = &found };
	if (!walk_folder(&w, "", err))
		return false;
	if (found.count > 0)
		qsort(found.names, found.count, sizeof(*found.names), by_name);
	*out = found;
	found = (struct signing_folder){ 0 };
	return true;
}

static bool keep_none(struct signing_folder *found, const char *name, struct error *err)
{
	(void)found;
	(void)name;
	(void)err;
	return true;
}

bool signing_folder_claim(int dirfd, struct error *err)
{
	struct walk w = { .dirfd = dirfd, .keep = keep_none, .sweeps = true };
	if (flock(dirfd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK
			? fail(err, FAULT_REFUSED, "another dialtrust is signing into it")
			: fail_errno(err, "claiming it");
	return walk_folder(&w, "", err);
}

void signing_folder_done(struct signing_folder *folder)
{
	for (size_t i = 0; i < folder->count; i++)
		free(folder->names[i]);
	free(folder->names);
	*folder = (struct signing_folder){ 0 };
}
