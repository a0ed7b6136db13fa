#include "cli/file_judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/key_ring.h"
#include "pki/vector_file.h"

static const struct ring_list with_tvs = { .signer = "recovery",
	.timestamp = 1700000000,
	.count = 4,
	.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_TFTP },
		{ "old", ROLE_CCM_TFTP }, { "tvs", ROLE_TVS } } };
static const struct ring_list without_tvs = { .signer = "recovery",
	.timestamp = 1700000000,
	.count = 2,
	.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_CCM } } };

static int ring_made(void **state)
{
	*state = key_ring_new();
	return 0;
}

static int ring_freed(void **state)
{
	key_ring_free(*state);
	return 0;
}

static void held(void **state, const struct ring_list *list, struct held_list **out)
{
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, list, &file);
	*out = held_list_load(bytes_reader(&file), NULL);
	assert_non_null(*out);
}

static void source_of(struct bytes *file, struct signed_source *out)
{
	struct error err = { 0 };
	*out = (struct signed_source){ .file = *file, .body = bytes_reader(file) };
	if (!signed_header_parse(&out->body, &out->header, &err))
		fail_msg("%s", err.text);
	*file = (struct bytes){ 0 };
}

static void signed_by(void **state, const char *signer, struct signed_source *out)
{
	struct bytes file = { 0 };
	key_ring_file(*state, "a/b.xml.sgn", signer, reader_of_text("<b/>"), &file);
	source_of(&file, out);
}

static void judged_good(
	const struct signed_source *file, const struct file_judges *judges, size_t record)
{
	struct error err = { 0 };
	struct file_judgement j = { 0 };
	if (!file_judge(file, judges, &j, &err))
		fail_msg("%s", err.text);
	assert_int_equal(j.record, record);
	assert_string_equal(j.key.name, "RSA-1024");
}

static void judged_bad(const struct signed_source *file, const struct file_judges *judges,
	enum fault fault, const char *words)
{
	struct error err = { 0 };
	struct file_judgement j = { .record = 77 };
	assert_false(file_judge(file, judges, &j, &err));
	assert_int_equal(err.fault, fault);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" says nothing of \"%s\"", err.text, words);
	assert_int_equal(j.record, 77);
}

static void a_certificate_judges(void **state)
{
	AUTO_DONE(signed_source) file = { 0 };
	signed_by(state, "callmanager", &file);
	judged_good(&file,
		&(struct file_judges){ .signer = key_ring_get(*state, "callmanager")->cert }, 0);
	judged_bad(&file,
		&(struct file_judges){ .signer = key_ring_get(*state, "callmanager/2")->cert },
		FAULT_UNTRUSTED, "another signer");
	judged_bad(&file, &(struct file_judges){ .signer = key_ring_get(*state, "tvs")->cert },
		FAULT_UNTRUSTED, "another signer");
	file.file.data[file.file.size - 1] ^= 1;
	judged_bad(&file,
		&(struct file_judges){ .signer = key_ring_get(*state, "callmanager")->cert },
		FAULT_UNTRUSTED, "was not made by");
}

static void a_held_list_judges_as_a_phone(void **state)
{
	AUTO_DONE(signed_source) file = { 0 };
	AUTO_DONE(signed_source) older = { 0 };
	AUTO(held_list) list = NULL;
	held(state, &with_tvs, &list);
	signed_by(state, "callmanager", &file);
	signed_by(state, "old", &older);
	struct file_judges judges = { .held = list };
	judged_good(&file, &judges, 1);
	judged_good(&older, &judges, 2);
	file.file.data[file.file.size - 1] ^= 1;
	judged_bad(&file, &judges, FAULT_UNTRUSTED, "rejects the file");
}

/* Role 0 signs lists, role 21 vouches: neither signs files. */
static void other_roles_do_not_sign_files(void **state)
{
	static const char *const signers[] = { "recovery", "tvs", "stranger", "callmanager/2" };
	AUTO(held_list) list = NULL;
	AUTO(held_list) poor = NULL;
	held(state, &with_tvs, &list);
	held(state, &without_tvs, &poor);
	for (size_t i = 0; i < COUNT(signers); i++) {
		AUTO_DONE(signed_source) file = { 0 };
		signed_by(state, signers[i], &file);
		judged_bad(&file, &(struct file_judges){ .held = list }, FAULT_UNTRUSTED,
			"asks TVS (1 servers)");
		judged_bad(&file, &(struct file_judges){ .held = poor }, FAULT_UNTRUSTED,
			"knows no TVS");
	}
	AUTO_DONE(signed_source) file = { 0 };
	signed_by(state, "callmanager", &file);
	judged_bad(&file, &(struct file_judges){ .held = poor }, FAULT_UNTRUSTED, "knows no TVS");
}

static void a_list_is_judged_elsewhere(void **state)
{
	struct bytes bytes = { 0 };
	AUTO_DONE(signed_source) file = { 0 };
	key_ring_list(*state, &with_tvs, &bytes);
	source_of(&bytes, &file);
	assert_int_equal(signed_kind_of(&file.header), SIGNED_LIST);
	judged_bad(&file, &(struct file_judges){ .signer = key_ring_get(*state, "recovery")->cert },
		FAULT_REFUSED, "list verify");
}

static void names_are_compared_whole(void **state)
{
	static const struct {
		const char *source, *name;
		bool fits;
	} rows[] = {
		{ "a/b.xml.sgn", NULL, true },
		{ "/srv/tftp/a/b.xml.sgn", NULL, true },
		{ "tftp://192.0.2.1/a/b.xml.sgn", NULL, true },
		{ "-", NULL, true },
		{ "anything", "a/b.xml.sgn", true },
		{ "b.xml.sgn", NULL, false },
		{ "/srv/b.xml.sgn", NULL, false },
		{ "xa/b.xml.sgn", NULL, false },
		{ "a/b.xml", NULL, false },
		{ "a/b.xml.sgn.old", NULL, false },
		{ "A/b.xml.sgn", NULL, false },
		{ "", NULL, false },
		{ "a/b.xml.sgn", "b.xml.sgn", false },
		{ "a/b.xml.sgn", "", false },
		{ "-", "b.xml.sgn", false },
	};
	AUTO_DONE(signed_source) file = { 0 };
	signed_by(state, "callmanager", &file);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };
		bool fits = signed_source_named(rows[i].source, rows[i].name, &file.header, &err);
		if (fits != rows[i].fits)
			fail_msg("%s, %s", rows[i].source, rows[i].name);
		assert_int_equal(err.fault, fits ? FAULT_NONE : FAULT_UNTRUSTED);
	}
}

/* One changed bit of a file by others: never good, always with a reason. */
static void changed(struct bytes *data, const struct file_judges *judges)
{
	struct signed_source s = { .file = *data, .body = bytes_reader(data) };
	struct error err = { 0 };
	struct file_judgement j;
	if (signed_header_parse(&s.body, &s.header, &err) && file_judge(&s, judges, &j, &err))
		fail_msg("a changed file is good");
	assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
}

static void every_changed_byte_of_a_file_by_others_is_refused(void **state)
{
	(void)state;
	AUTO_DONE(bytes) pem = { 0 };
	AUTO_DONE(bytes) data = { 0 };
	if (!vector_read("vectors/tftp.pem", &pem))
		skip();
	assert_true(vector_read("vectors/SEP001122334455.cnf.xml.enc.sgn", &data));
	AUTO(cert) signer = cert_parse_pem(bytes_reader(&pem), NULL);
	assert_non_null(signer);
	struct file_judges judges = { .signer = signer };
	for (size_t i = 0; i < data.size; i++) {
		data.data[i] ^= 0x10;
		changed(&data, &judges);
		data.data[i] ^= 0x10;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_judges),
		cmocka_unit_test(a_held_list_judges_as_a_phone),
		cmocka_unit_test(other_roles_do_not_sign_files),
		cmocka_unit_test(a_list_is_judged_elsewhere),
		cmocka_unit_test(names_are_compared_whole),
		cmocka_unit_test(every_changed_byte_of_a_file_by_others_is_refused),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}
