#pragma once
/* A file that a verb makes: where the operator says, whole or not at all, and told. */
#include "base/reader.h"
#include "cli/cli.h"

/* A file takes the place of a file alone: root would lose /dev/null, and /dev/stdout is a link to a
 * device. FAULT_REFUSED; what cannot be looked at is for the writing to tell. All that follow ask
 * it; whoever writes two files asks it of both before. */
bool file_place_allowed(const char *path, struct error *err) MUST_CHECK;
bool file_place(const char *path, struct reader bytes, unsigned mode, struct error *err) MUST_CHECK;
/* Never in place of another: FAULT_REFUSED. */
bool file_place_new(const char *path, struct reader bytes, unsigned mode, struct error *err)
	MUST_CHECK;
/* One of many: files_sync() brings them to the disk when all are made. */
bool file_place_unsynced(const char *path, struct reader bytes, unsigned mode, struct error *err)
	MUST_CHECK;
/* What is printed of it: its path and size, as words or as JSON. */
bool file_placed(const struct call *call, const char *path, size_t size, struct error *err)
	MUST_CHECK;
