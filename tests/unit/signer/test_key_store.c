#include "signer/key_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "scratch_keys.h"
#include "signer/key_files_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void no_note(const char *sentence, void *context)
{
	(void)context;
	fail_msg("noted: %s", sentence);
}

static void a_key_is_made_found_and_kept(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct scratch_key made = scratch_make(s, "TVS");
	assert_int_equal(key_store_count(s->keys), 1);
	scratch_keys_reopen(s);
	assert_int_equal(key_store_count(s->keys), 1);
	assert_int_equal(s->note_count, 0);
	const struct stored_key *stored = key_store_find(s->keys, made.id, &err);
	assert_non_null(stored);
	assert_ptr_equal(stored, key_store_at(s->keys, 0));
	assert_string_equal(stored->unit, "TVS");
	assert_int_equal(stored->state, SIGNER_KEY_NEW);
	assert_int_equal(stored->made, 1700000000);
	assert_true(cert_same(stored->cert, made.cert));
	assert_string_equal(cert_common_name(stored->cert), "TVS of pub");
	uint8_t id[DIGEST_SIZE];
	const struct key *private = key_store_private(s->keys, stored, &err);
	assert_non_null(private);
	key_id(private, id);
	assert_memory_equal(id, made.id, sizeof(id));
	assert_ptr_equal(key_store_private(s->keys, stored, &err), private);
	scratch_key_done(&made);
}

static void files_are_closed_to_others(void **state)
{
	struct scratch_keys *s = *state;
	static const struct mode_case {
		const char *name;
		mode_t mode;
	} cases[] = {
		{ NULL, S_IFDIR | 0700 },
		{ "key.der", S_IFREG | 0600 },
		{ "certificate.der", S_IFREG | 0600 },
		{ "state", S_IFREG | 0600 },
	};
	struct scratch_key made = scratch_make(s, "TVS");
	for (size_t i = 0; i < COUNT(cases); i++) {
		char path[200];
		struct stat facts;
		assert_int_equal(stat(scratch_key_path(s, &made, cases[i].name, path), &facts), 0);
		assert_int_equal(facts.st_mode, cases[i].mode);
	}
	scratch_key_done(&made);
}

/* `path` gets this mode: the store must not open, and say what to do. */
static void refused_with_mode(struct scratch_keys *s, const char *path, mode_t mode)
{
	struct stat before;
	struct error err = { 0 };
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(chmod(path, mode), 0);
	assert_null(key_store_open(s->path, no_note, NULL, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_non_null(strstr(err.text, "is open to others"));
	assert_non_null(strstr(err.text, "run `chmod -R go= "));
	assert_non_null(strstr(err.text, s->path));
	assert_int_equal(chmod(path, before.st_mode & 07777), 0);
}

static void what_is_open_to_others_stops_everything(void **state)
{
	struct scratch_keys *s = *state;
	static const mode_t extra[] = { 0040, 0020, 0010, 0004, 0002, 0001 };
	struct scratch_key made = scratch_make(s, "TVS");
	char path[200];
	for (size_t i = 0; i < COUNT(extra); i++) {
		refused_with_mode(s, s->path, 0700 | extra[i]);
		refused_with_mode(s, scratch_path(s, "signed", path), 0700 | extra[i]);
		refused_with_mode(s, scratch_key_path(s, &made, NULL, path), 0700 | extra[i]);
		refused_with_mode(s, scratch_key_path(s, &made, "key.der", path), 0600 | extra[i]);
	}
	scratch_keys_reopen(s);
	assert_int_equal(key_store_count(s->keys), 1);
	scratch_key_done(&made);
}

static void a_directory_that_is_not_there_is_told(void **state)
{
	(void)state;
	struct error err = { 0 };
	assert_null(key_store_open("/tmp/dialtrust-nowhere/keys", no_note, NULL, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_non_null(strstr(err.text, "/tmp/dialtrust-nowhere/keys"));
	assert_null(key_store_open("/dev/null", no_note, NULL, &err));
	assert_int_equal(err.fault, FAULT_IO);
}

static void unknown_keys_are_missing(void **state)
{
	struct scratch_keys *s = *state;
	uint8_t id[SIGNER_KEY_SIZE] = { 0xAB, 0xCD };
	struct error err = { 0 };
	assert_null(key_store_find(s->keys, id, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_non_null(strstr(err.text, "abcd00000000…"));
	assert_false(key_store_adopt(s->keys, id, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_false(key_store_mark_live(s->keys, id, NULL, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_false(key_store_destroy(s->keys, id, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
}

static void half_made_things_are_swept_away(void **state)
{
	struct scratch_keys *s = *state;
	struct scratch_key made = scratch_make(s, "TVS");
	static const char *const halves[] = { ".0123456789abcdef.half/key.der",
		".0123456789abcdef.half/.key.der.0123.new", ".stray", "signed/.ITL pub.01.new" };
	char path[200];
	assert_int_equal(mkdir(scratch_path(s, ".0123456789abcdef.half", path), 0700), 0);
	for (size_t i = 0; i < COUNT(halves); i++)
		scratch_write(scratch_path(s, halves[i], path), "half");
	scratch_write(scratch_key_path(s, &made, ".state.0123.new", path), "half");
	scratch_keys_reopen(s);
	assert_int_equal(s->note_count, 0);
	assert_int_equal(key_store_count(s->keys), 1);
	for (size_t i = 0; i < COUNT(halves); i++)
		assert_int_not_equal(access(scratch_path(s, halves[i], path), F_OK), 0);
	assert_int_not_equal(access(scratch_path(s, ".0123456789abcdef.half", path), F_OK), 0);
	assert_int_not_equal(access(scratch_key_path(s, &made, ".state.0123.new", path), F_OK), 0);
	assert_int_equal(access(scratch_key_path(s, &made, "state", path), F_OK), 0);
	scratch_key_done(&made);
}

static void odd_things_are_noted_and_left_alone(void **state)
{
	struct scratch_keys *s = *state;
	static const char *const odd[] = { "lost+found", "notes.txt",
		"ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789" };
	char path[200];
	for (size_t i = 0; i < COUNT(odd); i++) {
		scratch_write(scratch_path(s, odd[i], path), "odd");
		scratch_keys_reopen(s);
		assert_int_equal(s->note_count, 1);
		assert_non_null(strstr(s->note, odd[i]));
		assert_int_equal(unlink(path), 0);
	}
}

/* One key is damaged so: it is noted and missing, the other one stays. */
static void damaged(struct scratch_keys *s, const struct scratch_key *k, const char *name,
	const char *text, const char *word)
{
	char path[200];
	char aside[200];
	(void)scratch_key_path(s, k, name, path);
	(void)snprintf(aside, sizeof(aside), "%s.aside", s->path);
	assert_int_equal(rename(path, aside), 0);
	if (text != NULL)
		scratch_write(path, text);
	scratch_keys_reopen(s);
	assert_int_equal(s->note_count, 1);
	if (strstr(s->note, word) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", s->note, word);
	assert_int_equal(key_store_count(s->keys), 1);
	assert_null(key_store_find(s->keys, k->id, NULL));
	assert_int_equal(rename(aside, path), 0);
}

static void damaged_keys_stop_only_themselves(void **state)
{
	struct scratch_keys *s = *state;
	struct scratch_key good = scratch_make(s, "TVS");
	struct scratch_key bad = scratch_make(s, "TVS");
	damaged(s, &bad, "key.der", NULL, "key.der");
	damaged(s, &bad, "certificate.der", NULL, "certificate.der");
	damaged(s, &bad, "certificate.der", "0", "certificate.der");
	damaged(s, &bad, "state", NULL, "state");
	damaged(s, &bad, "state", "", "state is damaged");
	damaged(s, &bad, "state", "live", "state is damaged");
	scratch_keys_reopen(s);
	assert_int_equal(key_store_count(s->keys), 2);
	assert_int_equal(s->note_count, 0);
	scratch_key_done(&good);
	scratch_key_done(&bad);
}

static void read_file(const char *path, uint8_t *out, size_t size, size_t *got)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	*got = fread(out, 1, size, file);
	(void)fclose(file);
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	(void)fclose(file);
}

static void every_damage_of_the_state_is_noted(void **state)
{
	struct scratch_keys *s = *state;
	struct scratch_key made = scratch_make(s, "TVS");
	char path[200];
	uint8_t file[256];
	size_t size;
	(void)scratch_key_path(s, &made, "state", path);
	read_file(path, file, sizeof(file), &size);
	for (size_t cut = 0; cut < size; cut++) {
		write_file(path, file, cut);
		scratch_keys_reopen(s);
		assert_int_equal(s->note_count, 1);
	}
	for (size_t at = 0; at < size; at++) {
		file[at] ^= 0x80;
		write_file(path, file, size);
		scratch_keys_reopen(s);
		bool in_time = at >= size - 8; /* any number is a time */
		assert_int_equal(s->note_count, in_time ? 0 : 1);
		file[at] ^= 0x80;
	}
	file[size] = 0;
	write_file(path, file, size + 1);
	scratch_keys_reopen(s);
	assert_int_equal(s->note_count, 1);
	scratch_key_done(&made);
}

static void a_certificate_of_another_key_is_noted(void **state)
{
	struct scratch_keys *s = *state;
	struct scratch_key one = scratch_make(s, "TVS");
	struct scratch_key two = scratch_make(s, "TVS");
	char path[200];
	struct reader der = cert_der(two.cert);
	write_file(scratch_key_path(s, &one, "certificate.der", path), der.at, der.left);
	scratch_keys_reopen(s);
	assert_int_equal(s->note_count, 1);
	assert_non_null(strstr(s->note, "of another key"));
	scratch_key_done(&one);
	scratch_key_done(&two);
}

static void another_private_key_is_not_used(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct scratch_key one = scratch_make(s, "TVS");
	struct scratch_key two = scratch_make(s, "TVS");
	char path[200];
	uint8_t file[KEY_DER_MAX];
	size_t size;
	read_file(scratch_key_path(s, &two, "key.der", path), file, sizeof(file), &size);
	write_file(scratch_key_path(s, &one, "key.der", path), file, size);
	const struct stored_key *stored = key_store_find(s->keys, one.id, &err);
	assert_null(key_store_private(s->keys, stored, &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_non_null(strstr(err.text, "holds another key"));
	write_file(path, file, size - 1);
	assert_null(key_store_private(s->keys, stored, &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	scratch_key_done(&one);
	scratch_key_done(&two);
}

static void a_key_is_never_overwritten(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	char path[200];
	char name[KEY_NAME_SIZE];
	uint8_t before[KEY_DER_MAX];
	uint8_t after[KEY_DER_MAX];
	size_t sizes[2];
	struct scratch_key made = scratch_make(s, "TVS");
	int keys = key_files_open(s->path, &err);
	AUTO(key) other = key_generate(KEY_EC_256, &err);
	read_file(scratch_key_path(s, &made, "key.der", path), before, sizeof(before), &sizes[0]);
	assert_false(key_files_add(keys, hex_write(reader_of(made.id, sizeof(made.id)), name),
		key_store_at(s->keys, 0), other, &err));
	assert_int_equal(err.fault, FAULT_IO);
	(void)close(keys);
	read_file(path, after, sizeof(after), &sizes[1]);
	assert_int_equal(sizes[0], sizes[1]);
	assert_memory_equal(before, after, sizes[0]);
	scratch_keys_reopen(s);
	assert_int_equal(key_store_count(s->keys), 1);
	assert_int_equal(s->note_count, 0);
	assert_true(key_store_adopt(s->keys, made.id, &err)); /* twice is harmless */
	assert_int_equal(key_store_count(s->keys), 1);
	scratch_key_done(&made);
}

static void the_number_of_keys_is_limited(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	uint8_t id[SIGNER_KEY_SIZE];
	struct making what = { .unit = unit_find("TVS"),
		.kind = KEY_EC_256,
		.profile = { .subject = { .common_name = "pub" }, .days = 1 } };
	for (size_t i = 0; i < KEY_STORE_MAX; i++)
		assert_true(key_store_make(s->keys, &what, id, &err) &&
			key_store_adopt(s->keys, id, &err));
	assert_true(key_store_make(s->keys, &what, id, &err));
	assert_false(key_store_adopt(s->keys, id, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_int_equal(key_store_count(s->keys), KEY_STORE_MAX);
	scratch_keys_reopen(s); /* goes on with what it can hold */
	assert_int_equal(key_store_count(s->keys), KEY_STORE_MAX);
	assert_int_equal(s->note_count, 1);
	assert_non_null(strstr(s->note, "destroy retired ones"));
}

static void states_go_one_way(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct scratch_key one = scratch_make(s, "TVS");
	struct scratch_key two = scratch_make(s, "TVS");
	assert_true(key_store_mark_live(s->keys, one.id, NULL, &err));
	for (int again = 0; again < 2; again++) { /* a manager that crashed asks again */
		assert_true(key_store_mark_live(s->keys, two.id, one.id, &err));
		assert_int_equal(scratch_state(s, &one), SIGNER_KEY_RETIRED);
		assert_int_equal(scratch_state(s, &two), SIGNER_KEY_LIVE);
		scratch_keys_reopen(s);
	}
	assert_int_equal(scratch_state(s, &one), SIGNER_KEY_RETIRED);
	assert_int_equal(scratch_state(s, &two), SIGNER_KEY_LIVE);
	scratch_key_done(&one);
	scratch_key_done(&two);
}

static void not_marked(struct scratch_keys *s, const struct scratch_key *k,
	const struct scratch_key *predecessor, const char *word)
{
	struct error err = { 0 };
	enum signer_key_state before = scratch_state(s, k);
	assert_false(key_store_mark_live(
		s->keys, k->id, predecessor == NULL ? NULL : predecessor->id, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	if (strstr(err.text, word) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, word);
	assert_int_equal(scratch_state(s, k), before);
}

static void senseless_successions_are_refused(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct scratch_key retired = scratch_make_live(s, "TVS");
	struct scratch_key live = scratch_make(s, "TVS");
	struct scratch_key fresh = scratch_make(s, "TVS");
	struct scratch_key other = scratch_make_live(s, "tomcat");
	assert_true(key_store_mark_live(s->keys, live.id, retired.id, &err));
	not_marked(s, &retired, NULL, "never comes back");
	not_marked(s, &retired, &live, "never comes back");
	not_marked(s, &fresh, &fresh, "follow itself");
	not_marked(s, &live, &fresh, "was never live");
	not_marked(s, &fresh, &other, "cannot follow a key of tomcat");
	assert_int_equal(scratch_state(s, &live), SIGNER_KEY_LIVE);
	struct scratch_key *const all[] = { &retired, &live, &fresh, &other };
	for (size_t i = 0; i < COUNT(all); i++)
		scratch_key_done(all[i]);
}

/* Its files are gone, and with them the need to retire it: the successor must not be held up. */
static void a_lost_predecessor_is_followed(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct scratch_key fresh = scratch_make(s, "TVS");
	uint8_t lost[SIGNER_KEY_SIZE] = { 1 };
	assert_true(key_store_mark_live(s->keys, fresh.id, lost, &err));
	assert_int_equal(scratch_state(s, &fresh), SIGNER_KEY_LIVE);
	assert_false(key_store_mark_live(s->keys, lost, fresh.id, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	scratch_key_done(&fresh);
}

static void only_keys_that_do_not_live_are_destroyed(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct scratch_key retired = scratch_make_live(s, "TVS");
	struct scratch_key live = scratch_make(s, "TVS");
	struct scratch_key fresh = scratch_make(s, "TVS");
	assert_true(key_store_mark_live(s->keys, live.id, retired.id, &err));
	assert_false(key_store_destroy(s->keys, live.id, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_non_null(strstr(err.text, "is live"));
	assert_true(key_store_destroy(s->keys, retired.id, &err));
	assert_true(key_store_destroy(s->keys, fresh.id, &err));
	assert_false(key_store_destroy(s->keys, fresh.id, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	char path[200];
	assert_int_not_equal(access(scratch_key_path(s, &retired, NULL, path), F_OK), 0);
	assert_int_not_equal(access(scratch_key_path(s, &fresh, NULL, path), F_OK), 0);
	assert_int_equal(key_store_count(s->keys), 1);
	scratch_keys_reopen(s);
	assert_int_equal(key_store_count(s->keys), 1);
	assert_int_equal(scratch_state(s, &live), SIGNER_KEY_LIVE);
	scratch_key_done(&retired);
	scratch_key_done(&live);
	scratch_key_done(&fresh);
}

static void the_last_list_is_remembered(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct bytes file = { 0 };
	bool found = true;
	assert_true(key_store_last_list(s->keys, "ITL pub", &file, &found, &err));
	assert_false(found);
	assert_true(key_store_remember_list(s->keys, "ITL pub", reader_of_text("one"), &err));
	assert_true(key_store_remember_list(s->keys, "ITL pub", reader_of_text("two"), &err));
	assert_true(key_store_remember_list(s->keys, "ITL sub", reader_of_text("three"), &err));
	scratch_keys_reopen(s);
	assert_true(key_store_last_list(s->keys, "ITL pub", &file, &found, &err));
	assert_true(found);
	assert_true(reader_same(bytes_reader(&file), reader_of_text("two")));
	bytes_done(&file);
	char path[200];
	assert_int_equal(unlink(scratch_path(s, "signed/ITL pub", path)), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(key_store_last_list(s->keys, "ITL pub", &file, &found, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
}

static void key_names_are_short_in_sentences(void **state)
{
	(void)state;
	char text[KEY_TEXT_SIZE];
	uint8_t id[SIGNER_KEY_SIZE];
	memset(id, 0x9F, sizeof(id));
	assert_string_equal(key_text(id, text), "9f9f9f9f9f9f…");
	assert_string_equal(key_state_name(SIGNER_KEY_NEW), "new");
	assert_string_equal(key_state_name(SIGNER_KEY_LIVE), "live");
	assert_string_equal(key_state_name(SIGNER_KEY_RETIRED), "retired");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_keys_open, scratch_keys_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_key_is_made_found_and_kept),
		CASE(files_are_closed_to_others),
		CASE(what_is_open_to_others_stops_everything),
		CASE(a_directory_that_is_not_there_is_told),
		CASE(unknown_keys_are_missing),
		CASE(half_made_things_are_swept_away),
		CASE(odd_things_are_noted_and_left_alone),
		CASE(damaged_keys_stop_only_themselves),
		CASE(every_damage_of_the_state_is_noted),
		CASE(a_certificate_of_another_key_is_noted),
		CASE(another_private_key_is_not_used),
		CASE(a_key_is_never_overwritten),
		CASE(the_number_of_keys_is_limited),
		CASE(states_go_one_way),
		CASE(senseless_successions_are_refused),
		CASE(a_lost_predecessor_is_followed),
		CASE(only_keys_that_do_not_live_are_destroyed),
		CASE(the_last_list_is_remembered),
		CASE(key_names_are_short_in_sentences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
