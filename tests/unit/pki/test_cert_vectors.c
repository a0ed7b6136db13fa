/* Certificates and lists that other software made: ../shared/data. The lists are walked here with
 * nothing but the TLV reader, so that this says what pki makes of them and nothing else. */
#include "pki/cert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/tlv.h"
#include "vector_file.h"

static struct cert *pem_cert(const char *name)
{
	AUTO_DONE(bytes) file = { 0 };
	struct error err = { 0 };
	if (!vector_read(name, &file))
		skip();
	struct cert *c = cert_parse_pem(bytes_reader(&file), &err);
	assert_non_null(c);
	return c;
}

static const struct manufacturing {
	const char *file;
	const char *common_name;
	const char *sha1; /* beginning of the fingerprint */
	const char *serial;
	const char *issuer; /* file whose key signed it; NULL: not here */
	enum digest_kind digest;
} manufacturing[] = {
	{ "crca2048", "Cisco Root CA 2048", "de990ced", "5ff87b282b54dc8d42a315b568c9adff",
		"crca2048", DIGEST_SHA1 },
	{ "crcam2", "Cisco Root CA M2", "933d633a", "01", "crcam2", DIGEST_SHA256 },
	{ "crca2099", "Cisco Root CA 2099", "ac1ede2e", "019a335878ce16c1c1", "crca2099",
		DIGEST_SHA256 },
	{ "cmca", "Cisco Manufacturing CA", "e3e783d3", "6a6967b3000000000003", "crca2048",
		DIGEST_SHA1 },
	{ "cmca2", "Cisco Manufacturing CA SHA2", "90b2e06b", "02", "crcam2", DIGEST_SHA256 },
	{ "ACT2SUDICA", "ACT2 SUDI CA", "f6969bbd", "61096e7d00000000000c", "crca2048",
		DIGEST_SHA1 },
	{ "hasudi", "High Assurance SUDI CA", "f81d5550", "0a6475524cd8617c62", "crca2099",
		DIGEST_SHA256 },
};

static struct cert *manufacturing_cert(const char *name)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "cisco-ca/%s.pem", name);
	return pem_cert(path);
}

static void manufacturing_certificates_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(manufacturing); i++) {
		uint8_t digest[DIGEST_MAX];
		char hex[2 * DIGEST_MAX + 1];
		AUTO(cert) c = manufacturing_cert(manufacturing[i].file);
		struct reader der = cert_der(c);
		assert_true(digest_of(DIGEST_SHA1, &der, 1, digest, NULL));
		(void)hex_write(reader_of(digest, 20), hex);
		assert_memory_equal(hex, manufacturing[i].sha1, 8);
		assert_string_equal(cert_common_name(c), manufacturing[i].common_name);
		assert_string_equal(hex_write(cert_serial(c), hex), manufacturing[i].serial);
		assert_string_equal(cert_key(c).name, "RSA-2048");
		assert_false(cert_key(c).weak);
	}
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

static void manufacturing_chains_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(manufacturing); i++) {
		struct error err = { 0 };
		AUTO(cert) c = manufacturing_cert(manufacturing[i].file);
		AUTO(cert) issuer = manufacturing_cert(manufacturing[i].issuer);
		AUTO(cert)
		other = manufacturing_cert(manufacturing[(i + 1) % COUNT(manufacturing)].file);
		struct reader part = signed_part(c);
		assert_true(cert_verify(
			issuer, manufacturing[i].digest, &part, 1, cert_signature(c), &err));
		assert_string_equal(
			cert_issuer(c, NAME_BUILDER), cert_subject(issuer, NAME_BUILDER));
		if (cert_same(other, issuer))
			continue;
		assert_false(cert_verify(
			other, manufacturing[i].digest, &part, 1, cert_signature(c), &err));
		assert_int_equal(err.fault, FAULT_UNTRUSTED);
	}
}

struct record {
	struct reader subject, issuer, serial, key, signature, certificate;
};

static struct reader without_nul(struct reader text)
{
	assert_true(text.left > 0 && text.at[text.left - 1] == '\0');
	return reader_of(text.at, text.left - 1);
}

static struct record next_record(struct reader *body)
{
	struct record record = { 0 };
	struct reader peek = *body;
	struct tlv tlv;
	assert_true(tlv_next(&peek, &tlv) && tlv.tag == 1);
	struct reader whole = reader_sub(body, reader_u16(&tlv.value));
	struct reader *const places[] = { [3] = &record.subject,
		[5] = &record.issuer,
		[6] = &record.serial,
		[7] = &record.key,
		[8] = &record.signature,
		[9] = &record.certificate };
	while (tlv_next(&whole, &tlv))
		if (tlv.tag < COUNT(places) && places[tlv.tag] != NULL)
			*places[tlv.tag] = tlv.value;
	assert_true(whole.ok);
	return record;
}

static struct reader body_of(const struct bytes *file)
{
	struct reader r = bytes_reader(file);
	struct reader start = reader_sub(&r, 10);
	struct reader length = reader_of(start.at + 8, 2);
	(void)reader_sub(&r, (size_t)reader_u16(&length) - 10);
	return r;
}

static const struct list_file {
	const char *name;
	size_t records;
	enum digest_kind digest;
} lists[] = {
	{ "itl/ITLFile-3411.tlv", 2, DIGEST_SHA1 },
	{ "vectors/ITLFile-v1.0-sha1.tlv", 6, DIGEST_SHA1 },
	{ "vectors/ITLFile-v1.1-sha512-ec.tlv", 5, DIGEST_SHA512 },
	{ "vectors/CTLSEP001122334455.tlv", 2, DIGEST_SHA1 },
};

static void read_list(const char *name, struct bytes *out)
{
	if (!vector_read(name, out))
		skip();
}

static void records_say_what_their_certificates_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		AUTO_DONE(bytes) file = { 0 };
		size_t records = 0;
		read_list(lists[i].name, &file);
		for (struct reader body = body_of(&file); body.left > 0; records++) {
			struct error err = { 0 };
			struct record record = next_record(&body);
			AUTO(cert) c = cert_parse(record.certificate, &err);
			assert_non_null(c);
			assert_true(reader_same(without_nul(record.subject),
				reader_of_text(cert_subject(c, NAME_BUILDER))));
			assert_true(reader_same(without_nul(record.issuer),
				reader_of_text(cert_issuer(c, NAME_BUILDER))));
			assert_true(reader_same(record.serial, cert_serial(c)));
			assert_true(reader_same(record.key, cert_public_key(c)));
			assert_true(reader_same(record.signature, cert_signature(c)));
		}
		assert_int_equal(records, lists[i].records);
	}
}

static void every_truncation_of_a_record_s_certificate_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		AUTO_DONE(bytes) file = { 0 };
		read_list(lists[i].name, &file);
		struct reader body = body_of(&file);
		struct reader der = next_record(&body).certificate;
		for (size_t size = 0; size < der.left; size++) {
			struct error err = { 0 };
			assert_null(cert_parse(reader_of(der.at, size), &err));
			assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
		}
	}
}

static void every_changed_byte_of_a_certificate_is_safe(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		AUTO_DONE(bytes) file = { 0 };
		read_list(lists[i].name, &file);
		struct reader body = body_of(&file);
		struct record record = { 0 };
		while (body.left > 0) /* the last one: EC where there is one */
			record = next_record(&body);
		AUTO_DONE(bytes) der = { 0 };
		assert_true(bytes_copy(&der, record.certificate, NULL));
		for (size_t at = 0; at < der.size; at++) {
			struct error err = { 0 };
			der.data[at] ^= 0x80;
			AUTO(cert) c = cert_parse(bytes_reader(&der), &err);
			if (c != NULL)
				assert_true(reader_same(cert_der(c), bytes_reader(&der)));
			else
				assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
			der.data[at] ^= 0x80;
		}
	}
}

/* The signature, and the two stretches that it covers: all but the tag that carries it. */
static struct reader split(struct reader file, struct reader parts[2])
{
	struct reader r = file;
	struct tlv tlv;
	while (tlv_next(&r, &tlv))
		if (tlv.tag == 12)
			break;
	assert_int_equal(tlv.tag, 12);
	size_t before = (size_t)(tlv.value.at - file.at) - 3;
	parts[0] = reader_of(file.at, before);
	parts[1] = r;
	return tlv.value;
}

static void lists_are_signed_by_their_first_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct error err = { 0 };
		struct reader parts[2];
		AUTO_DONE(bytes) file = { 0 };
		read_list(lists[i].name, &file);
		struct reader body = body_of(&file);
		AUTO(cert) signer = cert_parse(next_record(&body).certificate, &err);
		AUTO(cert) other = cert_parse(next_record(&body).certificate, &err);
		struct reader signature = split(bytes_reader(&file), parts);
		assert_true(cert_verify(signer, lists[i].digest, parts, 2, signature, &err));
		assert_false(cert_verify(other, lists[i].digest, parts, 2, signature, &err));
		assert_false(cert_verify(signer, lists[i].digest, parts, 1, signature, &err));
		assert_false(cert_verify(signer, DIGEST_SHA256, parts, 2, signature, &err));
		assert_int_equal(err.fault, FAULT_UNTRUSTED);
	}
}

static const char *const pem_files[] = { "sast", "ccm", "tftp", "capf", "tvs", "app", "httpsec" };

static bool list_holds(const struct bytes *file, const struct cert *c)
{
	for (struct reader body = body_of(file); body.left > 0;)
		if (reader_same(next_record(&body).certificate, cert_der(c)))
			return true;
	return false;
}

static void pem_files_stand_in_the_lists(void **state)
{
	(void)state;
	AUTO_DONE(bytes) rsa_list = { 0 };
	AUTO_DONE(bytes) ec_list = { 0 };
	read_list("vectors/ITLFile-v1.0-sha1.tlv", &rsa_list);
	read_list("vectors/ITLFile-v1.1-sha512-ec.tlv", &ec_list);
	for (size_t i = 0; i < COUNT(pem_files); i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "vectors/%s.pem", pem_files[i]);
		AUTO(cert) c = pem_cert(path);
		assert_true(list_holds(&rsa_list, c) || list_holds(&ec_list, c));
		assert_int_equal(cert_key(c).rsa, strcmp(pem_files[i], "httpsec") != 0);
	}
	AUTO(cert) device = pem_cert("vectors/device.pem");
	assert_false(list_holds(&rsa_list, device) || list_holds(&ec_list, device));
}

static void the_ec_record_carries_a_point(void **state)
{
	(void)state;
	AUTO(cert) c = pem_cert("vectors/httpsec.pem");
	assert_string_equal(cert_key(c).name, "EC-P384");
	assert_int_equal(cert_public_key(c).left, 97);
	assert_int_equal(cert_public_key(c).at[0], 4);
	struct error err = { 0 };
	struct reader part = signed_part(c);
	assert_true(cert_verify(c, DIGEST_SHA256, &part, 1, cert_signature(c), &err));
	part.left--;
	assert_false(cert_verify(c, DIGEST_SHA256, &part, 1, cert_signature(c), &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manufacturing_certificates_are_read),
		cmocka_unit_test(manufacturing_chains_verify),
		cmocka_unit_test(records_say_what_their_certificates_say),
		cmocka_unit_test(every_truncation_of_a_record_s_certificate_is_refused),
		cmocka_unit_test(every_changed_byte_of_a_certificate_is_safe),
		cmocka_unit_test(lists_are_signed_by_their_first_record),
		cmocka_unit_test(pem_files_stand_in_the_lists),
		cmocka_unit_test(the_ec_record_carries_a_point),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
