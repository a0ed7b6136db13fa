#include "cli/broken_list.h"

#include <stdlib.h>
#include <string.h>

#include "lib/key_ring.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int list_made(void **state)
{
	static struct bytes file;
	static const struct ring_list plan = { .signer = "recovery",
		.timestamp = 1700000100,
		.count = 2,
		.records = { { "recovery", ROLE_SAST }, { "tvs", ROLE_TVS } } };
	AUTO(key_ring) ring = key_ring_new();
	key_ring_list(ring, &plan, &file);
	*state = &file;
	return 0;
}

static int list_freed(void **state)
{
	bytes_done(*state);
	return 0;
}

/* free() it. Whatever the bytes are, lines of plain text come out. */
static char *printed(const char *source, struct reader file)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	assert_non_null(to);
	broken_list_print(to, source, file);
	assert_int_equal(fclose(to), 0);
	for (size_t i = 0; i < size; i++)
		assert_true(text[i] == '\n' || (unsigned char)text[i] >= ' ');
	assert_true(size == 0 || text[size - 1] == '\n');
	return text;
}

static void says(struct reader file, const char *words)
{
	char *text = printed("x.tlv", file);
	if (strstr(text, words) == NULL)
		fail_msg("nothing of \"%s\" in\n%s", words, text);
	free(text);
}

static void unknown_tags_are_called_so_and_passed_over(void **state)
{
	struct bytes *file = *state;
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(file), &list, NULL));
	uint8_t *tag = file->data + list.header.size + 5; /* the subject of the first record */
	assert_int_equal(*tag, 3);
	*tag = 29;
	assert_false(trust_list_parse(bytes_reader(file), &list, NULL));
	says(bytes_reader(file), " tag 29   unknown ");
	says(bytes_reader(file), " tag 4    role               2 bytes, 0000\n");
	says(bytes_reader(file), "Record 2 at byte ");
	says(bytes_reader(file), "CN=tvs;OU=Voice;O=Example, Inc.;C=DE\n");
	*tag = 3;
}

static void the_end_is_told(void **state)
{
	const struct bytes *file = *state;
	says(reader_of(file->data, file->size - 1), " are left\n");
	says(reader_of(file->data, 12), "cut off\n");
	says(reader_of(file->data, 10), "header length");
	assert_true(file->size > 600);
}

static void a_record_whose_length_cannot_be_goes_to_the_end(void **state)
{
	struct bytes *file = *state;
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(file), &list, NULL));
	uint8_t *length = file->data + list.header.size + 3;
	uint8_t kept[2] = { length[0], length[1] };
	static const uint8_t wrong[][2] = { { 0, 0 }, { 0, 4 }, { 0xff, 0xff } };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		length[0] = wrong[i][0];
		length[1] = wrong[i][1];
		says(bytes_reader(file), "Record 1 at byte ");
		says(bytes_reader(file), "CN=recovery");
	}
	length[0] = kept[0];
	length[1] = kept[1];
}

static void what_is_no_list_at_all_is_not_printed(void **state)
{
	(void)state;
	static const char *const others[] = { "", "1", "-----BEGIN CERTIFICATE-----",
		"\1\0\2\1\2\2" };
	for (size_t i = 0; i < COUNT(others); i++) {
		char *text = printed("x", reader_of_text(others[i]));
		assert_string_equal(text, "");
		free(text);
	}
}

static void any_bytes_may_be_cut_or_changed(void **state)
{
	struct bytes *file = *state;
	for (size_t size = 0; size <= file->size; size++)
		free(printed("\x1b[2J", reader_of(file->data, size)));
	for (size_t i = 0; i < file->size; i++) {
		uint8_t kept = file->data[i];
		static const uint8_t others[] = { 0, 0xff, 0x1b, 13 };
		for (size_t k = 0; k < COUNT(others); k++) {
			file->data[i] = others[k];
			free(printed("x.tlv", bytes_reader(file)));
		}
		file->data[i] = kept;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_tags_are_called_so_and_passed_over),
		cmocka_unit_test(the_end_is_told),
		cmocka_unit_test(a_record_whose_length_cannot_be_goes_to_the_end),
		cmocka_unit_test(what_is_no_list_at_all_is_not_printed),
		cmocka_unit_test(any_bytes_may_be_cut_or_changed),
	};
	return cmocka_run_group_tests(tests, list_made, list_freed);
}
