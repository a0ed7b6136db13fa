/* One descriptor and a few pieces of a file, however many load it. */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

static struct content *take(struct stage *s, const char *name, struct error *err)
{
	struct found_file found;
	*err = (struct error){ 0 };
	if (!catalogue_find(&s->provision.catalogue, name, false, &found, err))
		return NULL;
	struct content *content = shelf_take(s->provision.shelf, &found, err);
	found_file_done(&found);
	return content;
}

static bool reads_as(const struct content *content, uint64_t offset, struct reader expected)
{
	uint8_t got[256];
	struct error err = { 0 };
	assert_true(expected.left <= sizeof(got));
	return content_read(content, offset, got, expected.left, &err) &&
		reader_same(reader_of(got, expected.left), expected);
}

static void the_same_file_is_open_once(void **state)
{
	struct stage *s = *state;
	struct error err;
	struct shelf *shelf = s->provision.shelf;
	stage_put(s, "a.bin", reader_of_text("firmware"));
	struct content *first = take(s, "a.bin", &err), *second = take(s, "A.BIN", &err);
	assert_non_null(first);
	assert_ptr_equal(first, second);
	assert_int_equal(content_size(first), 8);
	assert_true(reads_as(first, 0, reader_of_text("firmware")));
	assert_true(reads_as(first, 4, reader_of_text("ware")));
	assert_int_equal(content_bytes(first).left, 0); /* not in memory as a whole */
	assert_int_equal(shelf_files(shelf), 1);
	content_free(first);
	assert_int_equal(shelf_files(shelf), 1); /* still sent by one */
	content_free(second);
	assert_int_equal(shelf_files(shelf), 0);
	content_free(NULL);
}

static void a_changed_file_is_another(void **state)
{
	struct stage *s = *state;
	struct error err;
	stage_put(s, "a.bin", reader_of_text("one"));
	struct content *before = take(s, "a.bin", &err);
	stage_put(s, "a.bin", reader_of_text("two!"));
	struct content *after = take(s, "a.bin", &err);
	uint8_t out[3];
	assert_false(content_read(before, 0, out, sizeof(out), &err)); /* and not the new bytes */
	assert_int_equal(err.fault, FAULT_BUSY);
	assert_true(reads_as(after, 0, reader_of_text("two!")));
	assert_int_equal(shelf_files(s->provision.shelf), 2);
	content_free(before);
	content_free(after);
	assert_int_equal(shelf_files(s->provision.shelf), 0);
}

static void an_empty_file_is_a_file(void **state)
{
	struct stage *s = *state;
	struct error err;
	stage_put(s, "empty.xml", reader_of_text(""));
	struct content *content = take(s, "empty.xml", &err);
	assert_non_null(content);
	assert_int_equal(content_size(content), 0);
	assert_true(reads_as(content, 0, reader_of_text("")));
	content_free(content);
}

static void nothing_is_read_beyond_the_end(void **state)
{
	struct stage *s = *state;
	struct error err;
	uint8_t out[9];
	stage_put(s, "a.bin", reader_of_text("firmware"));
	struct content *content = take(s, "a.bin", &err);
	assert_true(content_read(content, 8, out, 0, &err));
	assert_true(content_read(content, 7, out, 1, &err));
	assert_false(content_read(content, 8, out, 1, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_false(content_read(content, 0, out, 9, &err));
	assert_false(content_read(content, UINT64_MAX, out, 1, &err));
	content_free(content);
	struct bytes held = { 0 };
	assert_true(bytes_copy(&held, reader_of_text("four"), &err));
	AUTO(content) memory = content_new(&held, &err);
	assert_true(content_read(memory, 2, out, 2, &err));
	assert_memory_equal(out, "ur", 2);
	assert_false(content_read(memory, 2, out, 3, &err));
	assert_false(content_read(memory, 5, out, 0, &err));
}

/* Larger than all pieces together, read from the front, from the back and across pieces. */
static void a_file_larger_than_the_memory_for_it_is_served(void **state)
{
	enum { SIZE = (SHELF_PIECES + 3) * SHELF_PIECE + 77 };
	struct stage *s = *state;
	struct error err;
	uint8_t *bytes = malloc(SIZE);
	assert_non_null(bytes);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(i / 251 + i);
	stage_put(s, "big.bin", reader_of(bytes, SIZE));
	stage_put(s, "small.bin", reader_of_text("between"));
	struct content *big = take(s, "big.bin", &err), *small = take(s, "small.bin", &err);
	for (size_t at = 0; at + 200 <= SIZE; at += 9973) {
		assert_true(reads_as(big, at, reader_of(bytes + at, 200)));
		assert_true(reads_as(small, 0, reader_of_text("between")));
		assert_true(
			reads_as(big, SIZE - at - 200, reader_of(bytes + SIZE - at - 200, 200)));
	}
	for (size_t edge = SHELF_PIECE; edge < SIZE; edge += SHELF_PIECE)
		assert_true(reads_as(big, edge - 50, reader_of(bytes + edge - 50, 127)));
	assert_true(reads_as(big, SIZE - 1, reader_of(bytes + SIZE - 1, 1)));
	content_free(big);
	content_free(small);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
		CASE(the_same_file_is_open_once),
		CASE(a_changed_file_is_another),
		CASE(an_empty_file_is_a_file),
		CASE(nothing_is_read_beyond_the_end),
		CASE(a_file_larger_than_the_memory_for_it_is_served),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
