#include "run/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/text.h"
#include "base/writer.h"

enum { PIECE = 64 << 10, NAME_SIZE = 256, PATH_SIZE = 4096 };

/* What a crash leaves of a file that was being written: ".NAME.0123456789abcdef.new". */
static bool new_name(const char *name, char out[static NAME_SIZE], struct error *err)
{
	uint8_t random[8];
	char hex[2 * sizeof(random) + 1];
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return fail_errno(err, "asking the kernel for random bytes");
	int used = snprintf(out, NAME_SIZE, ".%s.%s.new", name,
		hex_write(reader_of(random, sizeof(random)), hex));
	if (used < 0 || used >= NAME_SIZE)
		return fail(err, FAULT_LIMIT, "file name of %zu bytes is too long", strlen(name));
	return true;
}

static bool write_whole(int fd, struct reader bytes, struct error *err)
{
	while (bytes.left > 0) {
		ssize_t done = write(fd, bytes.at, bytes.left);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail_errno(err, "writing");
		(void)reader_sub(&bytes, (size_t)done);
	}
	return true;
}

/* What a file is replaced with, and whether it must be on the disk before it is in place. */
struct replacement {
	struct reader bytes;
	unsigned mode;
	bool sync;
	bool fresh;                       /* nothing may be there yet */
	const struct file_rights *rights; /* NULL: it is ours */
};

static bool write_new(
	int dirfd, const char *name, const struct replacement *with, struct error *err)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail_errno(err, "making a file beside it");
	bool written = write_whole(fd, with->bytes, err);
	if (written && with->sync && fsync(fd) != 0)
		written = fail_errno(err, "bringing to the disk");
	if (written && with->rights != NULL &&
		fchown(fd, with->rights->owner, with->rights->group) != 0)
		written = fail_errno(err, "giving it to user %u, group %u", with->rights->owner,
			with->rights->group);
	if (written && fchmod(fd, (mode_t)with->mode) != 0)
		written = fail_errno(err, "setting its mode");
	if (close(fd) != 0 && written)
		written = fail_errno(err, "closing");
	return written;
}

/* Opened anew: a descriptor that only names the directory (O_PATH) cannot be brought to the disk.
 */
static bool sync_directory(int dirfd, struct error *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;
	if (!synced)
		(void)fail_errno(err, "bringing its directory to the disk");
	if (fd >= 0)
		(void)close(fd);
	return synced;
}

static bool replace(int dirfd, const char *name, const struct replacement *with, struct error *err)
{
	char fresh[NAME_SIZE];
	if (!new_name(name, fresh, err))
		return false;
	bool placed = write_new(dirfd, fresh, with, err);
	if (placed && renameat2(dirfd, fresh, dirfd, name, with->fresh ? RENAME_NOREPLACE : 0) != 0)
		placed = errno == EEXIST ? fail(err, FAULT_REFUSED, "it is there already")
					 : fail_errno(err, "putting it in place");
	if (!placed) {
		(void)unlinkat(dirfd, fresh, 0); /* the first failure is the one to tell */
		return fail_in(err, "replacing %s", name);
	}
	return !with->sync || sync_directory(dirfd, err) || fail_in(err, "replacing %s", name);
}

bool file_replace(
	int dirfd, const char *name, struct reader bytes, unsigned mode, struct error *err)
{
	struct replacement with = { .bytes = bytes, .mode = mode, .sync = true };
	return replace(dirfd, name, &with, err);
}

bool file_replace_as(int dirfd, const char *name, struct reader bytes,
	const struct file_rights *rights, struct error *err)
{
	struct replacement with = {
		.bytes = bytes, .mode = rights->mode, .sync = true, .rights = rights
	};
	return replace(dirfd, name, &with, err);
}

bool file_create(int dirfd, const char *name, struct reader bytes, unsigned mode, struct error *err)
{
	struct replacement with = { .bytes = bytes, .mode = mode, .sync = true, .fresh = true };
	return replace(dirfd, name, &with, err);
}

bool file_replace_unsynced(
	int dirfd, const char *name, struct reader bytes, unsigned mode, struct error *err)
{
	struct replacement with = { .bytes = bytes, .mode = mode };
	return replace(dirfd, name, &with, err);
}

bool files_sync(int dirfd, struct error *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* as in sync_directory */
	bool synced = fd >= 0 && syncfs(fd) == 0;
	if (!synced)
		(void)fail_errno(err, "bringing files to the disk");
	if (fd >= 0)
		(void)close(fd);
	return synced;
}

int file_open_beneath(int dirfd, const char *name, size_t *size, struct error *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
	if (fd < 0) {
		if (errno == EXDEV || errno == ELOOP)
			(void)fail(err, FAULT_REFUSED, "%s leads out of its directory", name);
		else if (errno == ENOTDIR) /* beneath a file there is none */
			(void)fail(err, FAULT_MISSING, "%s: no such file", name);
		else
			(void)fail_errno(err, "%s", name);
		return -1;
	}
	struct stat facts;
	if (fstat(fd, &facts) != 0) {
		(void)fail_errno(err, "%s", name);
	} else if (!S_ISREG(facts.st_mode)) {
		(void)fail(err, FAULT_REFUSED, "%s is not a regular file", name);
	} else {
		*size = (size_t)facts.st_size;
		return fd;
	}
	(void)close(fd);
	return -1;
}

/* Until the end: a pipe has no size, and a file may grow while it is read. */
static bool read_whole(int fd, size_t limit, struct bytes *out, struct error *err)
{
	struct writer all = writer_new(limit);
	uint8_t piece[PIECE];
	for (;;) {
		ssize_t got = read(fd, piece, sizeof(piece));
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			writer_done(&all);
			return fail_errno(err, "reading");
		}
		if (all.ok && (size_t)got > limit - all.used) {
			writer_done(&all);
			return fail(err, FAULT_LIMIT, "over %zu bytes, which is the most allowed",
				limit);
		}
		writer_bytes(&all, reader_of(piece, (size_t)got));
		if (!all.ok) {
			writer_done(&all);
			return fail_memory(err);
		}
	}
	return writer_take(&all, out, err);
}

bool file_read_beneath(
	int dirfd, const char *name, size_t limit, struct bytes *out, struct error *err)
{
	size_t size;
	int fd = file_open_beneath(dirfd, name, &size, err);
	if (fd < 0)
		return false;
	bool read = read_whole(fd, limit, out, err);
	(void)close(fd);
	return read ? true : fail_in(err, "%s", name);
}

bool file_read(const char *path, size_t limit, struct bytes *out, struct error *err)
{
	if (path[0] == '\0')
		return fail(err, FAULT_USAGE, "a file needs a name, and \"\" is none");
	if (strcmp(path, "-") == 0)
		return read_whole(STDIN_FILENO, limit, out, err) ? true
								 : fail_in(err, "standard input");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail_errno(err, "%s", path);
	bool read = read_whole(fd, limit, out, err);
	(void)close(fd);
	return read ? true : fail_in(err, "%s", path);
}

static bool make_one(const char *path, unsigned mode, struct error *err)
{
	if (mkdir(path, (mode_t)mode) == 0 || errno == EEXIST) {
		struct stat facts;
		if (stat(path, &facts) != 0)
			return fail_errno(err, "%s", path);
		return S_ISDIR(facts.st_mode)
			? true
			: fail(err, FAULT_REFUSED, "%s is there and is not a directory", path);
	}
	return fail_errno(err, "making the directory %s", path);
}

bool directory_make(const char *path, unsigned mode, struct error *err)
{
	char so_far[PATH_SIZE];
	if (path[0] == '\0')
		return fail(err, FAULT_USAGE, "a directory needs a name");
	if (!text_copy(so_far, sizeof(so_far), path, err))
		return fail_in(err, "making the directory %s", path);
	for (char *slash = strchr(so_far + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!make_one(so_far, 0755, err))
			return false;
		*slash = '/';
	}
	return make_one(so_far, mode, err);
}
