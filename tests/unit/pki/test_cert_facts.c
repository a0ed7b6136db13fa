/* What certificates say of themselves: version, names, extensions, odd ones too. */
#include "pki/cert_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "certificate_parts.h"
#include "issued.h"
#include "pki/authority.h"
#include "pki/chain.h"
#include "vector_file.h"

static struct key *key;

static int key_made(void **state)
{
	(void)state;
	key = key_generate(KEY_EC_256, NULL);
	return key == NULL;
}

static int key_freed(void **state)
{
	(void)state;
	key_free(key);
	return 0;
}

static void facts_of(const struct issue *what, struct cert_facts *out)
{
	struct error err = { 0 };
	AUTO(cert) c = issued(what);
	if (!cert_facts_read(c, out, &err))
		fail_msg("%s", err.text);
}

static void every_extension_is_read(void **state)
{
	(void)state;
	AUTO_DONE(cert_facts) f = { 0 };
	facts_of(&(struct issue){ ISSUED("a", "b", key, key),
			 .extensions = { { "basicConstraints", "critical,CA:TRUE,pathlen:3" },
				 { "keyUsage", "digitalSignature,keyCertSign" },
				 { "extendedKeyUsage", "serverAuth,1.2.3.4" },
				 { "subjectAltName",
					 "DNS:x.example,IP:192.0.2.1,IP:2001:db8::1,URI:SEP0011,"
					 "email:a@b,RID:1.2.3" },
				 { "subjectKeyIdentifier", "hash" } } },
		&f);
	assert_int_equal(f.version, 3);
	assert_string_equal(f.subject, "CN=a");
	assert_string_equal(f.issuer, "CN=b");
	assert_string_equal(f.serial_decimal, "7");
	assert_int_equal(f.extension_count, 5);
	assert_true(f.has_constraints && f.authority && f.has_path_length && f.path_length == 3);
	assert_true(f.has_usage);
	assert_int_equal(f.usage, 1 << 0 | 1 << CERT_USAGE_CERT_SIGN);
	assert_string_equal(cert_usage_name(CERT_USAGE_CERT_SIGN), "keyCertSign");
	assert_int_equal(f.purpose_count, 2);
	assert_string_equal(f.purposes[0].name, "serverAuth");
	assert_null(f.purposes[1].name);
	assert_string_equal(f.purposes[1].oid, "1.2.3.4");
	static const char *const names[][2] = { { "dns", "x.example" }, { "ip", "192.0.2.1" },
		{ "ip", "2001:db8:0:0:0:0:0:1" }, { "uri", "SEP0011" }, { "email", "a@b" },
		{ "id", "1.2.3" } };
	assert_int_equal(f.alternative_count, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_string_equal(f.alternatives[i].kind, names[i][0]);
		assert_string_equal(f.alternatives[i].text, names[i][1]);
	}
	assert_int_equal(f.key_id.size, 20);
	assert_int_equal(f.authority_key_id.size, 0);
	assert_string_equal(f.extensions[0].name, "basicConstraints");
	assert_true(f.extensions[0].critical && !f.extensions[1].critical);
	assert_string_equal(f.extensions[0].text, "CA:TRUE, pathlen:3");
}

static void nothing_said_is_nothing(void **state)
{
	(void)state;
	AUTO_DONE(cert_facts) f = { 0 };
	facts_of(&(struct issue){ ISSUED("a", "a", key, key), .version_1 = true }, &f);
	assert_int_equal(f.version, 1);
	assert_int_equal(f.extension_count, 0);
	assert_false(f.has_usage || f.has_constraints || f.authority);
	assert_null(f.purposes);
	assert_int_equal(f.alternative_count, 0);
	cert_facts_done(&f);
	cert_facts_done(&f);
}

static void what_cannot_be_read_is_told(void **state)
{
	(void)state;
	AUTO_DONE(cert_facts) f = { 0 };
	facts_of(&(struct issue){ ISSUED("a", "b", key, key),
			 .extensions = { { "2.5.29.19", "DER:30030101" },
				 { "2.5.29.15", "DER:0500" }, { "2.5.29.17", "DER:30028205" },
				 { "1.2.3.4", "DER:FFFF" }, { "2.5.29.14", "DER:0401AA" },
				 { "2.5.29.14", "DER:0401BB" } } },
		&f);
	assert_int_equal(f.extension_count, 6);
	for (size_t i = 0; i < 3; i++) {
		assert_false(f.extensions[i].readable);
		assert_null(f.extensions[i].text);
		assert_true(f.extensions[i].value.size > 0);
	}
	assert_true(f.extensions[3].readable);
	assert_null(f.extensions[3].name);
	assert_false(f.has_constraints || f.authority || f.has_usage);
	assert_false(f.extensions[4].again);
	assert_true(f.extensions[5].again);
	assert_int_equal(f.key_id.size, 1);
	assert_int_equal(f.key_id.data[0], 0xAA); /* the first counts */
}

static void odd_values_are_safe(void **state)
{
	(void)state;
	static const char *const lengths[] = { "DER:30060101FF0201FF", /* pathlen -1 */
		"DER:300E0101FF020900FFFFFFFFFFFFFFFF", "DER:300F0101FF020A00FFFFFFFFFFFFFFFFFF" };
	static const uint64_t read[] = { 0, UINT64_MAX, 0 };
	for (size_t i = 0; i < COUNT(lengths); i++) {
		AUTO_DONE(cert_facts) f = { 0 };
		facts_of(&(struct issue){ ISSUED("a", "b", key, key),
				 .extensions = { { "2.5.29.19", lengths[i] } } },
			&f);
		if (!f.extensions[0].readable)
			continue;
		assert_true(f.has_path_length);
		assert_true(f.path_length == read[i]);
	}
	AUTO_DONE(cert_facts) f = { 0 };
	facts_of(&(struct issue){ ISSUED("a", "b", key, key),
			 .extensions = { { "2.5.29.17", "DER:30078705AABBCCDDEE" } } },
		&f);
	assert_string_equal(f.alternatives[0].kind, "ip");
	assert_string_equal(f.alternatives[0].text, "aabbccddee");
}

static void a_negative_serial_is_told(void **state)
{
	(void)state;
	uint8_t memory[4096];
	struct writer store = writer_on(memory, sizeof(memory));
	AUTO_DONE(cert_facts) f = { 0 };
	struct error err = { 0 };
	struct certificate_parts parts = certificate_parts(&store);
	parts.serial = reader_of("\xFF\x01", 2);
	AUTO(cert) c = certificate_made(&parts, &err);
	if (c == NULL || !cert_facts_read(c, &f, &err))
		fail_msg("%s", err.text);
	assert_true(f.serial_negative);
	assert_string_equal(f.serial_decimal, "65281");
}

static void rfc_4514_has_the_last_first(void **state)
{
	(void)state;
	uint8_t memory[4096];
	struct writer store = writer_on(memory, sizeof(memory));
	AUTO_DONE(writer) name = writer_new(1 << 10);
	AUTO_DONE(cert_facts) f = { 0 };
	struct error err = { 0 };
	struct certificate_parts parts = certificate_parts(&store);
	rdn_write(&name, OID_C, DER_PRINTABLE, reader_of_text("PL"));
	rdn_write(&name, OID_O, DER_UTF8, reader_of_text("a,b"));
	rdn_write(&name, OID_CN, DER_UTF8, reader_of_text("pub"));
	parts.subject = writer_written(&name);
	AUTO(cert) c = certificate_made(&parts, &err);
	if (c == NULL || !cert_facts_read(c, &f, &err))
		fail_msg("%s", err.text);
	assert_string_equal(f.subject, "CN=pub,O=a\\,b,C=PL");
}

static void every_changed_byte_is_safe(void **state)
{
	(void)state;
	AUTO(cert)
	c = issued(&(struct issue){ ISSUED("a", "b", key, key),
		.extensions = { { "basicConstraints", "critical,CA:TRUE,pathlen:3" },
			{ "keyUsage", "digitalSignature,keyCertSign" },
			{ "extendedKeyUsage", "serverAuth" },
			{ "subjectAltName", "DNS:x.example,IP:192.0.2.1,URI:u" },
			{ "subjectKeyIdentifier", "hash" } } });
	AUTO_DONE(bytes) der = { 0 };
	assert_true(bytes_copy(&der, cert_der(c), NULL));
	for (size_t at = 0; at < der.size; at++)
		for (unsigned bit = 1; bit < 0x100; bit <<= 1) {
			struct error err = { 0 };
			AUTO_DONE(cert_facts) f = { 0 };
			der.data[at] ^= (uint8_t)bit;
			AUTO(cert) changed = cert_parse(bytes_reader(&der), &err);
			if (changed != NULL && !cert_facts_read(changed, &f, &err))
				assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
			der.data[at] ^= (uint8_t)bit;
		}
}

static const char *const authority_files[][2] = { { "crca2048", "Cisco Root CA 2048" },
	{ "crcam2", "Cisco Root CA M2" }, { "crca2099", "Cisco Root CA 2099" },
	{ "cmca", "Cisco Manufacturing CA" }, { "cmca2", "Cisco Manufacturing CA SHA2" },
	{ "ACT2SUDICA", "ACT2 SUDI CA" }, { "hasudi", "High Assurance SUDI CA" } };

static struct cert *authority_cert(size_t at)
{
	char path[64];
	AUTO_DONE(bytes) file = { 0 };
	(void)snprintf(path, sizeof(path), "cisco-ca/%s.pem", authority_files[at][0]);
	if (!vector_read(path, &file))
		skip();
	struct cert *c = cert_parse_pem(bytes_reader(&file), NULL);
	assert_non_null(c);
	return c;
}

/* Which one it is, by whose key it says it was issued, and that this is so. */
static void the_makers_authorities_are_known(void **state)
{
	(void)state;
	size_t count = 0;
	const struct authority *rows = authority_rows(&count);
	struct cert *all[COUNT(authority_files)];
	assert_int_equal(count, COUNT(authority_files));
	for (size_t i = 0; i < count; i++)
		all[i] = authority_cert(i);
	for (size_t i = 0; i < count; i++) {
		AUTO_DONE(cert_facts) f = { 0 };
		char hex[64];
		struct chain chain = { 0 };
		struct error err = { 0 };
		const struct chain_terms terms = { .pool = (const struct cert *const *)all,
			.pool_count = count,
			.now = INT64_C(1763900000) };
		const struct authority *row = authority_of(all[i]);
		assert_non_null(row);
		assert_true(row >= rows && row < rows + count);
		assert_string_equal(row->name, authority_files[i][1]);
		assert_true(cert_facts_read(all[i], &f, &err));
		assert_string_equal(hex_write(bytes_reader(&f.key_id), hex), row->key_id);
		if (!chain_verify(all[i], &terms, &chain, &err))
			fail_msg("%s", err.text);
		assert_int_equal(chain.count, row->root ? 1 : 2);
		const struct authority *said = authority_named(bytes_reader(&f.authority_key_id));
		assert_true(row->root ? said == NULL : said == authority_of(chain.certs[1]));
	}
	for (size_t i = 0; i < count; i++)
		cert_free(all[i]);
}

static void others_are_not_known(void **state)
{
	(void)state;
	AUTO(cert)
	c = issued(&(struct issue){ ISSUED("Cisco Root CA 2048", "Cisco Root CA 2048", key, key),
		.extensions = { ISSUED_CA } });
	static const uint8_t id[21] = { 0x27, 0xf3 };
	assert_null(authority_of(c));
	assert_null(authority_named(reader_of(NULL, 0)));
	assert_null(authority_named(reader_of(id, 20)));
	assert_null(authority_named(reader_of(id, 21)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_extension_is_read),
		cmocka_unit_test(nothing_said_is_nothing),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(odd_values_are_safe),
		cmocka_unit_test(a_negative_serial_is_told),
		cmocka_unit_test(rfc_4514_has_the_last_first),
		cmocka_unit_test(every_changed_byte_is_safe),
		cmocka_unit_test(the_makers_authorities_are_known),
		cmocka_unit_test(others_are_not_known),
	};
	return cmocka_run_group_tests(tests, key_made, key_freed);
}
