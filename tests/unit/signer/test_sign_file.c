#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch_keys.h"
#include "signer/operations.h"
#include "trust/held_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char payload[] = "<device><deviceSecurityMode>1</deviceSecurityMode></device>";

static void build(
	const char *name, const struct scratch_key *signer, enum hash_code hash, struct bytes *out)
{
	struct error err = { 0 };
	if (!signed_file_build(name, &(struct file_signer){ .cert = signer->cert, .hash = hash },
		    1700000001, reader_of_text(payload), out, &err))
		fail_msg("%s", err.text);
}

static void question_write(struct writer *w, const struct scratch_key *key, struct reader file)
{
	struct signer_sign sign = { .file = file };
	memcpy(sign.key, key->id, sizeof(sign.key));
	signer_sign_write(w, &sign);
}

static bool ask(struct scratch_keys *s, const struct scratch_key *key, struct reader file,
	struct bytes *signature, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	question_write(&w, key, file);
	return scratch_ask(s, PEER_PROVISION, SIGNER_SIGN_FILE, writer_written(&w), signature, err);
}

static void refused(struct scratch_keys *s, const struct scratch_key *key, struct reader file,
	enum fault fault, const char *word)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	question_write(&w, key, file);
	struct expected_refusal expected = { PEER_PROVISION, SIGNER_SIGN_FILE, writer_written(&w),
		fault, word };
	scratch_refused(s, &expected);
}

static void signed_as(struct scratch_keys *s, const char *name, const struct scratch_key *key,
	enum hash_code hash)
{
	struct error err = { 0 };
	struct signed_header header;
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(bytes) signature = { 0 };
	build(name, key, hash, &file);
	if (!ask(s, key, bytes_reader(&file), &signature, &err))
		fail_msg("%s: %s", name, err.text);
	assert_true(signature_insert(&file, bytes_reader(&signature), &err));
	struct reader body = bytes_reader(&file);
	assert_true(signed_header_parse(&body, &header, &err));
	assert_true(signature_fits(bytes_reader(&file), &header, key->cert, &err));
	file.data[file.size - 1] ^= 1;
	assert_false(signature_fits(bytes_reader(&file), &header, key->cert, &err));
}

static void files_that_provision_serves_are_signed(void **state)
{
	struct scratch_keys *s = *state;
	static const char *const names[] = { "SEP001122334455.cnf.xml.sgn",
		"New_Zealand/g3-tones.xml.sgn", "Desktops/320x196x4/List.xml.sgn", "a.sgn",
		"Ringlist.xml.sgn", "x/y/z/a b(1).raw.sgn", "tlv.sgn", "atlv.sgn" };
	struct scratch_key key = scratch_make_live(s, "CallManager");
	for (size_t i = 0; i < COUNT(names); i++) {
		signed_as(s, names[i], &key, HASH_SHA1);
		signed_as(s, names[i], &key, HASH_SHA512);
	}
	scratch_key_done(&key);
}

static void names_that_are_no_signed_file_s_are_refused(void **state)
{
	struct scratch_keys *s = *state;
	static const struct name_case {
		const char *name;
		const char *word; /* NULL: the header does not even parse */
	} cases[] = {
		{ "ITLFile.tlv", "does not end in .sgn" },
		{ "CTLFile.tlv", "does not end in .sgn" },
		{ "SEP001122334455.cnf.xml", "does not end in .sgn" },
		{ "SEP001122334455.cnf.xml.SGN", "does not end in .sgn" },
		{ "SEP001122334455.cnf.xml.sgn ", "does not end in .sgn" },
		{ "sgn", "does not end in .sgn" },
		{ ".sgn", "does not end in .sgn" },
		{ "ITLFile.tlv.sgn", "no name of a signed file" },
		{ "itlfile.TLV.sgn", "no name of a signed file" },
		{ "x/CTLFile.tlv.sgn", "no name of a signed file" },
		{ "/etc/passwd.sgn", NULL },
		{ "../keys/a.sgn", NULL },
		{ "a/../b.sgn", NULL },
		{ "a/./b.sgn", "no name of a signed file" },
		{ "a//b.sgn", "no name of a signed file" },
		{ "a/.hidden.sgn", "no name of a signed file" },
		{ "a/.sgn", "no name of a signed file" },
		{ ".a.sgn", "no name of a signed file" },
		{ "a\\b.sgn", NULL },
	};
	struct scratch_key key = scratch_make_live(s, "CallManager");
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(bytes) file = { 0 };
		build(cases[i].name, &key, HASH_SHA1, &file);
		if (cases[i].word == NULL)
			refused(s, &key, bytes_reader(&file), FAULT_MALFORMED, "file name");
		else
			refused(s, &key, bytes_reader(&file), FAULT_REFUSED, cases[i].word);
	}
	scratch_key_done(&key);
}

static void names_are_limited(void **state)
{
	struct scratch_keys *s = *state;
	char name[LIMIT_FILE_NAME + 1];
	struct scratch_key key = scratch_make_live(s, "CallManager");
	memset(name, 'a', sizeof(name));
	memcpy(name + LIMIT_FILE_NAME - 5, ".sgn", 5);
	signed_as(s, name, &key, HASH_SHA1);
	memset(name, 'a', sizeof(name));
	memcpy(name + LIMIT_FILE_NAME - 4, ".sgn", 5);
	AUTO_DONE(bytes) file = { 0 };
	build(name, &key, HASH_SHA1, &file);
	refused(s, &key, bytes_reader(&file), FAULT_LIMIT, "255");
	scratch_key_done(&key);
}

static void only_the_file_signer_s_key_signs(void **state)
{
	struct scratch_keys *s = *state;
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++) {
		AUTO_DONE(bytes) file = { 0 };
		if (units[i].trust || units[i].signs_files)
			continue;
		struct scratch_key key = scratch_make_live(s, units[i].name);
		build("a.sgn", &key, HASH_SHA1, &file);
		refused(s, &key, bytes_reader(&file), FAULT_REFUSED, "does not sign files");
		scratch_key_done(&key);
	}
}

static void a_key_signs_while_its_service_goes_on(void **state)
{
	struct scratch_keys *s = *state;
	AUTO_DONE(bytes) file = { 0 };
	struct scratch_key one = scratch_make(s, "CallManager");
	struct scratch_key two = scratch_make(s, "CallManager");
	build("a.sgn", &one, HASH_SHA1, &file);
	refused(s, &one, bytes_reader(&file), FAULT_REFUSED, "is new");
	assert_true(key_store_mark_live(s->keys, one.id, NULL, NULL));
	signed_as(s, "a.sgn", &one, HASH_SHA1);
	assert_true(key_store_mark_live(s->keys, two.id, one.id, NULL));
	signed_as(s, "a.sgn", &one, HASH_SHA1);
	signed_as(s, "a.sgn", &two, HASH_SHA1);
	assert_true(key_store_destroy(s->keys, one.id, NULL));
	refused(s, &one, bytes_reader(&file), FAULT_MISSING, "has no key");
	scratch_key_done(&one);
	scratch_key_done(&two);
}

static void the_header_names_the_key_s_certificate(void **state)
{
	struct scratch_keys *s = *state;
	AUTO_DONE(bytes) file = { 0 };
	struct scratch_key one = scratch_make_live(s, "CallManager");
	struct scratch_key two = scratch_make_live(s, "CallManager");
	build("a.sgn", &one, HASH_SHA1, &file);
	refused(s, &two, bytes_reader(&file), FAULT_REFUSED, "names another signer");
	scratch_key_done(&one);
	scratch_key_done(&two);
}

/* The keys that sign lists sign them only as lists, whatever provision hands in. */
static void a_list_is_no_file(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	struct scratch_key key = scratch_make_live(s, "CallManager");
	struct list_plan plan = { .file_name = "ITLFile.tlv",
		.signer = key.cert,
		.hash = HASH_SHA1,
		.timestamp = 1,
		.count = 1,
		.records = { { .cert = key.cert, .role = ROLE_SAST } } };
	assert_true(list_build(&plan, &file, &err));
	refused(s, &key, bytes_reader(&file), FAULT_REFUSED, "does not end in .sgn");
	plan.file_name = "a.sgn";
	bytes_done(&file);
	assert_true(list_build(&plan, &file, &err));
	refused(s, &key, bytes_reader(&file), FAULT_REFUSED, "is not a signed file's");
	scratch_key_done(&key);
}

/* Signed files of other kinds have headers that differ in a detail. */
static void other_headers_are_refused(void **state)
{
	struct scratch_keys *s = *state;
	static const struct header_case {
		struct version version;
		bool has_signer_version;
		bool has_encryption;
	} cases[] = {
		{ { 1, 0 }, true, false },
		{ { 1, 1 }, false, false },
		{ { 1, 2 }, true, false },
		{ { 2, 0 }, false, true },
	};
	struct scratch_key key = scratch_make_live(s, "CallManager");
	uint8_t zeros[256] = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	build("a.sgn", &key, HASH_SHA1, &file);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct signed_header header;
		struct reader body = bytes_reader(&file);
		assert_true(signed_header_parse(&body, &header, NULL));
		header.version = cases[i].version;
		header.has_signer_version = cases[i].has_signer_version;
		header.signer_version = (struct version){ 1, 0 };
		header.has_encryption = cases[i].has_encryption;
		header.encryption = (struct encryption){ .iv = reader_of(zeros, 16),
			.padding = 1,
			.wrapped_key = reader_of(zeros, 256),
			.hash = HASH_SHA1,
			.digest = reader_of(zeros, 20) };
		AUTO_DONE(writer) w = writer_new(8192);
		signed_header_write(&w, &header);
		writer_bytes(&w, reader_of(zeros, 16));
		assert_true(w.ok);
		refused(s, &key, writer_written(&w), FAULT_REFUSED, "is not a signed file's");
	}
	scratch_key_done(&key);
}

static void every_cut_of_the_header_is_refused(void **state)
{
	struct scratch_keys *s = *state;
	AUTO_DONE(bytes) file = { 0 };
	struct scratch_key key = scratch_make_live(s, "CallManager");
	build("a.sgn", &key, HASH_SHA1, &file);
	for (size_t size = 0; size + sizeof(payload) - 1 < file.size; size++) {
		struct error err = { 0 };
		assert_false(ask(s, &key, reader_of(file.data, size), NULL, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
	}
	scratch_key_done(&key);
}

static void changed_headers_are_refused_or_harmless(void **state)
{
	struct scratch_keys *s = *state;
	AUTO_DONE(bytes) file = { 0 };
	struct scratch_key key = scratch_make_live(s, "CallManager");
	build("a.sgn", &key, HASH_SHA1, &file);
	for (size_t at = 0; at + sizeof(payload) - 1 < file.size; at++) {
		struct error err = { 0 };
		struct signed_header header;
		AUTO_DONE(bytes) signature = { 0 };
		file.data[at] ^= 0x04;
		struct reader body = bytes_reader(&file);
		if (ask(s, &key, bytes_reader(&file), &signature, &err)) {
			assert_true(signed_header_parse(&body, &header, &err));
			struct reader name = header.file_name;
			assert_true(name.left == 5 && memcmp(name.at + 1, ".sgn", 4) == 0);
		} else {
			assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
		}
		file.data[at] ^= 0x04;
	}
	scratch_key_done(&key);
}

static void the_size_is_limited(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct bytes file = { 0 };
	struct scratch_key key = scratch_make_live(s, "CallManager");
	uint8_t *large = calloc(1, LIMIT_SIGNED_FILE + 1);
	assert_non_null(large);
	assert_true(signed_file_build("a.sgn",
		&(struct file_signer){ .cert = key.cert, .hash = HASH_SHA1 }, 1,
		reader_of(large, LIMIT_SIGNED_FILE), &file, &err));
	assert_true(ask(s, &key, bytes_reader(&file), NULL, &err));
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	writer_bytes(&w, bytes_reader(&file));
	writer_u8(&w, 0);
	refused(s, &key, writer_written(&w), FAULT_LIMIT, "are signed");
	bytes_done(&file);
	free(large);
	scratch_key_done(&key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_keys_open, scratch_keys_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(files_that_provision_serves_are_signed),
		CASE(names_that_are_no_signed_file_s_are_refused),
		CASE(names_are_limited),
		CASE(only_the_file_signer_s_key_signs),
		CASE(a_key_signs_while_its_service_goes_on),
		CASE(the_header_names_the_key_s_certificate),
		CASE(a_list_is_no_file),
		CASE(other_headers_are_refused),
		CASE(every_cut_of_the_header_is_refused),
		CASE(changed_headers_are_refused_or_harmless),
		CASE(the_size_is_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
