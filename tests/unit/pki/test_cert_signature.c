#include "pki/cert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "certificate_parts.h"
#include "pki/key.h"
#include "pki/self_signed.h"

/* Worked out with whole-number arithmetic alone, no cryptographic library: an RSA key of 1024 bits
 * (e = 65537) whose private half was thrown away, and what it made of one message. */
static const char message[] = "dialtrust verifies";
static const char modulus_1024[] =
	"c6425c1400456a91743202f176e2a07efc3627593244086ae012ecc185400ae275a53cde"
	"a5a2f2673c3b34f1a5635cb5b22c8f85b6fc2285638932587e79e27a41b26d0514f1c5fb"
	"48109294684d8ba5d4945bb672b05fc443c3f08a2b177a6f92e69c02e92204f945bb26c6"
	"1f0393ce0adbaa2f22c1bf1bce594b985cf4f781";

/* clang-format off */
static const struct good {
	enum digest_kind kind;
	const char *signature;
} good[] = {
	{ DIGEST_SHA1,
		"b43c37a1341d0ac4db6f462b3e4c5ba9a91dfb54136a66081e88f495c065361a4710ecf8"
		"8ed99b41fd7381dd46db19fcfaf5ddb21f6623a2b20269e76e055bae86e2b3225f4cba66"
		"9e12f2efcb371071a62a0243584d3b4e5caa629cdf066a0a15611579f08228a775731353"
		"8040d0f86140cfebe2136a103f29eedb9b304635" },
	{ DIGEST_SHA256,
		"6c0d9845e25114088c0ab038b297d505de40328c25111fc1646cbec8cb8b91ed48851742"
		"84533371b5660e78d97b8bfbc2500e2146841bdcfda14dfb2dbd1ccd056e72834af874d8"
		"fee9829dca5f28480ceb93d17282cbef10a543a9f388e599beb03a8129bafefa02acbb78"
		"4d56bf6acd2dee14bebef380bb32b5fe9ef25d28" },
	{ DIGEST_SHA384,
		"362706f3346734290cd3d256f5eeab4a30968e16dffea2e0b16631ac7cf796a7980f8e9b"
		"e1fd12a2a4e22c06e6d14a70528649ef66b5730d602feea3b977583347be72699c2ba640"
		"6cccefb0933a11d5be23e549d052a0839bb39079cbde3ed8161f9bbe36c6d52bed5f69d4"
		"152f74e7e832e6654539a2444d6942cc541a7fb5" },
	{ DIGEST_SHA512,
		"5d685e9221eec89d7e5ac07052009d5cb5f095c45a8d13ad943892608571355c2a85f71c"
		"861934f6821ee13145855c9588a816e7afc6dd2726e8085faa1725590c451b1be18b0c55"
		"228b6fbe378b48eeaa898b3c38e10ff2ce7b931cd582ccde36825f40b28f0ee192b6fb9b"
		"4ab81d5da457ac2c2e32aab8c743c4da2315bf77" },
};

/* All made with the right key over the right SHA-1, and none of them PKCS#1 v1.5. */
static const struct bad {
	const char *what;
	const char *signature;
} bad[] = {
	{ "no null",
		"85655e057bc7f37b697f607d940ac4a8f6fb25ee472ec38674bfd04a19153fadaa6a175f"
		"ccfe8f4689cdc76fb50bfeab8d468f593c1068660cd84d77eb0e2c6f8df7b65218d243ce"
		"917aaaa840f647f0e1f29efcc4f844a11ce3f05565ded0957d354aac8e15b9c773221211"
		"ae620f19e73eef4565eba9d68fe23117e88d2cc1" },
	{ "no digest info",
		"718a106f04ea6758f156fd611250a73e8c18ea9bbe93c0455b2230ced97a7a68793fdd9d"
		"3044a0fcc2a886b4c61041eda63af23c50c9ff1189fe9b26fccc610ccbcaa1ad340b50cf"
		"17415395dbd40c0e95eacffb93767b566233cd52fd59397eff5a5d8824d63c3de960fb45"
		"614ba58e57fd2683c299e6abbe1ccd9666956144" },
	{ "trailing bytes",
		"af572a2a97b831f92808058a962e83e5314af2daf4561720ef4d0946b26a209ecf870894"
		"0bb7b96e2ac80bb1a2c9f6c35867485051930f29e658258e3e8837e00a33fd0bec25fc92"
		"516d6be40227bf820980711db6d78bb88f375c8e842dddd62e5980d704e26a1cf0085c15"
		"863474637dd9eb01c23ad428cfa163c3998b68fd" },
	{ "block type 2",
		"b75d978d060d6a60992a13e35034acfce1ed89c1022c0136a8fb7da2e2a9dec61fc78200"
		"2dec7ba5da79cccd5df540f1df55f37e661fc4c449040c6daee8561aa7e1a2abc9250923"
		"f117a6c98ffd40328583fc6490bfc2e00bcbca0a2d01fe735838f2b5151810110ee8ecab"
		"21d0dfed42fddd00147d6a14176ad675bc1754ce" },
	{ "block type 0",
		"4e31367eb6c79cd3144e4ff8e056261d65331967cd7803ccadafda54f38e65948210978f"
		"49b5232695aa053ce27df884430db352cd586146c34ed7c05b4bac4a370022507d917570"
		"5d602bf6acbe7c58dde1535b474aa180fd692956c5e62a88b5d2f4d28f1056099e02604e"
		"ef6cff80b1b3f3a49edb3b9ef98b54a1a74715de" },
	{ "hole in padding",
		"0cdb0a89b7641bb8b789eea1d76dfeef24e3da6acf8b52dd4db71a01561af0b55825c813"
		"01f42776f1fca55629c9ab159c41db2c3e6af53b719317b071628c0a95a2c19b7fa75342"
		"966b9b51019e9afba4be4f372f23069ec116b077a58991aa2f39b1e66b72cc73b3fe4a35"
		"1d0e629807bf54c12ef349fe69cca50a093283f5" },
	{ "no separator",
		"22513db39465ceaab2bff93facfeceb8ecef8e1d04015de66e22c2c23cf9047e67d83c3c"
		"61d3a6db44637a9fb4dc4af64e2faf44ba6fb1b72300bc3c79d073b01c797deded2b8641"
		"a1066f1aa68a9b588575941a4e2fdd53ed4af7a96627777f9a4cbd195ec7dfb7044d1f3e"
		"8e2ff5301553fccbbc07ea03b4520a47b4a244a5" },
	{ "other algorithm",
		"a20e2a370ea7481b8b54038a7f3b8795107c80815a6117b676997c93d6e85ea794744b4c"
		"fd16b10de2816d1ccb54e128f8af57da2f5024e692be9233105a04643006c43cbd5588b0"
		"b00fcc618278816b33b2eeb8be4aae28c1fcadcf797f2248964b321b3c429cecbedcc66d"
		"e6a5f1085dd3a91245e2c3cf2fb5d88bb6d48be4" },
	{ "long length",
		"528300d038419fb5d63eadb857ed530945ea87f4df3333ae5adb93f019f8a524199d09c0"
		"55404339f054f72183b3898ba6f778e051fae660b2e727e099eb831205e4f4b6084c12fe"
		"f40905fbe89c3d24fc6262b6bc188f6c414eaec98fcdeb55f94f96e251958d467f6bd7c7"
		"9c391adb982f5adba3aac8f12f88bd3b083adc93" },
};
/* clang-format on */

/* A cube: for any key with e = 3 it opens to a sound beginning, the digest, and free bytes behind
 * it. 2048 bits once zeros are put in front. */
static const char forged_cube[] =
	"32cbfd4a7adc7905583d75edab851cd700a52e579c736881994a259bd9b454cc49c81320"
	"42ac5062d785f650e5a5326cccba04d2cd0bdbefb1d8fdf25fc9441f2acbf5217f31b12e"
	"cb0a943d1c8babf7cf1be769a1";

static uint8_t memory[1 << 16];

static struct cert *with_key(struct reader key, struct error *err)
{
	struct writer store = writer_on(memory, sizeof(memory));
	struct certificate_parts parts = certificate_parts(&store);
	parts.key = key;
	return certificate_made(&parts, err);
}

static struct cert *with_rsa(struct reader modulus, const char *exponent_hex)
{
	AUTO_DONE(writer) exponent = writer_new(64);
	AUTO_DONE(writer) key = writer_new(8192);
	hex_bytes(&exponent, exponent_hex);
	rsa_key_write(&key, modulus, writer_written(&exponent));
	struct cert *c = with_key(writer_written(&key), NULL);
	assert_non_null(c);
	return c;
}

static struct cert *known_cert(void)
{
	AUTO_DONE(writer) modulus = writer_new(256);
	hex_bytes(&modulus, modulus_1024);
	return with_rsa(writer_written(&modulus), "010001");
}

static bool verify_text(const struct cert *c, enum digest_kind kind, const char *text,
	struct reader signature, struct error *err)
{
	struct reader part = reader_of_text(text);
	*err = (struct error){ 0 };
	return cert_verify(c, kind, &part, 1, signature, err);
}

static bool verify_hex(
	const struct cert *c, enum digest_kind kind, const char *signature, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(1024);
	hex_bytes(&w, signature);
	return verify_text(c, kind, message, writer_written(&w), err);
}

static void known_signatures_fit(void **state)
{
	(void)state;
	struct error err;
	AUTO(cert) c = known_cert();
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(verify_hex(c, good[i].kind, good[i].signature, &err));
}

static void a_signature_belongs_to_its_digest(void **state)
{
	(void)state;
	struct error err;
	AUTO(cert) c = known_cert();
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t other = 0; other < COUNT(good); other++)
			assert_true(verify_hex(c, good[other].kind, good[i].signature, &err) ==
				(i == other));
}

static void padding_is_compared_whole(void **state)
{
	(void)state;
	AUTO(cert) c = known_cert();
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error err;
		if (verify_hex(c, DIGEST_SHA1, bad[i].signature, &err))
			fail_msg("accepted: %s", bad[i].what);
		assert_int_equal(err.fault, FAULT_UNTRUSTED);
		assert_non_null(strstr(err.text, "pub.example"));
	}
}

static void a_cube_is_no_signature(void **state)
{
	(void)state;
	struct error err;
	uint8_t modulus[256];
	uint8_t signature[256] = { 0 };
	memset(modulus, 0xF5, sizeof(modulus));
	AUTO(cert) c = with_rsa(reader_of(modulus, sizeof(modulus)), "03");
	AUTO_DONE(writer) cube = writer_new(256);
	hex_bytes(&cube, forged_cube);
	struct reader from = writer_written(&cube);
	reader_copy(&from, signature + sizeof(signature) - cube.used, cube.used);
	assert_false(verify_text(c, DIGEST_SHA1, message, reader_of(signature, 256), &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
}

static void every_changed_bit_is_untrusted(void **state)
{
	(void)state;
	struct error err;
	AUTO(cert) c = known_cert();
	AUTO_DONE(writer) w = writer_new(256);
	hex_bytes(&w, good[0].signature);
	for (size_t bit = 0; bit < 8 * w.used; bit++) {
		w.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(verify_text(c, DIGEST_SHA1, message, writer_written(&w), &err));
		assert_int_equal(err.fault, FAULT_UNTRUSTED);
		w.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_true(verify_text(c, DIGEST_SHA1, message, writer_written(&w), &err));
}

static void every_changed_byte_of_the_message_is_untrusted(void **state)
{
	(void)state;
	struct error err;
	AUTO(cert) c = known_cert();
	AUTO_DONE(writer) w = writer_new(256);
	hex_bytes(&w, good[0].signature);
	char changed[sizeof(message)];
	for (size_t at = 0; at + 1 < sizeof(message); at++) {
		memcpy(changed, message, sizeof(message));
		changed[at] ^= 0x20;
		assert_false(verify_text(c, DIGEST_SHA1, changed, writer_written(&w), &err));
		assert_int_equal(err.fault, FAULT_UNTRUSTED);
	}
	assert_false(verify_text(c, DIGEST_SHA1, "", writer_written(&w), &err));
}

static void the_length_must_be_the_modulus_s(void **state)
{
	(void)state;
	struct error err;
	uint8_t bytes[8192 / 8 + 1] = { 0 };
	AUTO(cert) c = known_cert();
	AUTO_DONE(writer) w = writer_new(256);
	hex_bytes(&w, good[0].signature);
	struct reader whole = writer_written(&w);
	for (size_t size = 0; size < whole.left; size++) {
		struct reader cut = reader_of(whole.at, size);
		assert_false(verify_text(c, DIGEST_SHA1, message, cut, &err));
		assert_int_equal(err.fault, FAULT_UNTRUSTED);
		assert_non_null(strstr(err.text, "does not fit its key of 128 bytes"));
	}
	reader_copy(&whole, bytes + 1, w.used); /* a zero in front is another length */
	assert_false(verify_text(c, DIGEST_SHA1, message, reader_of(bytes, w.used + 1), &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
	assert_false(verify_text(c, DIGEST_SHA1, message, reader_of(bytes, sizeof(bytes)), &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
}

static void numbers_not_below_the_modulus_are_untrusted(void **state)
{
	(void)state;
	struct error err;
	AUTO(cert) c = known_cert();
	assert_false(verify_hex(c, DIGEST_SHA1, modulus_1024, &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
	uint8_t ones[128];
	memset(ones, 0xFF, sizeof(ones));
	assert_false(verify_text(c, DIGEST_SHA1, message, reader_of(ones, sizeof(ones)), &err));
	memset(ones, 0, sizeof(ones));
	assert_false(verify_text(c, DIGEST_SHA1, message, reader_of(ones, sizeof(ones)), &err));
	ones[127] = 1;
	assert_false(verify_text(c, DIGEST_SHA1, message, reader_of(ones, sizeof(ones)), &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
}

static void keys_out_of_bounds_cost_nothing(void **state)
{
	(void)state;
	static const struct bound {
		uint8_t byte; /* the modulus consists of it */
		size_t size;
		const char *exponent;
		enum fault fault; /* FAULT_UNTRUSTED: the key was tried */
	} bounds[] = {
		{ 0xC5, 128, "010001", FAULT_UNTRUSTED },
		{ 0x65, 128, "010001", FAULT_REFUSED }, /* 1023 bits */
		{ 0xC5, 64, "010001", FAULT_REFUSED }, { 0xC5, 1024, "010001", FAULT_UNTRUSTED },
		{ 0x01, 1025, "010001", FAULT_REFUSED }, /* 8193 bits */
		{ 0xC5, 1900, "010001", FAULT_REFUSED },
		{ 0xC4, 256, "010001", FAULT_REFUSED }, /* even */
		{ 0xC5, 256, "03", FAULT_UNTRUSTED }, { 0xC5, 256, "00", FAULT_REFUSED },
		{ 0xC5, 256, "01", FAULT_REFUSED }, { 0xC5, 256, "02", FAULT_REFUSED },
		{ 0xC5, 256, "04", FAULT_REFUSED }, { 0xC5, 256, "01ffffffff", FAULT_UNTRUSTED },
		{ 0xC5, 256, "0200000001", FAULT_REFUSED }, /* 2^33 + 1 */
	};
	for (size_t i = 0; i < COUNT(bounds); i++) {
		struct error err;
		uint8_t modulus[2048];
		uint8_t signature[2048] = { 0 };
		memset(modulus, bounds[i].byte, sizeof(modulus));
		struct reader number = reader_of(modulus, bounds[i].size);
		AUTO(cert) c = with_rsa(number, bounds[i].exponent);
		number.at = signature;
		signature[bounds[i].size - 1] = 2;
		assert_false(verify_text(c, DIGEST_SHA256, message, number, &err));
		assert_int_equal(err.fault, bounds[i].fault);
	}
}

static void md5_proves_nothing(void **state)
{
	(void)state;
	struct error err;
	AUTO(cert) c = known_cert();
	assert_false(verify_hex(c, DIGEST_MD5, good[0].signature, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
}

static void keys_of_no_use_are_refused(void **state)
{
	(void)state;
	struct error err;
	AUTO_DONE(writer) unknown = writer_new(64);
	hex_bytes(&unknown, "300e300706052a030405060303000a0b");
	AUTO(cert) c = with_key(writer_written(&unknown), NULL);
	assert_false(verify_hex(c, DIGEST_SHA1, good[0].signature, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	AUTO_DONE(writer) point = writer_new(64);
	AUTO_DONE(writer) other = writer_new(256);
	hex_bytes(&point, "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
	ec_key_write(&other, OID_SECP256K1, writer_written(&point));
	AUTO(cert) k1 = with_key(writer_written(&other), NULL);
	assert_false(verify_hex(k1, DIGEST_SHA1, "3006020101020101", &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
}

/* RFC 6979 appendix A.2.5. */
#define RFC6979_X "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
#define RFC6979_Y "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define SHA1_R "61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32"
#define SHA1_S "6d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb"
#define SHA256_R "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
#define SHA256_S "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"

static void ecdsa_is_known_too(void **state)
{
	(void)state;
	static const struct ec_case {
		enum digest_kind kind;
		const char *signature;
		bool fits;
	} cases[] = {
		{ DIGEST_SHA256, "3046022100" SHA256_R "022100" SHA256_S, true },
		{ DIGEST_SHA1, "30440220" SHA1_R "0220" SHA1_S, true },
		{ DIGEST_SHA1, "3046022100" SHA256_R "022100" SHA256_S, false },
		{ DIGEST_SHA256, "30440220" SHA1_R "0220" SHA1_S, false },
		{ DIGEST_SHA1, "30440220" SHA1_S "0220" SHA1_R, false },
		{ DIGEST_SHA1, "3046022100" SHA1_R "022100" SHA1_S, false }, /* not DER */
		{ DIGEST_SHA1, "3081440220" SHA1_R "0220" SHA1_S, false },
		{ DIGEST_SHA1, "30440220" SHA1_R "0220" SHA1_S "00", false },
		{ DIGEST_SHA1, "3006020100020100", false },
		{ DIGEST_SHA1, "3006020101020101", false },
		{ DIGEST_SHA1, SHA1_R SHA1_S, false },
		{ DIGEST_SHA1, "", false },
	};
	AUTO_DONE(writer) point = writer_new(128);
	AUTO_DONE(writer) key = writer_new(256);
	hex_bytes(&point, "04" RFC6979_X RFC6979_Y);
	ec_key_write(&key, OID_P256, writer_written(&point));
	AUTO(cert) c = with_key(writer_written(&key), NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err;
		AUTO_DONE(writer) w = writer_new(256);
		hex_bytes(&w, cases[i].signature);
		assert_true(verify_text(c, cases[i].kind, "sample", writer_written(&w), &err) ==
			cases[i].fits);
		assert_int_equal(err.fault, cases[i].fits ? FAULT_NONE : FAULT_UNTRUSTED);
	}
}

static void our_own_signatures_fit_only_their_key(void **state)
{
	(void)state;
	static const enum key_kind kinds[] = { KEY_RSA_1024, KEY_RSA_1024, KEY_EC_256, KEY_EC_384,
		KEY_EC_521 };
	struct certificate_profile profile = { .subject.common_name = "pub", .days = 1 };
	struct key *keys[COUNT(kinds)];
	struct cert *certs[COUNT(kinds)];
	struct error err = { 0 };
	struct reader parts[] = { reader_of_text("before"), reader_of_text("behind") };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		keys[i] = key_generate(kinds[i], &err);
		certs[i] = certificate_self_sign(&profile, keys[i], &err);
		assert_non_null(certs[i]);
	}
	for (size_t i = 0; i < COUNT(kinds); i++) {
		AUTO_DONE(bytes) signature = { 0 };
		assert_true(key_sign(keys[i], DIGEST_SHA512, parts, 2, &signature, &err));
		for (size_t other = 0; other < COUNT(kinds); other++)
			assert_true(cert_verify(certs[other], DIGEST_SHA512, parts, 2,
					    bytes_reader(&signature), &err) == (i == other));
		assert_false(cert_verify(
			certs[i], DIGEST_SHA512, parts, 1, bytes_reader(&signature), &err));
	}
	for (size_t i = 0; i < COUNT(kinds); i++) {
		key_free(keys[i]);
		cert_free(certs[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_signatures_fit),
		cmocka_unit_test(a_signature_belongs_to_its_digest),
		cmocka_unit_test(padding_is_compared_whole),
		cmocka_unit_test(a_cube_is_no_signature),
		cmocka_unit_test(every_changed_bit_is_untrusted),
		cmocka_unit_test(every_changed_byte_of_the_message_is_untrusted),
		cmocka_unit_test(the_length_must_be_the_modulus_s),
		cmocka_unit_test(numbers_not_below_the_modulus_are_untrusted),
		cmocka_unit_test(keys_out_of_bounds_cost_nothing),
		cmocka_unit_test(md5_proves_nothing),
		cmocka_unit_test(keys_of_no_use_are_refused),
		cmocka_unit_test(ecdsa_is_known_too),
		cmocka_unit_test(our_own_signatures_fit_only_their_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
