/* Certificates on their way between manager and courier. docs/formats/sibling.md#courier */
#include "wire/bulk_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#undef fail /* base/error.h has one of its own */

#include "mutation.h"

static const uint8_t valid[] = { 0, 3, 'a', '/', 'b', 0, 0, 0, 2, 0x30, 0x00, 0, 0, 0, 0, 0, 0 };

static bool read_all(struct reader bytes, struct writer *w, struct error *err)
{
	struct bulk_row row;
	while (bytes.left > 0) {
		if (!bulk_row_read(&bytes, &row, err))
			return false;
		bulk_row_write(w, row.label, row.der);
	}
	return true;
}

static bool trip(struct reader bytes, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(1 << 16);
	if (!read_all(bytes, &w, err))
		return false;
	assert_true(w.ok && reader_same(writer_written(&w), bytes));
	return true;
}

static void rows_are_read_to_the_end(void **state)
{
	(void)state;
	struct bulk_row row;
	struct reader r = reader_of(valid, sizeof(valid));
	assert_true(bulk_row_read(&r, &row, NULL));
	assert_string_equal(row.label, "a/b");
	assert_int_equal(row.der.left, 2);
	assert_true(bulk_row_read(&r, &row, NULL));
	assert_string_equal(row.label, "");
	assert_int_equal(row.der.left, 0);
	assert_int_equal(r.left, 0);
	assert_true(trip(reader_of(valid, sizeof(valid)), NULL));
}

static void cuts_show_except_between_rows(void **state)
{
	(void)state;
	/* nothing at all, and the first row alone */
	assert_int_equal(every_truncation(reader_of(valid, sizeof(valid)), trip), 2);
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	(void)every_changed_byte(reader_of(valid, sizeof(valid)), trip, true);
}

static void lengths_claim_no_more_than_there_is(void **state)
{
	(void)state;
	static const uint8_t text[] = { 0xff, 0xff, 'a' },
			     blob[] = { 0, 0, 0xff, 0xff, 0xff, 0xff };
	refused_with(reader_of(text, sizeof(text)), trip, FAULT_MALFORMED, "cut short");
	refused_with(reader_of(blob, sizeof(blob)), trip, FAULT_MALFORMED, "cut short");
}

static void labels_have_limits(void **state)
{
	(void)state;
	char label[BULK_LABEL_SIZE + 1];
	memset(label, 'x', sizeof(label));
	label[BULK_LABEL_SIZE] = '\0';
	AUTO_DONE(writer) longer = writer_new(1000), most = writer_new(1000),
			  line = writer_new(100);
	bulk_row_write(&longer, label, reader_of("", 0));
	refused_with(writer_written(&longer), trip, FAULT_LIMIT, "");
	label[BULK_LABEL_SIZE - 1] = '\0';
	bulk_row_write(&most, label, reader_of("", 0));
	assert_true(trip(writer_written(&most), NULL));
	bulk_row_write(&line, "a\nb", reader_of("", 0));
	refused_with(writer_written(&line), trip, FAULT_MALFORMED, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_read_to_the_end),
		cmocka_unit_test(cuts_show_except_between_rows),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(lengths_claim_no_more_than_there_is),
		cmocka_unit_test(labels_have_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
