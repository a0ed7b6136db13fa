#include "provision/folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "provision/name_index.h"

enum {
	FOLDERS = 16,
	/* Where the clock of the file system is not ours: changes that are less apart may bear one
	 * time, and an index that was made so soon after the last change is not believed for
	 * longer. */
	SETTLED_MS = 50,
};

struct folder {
	char path[LIMIT_FILE_NAME];
	struct stat facts;
	int64_t seen_ms;   /* when these facts were first seen */
	int64_t walked_ms; /* when the index was made */
	bool settled;      /* it was made in a later tick of the clock than the last change */
	struct name_index *index;
	uint64_t used; /* the greater the later */
};

struct folders {
	int root;
	uint64_t turn;
	size_t walks;
	struct folder kept[FOLDERS];
};

struct folders *folders_new(int root, struct error *err)
{
	struct folders *f = calloc(1, sizeof(*f));
	if (f == NULL)
		(void)fail_memory(err);
	else
		f->root = root;
	return f;
}

void folders_free(struct folders *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < FOLDERS; i++)
		name_index_free(f->kept[i].index);
	free(f);
}

static const char *named(const char *path)
{
	return path[0] == '\0' ? "." : path;
}

static bool fill(DIR *folder, struct name_index *index)
{
	for (struct dirent *at; (at = readdir(folder)) != NULL;)
		if (at->d_name[0] != '.') /* never served */
			name_index_add(index, at->d_name);
	return name_index_finish(index, NULL);
}

static struct name_index *walk(struct folders *f, const char *path)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(f->root, named(path), flags);
	DIR *open = fd < 0 ? NULL : fdopendir(fd);
	AUTO(name_index) index = name_index_new(NULL);
	f->walks++;
	bool whole = open != NULL && index != NULL && fill(open, index);
	if (open != NULL)
		(void)closedir(open); /* only read from */
	else if (fd >= 0)
		(void)close(fd);
	return whole ? TAKE(index) : NULL;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
		same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

/* The one of this path, or the longest unused one, emptied for it. */
static struct folder *slot(struct folders *f, const char *path)
{
	struct folder *oldest = &f->kept[0];
	for (size_t i = 0; i < FOLDERS; i++) {
		struct folder *at = &f->kept[i];
		if (at->index != NULL && strcmp(at->path, path) == 0)
			return at;
		if (at->used < oldest->used)
			oldest = at;
	}
	name_index_free(oldest->index);
	*oldest = (struct folder){ 0 };
	return oldest;
}

/* Changes bear the time of this clock's tick: what changes from now on bears another. */
static bool is_past(struct timespec change)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME_COARSE, &now) != 0)
		return false;
	return now.tv_sec > change.tv_sec ||
		(now.tv_sec == change.tv_sec && now.tv_nsec > change.tv_nsec);
}

static bool refresh(struct folders *f, struct folder *kept, const struct stat *facts)
{
	int64_t now = clock_monotonic_ms();
	bool same = kept->index != NULL && unchanged(&kept->facts, facts);
	if (same && (kept->settled || kept->walked_ms - kept->seen_ms >= SETTLED_MS))
		return true;
	if (!same)
		kept->seen_ms = now;
	kept->settled = is_past(facts->st_ctim); /* asked before the walk */
	name_index_free(kept->index);
	kept->index = walk(f, kept->path);
	kept->facts = *facts;
	kept->walked_ms = now;
	return kept->index != NULL;
}

const char *folders_spelling(struct folders *f, const char *path, const char *name)
{
	struct stat facts;
	if (fstatat(f->root, named(path), &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
		!S_ISDIR(facts.st_mode))
		return NULL;
	struct folder *kept = slot(f, path);
	if (!text_copy(kept->path, sizeof(kept->path), path, NULL) || !refresh(f, kept, &facts))
		return NULL;
	kept->used = ++f->turn;
	return name_index_find(kept->index, name, NULL);
}

size_t folders_walks(const struct folders *f)
{
	return f->walks;
}
