#include "provision/shelf.h"

#include <stdlib.h>
#include <sys/stat.h>

/* A file is the same as long as nobody wrote to it. */
struct item {
	struct stat facts;
	struct content *content;
	struct item *next;
};

struct shelf {
	struct item *items;
	size_t size;
};

struct shelf *shelf_new(struct error *err)
{
	struct shelf *s = calloc(1, sizeof(*s));
	if (s == NULL)
		(void)fail_memory(err);
	return s;
}

static void drop(struct shelf *s, struct item **link)
{
	struct item *gone = *link;
	*link = gone->next;
	s->size -= content_bytes(gone->content).left;
	content_free(gone->content);
	free(gone);
}

void shelf_free(struct shelf *s)
{
	if (s == NULL)
		return;
	while (s->items != NULL)
		drop(s, &s->items);
	free(s);
}

void shelf_tidy(struct shelf *s)
{
	struct item **link = &s->items;
	while (*link != NULL)
		if (content_shared((*link)->content))
			link = &(*link)->next;
		else
			drop(s, link);
}

size_t shelf_size(const struct shelf *s)
{
	return s->size;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static struct content *put(
	struct shelf *s, const struct stat *facts, struct found_file *f, struct error *err)
{
	if (f->size > SHELF_HOLDS - s->size) {
		(void)fail(err, FAULT_BUSY, "%s: too many other large files are being sent",
			f->asked.name);
		return NULL;
	}
	if (!found_file_read(f, err))
		return NULL;
	struct item *item = calloc(1, sizeof(*item));
	AUTO(content) content = content_new(&f->bytes, err);
	if (item == NULL || content == NULL) {
		free(item);
		(void)fail_memory(err);
		return NULL;
	}
	*item = (struct item){ *facts, content_keep(content), s->items };
	s->items = item;
	s->size += content_bytes(content).left;
	return TAKE(content);
}

struct content *shelf_take(struct shelf *s, struct found_file *f, struct error *err)
{
	struct stat facts;
	shelf_tidy(s);
	if (fstat(f->fd, &facts) != 0) {
		(void)fail_errno(err, "%s", f->asked.name);
		return NULL;
	}
	for (struct item *at = s->items; at != NULL; at = at->next)
		if (same_file(&at->facts, &facts))
			return content_keep(at->content);
	return put(s, &facts, f, err);
}
