#pragma once
/* Files as the house writes them: whole or not at all. */
#include "base/bytes.h"

/* Temporary file in the same directory, fsync, rename, fsync of the directory. */
bool file_replace(int dirfd, const char *name, struct reader bytes, unsigned mode,
	struct error *err) MUST_CHECK;
/* A regular file beneath dirfd (openat2, RESOLVE_BENEATH, no symlinks), at most `limit` bytes. */
bool file_read_beneath(
	int dirfd, const char *name, size_t limit, struct bytes *out, struct error *err) MUST_CHECK;
/* Any path of ours or the operator's. "-" is standard input. */
bool file_read(const char *path, size_t limit, struct bytes *out, struct error *err) MUST_CHECK;
/* Opens beneath dirfd for reading; the size in *size. Yours to close; -1 with err. */
int file_open_beneath(int dirfd, const char *name, size_t *size, struct error *err);
bool directory_make(const char *path, unsigned mode, struct error *err)
	MUST_CHECK; /* and parents */
