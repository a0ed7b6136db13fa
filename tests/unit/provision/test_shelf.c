/* One copy of a file, however many load it. */
#include "stage.h"

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

static void the_same_file_is_read_once(void **state)
{
	struct stage *s = *state;
	struct error err;
	struct shelf *shelf = s->provision.shelf;
	stage_put(s, "a.bin", reader_of_text("firmware"));
	struct content *first = take(s, "a.bin", &err), *second = take(s, "A.BIN", &err);
	assert_non_null(first);
	assert_ptr_equal(first, second);
	assert_true(reader_same(content_bytes(first), reader_of_text("firmware")));
	assert_int_equal(shelf_size(shelf), 8);
	content_free(first);
	shelf_tidy(shelf);
	assert_int_equal(shelf_size(shelf), 8); /* still sent by one */
	content_free(second);
	shelf_tidy(shelf);
	assert_int_equal(shelf_size(shelf), 0);
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
	assert_true(reader_same(content_bytes(before), reader_of_text("one")));
	assert_true(reader_same(content_bytes(after), reader_of_text("two!")));
	assert_int_equal(shelf_size(s->provision.shelf), 7);
	content_free(before);
	assert_non_null(take(s, "a.bin", &err)); /* tidies by itself */
	assert_int_equal(shelf_size(s->provision.shelf), 4);
	content_free(after);
	content_free(after);
}

static void an_empty_file_is_a_file(void **state)
{
	struct stage *s = *state;
	struct error err;
	stage_put(s, "empty.xml", reader_of_text(""));
	struct content *content = take(s, "empty.xml", &err);
	assert_non_null(content);
	assert_int_equal(content_bytes(content).left, 0);
	content_free(content);
}

static void what_cannot_be_read_is_not_kept(void **state)
{
	struct stage *s = *state;
	struct found_file found;
	struct error err = { 0 };
	stage_put(s, "a.bin", reader_of_text("firmware"));
	assert_true(catalogue_find(&s->provision.catalogue, "a.bin", false, &found, &err));
	found.size = 9; /* it was longer when it was found */
	assert_null(shelf_take(s->provision.shelf, &found, &err));
	assert_int_equal(err.fault, FAULT_BUSY);
	found.size = (size_t)SHELF_HOLDS + 1;
	assert_null(shelf_take(s->provision.shelf, &found, &err));
	assert_int_equal(err.fault, FAULT_BUSY);
	assert_int_equal(shelf_size(s->provision.shelf), 0);
	found_file_done(&found);
	shelf_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
		CASE(the_same_file_is_read_once),
		CASE(a_changed_file_is_another),
		CASE(an_empty_file_is_a_file),
		CASE(what_cannot_be_read_is_not_kept),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
