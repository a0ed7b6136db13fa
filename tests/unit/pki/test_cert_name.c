#include "pki/cert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "certificate_parts.h"

static uint8_t memory[1 << 16];

/* A certificate whose subject, and with it nothing else, consists of these RDNs. */
static struct cert *named(struct reader rdns, struct error *err)
{
	struct writer store = writer_on(memory, sizeof(memory));
	struct certificate_parts parts = certificate_parts(&store);
	parts.subject = rdns;
	return certificate_made(&parts, err);
}

static struct cert *with_value(uint8_t tag, const char *value, size_t size, struct error *err)
{
	AUTO_DONE(writer) rdns = writer_new(8192);
	rdn_write(&rdns, OID_CN, tag, reader_of(value, size));
	return named(writer_written(&rdns), err);
}

static void the_order_is_each_form_s_own(void **state)
{
	(void)state;
	AUTO_DONE(writer) rdns = writer_new(1024);
	rdn_write(&rdns, OID_C, DER_PRINTABLE, reader_of_text("AU"));
	rdn_write(&rdns, OID_O, DER_UTF8, reader_of_text("Stormin"));
	rdn_write(&rdns, OID_OU, DER_UTF8, reader_of_text("IST"));
	rdn_write(&rdns, OID_CN, DER_UTF8, reader_of_text("ucm11pub.stormin.local"));
	rdn_write(&rdns, OID_ST, DER_UTF8, reader_of_text("QLD"));
	rdn_write(&rdns, OID_L, DER_UTF8, reader_of_text("Brisbane"));
	AUTO(cert) c = named(writer_written(&rdns), NULL);
	assert_string_equal(cert_subject(c, NAME_APPLIANCE),
		"CN=ucm11pub.stormin.local;OU=IST;O=Stormin;L=Brisbane;ST=QLD;C=AU");
	assert_string_equal(cert_subject(c, NAME_BUILDER),
		"C=AU,O=Stormin,OU=IST,CN=ucm11pub.stormin.local,ST=QLD,L=Brisbane");
	assert_string_equal(cert_issuer(c, NAME_APPLIANCE), "CN=pub.example;O=Example;C=PL");
	assert_string_equal(cert_common_name(c), "ucm11pub.stormin.local");
}

static void the_appliance_drops_what_it_does_not_know(void **state)
{
	(void)state;
	AUTO_DONE(writer) rdns = writer_new(1024);
	rdn_write(&rdns, OID_DC, DER_IA5, reader_of_text("local"));
	rdn_write(&rdns, OID_DC, DER_IA5, reader_of_text("stormin"));
	rdn_write(&rdns, OID_CN, DER_UTF8, reader_of_text("stormin-WIN2012-CA"));
	rdn_write(&rdns, OID_UID, DER_UTF8, reader_of_text("u1"));
	rdn_write(&rdns, OID_STREET, DER_UTF8, reader_of_text("Main"));
	rdn_write(&rdns, OID_SERIAL_NUMBER, DER_PRINTABLE, reader_of_text("PID:CP-8861 SN:F1"));
	AUTO(cert) c = named(writer_written(&rdns), NULL);
	assert_string_equal(cert_subject(c, NAME_APPLIANCE), "CN=stormin-WIN2012-CA");
	assert_string_equal(cert_subject(c, NAME_BUILDER),
		"DC=local,DC=stormin,CN=stormin-WIN2012-CA,UID=u1,STREET=Main,"
		"2.5.4.5=PID:CP-8861 SN:F1");
}

static void an_attribute_may_come_twice(void **state)
{
	(void)state;
	AUTO_DONE(writer) rdns = writer_new(1024);
	rdn_write(&rdns, OID_OU, DER_UTF8, reader_of_text("first"));
	rdn_write(&rdns, OID_CN, DER_UTF8, reader_of_text("one"));
	rdn_write(&rdns, OID_OU, DER_UTF8, reader_of_text("second"));
	rdn_write(&rdns, OID_CN, DER_UTF8, reader_of_text("two"));
	AUTO(cert) c = named(writer_written(&rdns), NULL);
	assert_string_equal(cert_subject(c, NAME_APPLIANCE), "CN=one;CN=two;OU=first;OU=second");
	assert_string_equal(cert_subject(c, NAME_BUILDER), "OU=first,CN=one,OU=second,CN=two");
	assert_string_equal(cert_common_name(c), "one");
}

static void attributes_of_one_rdn_are_joined(void **state)
{
	(void)state;
	AUTO_DONE(writer) one = writer_new(256);
	AUTO_DONE(writer) two = writer_new(256);
	AUTO_DONE(writer) both = writer_new(256);
	AUTO_DONE(writer) rdns = writer_new(256);
	rdn_write(&one, OID_CN, DER_UTF8, reader_of_text("a"));
	rdn_write(&two, OID_OU, DER_UTF8, reader_of_text("b"));
	writer_bytes(&both, reader_of(one.data + 2, one.used - 2));
	writer_bytes(&both, reader_of(two.data + 2, two.used - 2));
	der_write(&rdns, 0x31, writer_written(&both));
	rdn_write(&rdns, OID_O, DER_UTF8, reader_of_text("c"));
	AUTO(cert) c = named(writer_written(&rdns), NULL);
	assert_string_equal(cert_subject(c, NAME_BUILDER), "CN=a+OU=b,O=c");
	assert_string_equal(cert_subject(c, NAME_APPLIANCE), "CN=a;OU=b;O=c");
}

static void an_empty_name_is_empty(void **state)
{
	(void)state;
	AUTO(cert) c = named(reader_of(NULL, 0), NULL);
	assert_non_null(c);
	assert_string_equal(cert_subject(c, NAME_APPLIANCE), "");
	assert_string_equal(cert_subject(c, NAME_BUILDER), "");
	assert_string_equal(cert_common_name(c), "");
}

static void special_characters_are_escaped(void **state)
{
	(void)state;
	static const struct escape_case {
		const char *value;
		size_t size;
		const char *appliance; /* with another attribute beside it */
		const char *builder;
	} cases[] = {
#define VALUE(text) text, sizeof(text) - 1
		{ VALUE("plain"), "plain", "plain" },
		{ VALUE("Example, Inc."), "Example, Inc.", "Example\\, Inc." },
		{ VALUE("a+b=c"), "a+b=c", "a\\+b=c" },
		{ VALUE("a;O=b"), "a\\;O=b", "a\\;O=b" },
		{ VALUE("<\"\\>"), "<\"\\\\>", "\\<\\\"\\\\\\>" },
		{ VALUE("\"q\""), "\\\"q\"", "\\\"q\\\"" },
		{ VALUE("#1"), "#1", "\\#1" },
		{ VALUE("1#"), "1#", "1#" },
		{ VALUE(" x "), " x ", "\\ x\\ " },
		{ VALUE(" "), " ", "\\ " },
		{ VALUE("a b"), "a b", "a b" },
		{ VALUE("a\0b"), "a\\00b", "a\\00b" },
		{ VALUE("a\nb"), "a\\0Ab", "a\nb" },
		{ VALUE("Z\xc5\x82oty"), "Z\xc5\x82oty", "Z\xc5\x82oty" },
		{ VALUE(""), "", "" },
#undef VALUE
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char expected[2][64];
		AUTO_DONE(writer) rdns = writer_new(8192);
		rdn_write(&rdns, OID_CN, DER_UTF8, reader_of(cases[i].value, cases[i].size));
		rdn_write(&rdns, OID_O, DER_UTF8, reader_of_text("x"));
		AUTO(cert) c = named(writer_written(&rdns), NULL);
		assert_non_null(c);
		(void)snprintf(expected[0], 64, "CN=%s;O=x", cases[i].appliance);
		(void)snprintf(expected[1], 64, "CN=%s,O=x", cases[i].builder);
		assert_string_equal(cert_subject(c, NAME_APPLIANCE), expected[0]);
		assert_string_equal(cert_subject(c, NAME_BUILDER), expected[1]);
	}
}

static void an_attribute_alone_shows_its_form(void **state)
{
	(void)state;
	AUTO(cert) c = with_value(DER_UTF8, "a,O=b+OU=c", 10, NULL);
	assert_string_equal(cert_subject(c, NAME_APPLIANCE), "CN=a\\,O=b\\+OU=c");
	AUTO_DONE(writer) rdns = writer_new(256);
	rdn_write(&rdns, OID_DC, DER_IA5, reader_of_text("dropped"));
	rdn_write(&rdns, OID_O, DER_UTF8, reader_of_text("a,CN=b"));
	AUTO(cert) other = named(writer_written(&rdns), NULL);
	assert_string_equal(cert_subject(other, NAME_APPLIANCE), "O=a\\,CN=b");
}

static void every_string_type_becomes_utf8(void **state)
{
	(void)state;
	AUTO(cert) latin = with_value(DER_T61, "caf\xe9", 4, NULL);
	AUTO(cert) wide = with_value(DER_BMP, "\0c\0a\0f\0\xe9", 8, NULL);
	assert_string_equal(cert_common_name(latin), "caf\xc3\xa9");
	assert_string_equal(cert_common_name(wide), "caf\xc3\xa9");
}

static void what_is_no_text_is_refused(void **state)
{
	(void)state;
	static const struct text_case {
		uint8_t tag;
		const char *value;
		size_t size;
	} cases[] = {
		{ DER_UTF8, "\xc3", 1 },         /* cut short */
		{ DER_UTF8, "\xff", 1 },         /* no such byte */
		{ DER_BMP, "abc", 3 },           /* half a character */
		{ 0x1C, "\xff\xff\xff\xff", 4 }, /* UniversalString beyond Unicode */
		{ 0x04, "octets", 6 },
		{ 0x02, "\1", 1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		AUTO(cert) c = with_value(cases[i].tag, cases[i].value, cases[i].size, &err);
		assert_null(c);
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_true(err.text[0] != '\0');
	}
}

static void a_common_name_with_a_nul_is_none(void **state)
{
	(void)state;
	AUTO(cert) c = with_value(DER_UTF8, "good.example\0.evil", 18, NULL);
	assert_string_equal(cert_common_name(c), "");
}

static void long_names_come_whole(void **state)
{
	(void)state;
	char value[4096];
	memset(value, ';', sizeof(value));
	AUTO(cert) c = with_value(DER_UTF8, value, sizeof(value), NULL);
	assert_non_null(c);
	assert_int_equal(strlen(cert_subject(c, NAME_BUILDER)), 3 + 2 * sizeof(value));
	assert_int_equal(strlen(cert_subject(c, NAME_APPLIANCE)), 3 + 2 * sizeof(value));
	memset(value, 0, sizeof(value));
	AUTO(cert) zeros = with_value(DER_UTF8, value, sizeof(value), NULL);
	assert_int_equal(strlen(cert_subject(zeros, NAME_APPLIANCE)), 3 + 3 * sizeof(value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_is_each_form_s_own),
		cmocka_unit_test(the_appliance_drops_what_it_does_not_know),
		cmocka_unit_test(an_attribute_may_come_twice),
		cmocka_unit_test(attributes_of_one_rdn_are_joined),
		cmocka_unit_test(an_empty_name_is_empty),
		cmocka_unit_test(special_characters_are_escaped),
		cmocka_unit_test(an_attribute_alone_shows_its_form),
		cmocka_unit_test(every_string_type_becomes_utf8),
		cmocka_unit_test(what_is_no_text_is_refused),
		cmocka_unit_test(a_common_name_with_a_nul_is_none),
		cmocka_unit_test(long_names_come_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
