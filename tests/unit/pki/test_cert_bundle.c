/* Files with certificates: DER, PEM with one or many, PKCS#7, and what is none of them. */
#include "pki/cert_bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "issued.h"

static struct key *key;
static struct cert *one, *two;

static int made(void **state)
{
	(void)state;
	key = key_generate(KEY_EC_256, NULL);
	one = issued(&(struct issue){ ISSUED("one", "one", key, key) });
	two = issued(&(struct issue){ ISSUED("two", "one", key, key) });
	return 0;
}

static int freed(void **state)
{
	(void)state;
	key_free(key);
	cert_free(one);
	cert_free(two);
	return 0;
}

static void write_pem(struct writer *w, const struct cert *c)
{
	char *pem = NULL;
	assert_true(cert_pem(c, &pem, NULL));
	writer_text(w, pem);
	free(pem);
}

/* A signed-data structure without signers, as certificates travel; with `count` of them. */
static void write_pkcs7(struct writer *w, int count, bool as_pem)
{
	PKCS7 *p7 = PKCS7_new();
	BIO *to = BIO_new(BIO_s_mem());
	const char *text = NULL;
	assert_int_equal(PKCS7_set_type(p7, NID_pkcs7_signed), 1);
	assert_int_equal(PKCS7_content_new(p7, NID_pkcs7_data), 1);
	for (int i = 0; i < count; i++) {
		struct reader der = cert_der(i == 0 ? one : two);
		const unsigned char *at = der.at;
		X509 *x509 = d2i_X509(NULL, &at, (long)der.left);
		assert_int_equal(PKCS7_add_certificate(p7, x509), 1);
		X509_free(x509);
	}
	assert_true(as_pem ? PEM_write_bio_PKCS7(to, p7) == 1 : i2d_PKCS7_bio(to, p7) == 1);
	long size = BIO_get_mem_data(to, &text);
	writer_bytes(w, reader_of(text, (size_t)size));
	BIO_free(to);
	PKCS7_free(p7);
}

static void holds(struct reader file, size_t count)
{
	struct error err = { 0 };
	AUTO_DONE(cert_bundle) b = { 0 };
	if (!cert_bundle_add(&b, file, &err))
		fail_msg("%s", err.text);
	assert_int_equal(b.count, count);
	assert_true(cert_same(b.certs[0], one));
	if (count > 1)
		assert_true(cert_same(b.certs[1], two));
}

static void refused(struct reader file, enum fault fault)
{
	struct error err = { 0 };
	AUTO_DONE(cert_bundle) b = { .count = 1, .certs = { cert_keep(one) } };
	assert_false(cert_bundle_add(&b, file, &err));
	if (err.fault != fault || err.text[0] == '\0')
		fail_msg("%s: %s", fault_name(err.fault), err.text);
	assert_int_equal(b.count, 1);
}

static void each_form_is_read(void **state)
{
	(void)state;
	AUTO_DONE(writer) w = writer_new(1 << 16);
	holds(cert_der(one), 1);
	writer_text(&w, "subject=one\n");
	write_pem(&w, one);
	holds(writer_written(&w), 1);
	AUTO_DONE(bytes) secret = { 0 };
	assert_true(key_write_pem(key, &secret, NULL));
	writer_bytes(&w, bytes_reader(&secret)); /* a key between them is passed over */
	write_pem(&w, two);
	writer_text(&w, "the end\n");
	holds(writer_written(&w), 2);
	for (int pem = 0; pem < 2; pem++) {
		AUTO_DONE(writer) p7 = writer_new(1 << 16);
		write_pkcs7(&p7, 2, pem == 1);
		holds(writer_written(&p7), 2);
	}
}

static void what_holds_none_is_refused(void **state)
{
	(void)state;
	AUTO_DONE(writer) empty = writer_new(1 << 16);
	AUTO_DONE(bytes) secret = { 0 };
	write_pkcs7(&empty, 0, false);
	assert_true(key_write_pem(key, &secret, NULL));
	refused(reader_of(NULL, 0), FAULT_MALFORMED);
	refused(reader_of_text("text"), FAULT_MALFORMED);
	refused(reader_of_text("\x30"), FAULT_MALFORMED);
	refused(reader_of("\x30\x80\x06\x00", 4), FAULT_MALFORMED);
	refused(reader_of_text("-----BEGIN "), FAULT_MALFORMED);
	refused(reader_of_text("-----BEGIN CERTIFICATE-----\n"), FAULT_MALFORMED);
	refused(reader_of_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		FAULT_MALFORMED);
	refused(reader_of_text("-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n"),
		FAULT_MALFORMED);
	refused(writer_written(&empty), FAULT_MALFORMED);
	refused(bytes_reader(&secret), FAULT_MALFORMED);
}

/* A second block that is not whole must not be dropped in silence. */
static void a_pem_that_is_cut_is_refused(void **state)
{
	(void)state;
	AUTO_DONE(writer) w = writer_new(1 << 16);
	write_pem(&w, one);
	size_t first = w.used;
	write_pem(&w, two);
	/* within the second block, up to the dashes that end it */
	for (size_t size = first + 12; size + 2 < w.used; size++)
		refused(reader_of(w.data, size), FAULT_MALFORMED);
}

static void a_file_that_is_cut_is_refused(void **state)
{
	(void)state;
	AUTO_DONE(writer) p7 = writer_new(1 << 16);
	write_pkcs7(&p7, 2, false);
	for (size_t size = 0; size < p7.used; size++)
		refused(reader_of(p7.data, size), FAULT_MALFORMED);
	for (size_t size = 0; size < cert_der(one).left; size++)
		refused(reader_of(cert_der(one).at, size), FAULT_MALFORMED);
}

static void every_changed_byte_is_safe(void **state)
{
	(void)state;
	AUTO_DONE(writer) p7 = writer_new(1 << 16);
	write_pkcs7(&p7, 2, false);
	for (size_t at = 0; at < p7.used; at++) {
		struct error err = { 0 };
		AUTO_DONE(cert_bundle) b = { 0 };
		p7.data[at] ^= 0x80;
		if (!cert_bundle_add(&b, writer_written(&p7), &err))
			assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
		else
			assert_true(b.count > 0);
		p7.data[at] ^= 0x80;
	}
}

static void there_is_a_most(void **state)
{
	(void)state;
	AUTO_DONE(writer) w = writer_new(CERT_BUNDLE_BYTES);
	struct error err = { 0 };
	for (size_t i = 0; i < CERT_BUNDLE_MAX; i++)
		write_pem(&w, one);
	{
		AUTO_DONE(cert_bundle) b = { 0 };
		assert_true(cert_bundle_add(&b, writer_written(&w), &err));
		assert_int_equal(b.count, CERT_BUNDLE_MAX);
		assert_false(cert_bundle_add(&b, cert_der(two), &err));
		assert_int_equal(err.fault, FAULT_LIMIT);
		assert_int_equal(b.count, CERT_BUNDLE_MAX);
	}
	write_pem(&w, two);
	refused(writer_written(&w), FAULT_LIMIT);
	uint8_t *large = calloc(1, CERT_BUNDLE_BYTES + 1);
	refused(reader_of(large, CERT_BUNDLE_BYTES + 1), FAULT_LIMIT);
	refused(reader_of(large, CERT_BUNDLE_BYTES), FAULT_LIMIT); /* of one certificate */
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_read),
		cmocka_unit_test(what_holds_none_is_refused),
		cmocka_unit_test(a_pem_that_is_cut_is_refused),
		cmocka_unit_test(a_file_that_is_cut_is_refused),
		cmocka_unit_test(every_changed_byte_is_safe),
		cmocka_unit_test(there_is_a_most),
	};
	return cmocka_run_group_tests(tests, made, freed);
}
