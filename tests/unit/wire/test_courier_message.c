#include "wire/courier_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/mutation.h"

static bool trip(struct reader bytes, struct error *err)
{
	struct courier_letter letter;
	if (!courier_letter_parse(bytes, &letter, err))
		return false;
	AUTO_DONE(writer) w = writer_new(1 << 20);
	courier_letter_write(&w, &letter);
	assert_true(w.ok);
	assert_true(reader_same(bytes, writer_written(&w)));
	return true;
}

static void a_letter_goes_and_comes(void **state)
{
	(void)state;
	struct courier_letter came,
		letter = { .written = -7, .body = reader_of_text("At …\nMatchedEvent : x\n") };
	memset(letter.subject, 's', sizeof(letter.subject) - 1);
	AUTO_DONE(writer) w = writer_new(4096);
	courier_letter_write(&w, &letter);
	assert_true(courier_letter_parse(writer_written(&w), &came, NULL));
	assert_int_equal(came.written, -7);
	assert_string_equal(came.subject, letter.subject);
	assert_true(reader_same(came.body, letter.body));
	(void)every_truncation(writer_written(&w), trip);
	assert_true(every_changed_byte(writer_written(&w), trip, true) > 0);
}

static void what_is_none_is_refused(void **state)
{
	(void)state;
	struct courier_letter came;
	static const struct {
		const char *bytes;
		size_t size;
	} rows[] = {
		{ "", 0 },
		{ "\0\0\0\0\0\0\0\0", 8 },
		{ "\0\0\0\0\0\0\0\0\0", 9 },
		{ "\0\0\0\0\0\0\0\0\2s", 10 },
		{ "\0\0\0\0\0\0\0\0\1s", 10 },
		{ "\0\0\0\0\0\0\0\0\1\nbody", 14 },
		{ "\0\0\0\0\0\0\0\0\1\xff"
		  "body",
			14 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };
		assert_false(
			courier_letter_parse(reader_of(rows[i].bytes, rows[i].size), &came, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_goes_and_comes),
		cmocka_unit_test(what_is_none_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
