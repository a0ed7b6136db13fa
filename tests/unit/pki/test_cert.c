#include "pki/cert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/limits.h"
#include "certificate_parts.h"

static uint8_t memory[1 << 16];

static struct writer fresh(void)
{
	return writer_on(memory, sizeof(memory));
}

static void assert_hex(struct reader bytes, const char *hex)
{
	char text[512];
	assert_true(bytes.left * 2 < sizeof(text));
	assert_string_equal(hex_write(bytes, text), hex);
}

static void read_all_getters(const struct cert *c)
{
	uint8_t id[DIGEST_SIZE];
	cert_key_id(c, id);
	assert_non_null(cert_subject(c, NAME_APPLIANCE));
	assert_non_null(cert_subject(c, NAME_BUILDER));
	assert_non_null(cert_issuer(c, NAME_APPLIANCE));
	assert_non_null(cert_issuer(c, NAME_BUILDER));
	assert_non_null(cert_common_name(c));
	assert_non_null(cert_signature_algorithm(c));
	assert_true(cert_key(c).name[0] != '\0');
	assert_true(cert_serial(c).left >= 1 && cert_serial(c).left <= LIMIT_SERIAL);
	assert_true(cert_signature(c).left < cert_der(c).left);
	assert_true(cert_public_key(c).left < cert_der(c).left + 128);
	assert_true(cert_not_before(c) != 1 || cert_not_after(c) != 1);
}

static void a_plain_certificate_is_read(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	AUTO(cert) c = certificate_made(&parts, &err);
	assert_non_null(c);
	read_all_getters(c);
	assert_hex(cert_serial(c), "0123456789abcdef0123456789abcdef");
	assert_string_equal(cert_subject(c, NAME_APPLIANCE), "CN=pub.example;O=Example;C=PL");
	assert_string_equal(cert_issuer(c, NAME_BUILDER), "C=PL,O=Example,CN=pub.example");
	assert_string_equal(cert_common_name(c), "pub.example");
	assert_int_equal(cert_not_before(c), 1407022604);
	assert_int_equal(cert_not_after(c), 1407022604 + 1825 * 86400 - 1);
	assert_true(cert_key(c).rsa);
	assert_int_equal(cert_key(c).bits, 2048);
	assert_false(cert_key(c).weak);
	assert_string_equal(cert_key(c).name, "RSA-2048");
	assert_int_equal(cert_public_key(c).left, 270);
	assert_true(reader_same(cert_signature(c), parts.signature));
	assert_string_equal(cert_signature_algorithm(c), "sha256WithRSAEncryption");
	uint8_t digest[DIGEST_SIZE];
	assert_true(digest_sha256(cert_der(c), digest, NULL));
	assert_memory_equal(digest, cert_digest(c), DIGEST_SIZE);
	assert_true(digest_sha256(parts.key, digest, NULL));
	uint8_t id[DIGEST_SIZE];
	cert_key_id(c, id);
	assert_memory_equal(digest, id, DIGEST_SIZE);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	AUTO_DONE(writer) w = writer_new(LIMIT_CERTIFICATE);
	certificate_write(&w, &parts);
	for (size_t size = 0; size < w.used; size++) {
		struct error err = { 0 };
		assert_null(cert_parse(reader_of(w.data, size), &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_true(err.text[0] != '\0');
	}
}

static void every_changed_byte_is_refused_or_read_safely(void **state)
{
	(void)state;
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	AUTO_DONE(writer) w = writer_new(LIMIT_CERTIFICATE);
	certificate_write(&w, &parts);
	size_t refused = 0;
	for (size_t at = 0; at < w.used; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct error err = { 0 };
			w.data[at] ^= (uint8_t)(1U << bit);
			AUTO(cert) c = cert_parse(writer_written(&w), &err);
			if (c != NULL) {
				read_all_getters(c);
				assert_true(reader_same(cert_der(c), writer_written(&w)));
			} else {
				refused++;
				assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
			}
			w.data[at] ^= (uint8_t)(1U << bit);
		}
	assert_true(refused > 500);
}

static void bytes_behind_are_refused(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	AUTO_DONE(writer) w = writer_new(LIMIT_CERTIFICATE);
	certificate_write(&w, &parts);
	writer_u8(&w, 0);
	assert_null(cert_parse(writer_written(&w), &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_non_null(strstr(err.text, "1 bytes behind"));
}

static void another_spelling_is_refused(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	AUTO_DONE(writer) der = writer_new(LIMIT_CERTIFICATE);
	AUTO_DONE(writer) ber = writer_new(LIMIT_CERTIFICATE);
	certificate_write(&der, &parts);
	writer_u8(&ber, 0x30);
	writer_u8(&ber, 0x83); /* the same length in one byte more */
	writer_u8(&ber, 0);
	writer_bytes(&ber, reader_of(der.data + 2, der.used - 2));
	assert_null(cert_parse(writer_written(&ber), &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	writer_done(&ber);
	ber = writer_new(LIMIT_CERTIFICATE);
	writer_u8(&ber, 0x30);
	writer_u8(&ber, 0x80); /* indefinite */
	writer_bytes(&ber, reader_of(der.data + 4, der.used - 4));
	writer_u16(&ber, 0);
	assert_null(cert_parse(writer_written(&ber), &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
}

static void size_is_limited(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct error err = { 0 };
		struct writer store = fresh();
		struct certificate_parts parts = certificate_parts(&store);
		size_t need = LIMIT_CERTIFICATE + over;
		AUTO_DONE(writer) w = writer_new(1 << 16);
		certificate_write(&w, &parts);
		uint8_t signature[LIMIT_CERTIFICATE] = { 0 };
		parts.signature = reader_of(signature, need - (w.used - parts.signature.left));
		writer_done(&w);
		w = writer_new(1 << 16);
		certificate_write(&w, &parts);
		assert_int_equal(w.used, need);
		AUTO(cert) c = cert_parse(writer_written(&w), &err);
		assert_true((c != NULL) == (over == 0));
		assert_int_equal(err.fault, over == 0 ? FAULT_NONE : FAULT_LIMIT);
	}
}

/* What old certificates carry; docs/formats/certificate.md#reading */
static void odd_serial_numbers_are_read(void **state)
{
	(void)state;
	static const struct serial_case {
		const char *content; /* of the INTEGER */
		const char *serial;
	} cases[] = {
		{ "00", "00" },
		{ "01", "01" },
		{ "7f", "7f" },
		{ "0080", "80" },
		{ "00d550ec0b2eb980e3386420423b037532", "d550ec0b2eb980e3386420423b037532" },
		{ "80", "80" }, /* -128 */
		{ "ff", "ff" }, /* -1 */
		{ "d550ec0b2eb980e3386420423b037532", "d550ec0b2eb980e3386420423b037532" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		struct writer store = fresh();
		struct certificate_parts parts = certificate_parts(&store);
		AUTO_DONE(writer) content = writer_new(64);
		hex_bytes(&content, cases[i].content);
		parts.serial = writer_written(&content);
		AUTO(cert) c = certificate_made(&parts, &err);
		assert_non_null(c);
		assert_hex(cert_serial(c), cases[i].serial);
	}
}

static void serial_numbers_are_limited(void **state)
{
	(void)state;
	uint8_t number[LIMIT_SERIAL + 2];
	memset(number, 0x55, sizeof(number));
	struct error err = { 0 };
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	parts.serial = reader_of(number, LIMIT_SERIAL);
	AUTO(cert) most = certificate_made(&parts, &err);
	assert_non_null(most);
	assert_int_equal(cert_serial(most).left, LIMIT_SERIAL);
	parts.serial = reader_of(number, LIMIT_SERIAL + 1);
	assert_null(certificate_made(&parts, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	parts.serial = reader_of(number, 0);
	assert_null(certificate_made(&parts, &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
}

static void version_1_is_read(void **state)
{
	(void)state;
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	parts.version_1 = true;
	AUTO(cert) c = certificate_made(&parts, NULL);
	assert_non_null(c);
	read_all_getters(c);
}

static void times_of_both_kinds_are_read(void **state)
{
	(void)state;
	static const struct time_case {
		uint8_t tag;
		const char *text;
		bool good;
		int64_t seconds;
	} cases[] = {
		{ 0x17, "700101000000Z", true, 0 },
		{ 0x17, "491231235959Z", true, 2524607999 },
		{ 0x17, "500101000000Z", true, -631152000 },
		{ 0x18, "20991231235959Z", true, 4102444799 },
		{ 0x18, "99991231235959Z", true, 253402300799 },
		{ 0x17, "141302233644Z", false, 0 },
		{ 0x17, "140230233644Z", false, 0 },
		{ 0x17, "yesterday", false, 0 },
		{ 0x17, "", false, 0 },
		{ 0x18, "2099", false, 0 },
		{ 0x0C, "140802233644Z", false, 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		struct writer store = fresh();
		struct certificate_parts parts = certificate_parts(&store);
		AUTO_DONE(writer) when = writer_new(64);
		der_write_text(&when, cases[i].tag, cases[i].text);
		parts.not_after = writer_written(&when);
		AUTO(cert) c = certificate_made(&parts, &err);
		assert_true((c != NULL) == cases[i].good);
		if (c != NULL)
			assert_true(cert_not_after(c) == cases[i].seconds);
		else
			assert_int_equal(err.fault, FAULT_MALFORMED);
	}
}

static struct cert *with_rsa(
	const char *modulus_byte, size_t size, const char *exponent, struct error *err)
{
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	AUTO_DONE(writer) modulus = writer_new(4096);
	AUTO_DONE(writer) number = writer_new(64);
	AUTO_DONE(writer) key = writer_new(8192);
	for (size_t i = 0; i < size; i++)
		hex_bytes(&modulus, modulus_byte);
	hex_bytes(&number, exponent);
	rsa_key_write(&key, writer_written(&modulus), writer_written(&number));
	parts.key = writer_written(&key);
	return certificate_made(&parts, err);
}

static void weak_keys_are_told(void **state)
{
	(void)state;
	static const struct key_case {
		const char *modulus_byte;
		size_t size;
		const char *exponent;
		const char *name;
		bool weak;
	} cases[] = {
		{ "c5", 128, "010001", "RSA-1024", false },
		{ "c5", 256, "03", "RSA-2048", false },
		{ "c5", 512, "010001", "RSA-4096", false },
		{ "65", 128, "010001", "RSA-1023", true },
		{ "c5", 64, "010001", "RSA-512", true },
		{ "c5", 256, "01", "RSA-2048", true },
		{ "c5", 256, "02", "RSA-2048", true },
		{ "c5", 256, "010000", "RSA-2048", true },
		{ "c4", 256, "010001", "RSA-2048", true },
		{ "c5", 256, "00", "RSA-2048", true },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		const struct key_case *row = &cases[i];
		AUTO(cert) c = with_rsa(row->modulus_byte, row->size, row->exponent, &err);
		assert_non_null(c);
		assert_string_equal(cert_key(c).name, cases[i].name);
		assert_true(cert_key(c).weak == cases[i].weak);
		assert_true(cert_key(c).rsa);
	}
}

#define P256_X "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
#define P256_Y "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"

static struct cert *with_ec(const char *curve, const char *point, struct error *err)
{
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	AUTO_DONE(writer) bits = writer_new(256);
	AUTO_DONE(writer) key = writer_new(512);
	hex_bytes(&bits, point);
	ec_key_write(&key, curve, writer_written(&bits));
	parts.key = writer_written(&key);
	return certificate_made(&parts, err);
}

static void ec_points_come_out_uncompressed(void **state)
{
	(void)state;
	static const char *const spellings[] = { "04" P256_X P256_Y, "03" P256_X,
		"07" P256_X P256_Y };
	for (size_t i = 0; i < COUNT(spellings); i++) {
		AUTO(cert) c = with_ec(OID_P256, spellings[i], NULL);
		assert_non_null(c);
		assert_hex(cert_public_key(c), "04" P256_X P256_Y);
		assert_string_equal(cert_key(c).name, "EC-P256");
		assert_int_equal(cert_key(c).bits, 256);
		assert_false(cert_key(c).rsa || cert_key(c).weak);
	}
}

static void bad_points_are_refused(void **state)
{
	(void)state;
	/* clang-format off */
	static const char *const points[] = {
		"",
		"00", /* infinity */
		"04" P256_X P256_X, /* beside the curve */
		"04" P256_X,
		"04" P256_X P256_Y "00",
		"05" P256_X P256_Y,
		"06" P256_X P256_Y, /* hybrid with the wrong sign */
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(points); i++) {
		struct error err = { 0 };
		assert_null(with_ec(OID_P256, points[i], &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
	}
}

static void other_curves_are_weak(void **state)
{
	(void)state;
	/* The generator of secp256k1, SEC 2 section 2.4.1. */
	static const char generator[] =
		"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
	AUTO(cert) c = with_ec(OID_SECP256K1, generator, NULL);
	assert_non_null(c);
	assert_true(cert_key(c).weak);
	assert_string_equal(cert_key(c).name, "EC-256");
	assert_int_equal(cert_public_key(c).left, 33);
}

static void unknown_kinds_of_key_are_weak(void **state)
{
	(void)state;
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	AUTO_DONE(writer) key = writer_new(64);
	hex_bytes(&key, "300e300706052a030405060303000a0b"); /* OID 1.2.3.4.5.6 */
	parts.key = writer_written(&key);
	AUTO(cert) c = certificate_made(&parts, NULL);
	assert_non_null(c);
	assert_true(cert_key(c).weak);
	assert_string_equal(cert_key(c).name, "unknown");
	read_all_getters(c);
}

static void broken_rsa_keys_are_refused(void **state)
{
	(void)state;
	static const char *const broken[] = {
		"",                     /* nothing */
		"3000",                 /* no numbers */
		"3003020105",           /* one */
		"300702020005020103",   /* not minimal */
		"3007020200c5020103ff", /* bytes behind */
		"3006020185020103",     /* negative */
		"04020500",             /* another type */
	};
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct error err = { 0 };
		struct writer store = fresh();
		struct certificate_parts parts = certificate_parts(&store);
		AUTO_DONE(writer) content = writer_new(64);
		AUTO_DONE(writer) both = writer_new(128);
		AUTO_DONE(writer) key = writer_new(128);
		writer_u8(&content, 0);
		hex_bytes(&content, broken[i]);
		hex_bytes(&both, "300d06092a864886f70d0101010500");
		der_write(&both, 0x03, writer_written(&content));
		der_write(&key, 0x30, writer_written(&both));
		parts.key = writer_written(&key);
		assert_null(certificate_made(&parts, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_non_null(strstr(err.text, "RSA public key"));
	}
}

static void pem_goes_both_ways(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	AUTO(cert) c = certificate_made(&parts, &err);
	char *pem = NULL;
	assert_true(cert_pem(c, &pem, &err));
	assert_memory_equal(pem, "-----BEGIN CERTIFICATE-----\n", 28);
	AUTO_DONE(writer) w = writer_new(1 << 16);
	writer_text(&w, "subject: somebody\n\n");
	writer_text(&w, "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n");
	writer_text(&w, pem);
	writer_text(&w, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
	AUTO(cert) again = cert_parse_pem(writer_written(&w), &err);
	free(pem);
	assert_non_null(again);
	assert_true(cert_same(c, again));
}

static void what_is_no_pem_certificate_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"no PEM at all",
		"-----BEGIN CERTIFICATE-----\nMAA=\n",
		"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
		"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n",
		"-----BEGIN CERTIFICATE-----\nMAA=\n-----END PUBLIC KEY-----\n",
	};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct error err = { 0 };
		assert_null(cert_parse_pem(reader_of_text(wrong[i]), &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_true(err.text[0] != '\0');
	}
}

static void pem_size_is_limited(void **state)
{
	(void)state;
	size_t most = 1 << 20;
	char *text = malloc(most + 1);
	assert_non_null(text);
	memset(text, '\n', most + 1);
	struct error err = { 0 };
	assert_null(cert_parse_pem(reader_of(text, most), &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_null(cert_parse_pem(reader_of(text, most + 1), &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	free(text);
}

static void owners_are_counted(void **state)
{
	(void)state;
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	struct cert *c = certificate_made(&parts, NULL);
	struct cert *other = cert_keep(c);
	assert_ptr_equal(c, other);
	cert_free(c);
	read_all_getters(other);
	cert_free(other);
	cert_free(NULL);
	assert_null(cert_keep(NULL));
}

static void the_same_is_the_same_bytes(void **state)
{
	(void)state;
	struct writer store = fresh();
	struct certificate_parts parts = certificate_parts(&store);
	AUTO(cert) a = certificate_made(&parts, NULL);
	AUTO(cert) b = certificate_made(&parts, NULL);
	parts.serial = reader_of_text("\x01");
	AUTO(cert) other = certificate_made(&parts, NULL);
	assert_true(cert_same(a, a) && cert_same(a, b));
	assert_false(cert_same(a, other));
	assert_memory_not_equal(cert_digest(a), cert_digest(other), DIGEST_SIZE);
	uint8_t ids[2][DIGEST_SIZE];
	cert_key_id(a, ids[0]);
	cert_key_id(other, ids[1]);
	assert_memory_equal(ids[0], ids[1], DIGEST_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_certificate_is_read),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_or_read_safely),
		cmocka_unit_test(bytes_behind_are_refused),
		cmocka_unit_test(another_spelling_is_refused),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(odd_serial_numbers_are_read),
		cmocka_unit_test(serial_numbers_are_limited),
		cmocka_unit_test(version_1_is_read),
		cmocka_unit_test(times_of_both_kinds_are_read),
		cmocka_unit_test(weak_keys_are_told),
		cmocka_unit_test(ec_points_come_out_uncompressed),
		cmocka_unit_test(bad_points_are_refused),
		cmocka_unit_test(other_curves_are_weak),
		cmocka_unit_test(unknown_kinds_of_key_are_weak),
		cmocka_unit_test(broken_rsa_keys_are_refused),
		cmocka_unit_test(pem_goes_both_ways),
		cmocka_unit_test(what_is_no_pem_certificate_is_refused),
		cmocka_unit_test(pem_size_is_limited),
		cmocka_unit_test(owners_are_counted),
		cmocka_unit_test(the_same_is_the_same_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
