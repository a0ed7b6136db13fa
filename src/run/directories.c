#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "run/files.h"
#include "run/process_impl.h"

#define STORE_SCHEME "sqlite:"

enum { DEPTH_MAX = 4 };

/* The store's file, or NULL when it is none of this machine. */
static const char *store_file(const struct settings *settings)
{
	size_t length = strlen(STORE_SCHEME);
	return strncmp(settings->store, STORE_SCHEME, length) == 0 ? settings->store + length
								   : NULL;
}

static bool parent_of(const char *path, char out[static RUN_PATH_SIZE], struct error *err)
{
	if (!text_copy(out, RUN_PATH_SIZE, path, err))
		return false;
	char *slash = strrchr(out, '/');
	if (slash == NULL)
		return text_copy(out, RUN_PATH_SIZE, ".", err);
	slash[slash == out] = '\0';
	return true;
}

/* Left by a process that died while it replaced a file; see files.c. */
static bool is_leftover(const char *name)
{
	size_t length = strlen(name);
	return name[0] == '.' && length > 4 && strcmp(name + length - 4, ".new") == 0;
}

static bool own_tree(int dirfd, uid_t user, unsigned depth, struct error *err);

static bool own_entry(int dirfd, const char *name, uid_t user, unsigned depth, struct error *err)
{
	struct stat facts;
	if (is_leftover(name))
		return unlinkat(dirfd, name, 0) == 0 ? true : fail_errno(err, "removing %s", name);
	if (fstatat(dirfd, name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
		return fail_errno(err, "%s", name);
	if (facts.st_uid != user &&
		fchownat(dirfd, name, user, (gid_t)user, AT_SYMLINK_NOFOLLOW) != 0)
		return fail_errno(err, "giving %s to user %u", name, (unsigned)user);
	if (!S_ISDIR(facts.st_mode) || depth == 0)
		return true;
	int below = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return fail_errno(err, "%s", name);
	return own_tree(below, user, depth - 1, err);
}

/* Takes dirfd over. */
static bool own_tree(int dirfd, uid_t user, unsigned depth, struct error *err)
{
	DIR *listing = fdopendir(dirfd);
	if (listing == NULL) {
		(void)close(dirfd);
		return fail_memory(err);
	}
	bool owned = true;
	for (struct dirent *entry; owned && (entry = readdir(listing)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			owned = own_entry(dirfd, entry->d_name, user, depth, err);
	(void)closedir(listing);
	return owned;
}

/* Takes fd over. */
static bool own_directory(int fd, unsigned mode, uid_t user, struct error *err)
{
	if (fchmod(fd, (mode_t)mode) == 0 && (geteuid() != 0 || fchown(fd, user, (gid_t)user) == 0))
		return own_tree(fd, user, DEPTH_MAX, err);
	(void)fail_errno(err, "giving it to user %u", (unsigned)user);
	(void)close(fd);
	return false;
}

static bool prepare_own(
	const struct supervision *node, const struct process_row *row, bool drop, struct error *err)
{
	uid_t user = drop ? process_user(node->settings, row->name) : geteuid();
	for (size_t i = 0; i < PROCESS_DIRECTORIES && row->directories[i] != NULL; i++) {
		char path[RUN_PATH_SIZE];
		(void)snprintf(
			path, sizeof(path), "%s/%s", node->settings->state, row->directories[i]);
		if (!directory_make(path, row->directory_mode, err))
			return false;
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return fail_errno(err, "%s", path);
		if (!own_directory(fd, row->directory_mode, user, err))
			return fail_in(err, "%s", path);
	}
	return true;
}

static bool make_with_mode(const char *path, unsigned mode, struct error *err)
{
	if (!directory_make(path, mode, err))
		return false;
	struct stat facts;
	if (stat(path, &facts) != 0)
		return fail_errno(err, "%s", path);
	if (facts.st_uid == geteuid() && (facts.st_mode & mode) != mode &&
		chmod(path, (facts.st_mode & 07777) | mode) != 0)
		return fail_errno(err, "%s", path);
	return true;
}

/* Nothing but the store's file and those that SQLite puts beside it. */
static bool holds_only(const char *folder, const char *file)
{
	DIR *listing = opendir(folder);
	const char *slash = strrchr(file, '/');
	const char *base = slash == NULL ? file : slash + 1;
	bool only = listing != NULL;
	for (struct dirent *entry; only && (entry = readdir(listing)) != NULL;)
		only = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			strncmp(entry->d_name, base, strlen(base)) == 0;
	if (listing != NULL)
		(void)closedir(listing);
	return only;
}

/* Other nodes of the machine may share the store: a group's directory, which passes its group on.
 * One that holds other things too is not ours to change. */
static bool own_store_folder(const struct settings *settings, const char *file, struct error *err)
{
	char folder[RUN_PATH_SIZE];
	struct stat facts;
	gid_t group = (gid_t)settings->group;
	if (!parent_of(file, folder, err))
		return false;
	if (stat(folder, &facts) != 0)
		return fail_errno(err, "%s", folder);
	if (facts.st_gid == group && (facts.st_mode & 02070) == 02070)
		return true;
	if (!holds_only(folder, file))
		return fail(err, FAULT_REFUSED,
			"%s holds more than the store, so it is left as it is: give the store a "
			"directory of its own, or chgrp %u and chmod 2770 this one",
			folder, (unsigned)group);
	return chown(folder, (uid_t)-1, group) == 0 && chmod(folder, 02770) == 0
		? true
		: fail_errno(err, "%s", folder);
}

/* Whoever may write into the folder may put a link there: what it leads to is not ours to give
 * away.
 */
static bool own_store_file(const char *path, gid_t group, struct error *err)
{
	struct stat facts;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0 && errno != ELOOP)
		return fail_errno(err, "%s", path);
	bool owned = false;
	if (fd < 0 || fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_nlink > 1)
		(void)fail(err, FAULT_REFUSED,
			"%s is a link or no file at all: put the store's own file there", path);
	else if (fchown(fd, (uid_t)-1, group) != 0 || fchmod(fd, 0660) != 0)
		(void)fail_errno(err, "%s", path);
	else
		owned = true;
	if (fd >= 0)
		(void)close(fd); /* only read from */
	return owned;
}

static bool own_store_files(const struct settings *settings, const char *file, struct error *err)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
	for (size_t i = 0; i < COUNT(endings); i++) {
		char path[RUN_PATH_SIZE];
		(void)snprintf(path, sizeof(path), "%s%s", file, endings[i]);
		if (!own_store_file(path, (gid_t)settings->group, err))
			return false;
	}
	return true;
}

bool directories_make(const struct settings *settings, struct error *err)
{
	char folder[RUN_PATH_SIZE];
	const char *file = store_file(settings);
	if (!make_with_mode(settings->state, 0711, err) ||
		!make_with_mode(settings->runtime, 0711, err) ||
		!parent_of(settings->admin_socket, folder, err) ||
		!directory_make(folder, 0711, err))
		return false;
	return file == NULL || (parent_of(file, folder, err) && directory_make(folder, 0770, err));
}

bool directories_own(const struct supervision *node, bool drop, struct error *err)
{
	const char *file = store_file(node->settings);
	if (drop && file != NULL &&
		(!own_store_folder(node->settings, file, err) ||
			!own_store_files(node->settings, file, err)))
		return false;
	for (size_t i = 0; i < node->count; i++)
		if (!prepare_own(node, &node->rows[i], drop, err))
			return false;
	return true;
}

static bool reachable(const char *path, struct error *why)
{
	char real[PATH_MAX];
	if (realpath(path, real) == NULL)
		return errno == ENOENT ? true : fail_errno(why, "%s", path);
	for (char *slash = strchr(real + 1, '/');; slash = strchr(slash + 1, '/')) {
		struct stat facts;
		if (slash != NULL)
			*slash = '\0';
		if (stat(real, &facts) != 0)
			return fail_errno(why, "%s", real);
		if ((facts.st_mode & S_IXOTH) == 0)
			return fail(why, FAULT_REFUSED, "%s is closed to other users", real);
		if (slash == NULL)
			return true;
		*slash = '/';
	}
}

bool directories_reachable(const struct supervision *node, struct error *why)
{
	const struct settings *s = node->settings;
	char store[RUN_PATH_SIZE] = "/";
	/* The store's own directory is for its group; what leads there is for all. */
	if (store_file(s) != NULL &&
		(!parent_of(store_file(s), store, why) || !parent_of(store, store, why)))
		return false;
	return reachable(s->state, why) && reachable(s->runtime, why) && reachable(store, why) &&
		reachable(s->root, why);
}

int directories_lock(const struct settings *settings, struct error *err)
{
	char path[RUN_PATH_SIZE];
	(void)snprintf(path, sizeof(path), "%s/lock", settings->state);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		(void)fail_errno(err, "%s", path);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	(void)fail(err, FAULT_BUSY,
		"another dialtrustd runs with the state directory %s: stop it first",
		settings->state);
	(void)close(fd);
	return -1;
}
