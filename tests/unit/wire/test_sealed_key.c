#include "wire/sealed_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/header_edit.h"
#include "wire/mutation.h"

/* Each message has one way to be written: what parses writes back byte for byte. */
#define TRIP(name, type)                                                                           \
	static bool trip_##name(struct reader bytes, struct error *err)                            \
	{                                                                                          \
		struct type m;                                                                     \
		if (!type##_parse(bytes, &m, err))                                                 \
			return false;                                                              \
		AUTO_DONE(writer) w = writer_new(1 << 20);                                         \
		type##_write(&w, &m);                                                              \
		assert_true(w.ok);                                                                 \
		assert_true(reader_same(bytes, writer_written(&w)));                               \
		return true;                                                                       \
	}

TRIP(key, sealed_key)
TRIP(seal, signer_seal)
TRIP(unseal, signer_unseal)

enum { MESSAGES = 3 };
static struct sample {
	round_trip *trip;
	struct bytes file;
} samples[MESSAGES];

static void take(struct writer *w, round_trip *trip, struct sample *out)
{
	out->trip = trip;
	assert_true(writer_take(w, &out->file, NULL));
}

static int write_samples(void **state)
{
	(void)state;
	struct writer w = writer_new(1 << 20);
	struct sealed_key key = { .unit = "tomcat", .made = 1753719342 };
	key.key = reader_of_text("PKCS#8");
	key.placeholder = reader_of_text("DER");
	sealed_key_write(&w, &key);
	take(&w, trip_key, &samples[0]);
	signer_seal_write(&w, &(struct signer_seal){ { 1 }, reader_of_text("DER") });
	take(&w, trip_seal, &samples[1]);
	signer_unseal_write(
		&w, &(struct signer_unseal){ { 1 }, "tomcat", { 2 }, reader_of_text("CMS") });
	take(&w, trip_unseal, &samples[2]);
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
	struct sealed_key key;
	assert_true(sealed_key_parse(bytes_reader(&samples[0].file), &key, NULL));
	assert_string_equal(key.unit, "tomcat");
	assert_int_equal(key.made, 1753719342);
	assert_true(reader_same(key.key, reader_of_text("PKCS#8")));
	assert_true(reader_same(key.placeholder, reader_of_text("DER")));
	struct signer_unseal unseal;
	assert_true(signer_unseal_parse(bytes_reader(&samples[2].file), &unseal, NULL));
	assert_int_equal(unseal.key[0], 1);
	assert_int_equal(unseal.recipient[0], 2);
	assert_string_equal(unseal.unit, "tomcat");
	assert_true(reader_same(unseal.sealed, reader_of_text("CMS")));
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGES; i++)
		assert_int_equal(
			every_truncation(bytes_reader(&samples[i].file), samples[i].trip), 0);
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
		refused_with(
			bytes_reader(&file), samples[i].trip, FAULT_MALFORMED, "1 bytes too many");
	}
}

/* A node of another release says so instead of guessing. */
static void every_other_version_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGES; i++)
		for (unsigned version = 0; version <= 255; version++) {
			AUTO_DONE(bytes) file = { 0 };
			assert_true(bytes_copy(&file, bytes_reader(&samples[i].file), NULL));
			file.data[0] = (uint8_t)version;
			if (version != SEALED_KEY_VERSION)
				refused_with(bytes_reader(&file), samples[i].trip, FAULT_MALFORMED,
					"this release knows version 1");
		}
}

static void a_refusal_leaves_the_output_alone(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct sealed_key key = { .made = 7 };
	struct signer_seal seal = { .key = { 7 } };
	struct signer_unseal unseal = { .key = { 7 } };
	assert_false(sealed_key_parse(reader_of("", 0), &key, &err));
	assert_non_null(strstr(err.text, "sealed key: is cut short"));
	assert_false(signer_seal_parse(reader_of("", 0), &seal, &err));
	assert_false(signer_unseal_parse(reader_of("", 0), &unseal, &err));
	assert_int_equal(key.made + seal.key[0] + unseal.key[0], 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(bytes_behind_the_end_are_refused),
		cmocka_unit_test(every_other_version_is_refused),
		cmocka_unit_test(a_refusal_leaves_the_output_alone),
	};
	return cmocka_run_group_tests(tests, write_samples, free_samples);
}
