#pragma once
/* Files as the house writes them: whole or not at all. */
#include "base/bytes.h"

/* Temporary file in the same directory, fsync, rename, fsync of the directory. */
bool file_replace(int dirfd, const char *name, struct reader bytes, unsigned mode,
	struct error *err) MUST_CHECK;
/* The same for a file of somebody else's: whose it is and who may read it is settled before it is
 * in place. UINT32_MAX for owner or group: whoever we are. */
struct file_rights {
	uint32_t mode, owner, group;
};
bool file_replace_as(int dirfd, const char *name, struct reader bytes,
	const struct file_rights *rights, struct error *err) MUST_CHECK;
/* The same where nothing has that name yet: FAULT_REFUSED. */
bool file_create(int dirfd, const char *name, struct reader bytes, unsigned mode, struct error *err)
	MUST_CHECK;
/* Many of them: each is whole for whoever reads, and files_sync() brings all to the disk at once.
 * After a loss of power before that, one may be cut: only for what can be made again. */
bool file_replace_unsynced(int dirfd, const char *name, struct reader bytes, unsigned mode,
	struct error *err) MUST_CHECK;
bool files_sync(int dirfd, struct error *err) MUST_CHECK; /* of the file system of dirfd */
/* A regular file beneath dirfd (openat2, RESOLVE_BENEATH, no symlinks), at most `limit` bytes. */
bool file_read_beneath(
	int dirfd, const char *name, size_t limit, struct bytes *out, struct error *err) MUST_CHECK;
/* Any path of ours or the operator's. "-" is standard input. */
bool file_read(const char *path, size_t limit, struct bytes *out, struct error *err) MUST_CHECK;
/* Opens beneath dirfd for reading; the size in *size. Yours to close; -1 with err. */
int file_open_beneath(int dirfd, const char *name, size_t *size, struct error *err);
bool directory_make(const char *path, unsigned mode, struct error *err)
	MUST_CHECK; /* and parents */
