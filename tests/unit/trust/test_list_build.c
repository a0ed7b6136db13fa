#include "trust/list_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/key_ring.h"
#include "trust/held_list.h"

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

static struct list_plan usual(struct key_ring *ring)
{
	return (struct list_plan){
		.file_name = "ITLFile.tlv",
		.signer = key_ring_get(ring, "recovery")->cert,
		.hash = HASH_SHA1,
		.timestamp = 1700000200,
		.count = 3,
		.records = {
			{ key_ring_get(ring, "recovery")->cert, ROLE_SAST, NULL },
			{ key_ring_get(ring, "callmanager")->cert, ROLE_TFTP, "pub.example.net" },
			{ key_ring_get(ring, "tvs")->cert, ROLE_TVS, "" },
		},
	};
}

static void a_list_says_what_was_planned(void **state)
{
	struct error err = { 0 };
	struct list_plan plan = usual(*state);
	AUTO_DONE(bytes) file = { 0 };
	assert_true(list_build(&plan, &file, &err));
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(&file), &list, &err));
	assert_int_equal(list.header.version.major, 1);
	assert_int_equal(list.header.version.minor, 2);
	assert_false(list.header.has_signer_version);
	assert_int_equal(list.header.timestamp, 1700000200);
	assert_true(reader_same(list.header.file_name, reader_of_text("ITLFile.tlv")));
	assert_true(reader_same(list.header.signer_name,
		reader_of_text("CN=recovery;OU=Voice;O=Example, Inc.;C=DE")));
	assert_int_equal(list.header.signature.left, 128);
	assert_int_equal(list.header.signature.at[5], 0);
	assert_int_equal(list.header.size % 4, 0);
	assert_int_equal(list.count, 3);
	assert_false(list.records[0].has_dns_name);
	assert_true(reader_same(list.records[1].dns_name, reader_of_text("pub.example.net")));
	assert_true(list.records[2].has_dns_name);
	assert_int_equal(list.records[2].role, ROLE_TVS);
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
	assert_non_null(held);
	assert_false(held_list_intact(held, &err));
	key_ring_sign(*state, "recovery", &file);
	AUTO(held_list) signed_list = held_list_load(bytes_reader(&file), &err);
	assert_true(held_list_intact(signed_list, &err));
}

static void both_written_hashes_and_sizes_work(void **state)
{
	static const char *const signers[] = { "recovery", "recovery-2048" };
	for (size_t i = 0; i < 2 * COUNT(signers); i++) {
		struct error err = { 0 };
		struct list_plan plan = usual(*state);
		AUTO_DONE(bytes) file = { 0 };
		plan.signer = plan.records[0].cert = key_ring_get(*state, signers[i / 2])->cert;
		plan.hash = i % 2 == 0 ? HASH_SHA1 : HASH_SHA512;
		assert_true(list_build(&plan, &file, &err));
		key_ring_sign(*state, signers[i / 2], &file);
		AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
		assert_non_null(held);
		assert_true(held_list_intact(held, &err));
	}
}

static void refused(const struct list_plan *plan, const char *words)
{
	struct error err = { 0 };
	struct bytes file = { 0 };
	assert_false(list_build(plan, &file, &err));
	assert_null(file.data);
	assert_int_equal(err.fault, FAULT_REFUSED);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" says nothing of \"%s\"", err.text, words);
}

static void lists_that_no_phone_could_follow_are_not_built(void **state)
{
	struct list_plan plan = usual(*state);
	plan.records[0].role = ROLE_CCM;
	refused(&plan, "no record with role 0 for its signer");

	plan = usual(*state);
	plan.signer = key_ring_get(*state, "callmanager")->cert;
	refused(&plan, "no record with role 0 for its signer");

	plan = usual(*state);
	plan.records[1].role = plan.records[2].role = ROLE_SAST;
	refused(&plan, "3 records with role 0");

	plan = usual(*state);
	plan.records[2].cert = key_ring_get(*state, "pages-ec")->cert;
	refused(&plan, "record 3");

	plan = usual(*state);
	plan.signer = plan.records[0].cert = key_ring_get(*state, "recovery-ec")->cert;
	refused(&plan, "EC-P256");

	plan = usual(*state);
	plan.hash = HASH_SHA256;
	refused(&plan, "SHA-1 or SHA-512");
}

static void two_signers_are_fine(void **state)
{
	struct error err = { 0 };
	struct list_plan plan = usual(*state);
	AUTO_DONE(bytes) file = { 0 };
	plan.records[1].role = ROLE_SAST;
	assert_true(list_build(&plan, &file, &err));
}

/* As many records as fit are built, one more is not, and never one beyond the parser's bound. */
static void the_bounds_of_phones_hold(void **state)
{
	struct list_plan plan = usual(*state);
	for (size_t i = 3; i < LIMIT_RECORDS; i++)
		plan.records[i] = plan.records[2];
	size_t most = 0;
	for (size_t count = 1; count <= LIMIT_RECORDS; count++) {
		struct error err = { 0 };
		AUTO_DONE(bytes) file = { 0 };
		plan.count = count;
		if (!list_build(&plan, &file, &err)) {
			assert_int_equal(err.fault, FAULT_REFUSED);
			break;
		}
		assert_true(file.size <= LIMIT_TRUST_LIST);
		most = count;
	}
	assert_true(most > 39);
	plan.count = LIMIT_RECORDS + 1;
	refused(&plan, "65 records");
}

static void signed_files_carry_their_name_and_payload(void **state)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_file(*state, "Desktops/320x196x4/List.xml.sgn", "callmanager",
		reader_of_text("<x/>"), &file);
	struct reader rest = bytes_reader(&file);
	struct signed_header header;
	assert_true(signed_header_parse(&rest, &header, &err));
	assert_int_equal(header.version.major, 1);
	assert_int_equal(header.version.minor, 0);
	assert_true(
		reader_same(header.file_name, reader_of_text("Desktops/320x196x4/List.xml.sgn")));
	assert_true(reader_same(rest, reader_of_text("<x/>")));
	assert_true(signature_fits(
		bytes_reader(&file), &header, key_ring_get(*state, "callmanager")->cert, &err));
}

static void a_payload_may_be_so_large_and_no_larger(void **state)
{
	struct error err = { 0 };
	const struct cert *signer = key_ring_get(*state, "callmanager")->cert;
	struct bytes zeros = { calloc(1, LIMIT_SIGNED_FILE + UINT16_MAX), LIMIT_SIGNED_FILE };
	assert_non_null(zeros.data);
	AUTO_DONE(bytes) file = { 0 };
	assert_true(signed_file_build(
		"x.sgn", signer, HASH_SHA1, 1, bytes_reader(&zeros), &file, &err));
	zeros.size = LIMIT_SIGNED_FILE + 1;
	struct bytes none = { 0 };
	assert_false(signed_file_build(
		"x.sgn", signer, HASH_SHA1, 1, bytes_reader(&zeros), &none, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_null(none.data);
	bytes_done(&zeros);
}

static void a_signature_of_another_size_is_not_put_in(void **state)
{
	struct error err = { 0 };
	uint8_t signature[129] = { 1 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_file(*state, "x.sgn", "callmanager", reader_of_text("payload"), &file);
	for (size_t size = 127; size <= 129; size += 2) {
		assert_false(signature_insert(&file, reader_of(signature, size), &err));
		assert_int_equal(err.fault, FAULT_REFUSED);
	}
	struct bytes cut = { file.data, 60 };
	assert_false(signature_insert(&cut, reader_of(signature, 128), &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
}

static void the_same_is_said_in_whatever_order_and_at_whatever_time(void **state)
{
	struct error err = { 0 };
	struct list_plan plan = usual(*state);
	AUTO_DONE(bytes) one = { 0 };
	AUTO_DONE(bytes) other = { 0 };
	assert_true(list_build(&plan, &one, &err));
	struct list_record moved = plan.records[1];
	plan.records[1] = plan.records[2];
	plan.records[2] = moved;
	plan.timestamp++;
	assert_true(list_build(&plan, &other, &err));
	struct trust_list a, b;
	assert_true(trust_list_parse(bytes_reader(&one), &a, &err));
	assert_true(trust_list_parse(bytes_reader(&other), &b, &err));
	assert_true(list_says_same(&a, &b));
}

static void says_other(struct key_ring *ring, const struct list_plan *changed)
{
	struct error err = { 0 };
	struct list_plan plan = usual(ring);
	AUTO_DONE(bytes) one = { 0 };
	AUTO_DONE(bytes) other = { 0 };
	assert_true(list_build(&plan, &one, &err));
	assert_true(list_build(changed, &other, &err));
	struct trust_list a, b;
	assert_true(trust_list_parse(bytes_reader(&one), &a, &err));
	assert_true(trust_list_parse(bytes_reader(&other), &b, &err));
	assert_false(list_says_same(&a, &b));
	assert_false(list_says_same(&b, &a));
}

static void any_other_record_signer_or_hash_says_something_else(void **state)
{
	struct list_plan plan = usual(*state);
	plan.records[1].cert = key_ring_get(*state, "callmanager/2")->cert;
	says_other(*state, &plan);
	plan = usual(*state);
	plan.records[1].role = ROLE_CCM_TFTP;
	says_other(*state, &plan);
	plan = usual(*state);
	plan.records[1].dns_name = NULL;
	says_other(*state, &plan);
	plan = usual(*state);
	plan.count = 2;
	says_other(*state, &plan);
	plan = usual(*state);
	plan.records[2] = plan.records[1];
	says_other(*state, &plan);
	plan = usual(*state);
	plan.hash = HASH_SHA512;
	says_other(*state, &plan);
	plan = usual(*state);
	plan.file_name = "CTLFile.tlv";
	says_other(*state, &plan);
	plan = usual(*state);
	plan.records[1].role = ROLE_SAST;
	struct list_plan by_other = plan;
	by_other.signer = key_ring_get(*state, "callmanager")->cert;
	says_other(*state, &by_other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_says_what_was_planned),
		cmocka_unit_test(both_written_hashes_and_sizes_work),
		cmocka_unit_test(lists_that_no_phone_could_follow_are_not_built),
		cmocka_unit_test(two_signers_are_fine),
		cmocka_unit_test(the_bounds_of_phones_hold),
		cmocka_unit_test(signed_files_carry_their_name_and_payload),
		cmocka_unit_test(a_payload_may_be_so_large_and_no_larger),
		cmocka_unit_test(a_signature_of_another_size_is_not_put_in),
		cmocka_unit_test(the_same_is_said_in_whatever_order_and_at_whatever_time),
		cmocka_unit_test(any_other_record_signer_or_hash_says_something_else),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}
