/* Objects are read once and kept within bounds. */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "provision/objects.h"

static struct content *take(struct stage *s, struct objects *o, size_t file, struct error *err)
{
	*err = (struct error){ 0 };
	return objects_take(o, s->snapshot, s->files[file].digest, err);
}

static void what_was_read_is_kept(void **state)
{
	struct stage *s = *state;
	struct error err;
	struct objects *o = objects_new(NULL);
	stage_publish(s, "ITLFile.tlv", SNAPSHOT_PUBLISHED, reader_of_text("itl"));
	struct content *first = take(s, o, 0, &err);
	assert_true(reader_same(content_bytes(first), reader_of_text("itl")));
	stage_damage(s, s->files[0].digest); /* it is not read again */
	struct content *second = take(s, o, 0, &err);
	assert_ptr_equal(first, second);
	assert_int_equal(objects_size(o), 3);
	content_free(first);
	objects_free(o);
	assert_true(reader_same(content_bytes(second), reader_of_text("itl"))); /* still ours */
	content_free(second);
	objects_free(NULL);
}

static void what_is_damaged_is_not_kept(void **state)
{
	struct stage *s = *state;
	struct error err;
	struct objects *o = objects_new(NULL);
	stage_publish(s, "ITLFile.tlv", SNAPSHOT_PUBLISHED, reader_of_text("itl"));
	stage_damage(s, s->files[0].digest);
	for (unsigned i = 0; i < 2; i++) {
		assert_null(take(s, o, 0, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
	}
	s->files[0].digest[0] ^= 1;
	assert_null(take(s, o, 0, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_int_equal(objects_size(o), 0);
	objects_free(o);
}

static void memory_is_bounded(void **state)
{
	enum { FILES = 9, SIZE = OBJECTS_HOLD / 8 };
	struct stage *s = *state;
	struct error err;
	struct objects *o = objects_new(NULL);
	uint8_t *bytes = calloc(1, OBJECTS_HOLD + 1);
	for (uint8_t i = 0; i < FILES; i++) {
		char name[8];
		(void)snprintf(name, sizeof(name), "%c", 'a' + i);
		bytes[0] = i;
		stage_publish(s, name, SNAPSHOT_PUBLISHED, reader_of(bytes, SIZE));
	}
	for (size_t i = 0; i < FILES; i++) {
		content_free(take(s, o, i, &err));
		assert_int_equal(objects_size(o), (i < 8 ? i + 1 : 8) * SIZE);
		content_free(take(s, o, 1, &err)); /* always wanted */
	}
	stage_damage(s, s->files[0].digest);
	stage_damage(s, s->files[1].digest);
	assert_null(take(s, o, 0, &err)); /* the longest unused one went */
	struct content *wanted = take(s, o, 1, &err);
	assert_non_null(wanted);
	content_free(wanted);
	stage_publish(s, "z", SNAPSHOT_PUBLISHED, reader_of(bytes, OBJECTS_HOLD + 1));
	struct content *large = take(s, o, FILES, &err);
	assert_int_equal(content_size(large), OBJECTS_HOLD + 1);
	assert_in_range(objects_size(o), 0, OBJECTS_HOLD);
	content_free(large);
	objects_free(o);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
		CASE(what_was_read_is_kept),
		CASE(what_is_damaged_is_not_kept),
		CASE(memory_is_bounded),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
