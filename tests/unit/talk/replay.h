#pragma once
/*
 * Transcripts of conversations, run against the conversation itself with a test key ring and a
 * clock of their own. A line is one word that says what happens or what must follow, and its
 * arguments; `#` starts a comment. tests/replay/README.md lists the words.
 */
#include "base/bytes.h"
#include "lib/key_ring.h"

enum { REPLAY_WORDS = 16, REPLAY_LINE = 1024, REPLAY_OBJECTS = 24 };

struct replay_object {
	char name[32];
	struct bytes bytes;
};

struct replay {
	const char *path;
	struct reader rest;
	unsigned line;
	const char *folder;  /* of files that are included */
	struct reader outer; /* what follows an include */
	const char *outer_path;
	unsigned outer_line;
	struct bytes file, included;
	size_t count;
	char text[REPLAY_LINE]; /* of the line, cut into words */
	const char *words[REPLAY_WORDS];
	struct key_ring *ring;
	size_t object_count;
	struct replay_object
		objects[REPLAY_OBJECTS]; /* lists and files that the transcript makes */
};

/* Ends the test with file, line and sentence. */
#define replay_fail(r, ...) replay_fail_at(r, __VA_ARGS__)
_Noreturn void replay_fail_at(const struct replay *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void replay_read(const char *folder, const char *name, struct bytes *out);
/* The next line that says something; false at the end. An `include` is followed here. */
bool replay_next(struct replay *r);
const char *replay_word(const struct replay *r, size_t index);     /* must be there */
const char *replay_value(const struct replay *r, const char *key); /* of key=value, or NULL */
uint64_t replay_number(const struct replay *r, const char *text);
uint64_t replay_value_number(const struct replay *r, const char *key, uint64_t fallback);
bool replay_is(const struct replay *r, const char *word); /* the line's first */
/* "2,0" as roles; how many. */
size_t replay_roles(const struct replay *r, const char *text, uint8_t out[static 16]);

/* list, file, bytes, flipped, cut: true when the line was one of these. */
bool replay_makes_object(struct replay *r);
struct reader replay_object(const struct replay *r, const char *name);

/* One a kind of conversation; each runs the transcript to its end. */
void replay_phone(struct replay *r);
void replay_tvs(struct replay *r);
void replay_tftp_server(struct replay *r);
void replay_tftp_client(struct replay *r);
