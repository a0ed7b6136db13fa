#include "scratch_keys.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void take_note(const char *sentence, void *context)
{
	struct scratch_keys *s = context;
	s->note_count++;
	(void)snprintf(s->note, sizeof(s->note), "%s", sentence);
}

static void open_store(struct scratch_keys *s)
{
	struct error err = { 0 };
	s->keys = key_store_open(s->path, take_note, s, &err);
	if (s->keys == NULL)
		fail_msg("%s", err.text);
}

int scratch_keys_open(void **state)
{
	struct scratch_keys *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -1;
	(void)snprintf(s->path, sizeof(s->path), "/tmp/dialtrust-keys-XXXXXX");
	if (mkdtemp(s->path) == NULL) {
		free(s);
		return -1;
	}
	open_store(s);
	*state = s;
	return 0;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	(void)facts;
	(void)kind;
	(void)where;
	return remove(path);
}

int scratch_keys_close(void **state)
{
	struct scratch_keys *s = *state;
	key_store_free(s->keys);
	int removed = nftw(s->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(s);
	return removed;
}

void scratch_keys_reopen(struct scratch_keys *s)
{
	key_store_free(s->keys);
	s->note_count = 0;
	open_store(s);
}

const char *scratch_path(const struct scratch_keys *s, const char *name, char out[static 200])
{
	(void)snprintf(out, 200, "%s/%.130s", s->path, name == NULL ? "" : name);
	return out;
}

const char *scratch_key_path(const struct scratch_keys *s, const struct scratch_key *k,
	const char *name, char out[static 200])
{
	char hex[2 * SIGNER_KEY_SIZE + 1];
	(void)snprintf(out, 200, "%s/%s%s%.60s", s->path,
		hex_write(reader_of(k->id, sizeof(k->id)), hex), name == NULL ? "" : "/",
		name == NULL ? "" : name);
	return out;
}

void scratch_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

struct scratch_key scratch_make(struct scratch_keys *s, const char *unit)
{
	struct error err = { 0 };
	struct scratch_key made = { 0 };
	struct making what = {
		.unit = unit_find(unit),
		.kind = KEY_RSA_1024,
		.profile = { .subject = { .organization = "Lab" },
			.not_before = 1700000000,
			.days = 1825 },
		.made = 1700000000,
	};
	(void)snprintf(what.profile.subject.common_name, 65, "%s of pub", unit);
	if (!key_store_make(s->keys, &what, made.id, &err) ||
		!key_store_adopt(s->keys, made.id, &err))
		fail_msg("%s", err.text);
	made.cert = cert_keep(key_store_find(s->keys, made.id, &err)->cert);
	return made;
}

struct scratch_key scratch_make_live(struct scratch_keys *s, const char *unit)
{
	struct scratch_key made = scratch_make(s, unit);
	assert_true(key_store_mark_live(s->keys, made.id, NULL, NULL));
	return made;
}

void scratch_key_done(struct scratch_key *k)
{
	cert_free(k->cert);
	k->cert = NULL;
}

enum signer_key_state scratch_state(const struct scratch_keys *s, const struct scratch_key *k)
{
	const struct stored_key *stored = key_store_find(s->keys, k->id, NULL);
	assert_non_null(stored);
	return stored->state;
}

bool scratch_ask(struct scratch_keys *s, enum signer_peer from, unsigned operation,
	struct reader payload, struct bytes *out, struct error *err)
{
	struct question q = { .keys = s->keys, .from = from, .payload = payload };
	const struct operation *row = operation_find(operation, from, err);
	if (row == NULL)
		return false;
	if (row->prepare != NULL) {
		struct making what;
		return row->prepare(&q, &what, err);
	}
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	if (!row->answer(&q, &w, err))
		return false;
	assert_true(w.ok);
	assert_true(q.about[0] != '\0' || operation == SIGNER_KEYS);
	return out == NULL || writer_take(&w, out, err);
}

void scratch_refused(struct scratch_keys *s, const struct expected_refusal *expected)
{
	struct error err = { 0 };
	struct bytes out = { 0 };
	if (scratch_ask(s, expected->from, expected->operation, expected->payload, &out, &err))
		fail_msg("not refused: \"%s\" was expected", expected->word);
	assert_null(out.data);
	if (strstr(err.text, expected->word) == NULL || err.fault != expected->fault)
		fail_msg("%s: %s, but \"%s\" was expected", fault_name(err.fault), err.text,
			expected->word);
}
