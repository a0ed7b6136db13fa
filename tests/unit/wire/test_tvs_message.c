#include "wire/tvs_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/header_edit.h"
#include "wire/mutation.h"

static const uint8_t certificate[LIMIT_CERTIFICATE] = { 0x30, 0x82, 4, 0 };

static struct bytes message_bytes(const struct tvs_message *m)
{
	AUTO_DONE(writer) w = writer_new(70000);
	struct bytes out = { 0 };
	tvs_message_write(&w, m);
	assert_true(writer_take(&w, &out, NULL));
	return out;
}

static bool trip(struct reader bytes, struct error *err)
{
	struct tvs_message once, twice;
	size_t body;
	if (!tvs_message_parse(bytes, &once, err))
		return false;
	assert_true(tvs_message_body_size(reader_of(bytes.at, TVS_HEADER_SIZE), &body, NULL));
	assert_int_equal(body, bytes.left - TVS_HEADER_SIZE);
	AUTO_DONE(bytes) written = message_bytes(&once);
	assert_true(tvs_message_parse(bytes_reader(&written), &twice, err));
	assert_true(tvs_message_same(&once, &twice));
	AUTO_DONE(bytes) again = message_bytes(&twice);
	assert_true(reader_same(bytes_reader(&written), bytes_reader(&again)));
	return true;
}

static struct tvs_message verify_request(void)
{
	return (struct tvs_message){
		.command = TVS_VERIFY_REQUEST,
		.session = 1001,
		.device = "CP-8861-SEP001122334455",
		.certificate = reader_of(certificate, 50),
	};
}

static struct tvs_message query_request(void)
{
	return (struct tvs_message){
		.command = TVS_QUERY_REQUEST,
		.session = 1001,
		.device = "CP-8861-SEP001122334455",
		.subject = reader_of_text("CN=pub;OU=lab;O=dialtrust"),
		.issuer = reader_of_text("CN=dialtrust-ca"),
		.serial = reader_of("\x7a\1\2\3\4\5\6", 7),
	};
}

static struct tvs_message response(enum tvs_command command)
{
	return (struct tvs_message){
		.command = command,
		.session = 0xfffefdfc,
		.certificate = command == TVS_QUERY_RESPONSE ? reader_of(certificate, 30)
							     : (struct reader){ 0 },
		.status = TVS_VALID,
		.role_count = 2,
		.roles = { 0, 3 },
		.ttl = 86400,
	};
}

static struct tvs_message refusal(enum tvs_command command)
{
	return (struct tvs_message){ .command = command, .session = 7, .status = TVS_INVALID };
}

static void samples(struct tvs_message out[static 6])
{
	out[0] = verify_request();
	out[1] = query_request();
	out[2] = response(TVS_VERIFY_RESPONSE);
	out[3] = response(TVS_QUERY_RESPONSE);
	out[4] = refusal(TVS_VERIFY_RESPONSE);
	out[5] = refusal(TVS_QUERY_RESPONSE);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	struct tvs_message all[6];
	samples(all);
	for (size_t i = 0; i < COUNT(all); i++) {
		struct tvs_message read;
		AUTO_DONE(bytes) file = message_bytes(&all[i]);
		assert_true(tvs_message_parse(bytes_reader(&file), &read, NULL));
		assert_true(tvs_message_same(&all[i], &read));
		for (size_t n = 0; n < COUNT(all); n++)
			assert_int_equal(tvs_message_same(&all[i], &all[n]), i == n);
	}
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	struct tvs_message all[6];
	samples(all);
	for (size_t i = 0; i < COUNT(all); i++) {
		AUTO_DONE(bytes) file = message_bytes(&all[i]);
		assert_int_equal(every_truncation(bytes_reader(&file), trip), 0);
		splice(&file, file.size, 0, reader_of("\0", 1));
		refused_with(bytes_reader(&file), trip, FAULT_MALFORMED, "is said to have");
	}
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	struct tvs_message all[6];
	samples(all);
	for (size_t i = 0; i < COUNT(all); i++) {
		AUTO_DONE(bytes) file = message_bytes(&all[i]);
		assert_true(every_changed_byte(bytes_reader(&file), trip, true) > 0);
	}
}

/* The bytes of public builders and of a printed exchange with an appliance: docs/formats/tvs.md */
static void bytes_are_those_of_real_exchanges(void **state)
{
	(void)state;
	struct tvs_message no = {
		.command = TVS_VERIFY_RESPONSE, .session = 0x01020304, .status = TVS_INVALID
	};
	AUTO_DONE(bytes) file = message_bytes(&no);
	assert_int_equal(file.size, 14);
	assert_memory_equal(file.data, "\x57\1\2\0\1\2\3\4\0\4\7\0\1\1", 14);
	struct tvs_message yes = { .command = TVS_QUERY_RESPONSE,
		.session = 1001,
		.certificate = reader_of(certificate, 1451),
		.role_count = 2,
		.roles = { 0, 3 },
		.ttl = 86400 };
	AUTO_DONE(bytes) answer = message_bytes(&yes);
	assert_int_equal(answer.size, 10 + 0x05be);
	assert_memory_equal(answer.data, "\x57\1\4\0\0\0\3\xe9\5\xbe\7\0\1\0\2\5\xab", 17);
	assert_memory_equal(answer.data + answer.size - 12, "\10\0\2\0\3\11\0\4\0\1\x51\x80", 12);
	struct tvs_message ask = { .command = TVS_QUERY_REQUEST,
		.session = 1001,
		.device = "CP-8861-SEPB000B4BA0AEE",
		.subject = reader_of_text("CN=ucm11pub.example.local;OU=IST;O=Example;L=Brisbane;"
					  "ST=QLD;C=AU"),
		.issuer = reader_of_text("CN=example-WIN2012-CA"),
		.serial = reader_of("\x61\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22", 19) };
	assert_int_equal(ask.subject.left, 65);
	assert_int_equal(ask.issuer.left, 21);
	AUTO_DONE(bytes) question = message_bytes(&ask);
	assert_int_equal(question.size, 10 + 0x8f);
	assert_memory_equal(question.data,
		"\x57\1\3\0\0\0\3\xe9\0\x8f\1\0\x18\1"
		"CP-8861-SEP",
		25);
}

static void reserved_byte_and_older_versions_are_ignored(void **state)
{
	(void)state;
	struct tvs_message m = verify_request();
	struct tvs_message read;
	AUTO_DONE(bytes) file = message_bytes(&m);
	for (unsigned byte = 0; byte <= 255; byte++) {
		file.data[3] = (uint8_t)byte;
		file.data[1] = byte % 2;
		assert_true(tvs_message_parse(bytes_reader(&file), &read, NULL));
		assert_true(tvs_message_same(&m, &read));
	}
}

static void headers_of_others_are_refused(void **state)
{
	(void)state;
	struct tvs_message m = verify_request();
	for (unsigned byte = 0; byte <= 255; byte++) {
		struct error err = { 0 };
		size_t body = 77;
		AUTO_DONE(bytes) file = message_bytes(&m);
		file.data[0] = (uint8_t)byte;
		struct reader header = reader_of(file.data, TVS_HEADER_SIZE);
		assert_int_equal(tvs_message_body_size(header, &body, &err), byte == 0x57);
		if (byte != 0x57) {
			assert_int_equal(body, 77);
			refused_with(
				bytes_reader(&file), trip, FAULT_MALFORMED, "tvs: starts with");
		}
		file.data[0] = 0x57;
		file.data[1] = (uint8_t)byte;
		if (byte > 1)
			refused_with(bytes_reader(&file), trip, FAULT_REFUSED, "tvs: version");
		file.data[1] = 1;
		file.data[2] = (uint8_t)byte;
		if (byte == 0 || byte > 4)
			refused_with(bytes_reader(&file), trip, FAULT_REFUSED, "tvs: command");
	}
}

static void a_header_is_ten_bytes(void **state)
{
	(void)state;
	struct error err = { 0 };
	size_t body = 0;
	for (size_t size = 0; size < TVS_HEADER_SIZE; size++)
		assert_false(tvs_message_body_size(
			reader_of("\x57\1\1\0\0\0\0\0\0\7", size), &body, &err));
	assert_true(tvs_message_body_size(reader_of("\x57\1\1\0\0\0\0\0\0\7", 10), &body, &err));
	assert_int_equal(body, 7);
}

static void bodies_have_a_limit(void **state)
{
	(void)state;
	uint8_t header[TVS_HEADER_SIZE] = { 0x57, 1, 1, 0, 0, 0, 0, 0, 0x20, 0 };
	struct error err = { 0 };
	size_t body = 0;
	assert_true(tvs_message_body_size(reader_of(header, sizeof(header)), &body, &err));
	assert_int_equal(body, LIMIT_MESSAGE);
	header[9] = 1;
	assert_false(tvs_message_body_size(reader_of(header, sizeof(header)), &body, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	struct tvs_message m = verify_request();
	size_t device = 4 + strlen(m.device);
	m.certificate.left = LIMIT_MESSAGE - device - 3;
	AUTO_DONE(bytes) largest = message_bytes(&m);
	assert_int_equal(largest.size, TVS_HEADER_SIZE + LIMIT_MESSAGE);
	assert_true(trip(bytes_reader(&largest), &err));
	m.certificate.left++;
	AUTO_DONE(writer) w = writer_new(70000);
	tvs_message_write(&w, &m);
	assert_false(w.ok);
}

/* A message of these elements. */
static struct bytes raw(uint8_t command, const void *elements, size_t size)
{
	AUTO_DONE(writer) w = writer_new(70000);
	struct bytes out = { 0 };
	writer_u32(&w, 0x57010000u | (uint32_t)command << 8);
	writer_u32(&w, 5);
	writer_u16(&w, (uint16_t)size);
	writer_bytes(&w, reader_of(elements, size));
	assert_true(writer_take(&w, &out, NULL));
	return out;
}

static void refused(uint8_t command, const void *elements, size_t size, const char *words)
{
	AUTO_DONE(bytes) file = raw(command, elements, size);
	refused_with(bytes_reader(&file), trip, FAULT_MALFORMED, words);
}

static void accepted(uint8_t command, const void *elements, size_t size)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = raw(command, elements, size);
	if (!trip(bytes_reader(&file), &err))
		print_error("refused: %s\n", err.text);
	assert_int_equal(err.fault, FAULT_NONE);
}

#define DEVICE "\1\0\3\1ab"
#define SUBJECT "\3\0\5CN=a\0"
#define ISSUER4 "\4\0\5CN=b\0"
#define SERIAL5 "\5\0\2\1\2"
#define BYTES(text) (text), sizeof(text) - 1

static void each_command_has_its_elements(void **state)
{
	(void)state;
	accepted(1, BYTES(DEVICE "\2\0\1c"));
	accepted(1, BYTES("\2\0\1c" DEVICE));
	refused(1, BYTES(DEVICE), "certificate is missing");
	refused(1, BYTES("\2\0\1c"), "device name is missing");
	refused(1, BYTES(DEVICE "\2\0\1c" SUBJECT), "subject does not belong there");
	refused(1, BYTES(DEVICE "\2\0\1c\7\0\1\0"), "status does not belong there");
	refused(1, BYTES(""), "device name is missing");
	accepted(2, BYTES("\7\0\1\0\10\0\1\0\11\0\4\0\0\0\1"));
	accepted(2, BYTES("\7\0\1\0\10\0\1\0"));
	refused(2, BYTES("\10\0\1\0"), "status is missing");
	refused(2, BYTES("\7\0\1\0"), "roles is missing");
	refused(2, BYTES("\7\0\1\0\10\0\1\0\2\0\1c"), "certificate does not belong there");
	refused(2, BYTES("\7\0\1\0\10\0\1\0" DEVICE), "device name does not belong there");
	accepted(3, BYTES(DEVICE SUBJECT ISSUER4 SERIAL5));
	refused(3, BYTES(SUBJECT ISSUER4 SERIAL5), "device name is missing");
	refused(3, BYTES(DEVICE ISSUER4 SERIAL5), "subject is missing");
	refused(3, BYTES(DEVICE SUBJECT ISSUER4 SERIAL5 "\2\0\1c"), "certificate does not belong");
	accepted(4, BYTES("\7\0\1\0\2\0\1c\10\0\1\0\11\0\4\0\0\0\1"));
	refused(4, BYTES("\7\0\1\0\10\0\1\0\11\0\4\0\0\0\1"), "certificate is missing");
	refused(4, BYTES("\7\0\1\0\2\0\1c\10\0\1\0" SERIAL5), "does not belong there");
}

static void a_no_may_carry_anything_known(void **state)
{
	(void)state;
	struct tvs_message read;
	static const char more[] = "\7\0\1\1\10\0\2\0\3\11\0\4\0\0\0\1\2\0\1c";
	for (uint8_t command = 2; command <= 4; command += 2) {
		accepted(command, BYTES("\7\0\1\1"));
		AUTO_DONE(bytes) file = raw(command, BYTES(more));
		assert_true(tvs_message_parse(bytes_reader(&file), &read, NULL));
		assert_int_equal(read.status, TVS_INVALID);
		assert_int_equal(read.role_count, 0);
		assert_int_equal(read.ttl, 0);
		assert_int_equal(read.certificate.left, 0);
		refused(command, BYTES("\7\0\1\1\12\0\1\1"), "tag 10 at byte 14 is unknown");
	}
}

static void elements_are_strict(void **state)
{
	(void)state;
	refused(1, BYTES(DEVICE DEVICE "\2\0\1c"), "comes a second time");
	refused(1, BYTES(DEVICE "\2\0\2c"), "certificate at byte 16: runs past the end");
	refused(1, BYTES(DEVICE "\2\0\0"), "certificate at byte 16");
	refused(1, BYTES(DEVICE "\0\0\1c"), "tag 0 at byte 16 is unknown");
	refused(1, BYTES("\1\0\0\2\0\1c"), "device name");
	refused(1, BYTES("\1\0\1\1\2\0\1c"), "device name");
	refused(1, BYTES("\1\0\2ab\2\0\1c"), "does not start with byte 01");
	refused(1, BYTES("\1\0\3\1a\0\2\0\1c"), "device name: control byte 00");
	refused(1, BYTES("\1\0\3\1a\n\2\0\1c"), "device name: control byte 0a");
	refused(1, BYTES("\1\0\3\1a\xff\2\0\1c"), "device name: text is not UTF-8");
	refused(2, BYTES("\7\0\0\10\0\1\0"), "status");
	refused(2, BYTES("\7\0\2\0\0\10\0\1\0"), "status");
	refused(2, BYTES("\7\0\1\2\10\0\1\0"), "status 2 is unknown");
	refused(2, BYTES("\7\0\1\xff"), "status 255 is unknown");
	refused(2, BYTES("\7\0\1\0\10\0\0"), "roles");
	refused(2, BYTES("\7\0\1\0\10\0\1\0\11\0\3\0\0\1"), "time to live");
	refused(3, BYTES(DEVICE "\3\0\4CN=a" ISSUER4 SERIAL5), "does not end with a zero byte");
}

static void limits_hold_at_their_value_and_not_beyond(void **state)
{
	(void)state;
	struct tvs_message m = verify_request();
	memset(m.device, 'x', sizeof(m.device) - 1);
	m.device[sizeof(m.device) - 1] = '\0';
	AUTO_DONE(bytes) longest = message_bytes(&m);
	assert_true(trip(bytes_reader(&longest), NULL));
	splice(&longest, 14, 0, reader_of_text("x"));
	set_u16(&longest, 8, get_u16(&longest, 8) + 1u);
	set_u16(&longest, 11, get_u16(&longest, 11) + 1u);
	refused_with(bytes_reader(&longest), trip, FAULT_LIMIT, "device name");
	m = response(TVS_VERIFY_RESPONSE);
	m.role_count = TVS_ROLES_MAX;
	AUTO_DONE(bytes) most = message_bytes(&m);
	assert_true(trip(bytes_reader(&most), NULL));
	splice(&most, 17, 0, reader_of("\7", 1));
	set_u16(&most, 8, get_u16(&most, 8) + 1u);
	set_u16(&most, 15, TVS_ROLES_MAX + 1);
	refused_with(bytes_reader(&most), trip, FAULT_LIMIT, "roles");
}

static void issuer_and_serial_are_told_apart_by_content(void **state)
{
	(void)state;
	static const uint8_t pairs[][2] = { { 4, 5 }, { 4, 6 }, { 5, 6 }, { 5, 4 }, { 6, 4 },
		{ 6, 5 } };
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct tvs_message read;
		uint8_t elements[] = DEVICE SUBJECT "?\0\5CN=b\0?\0\2\1\2";
		size_t issuer = sizeof(DEVICE SUBJECT) - 1;
		elements[issuer] = pairs[i][0];
		elements[issuer + 8] = pairs[i][1];
		AUTO_DONE(bytes) file = raw(3, elements, sizeof(elements) - 1);
		assert_true(tvs_message_parse(bytes_reader(&file), &read, NULL));
		assert_true(reader_same(read.issuer, reader_of_text("CN=b")));
		assert_true(reader_same(read.serial, reader_of("\1\2", 2)));
		assert_true(trip(bytes_reader(&file), NULL));
	}
}

static void a_query_needs_one_issuer_and_one_serial(void **state)
{
	(void)state;
	refused(3, BYTES(DEVICE SUBJECT), "issuer or serial is missing");
	refused(3, BYTES(DEVICE SUBJECT ISSUER4), "issuer or serial is missing");
	refused(3, BYTES(DEVICE SUBJECT SERIAL5), "issuer or serial is missing");
	refused(3, BYTES(DEVICE SUBJECT ISSUER4 SERIAL5 "\6\0\1\1"), "three of the elements");
	refused(3, BYTES(DEVICE SUBJECT "\4\0\1\1" SERIAL5), "none of its elements is an issuer");
	refused(3, BYTES(DEVICE SUBJECT "\4\0\4CN=b" SERIAL5), "none of its elements is an issuer");
	refused(3, BYTES(DEVICE SUBJECT "\4\0\3CN\0" SERIAL5), "none of its elements is an issuer");
	refused(3, BYTES(DEVICE SUBJECT "\4\0\5C\0=b\0" SERIAL5), "none of its elements");
	refused(3, BYTES(DEVICE SUBJECT ISSUER4 "\5\0\2\0\1"), "serial number of 2 bytes");
	refused(3, BYTES(DEVICE SUBJECT ISSUER4 "\5\0\0"), "issuer or serial (tag 5)");
	uint8_t long_serial[100] = DEVICE SUBJECT ISSUER4 "\5\0\x20";
	size_t start = sizeof(DEVICE SUBJECT ISSUER4 "\5\0\x20") - 1;
	memset(long_serial + start, 'x', 33);
	accepted(3, long_serial, start + 32);
	long_serial[start - 1] = 33;
	refused(3, long_serial, start + 33, "serial number of 33 bytes");
}

/* Rare, but a random serial may read like a name: then the lower tag is the issuer. */
static void a_serial_that_looks_like_a_name(void **state)
{
	(void)state;
	struct tvs_message m = query_request();
	struct tvs_message read;
	m.serial = reader_of("a=b\0", 4);
	AUTO_DONE(bytes) file = message_bytes(&m);
	assert_true(tvs_message_parse(bytes_reader(&file), &read, NULL));
	assert_true(tvs_message_same(&m, &read));
}

static void sentences_name_the_command(void **state)
{
	(void)state;
	refused(1, BYTES(DEVICE), "tvs: verify request: ");
	refused(2, BYTES("\10\0\1\0"), "tvs: verify response: ");
	refused(3, BYTES(DEVICE), "tvs: query request: ");
	refused(4, BYTES(""), "tvs: query response: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(bytes_are_those_of_real_exchanges),
		cmocka_unit_test(reserved_byte_and_older_versions_are_ignored),
		cmocka_unit_test(headers_of_others_are_refused),
		cmocka_unit_test(a_header_is_ten_bytes),
		cmocka_unit_test(bodies_have_a_limit),
		cmocka_unit_test(each_command_has_its_elements),
		cmocka_unit_test(a_no_may_carry_anything_known),
		cmocka_unit_test(elements_are_strict),
		cmocka_unit_test(limits_hold_at_their_value_and_not_beyond),
		cmocka_unit_test(issuer_and_serial_are_told_apart_by_content),
		cmocka_unit_test(a_query_needs_one_issuer_and_one_serial),
		cmocka_unit_test(a_serial_that_looks_like_a_name),
		cmocka_unit_test(sentences_name_the_command),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
