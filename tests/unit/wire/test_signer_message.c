#include "wire/signer_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/header_edit.h"
#include "wire/mutation.h"

/* Each message has one way to be written: what parses writes back byte for byte. */
#define TRIP(kind)                                                                                 \
	static bool trip_##kind(struct reader bytes, struct error *err)                            \
	{                                                                                          \
		struct signer_##kind m;                                                            \
		if (!signer_##kind##_parse(bytes, &m, err))                                        \
			return false;                                                              \
		AUTO_DONE(writer) w = writer_new(1 << 20);                                         \
		signer_##kind##_write(&w, &m);                                                     \
		assert_true(w.ok);                                                                 \
		assert_true(reader_same(bytes, writer_written(&w)));                               \
		return true;                                                                       \
	}

TRIP(make)
TRIP(identity)
TRIP(mark)
TRIP(sign)
TRIP(leaf)
TRIP(request)

static bool trip_key_rows(struct reader bytes, struct error *err)
{
	struct signer_key_row m;
	AUTO_DONE(writer) w = writer_new(1 << 20);
	for (struct reader rest = bytes; rest.left > 0;) {
		if (!signer_key_row_next(&rest, &m, err))
			return false;
		signer_key_row_write(&w, &m);
	}
	assert_true(reader_same(bytes, writer_written(&w)));
	return true;
}

static const struct signer_make make = {
	.unit = "CallManager",
	.key_kind = 1,
	.hash_bits = 384,
	.common_name = "pub.lab",
	.organizational_unit = "lab",
	.organization = "dialtrust",
	.locality = "",
	.state = "Wien",
	.country = "AT",
	.dns_name = "pub.lab",
	.usages = 0x030f,
	.authority = true,
	.not_before = 1753719342,
	.days = 1825,
};
static const struct signer_request request = {
	.key = { 3 },
	.common_name = "pub.lab",
	.organization = "dialtrust",
	.country = "AT",
	.name_count = 2,
	.names = { "pub.lab", "phones.lab" },
};
static const struct signer_key_row row = { .key = { 1 },
	.unit = "TVS",
	.state = SIGNER_KEY_RETIRED,
	.made = 1753719342 };

enum { MESSAGES = 8 };
static struct sample {
	round_trip *trip;
	struct bytes file;
	bool ends_itself; /* every cut is refused */
} samples[MESSAGES];

static struct bytes taken(struct writer *w)
{
	struct bytes out = { 0 };
	assert_true(writer_take(w, &out, NULL));
	return out;
}

static int write_samples(void **state)
{
	(void)state;
	struct writer w = writer_new(1 << 20);
	signer_make_write(&w, &make);
	samples[0] = (struct sample){ trip_make, taken(&w), true };
	signer_identity_write(&w, &(struct signer_identity){ { 1 }, reader_of_text("DER") });
	samples[1] = (struct sample){ trip_identity, taken(&w), true };
	signer_mark_write(&w, &(struct signer_mark){ { 1 }, true, { 2 } });
	samples[2] = (struct sample){ trip_mark, taken(&w), true };
	signer_mark_write(&w, &(struct signer_mark){ { 1 }, false, { 0 } });
	samples[3] = (struct sample){ trip_mark, taken(&w), true };
	signer_sign_write(&w, &(struct signer_sign){ { 1 }, "ITL pub", reader_of_text("tlv") });
	samples[4] = (struct sample){ trip_sign, taken(&w), true };
	signer_leaf_write(&w, &(struct signer_leaf){ reader_of_text("k"), reader_of_text("c") });
	samples[5] = (struct sample){ trip_leaf, taken(&w), true };
	signer_key_row_write(&w, &row);
	signer_key_row_write(&w, &row);
	samples[6] = (struct sample){ trip_key_rows, taken(&w), false };
	signer_request_write(&w, &request);
	samples[7] = (struct sample){ trip_request, taken(&w), true };
	return 0;
}

static int free_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGES; i++)
		bytes_done(&samples[i].file);
	return 0;
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGES; i++)
		assert_true(samples[i].trip(bytes_reader(&samples[i].file), NULL));
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGES; i++) {
		size_t parsed = every_truncation(bytes_reader(&samples[i].file), samples[i].trip);
		assert_int_equal(parsed, samples[i].ends_itself ? 0 : 2); /* none, or one row */
	}
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGES; i++)
		assert_true(every_changed_byte(
				    bytes_reader(&samples[i].file), samples[i].trip, true) > 0);
}

static void bytes_behind_the_end_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGES; i++) {
		AUTO_DONE(bytes) file = { 0 };
		assert_true(bytes_copy(&file, bytes_reader(&samples[i].file), NULL));
		splice(&file, file.size, 0, reader_of("\0", 1));
		refused_with(bytes_reader(&file), samples[i].trip, FAULT_MALFORMED,
			samples[i].ends_itself ? "1 bytes too many" : "cut short");
	}
}

static void fields_arrive(void **state)
{
	(void)state;
	struct signer_make m;
	assert_true(signer_make_parse(bytes_reader(&samples[0].file), &m, NULL));
	assert_string_equal(m.unit, "CallManager");
	assert_int_equal(m.key_kind, 1);
	assert_string_equal(m.common_name, "pub.lab");
	assert_string_equal(m.organizational_unit, "lab");
	assert_string_equal(m.organization, "dialtrust");
	assert_string_equal(m.locality, "");
	assert_string_equal(m.state, "Wien");
	assert_string_equal(m.country, "AT");
	assert_string_equal(m.dns_name, "pub.lab");
	assert_int_equal(m.usages, 0x030f);
	assert_true(m.authority);
	assert_int_equal(m.not_before, 1753719342);
	assert_int_equal(m.days, 1825);
	struct signer_sign sign;
	assert_true(signer_sign_parse(bytes_reader(&samples[4].file), &sign, NULL));
	assert_int_equal(sign.key[0], 1);
	assert_string_equal(sign.list, "ITL pub");
	assert_true(reader_same(sign.file, reader_of_text("tlv")));
	struct signer_mark mark;
	assert_true(signer_mark_parse(bytes_reader(&samples[2].file), &mark, NULL));
	assert_true(mark.has_predecessor);
	assert_int_equal(mark.predecessor[0], 2);
	struct reader rows = bytes_reader(&samples[6].file);
	struct signer_key_row read;
	assert_true(signer_key_row_next(&rows, &read, NULL));
	assert_string_equal(read.unit, "TVS");
	assert_int_equal(read.state, SIGNER_KEY_RETIRED);
	assert_int_equal(read.made, 1753719342);
}

static void requests_have_names_up_to_a_limit(void **state)
{
	(void)state;
	struct signer_request m;
	assert_true(signer_request_parse(bytes_reader(&samples[7].file), &m, NULL));
	assert_int_equal(m.key[0], 3);
	assert_string_equal(m.common_name, "pub.lab");
	assert_string_equal(m.organizational_unit, "");
	assert_string_equal(m.country, "AT");
	assert_int_equal(m.name_count, 2);
	assert_string_equal(m.names[1], "phones.lab");
	struct signer_request most = request;
	most.name_count = SIGNER_REQUEST_NAMES;
	AUTO_DONE(writer) w = writer_new(1 << 20);
	signer_request_write(&w, &most);
	assert_true(w.ok);
	assert_true(signer_request_parse(writer_written(&w), &m, NULL));
	assert_int_equal(m.name_count, SIGNER_REQUEST_NAMES);
	/* The count stands behind the key and six texts. */
	size_t count = SIGNER_KEY_SIZE + 6 * 2 +
		strlen("pub.lab"
		       "dialtrust"
		       "AT");
	assert_int_equal(w.data[count], SIGNER_REQUEST_NAMES);
	w.data[count]++;
	struct error err = { 0 };
	m.name_count = 7;
	assert_false(signer_request_parse(writer_written(&w), &m, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_int_equal(m.name_count, 7);
	most.name_count++;
	AUTO_DONE(writer) over = writer_new(1 << 20);
	signer_request_write(&over, &most);
	assert_false(over.ok);
}

static void a_refusal_leaves_output_and_rest_alone(void **state)
{
	(void)state;
	struct signer_make m = { .days = 7 };
	assert_false(signer_make_parse(reader_of("", 0), &m, NULL));
	assert_int_equal(m.days, 7);
	struct signer_key_row read = { .made = 7 };
	struct reader rest = reader_of(samples[6].file.data, 40);
	assert_false(signer_key_row_next(&rest, &read, NULL));
	assert_int_equal(read.made, 7);
	assert_int_equal(rest.left, 40);
	assert_true(rest.ok);
}

static void flags_and_states_are_exact(void **state)
{
	(void)state;
	for (unsigned value = 0; value <= 255; value++) {
		struct signer_key_row read;
		AUTO_DONE(bytes) mark = { 0 };
		assert_true(bytes_copy(&mark, bytes_reader(&samples[3].file), NULL));
		mark.data[32] = (uint8_t)value;
		if (value > 1)
			refused_with(bytes_reader(&mark), trip_mark, FAULT_MALFORMED, "flag of");
		AUTO_DONE(bytes) rows = { 0 };
		assert_true(bytes_copy(&rows, bytes_reader(&samples[6].file), NULL));
		rows.data[32 + 2 + 3] = (uint8_t)value;
		struct reader rest = bytes_reader(&rows);
		assert_int_equal(signer_key_row_next(&rest, &read, NULL), value >= 1 && value <= 3);
	}
}

static void texts_have_limits(void **state)
{
	(void)state;
	struct signer_make longest = make;
	memset(longest.unit, 'x', sizeof(longest.unit) - 1);
	memset(longest.dns_name, 'x', sizeof(longest.dns_name) - 1);
	AUTO_DONE(writer) w = writer_new(5000);
	signer_make_write(&w, &longest);
	assert_true(trip_make(writer_written(&w), NULL));
	AUTO_DONE(bytes) file = { 0 };
	assert_true(writer_take(&w, &file, NULL));
	splice(&file, 2, 0, reader_of("x", 1));
	set_u16(&file, 0, 64);
	refused_with(bytes_reader(&file), trip_make, FAULT_LIMIT, "signer: make identity: ");
	file.data[2] = '\n';
}

static void blobs_claim_no_more_than_there_is(void **state)
{
	(void)state;
	AUTO_DONE(bytes) leaf = { 0 };
	assert_true(bytes_copy(&leaf, bytes_reader(&samples[5].file), NULL));
	memset(leaf.data, 0xff, 4);
	refused_with(bytes_reader(&leaf), trip_leaf, FAULT_MALFORMED, "signer: leaf: is cut short");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(bytes_behind_the_end_are_refused),
		cmocka_unit_test(fields_arrive),
		cmocka_unit_test(a_refusal_leaves_output_and_rest_alone),
		cmocka_unit_test(requests_have_names_up_to_a_limit),
		cmocka_unit_test(flags_and_states_are_exact),
		cmocka_unit_test(texts_have_limits),
		cmocka_unit_test(blobs_claim_no_more_than_there_is),
	};
	return cmocka_run_group_tests(tests, write_samples, free_samples);
}
