#include "unit/store/scratch.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"

static bool nothing(struct txn *t, void *context, struct error *err)
{
	(void)t;
	(void)context;
	(void)err;
	return true;
}

static void make_changes(struct store *s, int count)
{
	for (int i = 1; i <= count; i++) {
		char detail[32];
		(void)snprintf(detail, sizeof(detail), "number %d", i);
		const struct change change = { "uid 0", "test", detail };
		assert_true(store_change(s, &change, nothing, NULL, NULL, NULL));
	}
}

static void an_empty_chain_is_whole(void **state)
{
	struct scratch *s = *state;
	uint8_t head[DIGEST_SIZE], zeros[DIGEST_SIZE] = { 0 };
	uint64_t rows = 9;
	assert_true(store_audit_verify(s->store, &rows, NULL));
	assert_int_equal(rows, 0);
	assert_true(store_audit_head(s->store, head, NULL));
	assert_memory_equal(head, zeros, sizeof(head));
}

struct seen {
	uint64_t count;
	struct audit_row last;
};

static bool look(const struct audit_row *row, void *into, struct error *err)
{
	(void)err;
	struct seen *seen = into;
	seen->count++;
	assert_int_equal(row->change, seen->count);
	seen->last = *row;
	return true;
}

/* More than one page of the walk. */
static void every_change_has_its_row(void **state)
{
	struct scratch *s = *state;
	struct seen seen = { 0 };
	uint8_t head[DIGEST_SIZE];
	uint64_t rows;
	make_changes(s->store, 1001);
	assert_true(store_audit(s->store, look, &seen, NULL));
	assert_int_equal(seen.count, 1001);
	assert_string_equal(seen.last.actor, "uid 0");
	assert_string_equal(seen.last.action, "test");
	assert_string_equal(seen.last.detail, "number 1001");
	assert_true(seen.last.time <= clock_now() && seen.last.time > clock_now() - 600);
	assert_true(store_audit_head(s->store, head, NULL));
	assert_memory_equal(head, seen.last.hash, sizeof(head));
	assert_true(store_audit_verify(s->store, &rows, NULL));
	assert_int_equal(rows, 1001);
}

/* The first link as docs/store.md#audit writes it, made here with a writer of its own. */
static void the_chain_is_as_written_down(void **state)
{
	struct scratch *s = *state;
	struct seen seen = { 0 };
	uint8_t hash[DIGEST_SIZE], bytes[32 + 8 + 8 + 4 + 5 + 4 + 4 + 4 + 8];
	make_changes(s->store, 1);
	assert_true(store_audit(s->store, look, &seen, NULL));
	memset(bytes, 0, sizeof(bytes));
	bytes[39] = 1;
	for (size_t i = 0; i < 8; i++)
		bytes[40 + i] = (uint8_t)((uint64_t)seen.last.time >> (56 - 8 * i));
	bytes[51] = 5;
	memcpy(bytes + 52, "uid 0", 5);
	bytes[60] = 4;
	memcpy(bytes + 61, "test", 4);
	bytes[68] = 8;
	memcpy(bytes + 69, "number 1", 8);
	assert_true(digest_sha256(reader_of(bytes, sizeof(bytes)), hash, NULL));
	assert_memory_equal(hash, seen.last.hash, sizeof(hash));
}

static void long_and_hostile_texts_are_cut_and_escaped(void **state)
{
	struct scratch *s = *state;
	struct seen seen = { 0 };
	char long_text[600];
	uint64_t rows;
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	const struct change change = { long_text, "two\nlines \x1b[2J", long_text };
	assert_true(store_change(s->store, &change, nothing, NULL, NULL, NULL));
	assert_true(store_audit(s->store, look, &seen, NULL));
	assert_int_equal(strlen(seen.last.actor), sizeof(seen.last.actor) - 1);
	assert_null(strchr(seen.last.action, '\n'));
	assert_null(strchr(seen.last.action, '\x1b'));
	assert_true(store_audit_verify(s->store, &rows, NULL));
}

static void assert_broken(struct scratch *s, const char *sql, const char *word)
{
	struct error err = { 0 };
	uint64_t rows = 55;
	scratch_sql(s, sql);
	assert_false(store_audit_verify(s->store, &rows, &err));
	assert_int_equal(err.fault, FAULT_STORE);
	assert_int_equal(rows, 55);
	if (strstr(err.text, word) == NULL)
		test_ends(err.text);
}

static void a_changed_row_is_found(void **state)
{
	struct scratch *s = *state;
	static const char *const columns[] = { "actor = 'uid 1000'", "action = 'other'",
		"detail = 'number 4.'", "time = time + 1", "digest = zeroblob(32)" };
	make_changes(s->store, 9);
	for (size_t i = 0; i < COUNT(columns); i++) {
		char sql[120];
		uint64_t rows;
		scratch_sql(s, "CREATE TABLE kept AS SELECT * FROM audit");
		(void)snprintf(
			sql, sizeof(sql), "UPDATE audit SET %s WHERE number = 4", columns[i]);
		assert_broken(s, sql, "row 4 ");
		scratch_sql(s,
			"DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; "
			"DROP TABLE kept");
		assert_true(store_audit_verify(s->store, &rows, NULL));
	}
}

static void moving_bytes_between_texts_is_found(void **state)
{
	struct scratch *s = *state;
	make_changes(s->store, 3);
	assert_broken(
		s, "UPDATE audit SET actor = 'uid 0t', action = 'est' WHERE number = 2", "row 2 ");
}

static void a_removed_row_is_found(void **state)
{
	struct scratch *s = *state;
	make_changes(s->store, 9);
	assert_broken(s, "DELETE FROM audit WHERE number = 5", "row 6 follows row 4");
	assert_broken(s, "UPDATE audit SET number = number - 1 WHERE number > 5", "row 5 ");
	assert_broken(s, "DELETE FROM audit WHERE number = 1", "row 2 follows row 0");
}

static void a_digest_of_another_size_is_found(void **state)
{
	struct scratch *s = *state;
	make_changes(s->store, 3);
	assert_broken(s, "UPDATE audit SET digest = zeroblob(31) WHERE number = 3", "31 bytes");
}

/* A cut tail leaves a whole chain with another head: the index of the snapshot keeps the head. */
static void a_cut_tail_shows_in_the_head(void **state)
{
	struct scratch *s = *state;
	uint8_t before[DIGEST_SIZE], after[DIGEST_SIZE];
	uint64_t rows;
	make_changes(s->store, 4);
	assert_true(store_audit_head(s->store, before, NULL));
	scratch_sql(s, "DELETE FROM audit WHERE number = 4");
	assert_true(store_audit_verify(s->store, &rows, NULL));
	assert_int_equal(rows, 3);
	assert_true(store_audit_head(s->store, after, NULL));
	assert_memory_not_equal(before, after, sizeof(before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(an_empty_chain_is_whole),
		STORE_TEST(every_change_has_its_row),
		STORE_TEST(the_chain_is_as_written_down),
		STORE_TEST(long_and_hostile_texts_are_cut_and_escaped),
		STORE_TEST(a_changed_row_is_found),
		STORE_TEST(moving_bytes_between_texts_is_found),
		STORE_TEST(a_removed_row_is_found),
		STORE_TEST(a_digest_of_another_size_is_found),
		STORE_TEST(a_cut_tail_shows_in_the_head),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
