#pragma once
/* A directory of a test's own, below the build folder, gone afterwards. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct scratch {
	char path[64];
};

static int scratch_remove(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	(void)facts;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline int scratch_make(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -1;
	(void)snprintf(s->path, sizeof(s->path), "/tmp/dialtrust-run-XXXXXX");
	*state = s;
	return mkdtemp(s->path) == NULL || chmod(s->path, 0755) != 0 ? -1 : 0;
}

static inline int scratch_end(void **state)
{
	struct scratch *s = *state;
	(void)nftw(s->path, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
	free(s);
	return 0;
}
