#include "provision/shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAYS = 4, SETS = SHELF_PIECES / WAYS };

/* A file is the same as long as nobody wrote to it. */
struct shelf_file {
	struct shelf *shelf;
	uint64_t number; /* never used again, so that pieces of one that is gone are nobody's */
	struct stat facts;
	int fd;
	struct content *content; /* not owned: it ends this */
	struct shelf_file *next;
};

struct piece {
	uint64_t file, index, used;
	size_t size;
};

struct shelf {
	struct shelf_file *files;
	size_t count;
	uint64_t last_number, turn;
	struct piece pieces[SETS][WAYS];
	uint8_t *memory; /* of all pieces; the system gives pages as they are used */
};

struct shelf *shelf_new(struct error *err)
{
	struct shelf *s = calloc(1, sizeof(*s));
	if (s != NULL)
		s->memory = malloc((size_t)SHELF_PIECES * SHELF_PIECE);
	if (s != NULL && s->memory != NULL)
		return s;
	free(s);
	(void)fail_memory(err);
	return NULL;
}

void shelf_free(struct shelf *s)
{
	if (s == NULL)
		return;
	free(s->memory);
	free(s);
}

size_t shelf_files(const struct shelf *s)
{
	return s->count;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* reading */

static bool read_whole(int fd, uint64_t offset, uint8_t *out, size_t size)
{
	while (size > 0) {
		ssize_t got = pread(fd, out, size, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		out += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return true;
}

static uint8_t *memory_of(const struct shelf *s, const struct piece *p)
{
	return s->memory + (size_t)(p - s->pieces[0]) * SHELF_PIECE;
}

static bool load(const struct shelf_file *f, uint64_t index, struct piece *into, struct error *err)
{
	struct shelf *s = f->shelf;
	struct stat facts;
	uint64_t offset = index * SHELF_PIECE, left = (uint64_t)f->facts.st_size - offset;
	*into = (struct piece){ .size = left < SHELF_PIECE ? (size_t)left : SHELF_PIECE };
	/* Looked at after it was read: what was written meanwhile is noticed. */
	if (!read_whole(f->fd, offset, memory_of(s, into), into->size) ||
		fstat(f->fd, &facts) != 0 || !same_file(&facts, &f->facts))
		return fail(err, FAULT_BUSY, "the file was changed while it was sent: ask again");
	into->file = f->number;
	into->index = index;
	return true;
}

static const struct piece *piece_of(const struct shelf_file *f, uint64_t index, struct error *err)
{
	struct shelf *s = f->shelf;
	struct piece *set = s->pieces[(f->number * 31 + index) % SETS], *oldest = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].file == f->number && set[i].index == index) {
			set[i].used = ++s->turn;
			return &set[i];
		}
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	if (!load(f, index, oldest, err))
		return NULL;
	oldest->used = ++s->turn;
	return oldest;
}

static bool read_file(void *of, uint64_t offset, uint8_t *out, size_t size, struct error *err)
{
	const struct shelf_file *f = of;
	uint64_t whole = (uint64_t)f->facts.st_size;
	if (offset > whole || size > whole - offset)
		return fail(err, FAULT_LIMIT, "beyond the end of the file");
	while (size > 0) {
		const struct piece *piece = piece_of(f, offset / SHELF_PIECE, err);
		if (piece == NULL)
			return false;
		struct reader rest = reader_of(memory_of(f->shelf, piece), piece->size);
		(void)reader_sub(&rest, (size_t)(offset % SHELF_PIECE));
		size_t part = size < rest.left ? size : rest.left;
		reader_copy(&rest, out, part);
		out += part;
		offset += part;
		size -= part;
	}
	return true;
}

/* taking and ending */

static void file_done(void *of)
{
	struct shelf_file *f = of, **link = &f->shelf->files;
	while (*link != f)
		link = &(*link)->next;
	*link = f->next;
	f->shelf->count--;
	(void)close(f->fd); /* only read from */
	free(f);
}

static struct content *put(
	struct shelf *s, const struct stat *facts, struct found_file *f, struct error *err)
{
	static const struct content_source source = { read_file, file_done };
	struct shelf_file *file = calloc(1, sizeof(*file));
	struct content *content = content_from(&source, file, (uint64_t)facts->st_size, err);
	if (file == NULL || content == NULL) {
		free(file);
		free(content); /* nothing is in it yet */
		(void)fail_memory(err);
		return NULL;
	}
	*file = (struct shelf_file){ s, ++s->last_number, *facts, f->fd, content, s->files };
	f->fd = -1;
	s->files = file;
	s->count++;
	return content;
}

struct content *shelf_take(struct shelf *s, struct found_file *f, struct error *err)
{
	struct stat facts;
	if (fstat(f->fd, &facts) != 0) {
		(void)fail_errno(err, "%s", f->asked.name);
		return NULL;
	}
	for (struct shelf_file *at = s->files; at != NULL; at = at->next)
		if (same_file(&at->facts, &facts))
			return content_keep(at->content);
	return put(s, &facts, f, err);
}
