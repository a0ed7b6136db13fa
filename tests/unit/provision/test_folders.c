/* A folder is read when it has changed, not when it is asked. */
#include "stage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "provision/folders.h"

struct place {
	struct stage *stage;
	int root;
	struct folders *folders;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	void *stage = NULL;
	if (p == NULL || stage_set_up(&stage) != 0)
		return -1;
	p->stage = stage;
	p->root = open(p->stage->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->folders = folders_new(p->root, NULL);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	void *stage = p->stage;
	folders_free(p->folders);
	(void)close(p->root);
	free(p);
	return stage_tear_down(&stage);
}

/* Asks until the folder need not be read again, which tells that the time of its last change can
 * be told from that of the next. */
static void settle(struct place *p, const char *path)
{
	size_t before;
	int64_t deadline = clock_monotonic_ms() + 10000;
	do {
		before = folders_walks(p->folders);
		(void)folders_spelling(p->folders, path, "whatever");
		assert_true(clock_monotonic_ms() < deadline);
	} while (folders_walks(p->folders) != before);
}

static void names_are_spelt_as_the_folder_does(void **state)
{
	struct place *p = *state;
	stage_put(p->stage, "Ringlist.xml", reader_of_text("x"));
	stage_put(p->stage, "Desktops/320x196x4/List.xml", reader_of_text("x"));
	assert_string_equal(folders_spelling(p->folders, "", "RINGLIST.XML"), "Ringlist.xml");
	assert_string_equal(folders_spelling(p->folders, "", "desktops"), "Desktops");
	assert_string_equal(
		folders_spelling(p->folders, "Desktops/320x196x4", "LIST.xml"), "List.xml");
	assert_null(folders_spelling(p->folders, "", "List.xml"));
	assert_null(folders_spelling(p->folders, "Desktops", ".."));
	assert_null(folders_spelling(p->folders, "nowhere", "a"));
	assert_null(folders_spelling(p->folders, "Ringlist.xml", "a"));
}

static void what_did_not_change_is_not_read_again(void **state)
{
	struct place *p = *state;
	stage_put(p->stage, "a.xml", reader_of_text("x"));
	settle(p, "");
	size_t walks = folders_walks(p->folders);
	for (unsigned i = 0; i < 100; i++) {
		assert_null(folders_spelling(p->folders, "", "missing"));
		assert_string_equal(folders_spelling(p->folders, "", "A.XML"), "a.xml");
	}
	assert_int_equal(folders_walks(p->folders), walks);
}

/* Until the clock that changes are stamped with has gone on. */
static void wait_for_a_tick(void)
{
	struct timespec before, now;
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &before), 0);
	do
		assert_int_equal(clock_gettime(CLOCK_REALTIME_COARSE, &now), 0);
	while (now.tv_sec < before.tv_sec ||
		(now.tv_sec == before.tv_sec && now.tv_nsec <= before.tv_nsec));
}

static void what_changed_in_a_tick_that_is_past_is_read_once(void **state)
{
	struct place *p = *state;
	char name[20];
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "file%u", i);
		stage_put(p->stage, name, reader_of_text("x"));
		wait_for_a_tick();
		size_t walks = folders_walks(p->folders);
		for (unsigned k = 0; k < 10; k++)
			assert_null(folders_spelling(p->folders, "", "missing"));
		assert_int_equal(folders_walks(p->folders), walks + 1);
	}
}

static void a_change_is_seen_at_once(void **state)
{
	struct place *p = *state;
	char name[20], path[100];
	for (unsigned i = 0; i < 200; i++) { /* fast ones too, of one time stamp */
		(void)snprintf(name, sizeof(name), "File%u", i);
		assert_null(folders_spelling(p->folders, "", name));
		stage_put(p->stage, name, reader_of_text("x"));
		(void)snprintf(path, sizeof(path), "FILE%u", i);
		assert_string_equal(folders_spelling(p->folders, "", path), name);
		if (i % 50 == 0)
			settle(p, "");
	}
	(void)snprintf(path, sizeof(path), "%s/File7", p->stage->root);
	assert_int_equal(unlink(path), 0);
	assert_null(folders_spelling(p->folders, "", "file7"));
}

static void a_link_is_no_folder(void **state)
{
	struct place *p = *state;
	char path[100];
	(void)snprintf(path, sizeof(path), "%s/link", p->stage->root);
	assert_int_equal(symlink("/", path), 0);
	assert_null(folders_spelling(p->folders, "link", "etc"));
}

static void more_folders_than_are_kept_are_found(void **state)
{
	struct place *p = *state;
	char path[40];
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 40; i++) {
			(void)snprintf(path, sizeof(path), "f%u/Name%u", i, i);
			if (round == 0)
				stage_put(p->stage, path, reader_of_text("x"));
			*strchr(path, '/') = '\0';
			char name[20];
			(void)snprintf(name, sizeof(name), "NAME%u", i);
			assert_non_null(folders_spelling(p->folders, path, name));
		}
	folders_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		CASE(names_are_spelt_as_the_folder_does),
		CASE(what_did_not_change_is_not_read_again),
		CASE(what_changed_in_a_tick_that_is_past_is_read_once),
		CASE(a_change_is_seen_at_once),
		CASE(a_link_is_no_folder),
		CASE(more_folders_than_are_kept_are_found),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
