#include "wire/capf_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/mutation.h"

static const uint8_t blob[LIMIT_MESSAGE] = { 0x30, 0x82, 1, 0x22, 5, 6, 7 };

#define BYTES(text) (text), sizeof(text) - 1

static struct bytes message_bytes(const struct capf_message *m)
{
	AUTO_DONE(writer) w = writer_new(70000);
	struct bytes out = { 0 };
	capf_message_write(&w, m);
	assert_true(writer_take(&w, &out, NULL));
	return out;
}

static bool trip(struct reader bytes, struct error *err)
{
	struct capf_message once, twice;
	size_t body;
	if (!capf_message_parse(bytes, &once, err))
		return false;
	assert_true(capf_message_body_size(reader_of(bytes.at, CAPF_HEADER_SIZE), &body, NULL));
	assert_int_equal(body, bytes.left - CAPF_HEADER_SIZE);
	AUTO_DONE(bytes) written = message_bytes(&once);
	assert_true(capf_message_parse(bytes_reader(&written), &twice, err));
	assert_true(capf_message_same(&once, &twice));
	AUTO_DONE(bytes) again = message_bytes(&twice);
	assert_true(reader_same(bytes_reader(&written), bytes_reader(&again)));
	return true;
}

static struct reader one(const char *byte)
{
	return reader_of(byte, 1);
}

/* A value fit for each element; 4, 16 and 20 have members of their own. */
static void put_all(struct capf_message *m, unsigned tags)
{
	for (size_t tag = 1; tag < CAPF_ELEMENTS; tag++)
		if ((tags & 1u << tag) != 0)
			m->values[tag] = one("\1");
	if ((tags & 1u << CAPF_KEY_SIZE) != 0)
		m->values[CAPF_KEY_SIZE] = reader_of("\10\0", 2);
	if ((tags & 1u << CAPF_DEVICE_NAME) != 0)
		m->values[CAPF_DEVICE_NAME] = reader_of_text("SEP001122334455");
	if ((tags & 1u << CAPF_PASSWORD) != 0)
		m->values[CAPF_PASSWORD] = reader_of_text("123456");
}

static void put_certificates(struct capf_message *m)
{
	m->certificate_kind = CAPF_MIC;
	m->certificate = reader_of(blob, 20);
	m->sha2_signature = reader_of(blob, 9);
	m->sudi = (struct capf_sudi){ reader_of(blob, 8), reader_of(blob, 7), reader_of(blob, 6) };
}

enum { SAMPLES = 10 };

static void samples(struct capf_message out[static SAMPLES])
{
	static const struct {
		enum capf_command command;
		unsigned tags;
	} plain[SAMPLES - 1] = {
		{ CAPF_AUTH_REQUEST, 1u << CAPF_VERSION | 1u << CAPF_AUTH_TYPE },
		{ CAPF_KEYGEN_REQUEST, 1u << CAPF_KEY_SIZE | 1u << CAPF_KEY_TYPE },
		{ CAPF_KEYGEN_REQUEST, 1u << CAPF_KEY_TYPE | 1u << CAPF_CURVE },
		{ CAPF_KEYGEN_RESPONSE, 1u << CAPF_PUBLIC_KEY },
		{ CAPF_IN_PROGRESS, 0 },
		{ CAPF_STORE_RESPONSE, 1u << CAPF_REASON | 1u << CAPF_REASON_INFO },
		{ CAPF_DELETE_REQUEST, 0 },
		{ CAPF_END_SESSION, 1u << CAPF_REASON },
		{ CAPF_SIGN_REQUEST,
			(1u << CAPF_ELEMENTS) - 2 - (1u << CAPF_CERTIFICATE) - (1u << CAPF_SUDI) -
				(1u << CAPF_SHA2_SIGNED_DATA) },
	};
	for (size_t i = 0; i < COUNT(plain); i++) {
		out[i] = (struct capf_message){ .command = plain[i].command, .session = 42 };
		put_all(&out[i], plain[i].tags);
	}
	out[SAMPLES - 1] = (struct capf_message){ .command = CAPF_AUTH_RESPONSE, .session = 42 };
	put_all(&out[SAMPLES - 1],
		1u << CAPF_REASON | 1u << CAPF_SIGNED_DATA | 1u << CAPF_VERSION |
			1u << CAPF_PASSWORD | 1u << CAPF_DEVICE_NAME);
	put_certificates(&out[SAMPLES - 1]);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	struct capf_message all[SAMPLES];
	samples(all);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct capf_message read;
		struct error err = { 0 };
		AUTO_DONE(bytes) file = message_bytes(&all[i]);
		if (!capf_message_parse(bytes_reader(&file), &read, &err))
			fail_msg("%s", err.text);
		for (size_t n = 0; n < SAMPLES; n++)
			assert_int_equal(capf_message_same(&all[n], &read), i == n);
	}
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	struct capf_message all[SAMPLES];
	samples(all);
	for (size_t i = 0; i < SAMPLES; i++) {
		AUTO_DONE(bytes) file = message_bytes(&all[i]);
		assert_int_equal(every_truncation(bytes_reader(&file), trip), 0);
	}
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	struct capf_message all[SAMPLES];
	samples(all);
	for (size_t i = 0; i < SAMPLES; i++) {
		AUTO_DONE(bytes) file = message_bytes(&all[i]);
		assert_true(every_changed_byte(bytes_reader(&file), trip, true) > 0);
	}
}

static void is_written_as(const struct capf_message *m, const void *bytes, size_t size)
{
	struct capf_message read;
	AUTO_DONE(bytes) file = message_bytes(m);
	assert_int_equal(file.size, size);
	assert_memory_equal(file.data, bytes, size);
	assert_true(capf_message_parse(bytes_reader(&file), &read, NULL));
	assert_true(capf_message_same(m, &read));
}

/* An install of RSA 2048, byte for byte: docs/formats/capf.md#seen */
static void a_whole_session_has_the_known_bytes(void **state)
{
	(void)state;
	struct capf_message m = { .command = CAPF_AUTH_REQUEST, .session = 0x2a };
	m.values[CAPF_VERSION] = one("\3");
	is_written_as(&m, BYTES("\x55\1\0\0\0\x2a\0\4\7\0\1\3"));
	m.command = CAPF_AUTH_RESPONSE;
	m.values[CAPF_REASON] = one("\1");
	m.values[CAPF_DEVICE_NAME] = reader_of_text("SEP001122334455");
	is_written_as(&m, BYTES("\x55\2\0\0\0\x2a\0\x1b\1\0\1\1\7\0\1\3\15\0\20SEP001122334455\0"));
	m = (struct capf_message){ .command = CAPF_KEYGEN_REQUEST, .session = 0x2a };
	m.values[CAPF_KEY_SIZE] = reader_of("\10\0", 2);
	is_written_as(&m, BYTES("\x55\3\0\0\0\x2a\0\5\12\0\2\10\0"));
	assert_int_equal(capf_number(&m, CAPF_KEY_SIZE), 2048);
	m = (struct capf_message){ .command = CAPF_IN_PROGRESS, .session = 0x2a };
	is_written_as(&m, BYTES("\x55\21\0\0\0\x2a\0\0"));
	m = (struct capf_message){ .command = CAPF_STORE_RESPONSE, .session = 0x2a };
	m.values[CAPF_REASON] = one("\1");
	is_written_as(&m, BYTES("\x55\12\0\0\0\x2a\0\4\1\0\1\1"));
	m.command = CAPF_END_SESSION;
	is_written_as(&m, BYTES("\x55\17\0\0\0\x2a\0\4\1\0\1\1"));
	assert_int_equal(capf_number(&m, CAPF_REASON), CAPF_DONE);
	assert_int_equal(capf_number(&m, CAPF_VERSION), 0);
}

static void keys_and_certificates_have_the_known_lengths(void **state)
{
	(void)state;
	struct capf_message m = { .command = CAPF_KEYGEN_RESPONSE, .session = 0x2a };
	m.values[CAPF_PUBLIC_KEY] = reader_of(blob, 294);
	AUTO_DONE(bytes) key = message_bytes(&m);
	assert_int_equal(key.size, 8 + 0x129);
	assert_memory_equal(key.data, "\x55\4\0\0\0\x2a\1\x29\11\1\x26", 11);
	m = (struct capf_message){ .command = CAPF_STORE_REQUEST,
		.session = 0x2a,
		.certificate_kind = CAPF_LSC,
		.certificate = reader_of(blob, 979) };
	m.values[CAPF_CERTIFICATE_TYPE] = one("\1");
	AUTO_DONE(bytes) store = message_bytes(&m);
	assert_memory_equal(store.data + 8, "\3\0\1\1\4\3\xd8\1\3\xd5\0\1\x30", 13);
	assert_true(trip(bytes_reader(&store), NULL));
}

static void headers_of_others_are_refused(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte <= 255; byte++) {
		uint8_t header[CAPF_HEADER_SIZE] = { (uint8_t)byte, 13 };
		struct error err = { 0 };
		size_t body = 77;
		bool fine = capf_message_body_size(reader_of(header, sizeof(header)), &body, &err);
		assert_int_equal(fine, byte == 0x55);
		assert_int_equal(body, fine ? 0 : 77);
		header[0] = 0x55;
		header[1] = (uint8_t)byte;
		fine = capf_message_body_size(reader_of(header, sizeof(header)), &body, &err);
		assert_int_equal(fine, byte >= 1 && byte <= 23);
		assert_int_equal(fine, capf_command_name(byte) != NULL);
	}
	for (size_t size = 0; size < CAPF_HEADER_SIZE; size++)
		assert_false(
			capf_message_body_size(reader_of("\x55\15\0\0\0\0\0", size), NULL, NULL));
}

static void bodies_have_a_limit(void **state)
{
	(void)state;
	uint8_t header[CAPF_HEADER_SIZE] = { 0x55, 9, 0, 0, 0, 0, 0x20, 0 };
	struct error err = { 0 };
	size_t body = 0;
	assert_true(capf_message_body_size(reader_of(header, sizeof(header)), &body, &err));
	assert_int_equal(body, LIMIT_MESSAGE);
	header[7] = 1;
	assert_false(capf_message_body_size(reader_of(header, sizeof(header)), &body, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	struct capf_message m = { .command = CAPF_STORE_REQUEST,
		.certificate_kind = CAPF_LSC,
		.certificate = reader_of(blob, LIMIT_MESSAGE - 4 - 8) };
	m.values[CAPF_CERTIFICATE_TYPE] = one("\1");
	AUTO_DONE(bytes) largest = message_bytes(&m);
	assert_int_equal(largest.size, CAPF_HEADER_SIZE + LIMIT_MESSAGE);
	assert_true(trip(bytes_reader(&largest), &err));
	m.certificate.left++;
	AUTO_DONE(writer) w = writer_new(70000);
	capf_message_write(&w, &m);
	assert_false(w.ok);
}

static struct bytes raw(uint8_t command, const void *elements, size_t size)
{
	AUTO_DONE(writer) w = writer_new(70000);
	struct bytes out = { 0 };
	writer_u8(&w, 0x55);
	writer_u8(&w, command);
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
		fail_msg("refused: %s", err.text);
}

#define VERSION "\7\0\1\3"
#define DEVICE "\15\0\2a\0"
#define REASON "\1\0\1\1"

static void each_command_has_its_elements(void **state)
{
	(void)state;
	refused(1, BYTES(""), "version is missing");
	refused(1, BYTES(VERSION DEVICE), "device name does not belong there");
	accepted(1, BYTES(VERSION "\10\0\1\0"));
	refused(2, BYTES(VERSION), "device name is missing");
	refused(2, BYTES(DEVICE), "version is missing");
	accepted(2, BYTES(VERSION DEVICE REASON));
	refused(3, BYTES(""), "what it is about is missing");
	refused(3, BYTES("\21\0\1\1"), "what it is about is missing");
	accepted(3, BYTES("\21\0\1\1\22\0\1\2"));
	refused(4, BYTES(""), "what it is about is missing");
	accepted(4, BYTES(REASON));
	refused(9, BYTES("\3\0\1\1"), "certificate is missing");
	refused(10, BYTES(""), "reason is missing");
	refused(11, BYTES(REASON), "reason does not belong there");
	accepted(11, BYTES(""));
	accepted(12, BYTES("\1\0\1\7"));
	refused(13, BYTES(VERSION), "version does not belong there");
	refused(14, BYTES(""), "reason is missing");
	refused(15, BYTES(""), "reason is missing");
	refused(17, BYTES(REASON), "reason does not belong there");
	for (uint8_t command = 18; command <= 23; command++)
		accepted(command, BYTES(REASON VERSION DEVICE));
}

static void elements_are_strict(void **state)
{
	(void)state;
	refused(16, BYTES(REASON REASON), "comes a second time");
	refused(16, BYTES("\25\0\1\1"), "tag 21 at byte 8 is unknown");
	refused(16, BYTES("\0\0\1\1"), "tag 0 at byte 8 is unknown");
	refused(16, BYTES("\1\0\2\1"), "runs past the end");
	refused(16, BYTES("\1\0\0"), "reason");
	refused(16, BYTES("\1\0\2\1\1"), "must be 1");
	refused(16, BYTES("\12\0\1\1"), "must be 2");
	refused(16, BYTES("\7\0\1\0"), "version 0");
	refused(16, BYTES("\7\0\1\4"), "version 4");
	refused(16, BYTES("\3\0\1\0"), "certificate type 0");
	refused(16, BYTES("\3\0\1\3"), "certificate type 3");
	refused(16, BYTES("\10\0\1\5"), "authentication type 5");
	refused(16, BYTES("\21\0\1\2"), "key type 2");
	refused(16, BYTES("\22\0\1\3"), "curve 3");
	refused(16, BYTES("\23\0\1\0"), "digest type 0");
	refused(16, BYTES("\23\0\1\4"), "digest type 4");
}

static void device_names_are_safe(void **state)
{
	(void)state;
	refused(16, BYTES("\15\0\1\0"), "device name");
	refused(16, BYTES("\15\0\2ab"), "does not end with a zero byte");
	refused(16, BYTES("\15\0\4a\0b\0"), "device name");
	refused(16, BYTES("\15\0\5../x\0"), "holds byte 2f");
	refused(16, BYTES("\15\0\4a b\0"), "holds byte 20");
	refused(16, BYTES("\15\0\4a\nb\0"), "device name");
	refused(16, BYTES("\15\0\3\xc3\xa9\0"), "holds byte c3");
	accepted(16, BYTES("\15\0\11aZ09_.-x\0"));
	char name[3 + LIMIT_DEVICE_NAME + 1] = { 13, 0, LIMIT_DEVICE_NAME };
	memset(name + 3, 'a', LIMIT_DEVICE_NAME - 1);
	accepted(16, name, 3 + LIMIT_DEVICE_NAME);
	name[2]++;
	name[2 + LIMIT_DEVICE_NAME] = 'a';
	AUTO_DONE(bytes) file = raw(16, name, 3 + LIMIT_DEVICE_NAME + 1);
	refused_with(bytes_reader(&file), trip, FAULT_LIMIT, "device name");
}

/* Peers skip five bytes of element 4 unseen, and look into neither 16 nor 20. */
static void passwords_have_a_limit(void **state)
{
	(void)state;
	char password[3 + LIMIT_DEVICE_NAME + 1] = { 11, 0, LIMIT_DEVICE_NAME };
	memset(password + 3, '7', LIMIT_DEVICE_NAME - 1);
	accepted(16, password, 3 + LIMIT_DEVICE_NAME);
	password[2]++;
	password[2 + LIMIT_DEVICE_NAME] = '7';
	AUTO_DONE(bytes) file = raw(16, password, 3 + LIMIT_DEVICE_NAME + 1);
	refused_with(bytes_reader(&file), trip, FAULT_LIMIT, "password");
	accepted(16, BYTES("\13\0\1\0"));
	refused(16, BYTES("\13\0\0"), "password");
	refused(16, BYTES("\13\0\3123"), "password");
	refused(16, BYTES("\13\0\0041\0002\0"), "password");
	refused(16, BYTES("\13\0\0031\n\0"), "password");
}

static void inner_elements_are_strict(void **state)
{
	(void)state;
	accepted(16, BYTES("\4\0\6\1\0\3\0\1x"));
	refused(16, BYTES("\4\0\5\1\0\2\0\1"), "certificate");
	refused(16, BYTES("\4\0\6\2\0\3\0\1x"), "one sub-element");
	refused(16, BYTES("\4\0\6\1\0\4\0\1x"), "one sub-element");
	refused(16, BYTES("\4\0\7\1\0\3\0\1xy"), "one sub-element");
	refused(16, BYTES("\4\0\6\1\0\3\1\1x"), "neither LSC nor MIC");
	refused(16, BYTES("\4\0\6\1\0\3\0\3x"), "neither LSC nor MIC");
	refused(16, BYTES("\4\0\6\1\0\3\0\0x"), "neither LSC nor MIC");
	accepted(16, BYTES("\24\0\4\3\0\1x"));
	refused(16, BYTES("\24\0\4\1\0\1x"), "hash 3");
	refused(16, BYTES("\24\0\5\3\0\1xy"), "hash 3");
	refused(16, BYTES("\24\0\4\3\0\2x"), "hash 3");
	accepted(16, BYTES("\20\0\14\0\0\1a\1\0\1b\3\0\1c"));
	refused(16, BYTES("\20\0\14\1\0\1a\0\0\1b\3\0\1c"), "sub-element 0");
	refused(16, BYTES("\20\0\14\0\0\1a\3\0\1b\1\0\1c"), "sub-element 1");
	refused(16, BYTES("\20\0\14\0\0\1a\1\0\1b\2\0\1c"), "sub-element 3");
	refused(16, BYTES("\20\0\15\0\0\1a\1\0\1b\3\0\1cd"), "1 bytes too many");
	refused(16, BYTES("\20\0\14\0\0\1a\1\0\2bc\3\0\0"), "SUDI");
}

static void every_command_has_a_name_and_a_side(void **state)
{
	(void)state;
	static const uint8_t server[] = { 1, 3, 6, 7, 9, 11, 13, 15, 16, 18, 20, 22 };
	for (unsigned command = 1; command <= 23; command++) {
		bool wanted = memchr(server, (int)command, sizeof(server)) != NULL;
		assert_non_null(capf_command_name(command));
		assert_int_equal(capf_from_server((enum capf_command)command), wanted);
	}
	assert_null(capf_command_name(0));
	assert_null(capf_command_name(24));
	assert_string_equal(capf_command_name(5), "ENCRYPT_RES");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(a_whole_session_has_the_known_bytes),
		cmocka_unit_test(keys_and_certificates_have_the_known_lengths),
		cmocka_unit_test(headers_of_others_are_refused),
		cmocka_unit_test(bodies_have_a_limit),
		cmocka_unit_test(each_command_has_its_elements),
		cmocka_unit_test(elements_are_strict),
		cmocka_unit_test(device_names_are_safe),
		cmocka_unit_test(passwords_have_a_limit),
		cmocka_unit_test(inner_elements_are_strict),
		cmocka_unit_test(every_command_has_a_name_and_a_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
