#include "trust/list_findings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/key_ring.h"
#include "pki/self_signed.h"
#include "pki/vector_file.h"

enum {
	MADE = 1753722942,
	DAY = 86400,
	NOT_BEFORE = 1700000000, /* of the ring's certificates */
	NOT_AFTER = NOT_BEFORE + 1825 * DAY,
};

static const struct ring_list usual = { .signer = "ITLRECOVERY_pub-2048",
	.hash = HASH_SHA512,
	.timestamp = MADE,
	.count = 4,
	.records = { { "ITLRECOVERY_pub-2048", ROLE_SAST }, { "pub-2048", ROLE_SAST },
		{ "pub-2048", ROLE_TFTP }, { "tvs-2048", ROLE_TVS } } };

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

static struct held_list *inspected(void **state, const struct ring_list *plan)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, plan, &file);
	struct held_list *list = list_inspect(bytes_reader(&file), &err);
	if (list == NULL)
		fail_msg("%s", err.text);
	return list;
}

static struct list_findings *found(const struct held_list *list, int64_t now)
{
	struct list_findings *f = list_findings_new(list, now, NULL);
	assert_non_null(f);
	for (size_t i = 0; i < f->count; i++) {
		assert_true(f->rows[i].code[0] != '\0' && f->rows[i].sentence[0] != '\0');
		assert_true(f->rows[i].record <= FINDING_NO_RECORD);
	}
	return f;
}

/* The first finding of this level whose sentence has these words, or NULL. */
static const struct finding *says(
	const struct list_findings *f, enum finding_level level, const char *words)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->rows[i].level == level && strstr(f->rows[i].sentence, words) != NULL)
			return &f->rows[i];
	return NULL;
}

/* The same where there must be one. */
static const struct finding *finding_of(
	const struct list_findings *f, enum finding_level level, const char *words)
{
	static const struct finding none = { .code = "none" };
	const struct finding *found_one = says(f, level, words);
	assert_non_null(found_one);
	return found_one == NULL ? &none : found_one;
}

static size_t count_of(const struct list_findings *f, enum finding_level level)
{
	size_t count = 0;
	for (size_t i = 0; i < f->count; i++)
		count += f->rows[i].level == level;
	return count;
}

static void a_sound_list_has_nothing_to_mend(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	AUTO(list_findings) f = found(list, MADE);
	assert_int_equal(f->anchors, 2);
	assert_int_equal(f->certificates, 3);
	assert_int_equal(count_of(f, FINDING_WARNING), 0);
	assert_int_equal(count_of(f, FINDING_FAULT), 0);
	assert_int_equal(count_of(f, FINDING_NOTE), 2);
	assert_non_null(says(f, FINDING_NOTE, "of the 65535 that phones load"));
	assert_non_null(says(f, FINDING_NOTE, "3 different certificates: with more than 39"));
	assert_int_equal(count_of(f, FINDING_ALLOWS), 4);
	assert_non_null(says(f, FINDING_ALLOWS,
		"accepts trust lists signed by ITLRecovery of pub-2048 (record 1)"));
	assert_non_null(
		says(f, FINDING_ALLOWS, "files signed by CallManager of pub-2048 (record 3)"));
	assert_non_null(says(f, FINDING_ALLOWS, "what is said by TVS of tvs-2048 (record 4)"));
	assert_int_equal(count_of(f, FINDING_ANCHOR), 2);
	const struct finding *anchor = finding_of(f, FINDING_ANCHOR, "CallManager of pub-2048");
	assert_non_null(strstr(anchor->sentence, "RSA-2048, until 2028-11-12"));
	assert_int_equal(anchor->record, 1);
}

static void short_keys_and_old_digests_are_told(void **state)
{
	struct ring_list plan = usual;
	plan.signer = "recovery";
	plan.hash = HASH_SHA1;
	plan.records[0].name = "recovery";
	AUTO(held_list) list = inspected(state, &plan);
	AUTO(list_findings) f = found(list, MADE);
	assert_int_equal(finding_of(f, FINDING_WARNING, "a key of RSA-1024")->record, 0);
	assert_int_equal(count_of(f, FINDING_WARNING), 1);
	assert_non_null(says(f, FINDING_NOTE, "signed with SHA-1"));
	assert_non_null(says(f, FINDING_ANCHOR, "list signer of recovery"));
}

static void a_single_anchor_is_a_risk(void **state)
{
	struct ring_list plan = usual;
	plan.records[1] = plan.records[3];
	plan.count = 2;
	AUTO(held_list) list = inspected(state, &plan);
	AUTO(list_findings) f = found(list, MADE);
	assert_int_equal(f->anchors, 1);
	assert_non_null(says(f, FINDING_WARNING, "a single anchor"));
	assert_non_null(says(f, FINDING_WARNING, "configurations unsigned"));
	assert_null(says(f, FINDING_WARNING, "no TVS"));
}

static void what_a_list_needs_a_ctl_does_not(void **state)
{
	struct ring_list plan = usual;
	plan.count = 2;
	AUTO(held_list) itl = inspected(state, &plan);
	AUTO(list_findings) lacking = found(itl, MADE);
	assert_non_null(says(lacking, FINDING_WARNING, "no TVS"));
	plan.file_name = "CTLFile.tlv";
	AUTO(held_list) ctl = inspected(state, &plan);
	AUTO(list_findings) f = found(ctl, MADE);
	assert_int_equal(count_of(f, FINDING_WARNING), 0);
}

/* Records are exchanged in what was parsed, the bytes stay: rules look at what was parsed. */
static void a_third_anchor_is_too_many(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	list->list.records[3].role = ROLE_SAST;
	AUTO(list_findings) f = found(list, MADE);
	assert_int_equal(f->anchors, 3);
	assert_non_null(says(f, FINDING_FAULT, "3 records with role 0: phones take at most 2"));
}

static void without_anchor_phones_are_stranded(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	list->list.records[0].role = ROLE_CCM;
	list->list.records[1].role = 99;
	AUTO(list_findings) f = found(list, MADE);
	assert_int_equal(f->anchors, 0);
	assert_non_null(says(f, FINDING_FAULT, "no record with role 0"));
	assert_non_null(says(f, FINDING_WARNING, "has no record with role 0 in it"));
	assert_int_equal(
		finding_of(f, FINDING_WARNING, "has role 99, which grants nothing")->record, 1);
}

static void expiry_is_told_in_time(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	static const struct {
		int64_t now;
		const char *words; /* NULL: nothing */
	} rows[] = {
		{ NOT_BEFORE - 1, "is valid only from 2023-11-14" },
		{ NOT_BEFORE, NULL },
		{ NOT_AFTER - 90 * DAY - DAY, NULL },
		{ NOT_AFTER - 89 * DAY, "expires on 2028-11-12, in 8" },
		{ NOT_AFTER + DAY, "expired on 2028-11-12" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(list_findings) f = found(list, rows[i].now);
		size_t count = 0;
		for (size_t k = 0; k < f->count; k++)
			count += strcmp(f->rows[k].code, "expiry") == 0;
		assert_int_equal(count, rows[i].words == NULL ? 0 : 4);
		if (rows[i].words != NULL)
			assert_non_null(says(f, FINDING_WARNING, rows[i].words));
	}
}

static void a_serial_number_twice_is_told(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	list->list.records[3].serial = list->list.records[0].serial;
	list->list.records[3].issuer = list->list.records[0].issuer;
	AUTO(list_findings) f = found(list, MADE);
	assert_int_equal(
		finding_of(f, FINDING_WARNING, "issuer and serial number of record 1")->record, 3);
	assert_int_equal(count_of(f, FINDING_WARNING), 1);
}

static void too_many_certificates_are_told(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	static uint8_t numbers[LIMIT_RECORDS];
	for (size_t i = 4; i < 42; i++) {
		numbers[i] = (uint8_t)i;
		list->list.records[i] = (struct trust_record){
			.certificate = reader_of(&numbers[i], 1), .has_role = true, .role = ROLE_TVS
		};
	}
	list->list.count = 40; /* 3 + 36 */
	AUTO(list_findings) f = found(list, MADE);
	assert_int_equal(f->certificates, 39);
	assert_non_null(says(f, FINDING_NOTE, "39 different certificates"));
	assert_non_null(says(f, FINDING_FAULT, "the certificate of record 5 cannot be read"));
	list->list.count = 41;
	AUTO(list_findings) more = found(list, MADE);
	assert_non_null(says(more, FINDING_WARNING, "40 different certificates"));
}

static void a_nearly_full_list_is_told(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	static uint8_t large[LIMIT_TRUST_LIST];
	struct bytes kept = list->file;
	list->file = (struct bytes){ large, 58978 };
	AUTO(list_findings) full = found(list, MADE);
	assert_non_null(says(full, FINDING_WARNING, "58978 bytes: 89 %"));
	list->file.size--;
	AUTO(list_findings) f = found(list, MADE);
	assert_null(says(f, FINDING_WARNING, " bytes: "));
	list->file = kept;
}

static void odd_records_are_told(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	cert_free(list->certs[3]);
	list->certs[3] = cert_keep(key_ring_get(*state, "phone-ec")->cert);
	list->list.records[2] = (struct trust_record){ .dns_name = reader_of_text("pub"),
		.has_dns_name = true,
		.has_role = true,
		.role = ROLE_TFTP };
	cert_free(list->certs[2]);
	list->certs[2] = NULL;
	list->list.header.timestamp = MADE + DAY + 1;
	AUTO(list_findings) f = found(list, MADE);
	assert_non_null(says(f, FINDING_NOTE, "CallManager of pub (record 3) has no certificate"));
	assert_non_null(says(f, FINDING_WARNING, "where the signer version is 1.1"));
	assert_non_null(says(f, FINDING_WARNING, "yet to come"));
	list->list.header.has_signer_version = true;
	list->list.header.signer_version = (struct version){ 1, 1 };
	list->list.header.has_timestamp = false;
	AUTO(list_findings) newer = found(list, MADE);
	assert_null(says(newer, FINDING_WARNING, "signer version"));
	assert_non_null(says(newer, FINDING_ALLOWS, "the signer version is 1.1"));
	assert_null(says(f, FINDING_ALLOWS, "the signer version is"));
	assert_non_null(says(newer, FINDING_NOTE, "does not say when"));
}

static void blank(struct held_list *list, size_t index)
{
	struct trust_record *record = &list->list.records[index];
	*record = (struct trust_record){ .has_role = true, .role = record->role };
	cert_free(list->certs[index]);
	list->certs[index] = NULL;
}

static void blank_servers_prepare_a_rollback(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	blank(list, 3);
	AUTO(list_findings) half = found(list, MADE);
	assert_null(says(half, FINDING_WARNING, "rollback"));
	blank(list, 2);
	AUTO(list_findings) both = found(list, MADE);
	assert_string_equal(finding_of(both, FINDING_WARNING, "rollback")->code, "rollback");
	list->list.header.file_name = reader_of_text("CTLFile.tlv");
	AUTO(list_findings) ctl = found(list, MADE);
	assert_null(says(ctl, FINDING_WARNING, "rollback"));
}

static void an_elliptic_anchor_is_none(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	cert_free(list->certs[1]);
	list->certs[1] = cert_keep(key_ring_get(*state, "phone-ec")->cert);
	AUTO(list_findings) f = found(list, MADE);
	const struct finding *one = finding_of(f, FINDING_WARNING, "it is no anchor");
	assert_int_equal(one->record, 1);
}

/* 4096 bits are longer than phones take, but from application servers. */
static void long_keys_are_told(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	AUTO(list_findings) before = found(list, MADE);
	assert_null(says(before, FINDING_WARNING, "at most 2048 bits"));
	struct error err = { 0 };
	AUTO(key) key = key_generate(KEY_RSA_4096, &err);
	struct certificate_profile profile = { .subject = { .common_name = "long" }, .days = 1 };
	cert_free(list->certs[3]);
	list->certs[3] = certificate_self_sign(&profile, key, &err);
	assert_non_null(list->certs[3]);
	AUTO(list_findings) f = found(list, MADE);
	const struct finding *one = finding_of(f, FINDING_WARNING, "at most 2048 bits");
	assert_string_equal(one->code, "long-key");
	assert_int_equal(one->record, 3);
	list->list.records[3].role = ROLE_APP_SERVER;
	AUTO(list_findings) page = found(list, MADE);
	assert_null(says(page, FINDING_WARNING, "at most 2048 bits"));
}

static void a_signer_in_another_form_is_told(void **state)
{
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	key_ring_reform(*state, usual.signer, NAME_BUILDER, &file);
	AUTO(held_list) list = list_inspect(bytes_reader(&file), NULL);
	AUTO(list_findings) f = found(list, MADE);
	const struct finding *one = finding_of(f, FINDING_WARNING, "in another form");
	assert_string_equal(one->code, "signature");
	assert_int_equal(one->record, 0);
	assert_int_equal(count_of(f, FINDING_FAULT), 0);
}

static void what_phones_refuse_is_a_fault(void **state)
{
	AUTO(held_list) list = inspected(state, &usual);
	list->file.data[list->list.header.signature_offset + 10] ^= 1;
	AUTO(list_findings) unsigned_one = found(list, MADE);
	const struct finding *fault = finding_of(unsigned_one, FINDING_FAULT, "phones refuse it");
	assert_string_equal(fault->code, "signature");
	list->file.data[list->list.records[0].subject.at - list->file.data + 4] ^= 1;
	AUTO(list_findings) spoiled = found(list, MADE);
	fault = finding_of(spoiled, FINDING_FAULT, "phones refuse it");
	assert_string_equal(fault->code, "refused");
}

static void only_a_list_is_inspected(void **state)
{
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	for (size_t size = 0; size < file.size; size++) {
		struct error err = { 0 };
		AUTO(held_list) list = list_inspect(reader_of(file.data, size), &err);
		if (list == NULL) {
			assert_true(err.fault == FAULT_MALFORMED && err.text[0] != '\0');
			continue;
		}
		AUTO(list_findings) f = found(list, MADE); /* cut between two records */
		assert_non_null(says(f, FINDING_FAULT, ""));
	}
}

static void every_byte_may_be_another(void **state)
{
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &usual, &file);
	for (size_t i = 0; i < file.size; i += 3) {
		file.data[i] ^= 0x41;
		struct error err = { 0 };
		AUTO(held_list) list = list_inspect(bytes_reader(&file), &err);
		AUTO(list_findings) f = list == NULL ? NULL : found(list, MADE);
		assert_true(list != NULL || err.text[0] != '\0');
		if (f != NULL)
			assert_true(says(f, FINDING_FAULT, "phones refuse it") != NULL ||
				says(f, FINDING_WARNING, "signature cannot be checked") != NULL);
		file.data[i] ^= 0x41;
	}
}

static void lists_of_others_are_explained(void **state)
{
	(void)state;
	static const char *const names[] = { "itl/ITLFile-3411.tlv",
		"vectors/ITLFile-v1.0-sha1.tlv", "vectors/ITLFile-v1.1-sha512-ec.tlv",
		"vectors/CTLSEP001122334455.tlv" };
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_DONE(bytes) file = { 0 };
		if (!vector_read(names[i], &file))
			skip();
		AUTO(held_list) list = list_inspect(bytes_reader(&file), NULL);
		assert_non_null(list);
		AUTO(list_findings) f = found(list, MADE);
		assert_int_equal(f->anchors, 1);
		assert_int_equal(count_of(f, FINDING_FAULT), 0);
		assert_non_null(says(f, FINDING_WARNING, "a single anchor"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_list_has_nothing_to_mend),
		cmocka_unit_test(short_keys_and_old_digests_are_told),
		cmocka_unit_test(a_single_anchor_is_a_risk),
		cmocka_unit_test(what_a_list_needs_a_ctl_does_not),
		cmocka_unit_test(a_third_anchor_is_too_many),
		cmocka_unit_test(without_anchor_phones_are_stranded),
		cmocka_unit_test(expiry_is_told_in_time),
		cmocka_unit_test(a_serial_number_twice_is_told),
		cmocka_unit_test(too_many_certificates_are_told),
		cmocka_unit_test(a_nearly_full_list_is_told),
		cmocka_unit_test(odd_records_are_told),
		cmocka_unit_test(blank_servers_prepare_a_rollback),
		cmocka_unit_test(an_elliptic_anchor_is_none),
		cmocka_unit_test(long_keys_are_told),
		cmocka_unit_test(a_signer_in_another_form_is_told),
		cmocka_unit_test(what_phones_refuse_is_a_fault),
		cmocka_unit_test(only_a_list_is_inspected),
		cmocka_unit_test(every_byte_may_be_another),
		cmocka_unit_test(lists_of_others_are_explained),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}
