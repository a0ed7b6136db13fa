#include "cli/list_describe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/list_source.h"
#include "lib/key_ring.h"

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

static void made(void **state, struct bytes *file, struct trust_list *list)
{
	static const struct ring_list plan = { .signer = "recovery",
		.timestamp = 1753722942,
		.count = 2,
		.records = { { "recovery", ROLE_SAST }, { "tvs", ROLE_TVS } } };
	key_ring_list(*state, &plan, file);
	assert_true(trust_list_parse(bytes_reader(file), list, NULL));
}

static const char *text(const json_t *from, const char *key)
{
	const char *value = json_string_value(json_object_get(from, key));
	assert_non_null(value);
	return value;
}

static json_int_t number(const json_t *from, const char *key)
{
	assert_true(json_is_integer(json_object_get(from, key)));
	return json_integer_value(json_object_get(from, key));
}

static void a_source_may_have_any_name(void **state)
{
	struct trust_list list;
	AUTO_DONE(bytes) file = { 0 };
	made(state, &file, &list);
	json_auto_t *told = list_describe("\xff.tlv", bytes_reader(&file), &list);
	assert_non_null(told);
	assert_string_equal(text(told, "source"), "\\xff.tlv");
}

static void every_field_is_told(void **state)
{
	struct trust_list list;
	AUTO_DONE(bytes) file = { 0 };
	made(state, &file, &list);
	json_auto_t *told = list_describe("here", bytes_reader(&file), &list);
	assert_non_null(told);
	assert_int_equal(number(told, "schema_version"), 1);
	assert_string_equal(text(told, "source"), "here");
	assert_int_equal(number(told, "size"), file.size);
	assert_int_equal(strlen(text(told, "sha256")), 64);
	const json_t *header = json_object_get(told, "header");
	assert_string_equal(text(header, "version"), "1.2");
	assert_string_equal(text(header, "hash"), "SHA-1");
	assert_string_equal(text(header, "file_name"), "ITLFile.tlv");
	assert_string_equal(text(header, "timestamp"), "2025-07-28 17:15:42Z");
	assert_int_equal(number(header, "modulus_bits"), 1024);
	assert_int_equal(strlen(text(header, "signature")), 256);
	assert_true(json_is_null(json_object_get(header, "signer_version")));
	const json_t *record = json_array_get(json_object_get(told, "records"), 1);
	assert_int_equal(number(record, "number"), 2);
	assert_int_equal(number(record, "role"), 21);
	assert_string_equal(text(record, "role_name"), "TVS");
	assert_true(json_is_null(json_object_get(record, "address")));
	const json_t *certificate = json_object_get(record, "certificate");
	assert_string_equal(text(certificate, "key"), "RSA-1024");
	assert_int_equal(strlen(text(certificate, "sha1")), 40);
	assert_int_equal(strncmp(text(certificate, "pem"), "-----BEGIN", 10), 0);
}

static void what_is_absent_is_null(void **state)
{
	struct trust_list list;
	AUTO_DONE(bytes) file = { 0 };
	made(state, &file, &list);
	list.header.has_timestamp = false;
	list.count = 1;
	list.records[0] = (struct trust_record){ .dns_name = reader_of_text(""),
		.has_dns_name = true,
		.address = reader_of("\x7f\0\12\1", 4),
		.certificate_hash = reader_of("01234567890123456789", 20),
		.hash = HASH_SHA1 };
	json_auto_t *told = list_describe("here", bytes_reader(&file), &list);
	assert_non_null(told);
	assert_true(json_is_null(json_object_get(json_object_get(told, "header"), "timestamp")));
	const json_t *record = json_array_get(json_object_get(told, "records"), 0);
	static const char *const absent[] = { "role", "role_name", "subject", "issuer",
		"serial_number", "public_key", "signature", "certificate" };
	for (size_t i = 0; i < COUNT(absent); i++)
		assert_true(json_is_null(json_object_get(record, absent[i])));
	assert_string_equal(text(record, "host_name"), "");
	assert_string_equal(text(record, "address"), "127.0.10.1");
	assert_string_equal(text(record, "hash"), "SHA-1");
}

static void a_certificate_that_cannot_be_read_says_why(void **state)
{
	struct trust_list list;
	AUTO_DONE(bytes) file = { 0 };
	made(state, &file, &list);
	list.records[0].certificate = reader_of_text("no DER");
	list.records[1].role = 99;
	json_auto_t *told = list_describe("here", bytes_reader(&file), &list);
	const json_t *records = json_object_get(told, "records");
	const json_t *certificate = json_object_get(json_array_get(records, 0), "certificate");
	assert_true(strlen(text(certificate, "unreadable")) > 0);
	assert_int_equal(number(certificate, "size"), 6);
	assert_true(json_is_null(json_object_get(json_array_get(records, 1), "role_name")));
}

static void sources_that_hold_no_list_say_so(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct bytes out = { 0 };
	assert_false(list_source_read("/nowhere/list", &out, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_false(list_source_read("/dev/zero", &out, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_false(list_source_read("", &out, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	assert_false(list_source_read("http:///x", &out, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	assert_null(list_source_hold("/dev/null", &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_int_equal(strncmp(err.text, "/dev/null: ", 11), 0);
	assert_null(out.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_told),
		cmocka_unit_test(a_source_may_have_any_name),
		cmocka_unit_test(what_is_absent_is_null),
		cmocka_unit_test(a_certificate_that_cannot_be_read_says_why),
		cmocka_unit_test(sources_that_hold_no_list_say_so),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}
