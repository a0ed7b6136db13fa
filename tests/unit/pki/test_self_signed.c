#include "pki/self_signed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/writer.h"
#include "pki/cert.h"

enum { START = 1407022604, ALL_USAGES = 0x1F | 0x700 };

static struct key *rsa;

static struct certificate_profile plain(void)
{
	return (struct certificate_profile){
		.subject = { .common_name = "cucm-1051-a-pub",
			.unit = "TAC",
			.organization = "Cisco",
			.locality = "Krakow",
			.state = "Malopolska",
			.country = "PL" },
		.dns_name = "cucm-1051-a-pub.example",
		.usages = ALL_USAGES,
		.not_before = START,
		.days = 1825,
	};
}

static struct cert *made(const struct certificate_profile *profile)
{
	struct error err = { 0 };
	struct cert *c = certificate_self_sign(profile, rsa, &err);
	assert_non_null(c);
	return c;
}

static bool holds(const struct cert *c, const char *hex)
{
	struct reader der = cert_der(c);
	char *text = malloc(2 * der.left + 1);
	assert_non_null(text);
	const char *found = strstr(hex_write(der, text), hex);
	bool at_a_byte = found != NULL && (found - text) % 2 == 0;
	free(text);
	return at_a_byte;
}

/* The To-Be-Signed part: the first element inside, head included. */
static struct reader signed_part(const struct cert *c)
{
	struct reader r = cert_der(c);
	assert_int_equal(reader_u16(&r), 0x3082);
	(void)reader_u16(&r);
	struct reader head = r;
	assert_int_equal(reader_u16(&head), 0x3082);
	return reader_sub(&r, 4 + (size_t)reader_u16(&head));
}

static void the_profile_is_the_appliance_s(void **state)
{
	(void)state;
	struct certificate_profile profile = plain();
	AUTO(cert) c = made(&profile);
	assert_string_equal(cert_subject(c, NAME_BUILDER),
		"C=PL,O=Cisco,OU=TAC,CN=cucm-1051-a-pub,ST=Malopolska,L=Krakow");
	assert_string_equal(cert_issuer(c, NAME_BUILDER), cert_subject(c, NAME_BUILDER));
	assert_string_equal(cert_subject(c, NAME_APPLIANCE),
		"CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL");
	assert_int_equal(cert_not_before(c), START);
	assert_int_equal(cert_not_after(c), 1564702603); /* 2019-08-01 23:36:43 */
	assert_string_equal(cert_signature_algorithm(c), "sha256WithRSAEncryption");
	assert_string_equal(cert_key(c).name, "RSA-2048");
	uint8_t ids[2][DIGEST_SIZE];
	cert_key_id(c, ids[0]);
	key_id(rsa, ids[1]);
	assert_memory_equal(ids[0], ids[1], DIGEST_SIZE);
}

static void strings_have_the_appliance_s_types(void **state)
{
	(void)state;
	struct certificate_profile profile = plain();
	AUTO(cert) c = made(&profile);
	assert_true(holds(c, "06035504061302504c"));         /* C, PrintableString */
	assert_true(holds(c, "060355040a0c05436973636f"));   /* O, UTF8String */
	assert_true(holds(c, "060355040b0c03544143"));       /* OU */
	assert_true(holds(c, "06035504030c0f6375636d"));     /* CN */
	assert_true(holds(c, "06035504080c0a4d616c6f"));     /* ST */
	assert_true(holds(c, "06035504070c064b72616b6f77")); /* L */
}

static void extensions_are_as_asked(void **state)
{
	(void)state;
	struct certificate_profile profile = plain();
	AUTO(cert) c = made(&profile);
	/* None of the first three is critical: the value follows its name. */
	assert_true(holds(c, "0603551d0f0404030202bc"));
	assert_true(holds(c,
		"0603551d250420301e06082b0601050507030106082b06010505070302"
		"06082b06010505070305"));
	assert_true(holds(c, "0603551d0e04160414"));
	assert_true(holds(c, "0603551d11041b301982176375636d2d313035312d612d707562"));
	assert_false(holds(c, "0603551d13"));
	profile.dns_name[0] = '\0';
	profile.usages = USAGE_DIGITAL_SIGNATURE | USAGE_CERT_SIGN;
	profile.authority = true;
	AUTO(cert) issuer = made(&profile);
	assert_true(holds(issuer, "0603551d0f040403020284"));
	assert_true(holds(issuer, "0603551d130101ff040830060101ff020100"));
	assert_false(holds(issuer, "0603551d25"));
	assert_false(holds(issuer, "0603551d11"));
	profile.usages = 0;
	AUTO(cert) bare = made(&profile);
	assert_false(holds(bare, "0603551d0f"));
}

static void each_usage_is_one_bit(void **state)
{
	(void)state;
	static const struct usage_case {
		unsigned usage;
		const char *der;
	} cases[] = {
		{ USAGE_DIGITAL_SIGNATURE, "0603551d0f040403020780" },
		{ USAGE_KEY_ENCIPHERMENT, "0603551d0f040403020520" },
		{ USAGE_DATA_ENCIPHERMENT, "0603551d0f040403020410" },
		{ USAGE_KEY_AGREEMENT, "0603551d0f040403020308" },
		{ USAGE_CERT_SIGN, "0603551d0f040403020204" },
		{ PURPOSE_SERVER, "0603551d25040c300a06082b06010505070301" },
		{ PURPOSE_CLIENT, "0603551d25040c300a06082b06010505070302" },
		{ PURPOSE_IPSEC_END_SYSTEM, "0603551d25040c300a06082b06010505070305" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct certificate_profile profile = plain();
		profile.usages = cases[i].usage;
		AUTO(cert) c = made(&profile);
		assert_true(holds(c, cases[i].der));
	}
}

static void it_is_signed_by_itself(void **state)
{
	(void)state;
	static const struct strength {
		enum key_kind kind;
		unsigned hash_bits;
		enum digest_kind digest;
		const char *algorithm;
	} strengths[] = {
		{ KEY_RSA_1024, 0, DIGEST_SHA256, "sha256WithRSAEncryption" },
		{ KEY_RSA_3072, 0, DIGEST_SHA256, "sha256WithRSAEncryption" },
		{ KEY_RSA_2048, 512, DIGEST_SHA512, "sha512WithRSAEncryption" },
		{ KEY_EC_256, 0, DIGEST_SHA256, "ecdsa-with-SHA256" },
		{ KEY_EC_256, 384, DIGEST_SHA384, "ecdsa-with-SHA384" },
		{ KEY_EC_384, 0, DIGEST_SHA384, "ecdsa-with-SHA384" },
		{ KEY_EC_521, 512, DIGEST_SHA512, "ecdsa-with-SHA512" },
	};
	for (size_t i = 0; i < COUNT(strengths); i++) {
		struct error err = { 0 };
		struct certificate_profile profile = plain();
		profile.hash_bits = strengths[i].hash_bits;
		AUTO(key) k = key_generate(strengths[i].kind, &err);
		AUTO(cert) c = certificate_self_sign(&profile, k, &err);
		assert_non_null(c);
		assert_string_equal(cert_signature_algorithm(c), strengths[i].algorithm);
		struct reader part = signed_part(c);
		assert_true(cert_verify(c, strengths[i].digest, &part, 1, cert_signature(c), &err));
		part.left--;
		assert_false(
			cert_verify(c, strengths[i].digest, &part, 1, cert_signature(c), &err));
	}
}

static void a_hash_weaker_than_the_key_is_refused(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct certificate_profile profile = plain();
	AUTO(key) k = key_generate(KEY_EC_384, &err);
	profile.hash_bits = 256;
	assert_null(certificate_self_sign(&profile, k, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	assert_non_null(strstr(err.text, "SHA-256 is weaker than the key"));
	profile.hash_bits = 160;
	assert_null(certificate_self_sign(&profile, k, &err));
	assert_non_null(strstr(err.text, "a hash of 160 bits"));
}

static void serial_numbers_are_positive_and_full(void **state)
{
	(void)state;
	uint8_t last[16] = { 0 };
	AUTO(key) k = key_generate(KEY_EC_256, NULL);
	for (int i = 0; i < 600; i++) {
		struct certificate_profile profile = plain();
		AUTO(cert) c = certificate_self_sign(&profile, k, NULL);
		struct reader serial = cert_serial(c);
		assert_int_equal(serial.left, 16);
		assert_true(serial.at[0] >= 0x01 && serial.at[0] <= 0x7F);
		assert_memory_not_equal(last, serial.at, sizeof(last));
		reader_copy(&serial, last, sizeof(last));
	}
}

static void days_are_counted_less_one_second(void **state)
{
	(void)state;
	static const unsigned days[] = { 1, 365, 1825, 7300, 36525 };
	for (size_t i = 0; i < COUNT(days); i++) {
		struct certificate_profile profile = plain();
		profile.days = days[i];
		profile.not_before = 1531051519; /* 2018-07-08 12:05:19Z */
		AUTO(cert) c = made(&profile);
		assert_int_equal(cert_not_before(c), 1531051519);
		assert_int_equal(cert_not_after(c), 1531051519 + (int64_t)days[i] * 86400 - 1);
	}
}

static void the_calendar_ends(void **state)
{
	(void)state;
	struct certificate_profile profile = plain();
	profile.not_before = INT64_C(-631152000);
	AUTO(cert) first = made(&profile);
	assert_true(cert_not_before(first) == profile.not_before);
	profile.not_before = INT64_C(253402300799) - INT64_C(1825) * 86400;
	AUTO(cert) last = made(&profile);
	assert_true(cert_not_after(last) == INT64_C(253402300798));
}

static void empty_parts_are_left_out(void **state)
{
	(void)state;
	struct certificate_profile profile = { .subject.common_name = "pub",
		.subject.organization = "Lab",
		.not_before = START,
		.days = 1 };
	AUTO(cert) c = made(&profile);
	assert_string_equal(cert_subject(c, NAME_BUILDER), "O=Lab,CN=pub");
}

static void full_texts_fit(void **state)
{
	(void)state;
	struct certificate_profile profile = plain();
	memset(profile.subject.common_name, 'c', 64);
	memset(profile.subject.locality, 'l', 128);
	profile.subject.common_name[64] = '\0';
	profile.subject.locality[128] = '\0';
	memset(profile.dns_name, 'd', 255);
	profile.dns_name[255] = '\0';
	AUTO(cert) c = made(&profile);
	assert_int_equal(strlen(cert_common_name(c)), 64);
}

static void refused(const struct certificate_profile *profile, enum fault fault, const char *word)
{
	struct error err = { 0 };
	assert_null(certificate_self_sign(profile, rsa, &err));
	assert_int_equal(err.fault, fault);
	assert_non_null(strstr(err.text, word));
}

static void senseless_profiles_are_refused(void **state)
{
	(void)state;
	struct certificate_profile p = plain();
	p.subject.common_name[0] = '\0';
	refused(&p, FAULT_USAGE, "common name");
	p = plain();
	p.subject.country[1] = '\0';
	refused(&p, FAULT_USAGE, "country");
	p = plain();
	p.subject.country[0] = '1';
	refused(&p, FAULT_USAGE, "country");
	p = plain();
	p.subject.unit[0] = '\n';
	refused(&p, FAULT_MALFORMED, "organizational unit");
	p = plain();
	p.subject.state[0] = '\xff';
	refused(&p, FAULT_MALFORMED, "state");
	p = plain();
	memset(p.subject.organization, 'o', sizeof(p.subject.organization));
	refused(&p, FAULT_LIMIT, "organization");
	p = plain();
	memset(p.dns_name, 'd', sizeof(p.dns_name));
	refused(&p, FAULT_LIMIT, "DNS name");
	p = plain();
	p.dns_name[4] = '*';
	refused(&p, FAULT_USAGE, "DNS name");
	p = plain();
	p.days = 0;
	refused(&p, FAULT_USAGE, "0 days");
	p.days = 36526;
	refused(&p, FAULT_USAGE, "36526 days");
	p = plain();
	p.usages |= 1 << 5;
	refused(&p, FAULT_USAGE, "usage");
	p = plain();
	p.not_before = INT64_C(253402300799); /* the last second of the year 9999 */
	refused(&p, FAULT_USAGE, "years");
	p.not_before = INT64_MIN;
	refused(&p, FAULT_USAGE, "years");
	p.not_before = INT64_C(-631152001);
	refused(&p, FAULT_USAGE, "years");
}

static int make_key(void **state)
{
	(void)state;
	rsa = key_generate(KEY_RSA_2048, NULL);
	return rsa == NULL;
}

static int free_key(void **state)
{
	(void)state;
	key_free(rsa);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_profile_is_the_appliance_s),
		cmocka_unit_test(strings_have_the_appliance_s_types),
		cmocka_unit_test(extensions_are_as_asked),
		cmocka_unit_test(each_usage_is_one_bit),
		cmocka_unit_test(it_is_signed_by_itself),
		cmocka_unit_test(a_hash_weaker_than_the_key_is_refused),
		cmocka_unit_test(serial_numbers_are_positive_and_full),
		cmocka_unit_test(days_are_counted_less_one_second),
		cmocka_unit_test(the_calendar_ends),
		cmocka_unit_test(empty_parts_are_left_out),
		cmocka_unit_test(full_texts_fit),
		cmocka_unit_test(senseless_profiles_are_refused),
	};
	return cmocka_run_group_tests(tests, make_key, free_key);
}
