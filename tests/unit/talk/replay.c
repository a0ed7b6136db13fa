#include "replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "base/text.h"

void replay_fail_at(const struct replay *r, const char *format, ...)
{
	char text[600];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fail_msg("%s:%u: %s", r->path, r->line, text);
	abort(); /* fail_msg does not return, which the compiler cannot know */
}

static bool take_line(struct replay *r)
{
	if (r->rest.left == 0)
		return false;
	size_t size = 0;
	while (size < r->rest.left && r->rest.at[size] != '\n')
		size++;
	struct reader line = reader_sub(&r->rest, size);
	(void)reader_u8(&r->rest);
	r->line++;
	if (line.left >= sizeof(r->text))
		replay_fail(r, "a line of %zu bytes", line.left);
	memset(r->text, 0, sizeof(r->text));
	reader_copy(&line, r->text, line.left);
	return true;
}

/* Blanks end a word, but not between quotes, which are taken away. */
static char *cut_word(struct replay *r, char *at)
{
	bool quoted = false;
	char *end = at, *to = at;
	for (; *end != '\0' && (quoted || (*end != ' ' && *end != '\t')); end++)
		if (*end == '"')
			quoted = !quoted;
		else
			*to++ = *end;
	if (quoted)
		replay_fail(r, "a quote is not closed");
	if (r->count == REPLAY_WORDS)
		replay_fail(r, "too many words");
	r->words[r->count++] = at;
	end += *end != '\0' ? 1 : 0;
	*to = '\0';
	return end;
}

void replay_read(const char *folder, const char *name, struct bytes *out)
{
	char path[400];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s cannot be read", path);
	AUTO_DONE(writer) w = writer_new(1 << 20);
	uint8_t part[4096];
	size_t got;
	while ((got = fread(part, 1, sizeof(part), file)) > 0)
		writer_bytes(&w, reader_of(part, got));
	(void)fclose(file);
	assert_true(writer_take(&w, out, NULL));
}

static void cut_line(struct replay *r)
{
	char *at = r->text + strspn(r->text, " \t");
	r->count = 0;
	while (*at != '\0' && *at != '#') {
		at = cut_word(r, at);
		at += strspn(at, " \t");
	}
}

static void include(struct replay *r)
{
	if (r->outer_path != NULL)
		replay_fail(r, "an include in an include");
	replay_read(r->folder, replay_word(r, 1), &r->included);
	r->outer = r->rest;
	r->outer_path = r->path;
	r->outer_line = r->line;
	r->rest = bytes_reader(&r->included);
	r->path = "included";
	r->line = 0;
}

static bool back_from_include(struct replay *r)
{
	if (r->outer_path == NULL)
		return false;
	r->rest = r->outer;
	r->path = r->outer_path;
	r->line = r->outer_line;
	r->outer_path = NULL;
	bytes_done(&r->included);
	return true;
}

bool replay_next(struct replay *r)
{
	for (r->count = 0; r->count == 0;) {
		if (!take_line(r)) {
			if (!back_from_include(r))
				return false;
			continue;
		}
		cut_line(r);
		if (r->count > 0 && replay_is(r, "include")) {
			include(r);
			r->count = 0;
		}
	}
	return true;
}

const char *replay_word(const struct replay *r, size_t index)
{
	if (index >= r->count)
		replay_fail(r, "a word is missing");
	return r->words[index];
}

const char *replay_value(const struct replay *r, const char *key)
{
	size_t size = strlen(key);
	for (size_t i = 1; i < r->count; i++)
		if (strncmp(r->words[i], key, size) == 0 && r->words[i][size] == '=')
			return r->words[i] + size + 1;
	return NULL;
}

uint64_t replay_number(const struct replay *r, const char *text)
{
	uint64_t number;
	if (!text_number(text, 0, UINT64_MAX, &number))
		replay_fail(r, "%s is no number", text);
	return number;
}

uint64_t replay_value_number(const struct replay *r, const char *key, uint64_t fallback)
{
	const char *text = replay_value(r, key);
	return text != NULL ? replay_number(r, text) : fallback;
}

bool replay_is(const struct replay *r, const char *word)
{
	return strcmp(r->words[0], word) == 0;
}

size_t replay_roles(const struct replay *r, const char *text, uint8_t out[static 16])
{
	size_t count = 0;
	while (*text != '\0') {
		char digits[8] = "";
		size_t size = strcspn(text, ",");
		if (count == 16 || !text_from(reader_of(text, size), digits, sizeof(digits), NULL))
			replay_fail(r, "%s are no roles", text);
		out[count++] = (uint8_t)replay_number(r, digits);
		text += size + (text[size] == ',' ? 1 : 0);
	}
	return count;
}

static struct replay_object *new_object(struct replay *r)
{
	if (r->object_count == REPLAY_OBJECTS)
		replay_fail(r, "too many objects");
	struct replay_object *object = &r->objects[r->object_count++];
	(void)snprintf(object->name, sizeof(object->name), "%s", replay_word(r, 1));
	return object;
}

struct reader replay_object(const struct replay *r, const char *name)
{
	for (size_t i = r->object_count; i-- > 0;)
		if (strcmp(r->objects[i].name, name) == 0)
			return bytes_reader(&r->objects[i].bytes);
	replay_fail(r, "nothing is called %s", name);
}

/* list NAME FILE signer=KEY KEY:ROLE … */
static void make_list(struct replay *r)
{
	static char names[8][32];
	struct replay_object *object = new_object(r);
	struct ring_list list = {
		.file_name = replay_word(r, 2),
		.signer = replay_value(r, "signer"),
		.timestamp = (uint32_t)replay_value_number(r, "time", 1700000000),
	};
	for (size_t i = 3; i < r->count; i++) {
		const char *colon = strchr(r->words[i], ':');
		if (colon == NULL)
			continue;
		struct ring_record *record = &list.records[list.count];
		(void)snprintf(names[list.count], sizeof(names[0]), "%.*s",
			(int)(colon - r->words[i]), r->words[i]);
		record->name = names[list.count++];
		record->role = (enum role)replay_number(r, colon + 1);
	}
	key_ring_list(r->ring, &list, &object->bytes);
}

/* file NAME FILE signer=KEY payload=TEXT */
static void make_file(struct replay *r)
{
	struct replay_object *object = new_object(r);
	const char *payload = replay_value(r, "payload");
	key_ring_file(r->ring, replay_word(r, 2), replay_value(r, "signer"),
		reader_of_text(payload != NULL ? payload : "<x/>"), &object->bytes);
}

/* bytes NAME TEXT, or hex=… */
static void make_bytes(struct replay *r)
{
	struct replay_object *object = new_object(r);
	const char *hex = replay_value(r, "hex");
	struct reader text = reader_of_text(hex != NULL || r->count < 3 ? "" : r->words[2]);
	uint8_t raw[REPLAY_LINE];
	if (hex != NULL && !hex_read(hex, raw, strlen(hex) / 2))
		replay_fail(r, "%s is not hexadecimal", hex);
	if (!bytes_copy(&object->bytes, hex != NULL ? reader_of(raw, strlen(hex) / 2) : text, NULL))
		replay_fail(r, "out of memory");
}

/* flipped NAME OTHER at=N; cut NAME OTHER at=N. A negative place counts from the end: at=end. */
static void make_spoiled(struct replay *r, bool flipped)
{
	struct reader from = replay_object(r, replay_word(r, 2));
	const char *place = replay_value(r, "at");
	size_t at = place == NULL || strcmp(place, "end") == 0 ? from.left - 1
							       : (size_t)replay_number(r, place);
	struct replay_object *object = new_object(r);
	if (at >= from.left || !bytes_copy(&object->bytes, from, NULL))
		replay_fail(r, "no byte %zu", at);
	if (flipped)
		object->bytes.data[at] ^= 0x01;
	else
		object->bytes.size = at;
}

bool replay_makes_object(struct replay *r)
{
	if (replay_is(r, "list"))
		make_list(r);
	else if (replay_is(r, "file"))
		make_file(r);
	else if (replay_is(r, "bytes"))
		make_bytes(r);
	else if (replay_is(r, "flipped") || replay_is(r, "cut"))
		make_spoiled(r, replay_is(r, "flipped"));
	else
		return false;
	return true;
}
