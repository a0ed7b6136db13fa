#include "trust/list_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/key_ring.h"
#include "trust/record_name.h"

static const struct ring_list first = { .signer = "ITLRECOVERY_pub",
	.timestamp = 1753722942,
	.count = 5,
	.records = { { "ITLRECOVERY_pub", ROLE_SAST }, { "pub", ROLE_SAST }, { "pub", ROLE_TFTP },
		{ "tvs1", ROLE_TVS }, { "tvs2", ROLE_TVS } } };
/* CallManager of pub has another certificate. */
static const struct ring_list renewed = { .signer = "ITLRECOVERY_pub",
	.timestamp = 1753722943,
	.count = 5,
	.records = { { "ITLRECOVERY_pub", ROLE_SAST }, { "pub/2", ROLE_SAST },
		{ "pub/2", ROLE_TFTP }, { "tvs1", ROLE_TVS }, { "tvs2", ROLE_TVS } } };
/* Mixed mode, another order, one server less and one more. */
static const struct ring_list mixed = { .signer = "pub",
	.hash = HASH_SHA512,
	.timestamp = 1753722942,
	.count = 5,
	.records = { { "tvs3", ROLE_TVS }, { "pub", ROLE_CCM_TFTP }, { "pub", ROLE_SAST },
		{ "tvs2", ROLE_TVS }, { "ITLRECOVERY_pub", ROLE_SAST } } };
static const struct ring_list foreign = { .signer = "stranger",
	.timestamp = 1753722942,
	.count = 2,
	.records = { { "stranger", ROLE_SAST }, { "capf", ROLE_CAPF } } };
static const struct ring_list ctl = { .file_name = "CTLFile.tlv",
	.signer = "ITLRECOVERY_pub",
	.timestamp = 1753722942,
	.count = 1,
	.records = { { "ITLRECOVERY_pub", ROLE_SAST } } };

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

static struct held_list *loaded(void **state, const struct ring_list *list)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, list, &file);
	struct held_list *held = held_list_load(bytes_reader(&file), &err);
	if (held == NULL)
		fail_msg("%s", err.text);
	return held;
}

static void expect(const struct list_diff *diff, size_t index, enum list_change change,
	size_t before, size_t after)
{
	assert_true(index < diff->count);
	const struct list_difference *d = &diff->differences[index];
	assert_int_equal(d->change, change);
	if (change != CHANGE_ADDED)
		assert_int_equal(d->before, before);
	if (change != CHANGE_REMOVED)
		assert_int_equal(d->after, after);
}

static void a_list_is_its_own_twin(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	struct list_diff diff;
	list_diff(&one->list, &one->list, &diff);
	assert_int_equal(diff.count, 0);
	assert_false(diff.timestamp);
	assert_true(list_diff_same(&diff));
}

static void only_the_time_is_no_difference_in_what_is_said(void **state)
{
	struct ring_list later = first;
	later.timestamp++;
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &later);
	struct list_diff diff;
	list_diff(&one->list, &other->list, &diff);
	assert_true(diff.timestamp);
	assert_true(list_diff_same(&diff));
}

static void another_signer_version_is_a_difference(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	struct trust_list after = one->list;
	struct list_diff diff;
	after.header.has_signer_version = true;
	after.header.signer_version = (struct version){ 1, 0 };
	list_diff(&one->list, &after, &diff);
	assert_true(diff.signer_version);
	assert_false(list_diff_same(&diff));
	struct trust_list newer = after;
	newer.header.signer_version.minor = 1;
	list_diff(&after, &newer, &diff);
	assert_true(diff.signer_version);
	list_diff(&after, &after, &diff);
	assert_false(diff.signer_version);
	assert_true(list_diff_same(&diff));
}

static void a_new_certificate_replaces_in_every_role(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &renewed);
	struct list_diff diff;
	list_diff(&one->list, &other->list, &diff);
	assert_int_equal(diff.count, 2);
	expect(&diff, 0, CHANGE_REPLACED, 1, 1);
	expect(&diff, 1, CHANGE_REPLACED, 2, 2);
	assert_false(diff.signer || diff.hash || diff.file_name);
	assert_false(list_diff_same(&diff));
}

static void order_alone_is_no_difference(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &mixed);
	struct list_diff diff;
	list_diff(&one->list, &other->list, &diff);
	assert_int_equal(diff.count, 3);
	expect(&diff, 0, CHANGE_ROLE, 2, 1);
	expect(&diff, 1, CHANGE_REMOVED, 3, 0);
	expect(&diff, 2, CHANGE_ADDED, 0, 0);
	assert_true(diff.signer && diff.hash);
}

static void servers_of_one_name_are_told_apart_by_what_stayed(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	struct trust_list before = one->list, after = one->list;
	before.records[3].subject = before.records[4].subject; /* two of one name */
	before.count = 5;
	after.records[3] = before.records[4];
	after.count = 4;
	struct list_diff diff;
	list_diff(&before, &after, &diff);
	assert_int_equal(diff.count, 1);
	expect(&diff, 0, CHANGE_REMOVED, 3, 0);
}

static void another_address_keeps_the_record(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	struct trust_list after = one->list;
	after.records[2].address = reader_of("\x7f\0\12\1", 4);
	struct list_diff diff;
	list_diff(&one->list, &after, &diff);
	assert_int_equal(diff.count, 1);
	expect(&diff, 0, CHANGE_PLACE, 2, 2);
	assert_false(list_diff_same(&diff));
}

static void the_form_of_a_name_does_not_make_it_another(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &renewed);
	struct trust_list after = other->list;
	after.records[1].subject = reader_of_text(cert_subject(other->certs[1], NAME_BUILDER));
	assert_false(reader_same(after.records[1].subject, one->list.records[1].subject));
	struct list_diff diff;
	list_diff(&one->list, &after, &diff);
	expect(&diff, 0, CHANGE_REPLACED, 1, 1);
}

/* Records that carry a hash in place of their certificate. */
static void another_hash_replaces(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	struct trust_list before = one->list;
	before.records[3].certificate = (struct reader){ 0 };
	before.records[3].certificate_hash = reader_of("aaaaaaaaaaaaaaaaaaaa", 20);
	before.records[3].hash = HASH_SHA1;
	struct trust_list after = before;
	struct list_diff diff;
	list_diff(&before, &after, &diff);
	assert_int_equal(diff.count, 0);
	after.records[3].certificate_hash = reader_of("aaaaaaaaaaaaaaaaaaab", 20);
	list_diff(&before, &after, &diff);
	assert_int_equal(diff.count, 1);
	expect(&diff, 0, CHANGE_REPLACED, 3, 3);
}

static void another_form_is_not_another_signer(void **state)
{
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &first, &file);
	AUTO(held_list) one = held_list_load(bytes_reader(&file), NULL);
	key_ring_reform(*state, "ITLRECOVERY_pub", NAME_BUILDER, &file);
	AUTO(held_list) other = held_list_load(bytes_reader(&file), NULL);
	struct list_diff diff;
	list_diff(&one->list, &other->list, &diff);
	assert_false(diff.signer);
	assert_true(diff.form);
	assert_int_equal(diff.count, 0);
	struct error why = { 0 };
	assert_int_equal(list_passage(one, other, &why).passage, PASSAGE_ASK);
	assert_non_null(strstr(why.text, "in another form"));
	list_diff(&one->list, &one->list, &diff);
	assert_false(diff.form);
	AUTO(held_list) stranger = loaded(state, &foreign);
	list_diff(&one->list, &stranger->list, &diff);
	assert_true(diff.signer);
	assert_false(diff.form);
}

/* A cluster that leaves mixed mode keeps the name and takes the certificate out. */
static void an_emptied_record_is_known_by_its_host(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	struct trust_list before = one->list, after = one->list;
	before.records[2].dns_name = reader_of_text("pub.example.net");
	before.records[2].has_dns_name = true;
	after.records[2] = (struct trust_record){ .dns_name = reader_of_text("pub.example.net"),
		.has_dns_name = true,
		.has_role = true,
		.role = ROLE_TFTP };
	struct list_diff diff;
	list_diff(&before, &after, &diff);
	assert_int_equal(diff.count, 1);
	expect(&diff, 0, CHANGE_REPLACED, 2, 2);
	after.records[2].dns_name = reader_of_text("other.example.net");
	list_diff(&before, &after, &diff);
	assert_int_equal(diff.count, 2);
	expect(&diff, 0, CHANGE_REMOVED, 2, 0);
	expect(&diff, 1, CHANGE_ADDED, 0, 2);
}

static void the_largest_lists_fit(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	struct trust_list before = { .header = one->list.header, .count = LIMIT_RECORDS };
	struct trust_list after = before;
	static char names[2 * LIMIT_RECORDS][16];
	for (size_t i = 0; i < COUNT(names); i++) {
		struct trust_list *list = i < LIMIT_RECORDS ? &before : &after;
		(void)snprintf(names[i], sizeof(names[i]), "CN=%zu", i);
		list->records[i % LIMIT_RECORDS] = (struct trust_record){
			.subject = reader_of_text(names[i]), .has_role = true, .role = ROLE_TVS
		};
	}
	struct list_diff diff;
	list_diff(&before, &after, &diff);
	assert_int_equal(diff.count, 2 * LIMIT_RECORDS);
	expect(&diff, 0, CHANGE_REMOVED, 0, 0);
	expect(&diff, 2 * LIMIT_RECORDS - 1, CHANGE_ADDED, 0, LIMIT_RECORDS - 1);
}

static void phones_pass_from_one_to_the_other(void **state)
{
	struct error why = { 0 };
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &renewed);
	AUTO(held_list) third = loaded(state, &mixed);
	AUTO(held_list) tokens = loaded(state, &ctl);
	struct list_passage p = list_passage(one, other, &why);
	assert_int_equal(p.passage, PASSAGE_HELD);
	assert_int_equal(p.record, 0);
	assert_int_equal(p.servers, 2);
	p = list_passage(one, third, &why);
	assert_int_equal(p.passage, PASSAGE_HELD);
	assert_int_equal(p.record, 1);
	/* its CallManager has another key now, and who signed is told by name and serial number */
	assert_int_equal(list_passage(other, third, &why).passage, PASSAGE_ASK);
	assert_int_equal(list_passage(tokens, other, &why).passage, PASSAGE_HELD);
	assert_int_equal(list_passage(one, tokens, &why).passage, PASSAGE_HELD);
}

static void phones_do_not_pass_to_strangers(void **state)
{
	struct error why = { 0 };
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &foreign);
	AUTO(held_list) tokens = loaded(state, &ctl);
	assert_int_equal(list_passage(one, other, &why).passage, PASSAGE_ASK);
	assert_int_equal(why.fault, FAULT_UNTRUSTED);
	assert_int_equal(list_passage(other, one, &why).passage, PASSAGE_NONE);
	assert_int_equal(list_passage(tokens, other, &why).passage, PASSAGE_NONE);
	assert_int_equal(list_passage(tokens, other, &why).servers, 0);
}

static void a_known_signer_with_a_bad_signature_is_no_passage(void **state)
{
	struct error why = { 0 };
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &renewed);
	other->file.data[other->list.header.signature_offset + 10] ^= 1;
	assert_int_equal(list_passage(one, other, &why).passage, PASSAGE_NONE);
	assert_true(why.text[0] != '\0');
}

static void records_have_names(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &foreign);
	char name[RECORD_NAME_SIZE];
	static const char *const names[] = { "ITLRecovery of pub", "CallManager of pub",
		"CallManager of pub", "TVS of tvs1" };
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(record_name(one, i, name), names[i]);
	assert_string_equal(record_name(other, 0, name), "list signer of stranger");
	assert_string_equal(record_name(other, 1, name), "CAPF of capf");
	cert_free(other->certs[1]);
	other->certs[1] = NULL;
	other->list.records[1] = (struct trust_record){ .has_role = false };
	assert_string_equal(record_name(other, 1, name), "record");
	other->list.records[1] = (struct trust_record){
		.dns_name = reader_of_text("a\x1b"), .has_role = true, .role = ROLE_VPN
	};
	assert_string_equal(record_name(other, 1, name), "VPN of a\\x1b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_its_own_twin),
		cmocka_unit_test(only_the_time_is_no_difference_in_what_is_said),
		cmocka_unit_test(another_signer_version_is_a_difference),
		cmocka_unit_test(a_new_certificate_replaces_in_every_role),
		cmocka_unit_test(order_alone_is_no_difference),
		cmocka_unit_test(servers_of_one_name_are_told_apart_by_what_stayed),
		cmocka_unit_test(another_address_keeps_the_record),
		cmocka_unit_test(the_form_of_a_name_does_not_make_it_another),
		cmocka_unit_test(another_hash_replaces),
		cmocka_unit_test(another_form_is_not_another_signer),
		cmocka_unit_test(an_emptied_record_is_known_by_its_host),
		cmocka_unit_test(the_largest_lists_fit),
		cmocka_unit_test(phones_pass_from_one_to_the_other),
		cmocka_unit_test(phones_do_not_pass_to_strangers),
		cmocka_unit_test(a_known_signer_with_a_bad_signature_is_no_passage),
		cmocka_unit_test(records_have_names),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}
