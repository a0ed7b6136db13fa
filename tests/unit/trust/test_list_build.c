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
			{ .cert = key_ring_get(ring, "recovery")->cert, .role = ROLE_SAST },
			{ .cert = key_ring_get(ring, "callmanager")->cert, .role = ROLE_TFTP, .dns_name = "pub.example.net" },
			{ .cert = key_ring_get(ring, "tvs")->cert, .role = ROLE_TVS, .dns_name = "" },
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

static void parsed(const struct bytes *file, struct trust_list *out)
{
	struct error err = { 0 };
	if (!trust_list_parse(bytes_reader(file), out, &err))
		fail_msg("%s", err.text);
	AUTO_DONE(writer) w = writer_new(LIMIT_TRUST_LIST);
	trust_list_write(&w, out);
	assert_true(w.ok);
	assert_true(reader_same(writer_written(&w), bytes_reader(file)));
}

static void elliptic_records_need_signer_version_1_1(void **state)
{
	struct error err = { 0 };
	static const struct {
		bool has;
		struct version version;
		bool built;
	} tries[] = { { false, { 0, 0 }, false }, { false, { 1, 1 }, false },
		{ true, { 1, 0 }, false }, { true, { 0, 9 }, false }, { true, { 1, 1 }, true },
		{ true, { 2, 0 }, true } };
	for (size_t i = 0; i < COUNT(tries); i++) {
		struct list_plan plan = usual(*state);
		AUTO_DONE(bytes) file = { 0 };
		plan.records[2].cert = key_ring_get(*state, "pages-ec")->cert;
		plan.has_signer_version = tries[i].has;
		plan.signer_version = tries[i].version;
		if (!tries[i].built) {
			refused(&plan, "signer version 1.1");
			continue;
		}
		assert_true(list_build(&plan, &file, &err));
		struct trust_list list;
		parsed(&file, &list);
		assert_true(list.header.has_signer_version);
		assert_int_equal(list.header.signer_version.minor, tries[i].version.minor);
		assert_int_equal(list.records[2].public_key.left, 65);
		key_ring_sign(*state, "recovery", &file);
		AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
		assert_non_null(held);
		assert_true(held_list_intact(held, &err));
	}
	struct list_plan plan = usual(*state);
	plan.has_signer_version = true;
	plan.signer_version = (struct version){ 1, 1 };
	plan.records[1].cert = key_ring_get(*state, "pages-ec")->cert;
	plan.records[1].role = ROLE_SAST;
	refused(&plan, "lists are signed with RSA alone");
}

static void a_record_has_an_address_or_no_certificate_or_no_signature(void **state)
{
	struct error err = { 0 };
	static const uint8_t address[4] = { 10, 0, 0, 1 };
	struct list_plan plan = usual(*state);
	AUTO_DONE(bytes) file = { 0 };
	plan.count = 5;
	plan.records[1].address = address;
	plan.records[2].no_signature = true;
	plan.records[3] = (struct list_record){
		.role = ROLE_CCM_TFTP, .dns_name = "cucm-pub.lab", .address = address
	};
	plan.records[4] = (struct list_record){ .role = ROLE_CCM, .dns_name = "" };
	assert_true(list_build(&plan, &file, &err));
	struct trust_list list;
	parsed(&file, &list);
	assert_true(reader_same(list.records[1].address, reader_of(address, 4)));
	assert_false(list.records[2].signature.ok);
	assert_true(list.records[2].certificate.ok);
	assert_int_equal(list.records[3].size, 33);
	assert_false(list.records[3].certificate.ok);
	assert_false(list.records[3].subject.ok);
	assert_int_equal(list.records[4].size, 14);
	key_ring_sign(*state, "recovery", &file);
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
	assert_non_null(held);
	assert_true(held_list_intact(held, &err));

	plan.records[4].dns_name = NULL;
	refused(&plan, "record 5, without a name: neither certificate nor host name");
	plan.count = 4;
	plan.records[0].cert = NULL;
	plan.records[0].dns_name = "pub";
	refused(&plan, "no record with role 0 for its signer");
}

static void names_are_written_in_one_form(void **state)
{
	static const char *const names[] = {
		[NAME_APPLIANCE] = "CN=recovery;OU=Voice;O=Example, Inc.;C=DE",
		[NAME_BUILDER] = "C=DE,O=Example\\, Inc.,OU=Voice,CN=recovery",
		[NAME_BUILDER_2023] = "C=DE;O=Example\\, Inc.;OU=Voice;CN=recovery",
	};
	struct error err = { 0 };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct list_plan plan = usual(*state);
		AUTO_DONE(bytes) file = { 0 };
		plan.names = (enum name_form)i;
		assert_true(list_build(&plan, &file, &err));
		struct trust_list list;
		parsed(&file, &list);
		if (!reader_same(list.header.signer_name, reader_of_text(names[i])))
			fail_msg("%s", names[i]);
		assert_true(reader_same(list.header.issuer_name, reader_of_text(names[i])));
		assert_true(reader_same(list.records[0].subject, reader_of_text(names[i])));
		assert_true(reader_same(list.records[0].issuer, reader_of_text(names[i])));
		key_ring_sign(*state, "recovery", &file);
		AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
		assert_non_null(held);
		size_t index;
		assert_true(held_list_own_signer(held, &index, &err));
		assert_true(held_list_intact(held, &err));
	}
}

static void a_tokens_names_are_its_own(void **state)
{
	static const char token[] = "cn=recovery;ou=Voice;o=\"Example, Inc.\";c=DE";
	struct error err = { 0 };
	struct list_plan plan = usual(*state);
	AUTO_DONE(bytes) file = { 0 };
	plan.records[0].token_names = true;
	assert_true(list_build(&plan, &file, &err));
	struct trust_list list;
	parsed(&file, &list);
	assert_true(reader_same(list.header.signer_name, reader_of_text(token)));
	assert_true(reader_same(list.header.issuer_name, reader_of_text(token)));
	assert_true(reader_same(list.records[0].subject, reader_of_text(token)));
	for (size_t i = 1; i < list.count; i++)
		assert_int_equal(list.records[i].subject.at[0], 'C');
	key_ring_sign(*state, "recovery", &file);
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
	assert_non_null(held);
	assert_true(held_list_intact(held, &err));
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
	assert_true(signed_file_build("x.sgn",
		&(struct file_signer){ .cert = signer, .hash = HASH_SHA1 }, 1, bytes_reader(&zeros),
		&file, &err));
	zeros.size = LIMIT_SIGNED_FILE + 1;
	struct bytes none = { 0 };
	assert_false(signed_file_build("x.sgn",
		&(struct file_signer){ .cert = signer, .hash = HASH_SHA1 }, 1, bytes_reader(&zeros),
		&none, &err));
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
		cmocka_unit_test(elliptic_records_need_signer_version_1_1),
		cmocka_unit_test(a_record_has_an_address_or_no_certificate_or_no_signature),
		cmocka_unit_test(names_are_written_in_one_form),
		cmocka_unit_test(a_tokens_names_are_its_own),
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
