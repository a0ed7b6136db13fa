#include "wire/mutation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/text.h"

static void a_sentence_says_why(const struct error *err)
{
	assert_int_not_equal(err->fault, FAULT_NONE);
	assert_true(err->text[0] != '\0');
	assert_true(text_is_utf8(reader_of_text(err->text)));
}

bool round_trip_copy(struct reader bytes, round_trip *trip)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) copy = { 0 };
	assert_true(bytes_copy(&copy, bytes, NULL));
	if (trip(bytes_reader(&copy), &err))
		return true;
	a_sentence_says_why(&err);
	return false;
}

size_t every_truncation(struct reader valid, round_trip *trip)
{
	size_t parsed = 0;
	for (size_t size = 0; size < valid.left; size++)
		if (round_trip_copy(reader_of(valid.at, size), trip))
			parsed++;
	return parsed;
}

size_t every_changed_byte(struct reader valid, round_trip *trip, bool all_values)
{
	static const uint8_t flips[] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff };
	size_t parsed = 0;
	AUTO_DONE(bytes) copy = { 0 };
	assert_true(bytes_copy(&copy, valid, NULL));
	for (size_t at = 0; at < copy.size; at++) {
		size_t count = all_values ? 255 : COUNT(flips);
		for (size_t i = 0; i < count; i++) {
			uint8_t flip = all_values ? (uint8_t)(i + 1) : flips[i];
			copy.data[at] ^= flip;
			if (round_trip_copy(bytes_reader(&copy), trip))
				parsed++;
			copy.data[at] ^= flip;
		}
	}
	return parsed;
}

void refused_with(struct reader bytes, round_trip *trip, enum fault fault, const char *words)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) copy = { 0 };
	assert_true(bytes_copy(&copy, bytes, NULL));
	assert_false(trip(bytes_reader(&copy), &err));
	a_sentence_says_why(&err);
	if (err.fault != fault || strstr(err.text, words) == NULL)
		print_error("expected %s with \"%s\", got %s: %s\n", fault_name(fault), words,
			fault_name(err.fault), err.text);
	assert_int_equal(err.fault, fault);
	assert_non_null(strstr(err.text, words));
}
