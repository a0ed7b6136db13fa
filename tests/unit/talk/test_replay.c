#include "replay.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TRANSCRIPTS = 128, PATH_SIZE = 400 };

static const struct {
	const char *name;
	void (*run)(struct replay *r);
} conversations[] = {
	{ "phone", replay_phone },
	{ "tvs", replay_tvs },
	{ "tftp-server", replay_tftp_server },
	{ "tftp-client", replay_tftp_client },
};

static void runs(void **state)
{
	static struct key_ring *ring; /* one for all transcripts: keys take long to make */
	struct replay *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	if (ring == NULL)
		ring = key_ring_new();
	r->ring = ring;
	r->path = strrchr(*state, '/') + 1;
	r->folder = REPLAY_FOLDER;
	replay_read(REPLAY_FOLDER, r->path, &r->file);
	r->rest = bytes_reader(&r->file);
	assert_true(replay_next(r));
	if (!replay_is(r, "conversation"))
		replay_fail(r, "the first line is not \"conversation\"");
	size_t kind = 0;
	while (kind < COUNT(conversations) &&
		strcmp(conversations[kind].name, replay_word(r, 1)) != 0)
		kind++;
	if (kind == COUNT(conversations))
		replay_fail(r, "no conversation is called %s", r->words[1]);
	conversations[kind].run(r);
	for (size_t i = 0; i < r->object_count; i++)
		bytes_done(&r->objects[i].bytes);
	bytes_done(&r->file);
	free(r);
}

static int is_transcript(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);
	return size > 7 && strcmp(entry->d_name + size - 7, ".replay") == 0;
}

int main(void)
{
	static char paths[TRANSCRIPTS][PATH_SIZE];
	static struct CMUnitTest tests[TRANSCRIPTS];
	struct dirent **entries;
	int count = scandir(REPLAY_FOLDER, &entries, is_transcript, alphasort);
	if (count <= 0 || count > TRANSCRIPTS) {
		(void)fprintf(stderr, "%d transcripts in %s\n", count, REPLAY_FOLDER);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		(void)snprintf(paths[i], PATH_SIZE, "%s/%s", REPLAY_FOLDER, entries[i]->d_name);
		tests[i] = (struct CMUnitTest){ strrchr(paths[i], '/') + 1, runs, NULL, NULL,
			paths[i] };
		free(entries[i]);
	}
	free(entries);
	return _cmocka_run_group_tests("replay", tests, (size_t)count, NULL, NULL);
}
