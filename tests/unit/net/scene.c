#include "scene.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 10000, STEP = 2 };

int scene_set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -1;
	(void)snprintf(s->directory, sizeof(s->directory), "/tmp/net-XXXXXX");
	s->loop = loop_new(NULL);
	if (s->loop == NULL || mkdtemp(s->directory) == NULL)
		return -1;
	*state = s;
	return 0;
}

static void remove_all(const char *directory)
{
	DIR *d = opendir(directory);
	if (d == NULL)
		return;
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	(void)closedir(d);
	(void)rmdir(directory);
}

int scene_tear_down(void **state)
{
	struct scene *s = *state;
	remove_all(s->directory);
	loop_free(s->loop);
	free(s);
	return 0;
}

struct waiting {
	struct scene *scene;
	const bool *done;
	const unsigned *count;
	unsigned value;
};

static void look(void *context)
{
	struct waiting *w = context;
	if (w->done != NULL ? *w->done : *w->count >= w->value)
		loop_stop(w->scene->loop);
}

static void too_late(void *context)
{
	struct scene *s = context;
	s->late = true;
	loop_stop(s->loop);
}

static void run(struct waiting w)
{
	struct timer *looking = timer_new(w.scene->loop, STEP, true, look, &w, NULL);
	struct timer *patience = timer_new(w.scene->loop, PATIENCE, false, too_late, w.scene, NULL);
	assert_true(loop_run(w.scene->loop, NULL));
	timer_free(looking);
	timer_free(patience);
	assert_false(w.scene->late);
}

void scene_until(struct scene *s, const bool *done)
{
	run((struct waiting){ .scene = s, .done = done });
}

void scene_until_count(struct scene *s, const unsigned *count, unsigned value)
{
	run((struct waiting){ .scene = s, .count = count, .value = value });
}

static void enough(void *context)
{
	struct scene *s = context;
	loop_stop(s->loop);
}

void scene_for(struct scene *s, uint64_t ms)
{
	struct timer *t = timer_new(s->loop, ms, false, enough, s, NULL);
	assert_true(loop_run(s->loop, NULL));
	timer_free(t);
}

void scene_starve(struct starving *s)
{
	int highest = dup(STDERR_FILENO);
	assert_true(highest >= 0);
	(void)close(highest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &s->before), 0);
	struct rlimit few = s->before;
	few.rlim_cur = (rlim_t)highest + 8;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (s->count = 0; s->count < COUNT(s->filled); s->count++)
		if ((s->filled[s->count] = dup(STDERR_FILENO)) < 0)
			break;
	assert_in_range(s->count, 0, COUNT(s->filled) - 1);
}

void scene_feed(const struct starving *s)
{
	for (unsigned i = 0; i < s->count; i++)
		(void)close(s->filled[i]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &s->before), 0);
}

unsigned scene_busy_for(struct scene *s, uint64_t ms)
{
	clock_t before = clock();
	scene_for(s, ms);
	return (unsigned)((clock() - before) * 1000 / CLOCKS_PER_SEC);
}

int scene_listen(struct address *at)
{
	struct address wanted;
	struct error err = { 0 };
	assert_true(address_parse("127.0.0.1:0", &wanted, &err));
	int fd = listen_stream(&wanted, &err);
	assert_true(fd >= 0);
	assert_true(address_of_socket(fd, at, &err));
	return fd;
}

int scene_dial(const struct address *to, const char *source)
{
	struct address from;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (source != NULL) {
		assert_true(address_of(source, 0, &from, NULL));
		assert_int_equal(bind(fd, (const struct sockaddr *)&from.storage, from.size), 0);
	}
	assert_int_equal(connect(fd, (const struct sockaddr *)&to->storage, to->size), 0);
	return fd;
}

int scene_dial_narrow(const struct address *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int size = 2048;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to->storage, to->size), 0);
	return fd;
}

unsigned scene_descriptors(void)
{
	unsigned count = 0;
	DIR *d = opendir("/proc/self/fd");
	while (readdir(d) != NULL)
		count++;
	(void)closedir(d);
	return count;
}
