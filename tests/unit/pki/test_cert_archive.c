/* Certificates in PKCS#12 files: labels, the seal, and what is none of them. */
#include "pki/cert_archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>
#undef fail /* base/error.h has one of its own */

#include "issued.h"

static struct key *key;
static struct cert *one, *two;
static struct bytes file; /* both, sealed with "seal" */

static int made(void **state)
{
	(void)state;
	AUTO_DONE(cert_archive) a = { 0 };
	key = key_generate(KEY_EC_256, NULL);
	one = issued(&(struct issue){ ISSUED("one", "one", key, key) });
	two = issued(&(struct issue){ ISSUED("two", "one", key, key) });
	return cert_archive_add(&a, one, "Größe/pub/Tomcat", NULL) &&
			cert_archive_add(&a, two, "", NULL) &&
			cert_archive_write(&a, "seal", &file, NULL)
		? 0
		: 1;
}

static int freed(void **state)
{
	(void)state;
	key_free(key);
	cert_free(one);
	cert_free(two);
	bytes_done(&file);
	return 0;
}

static void refused(struct reader bytes, const char *password, enum fault fault)
{
	struct error err = { 0 };
	AUTO_DONE(cert_archive) a = { 0 };
	assert_false(cert_archive_read(bytes, password, &a, &err));
	assert_int_equal(err.fault, fault);
	assert_true(strlen(err.text) > 10);
	assert_int_equal(a.count, 0);
	assert_null(a.rows);
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO_DONE(cert_archive) a = { 0 };
	assert_true(cert_archive_read(bytes_reader(&file), "seal", &a, &err));
	assert_int_equal(a.count, 2);
	assert_true(cert_same(a.rows[0].cert, one) && cert_same(a.rows[1].cert, two));
	assert_string_equal(a.rows[0].label, "Größe/pub/Tomcat");
	assert_string_equal(a.rows[1].label, "");
}

static void another_password_breaks_the_seal(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "Seal", "seal ", "sealseal" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(bytes_reader(&file), wrong[i], FAULT_UNTRUSTED);
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	for (size_t size = 0; size < file.size; size++)
		refused(reader_of(file.data, size), "seal", FAULT_MALFORMED);
}

/* The seal covers all but the version and how the seal itself was made. */
static void every_changed_byte_is_refused_or_means_nothing(void **state)
{
	(void)state;
	AUTO_DONE(bytes) changed = { 0 };
	assert_true(bytes_copy(&changed, bytes_reader(&file), NULL));
	for (size_t at = 0; at < changed.size; at++) {
		struct error err = { 0 };
		AUTO_DONE(cert_archive) a = { 0 };
		changed.data[at] ^= 0x01;
		if (cert_archive_read(bytes_reader(&changed), "seal", &a, &err))
			assert_true(a.count == 2 && cert_same(a.rows[0].cert, one) &&
				cert_same(a.rows[1].cert, two));
		else
			assert_true(err.fault != FAULT_NONE && strlen(err.text) > 10);
		changed.data[at] ^= 0x01;
	}
}

static void write_sealed(PKCS12 *made_here, struct bytes *out)
{
	unsigned char *der = NULL;
	int size = i2d_PKCS12(made_here, &der);
	assert_true(size > 0);
	assert_true(bytes_copy(out, reader_of(der, (size_t)size), NULL));
	OPENSSL_free(der);
	PKCS12_free(made_here);
}

static PKCS12 *sealed_by_openssl(int rounds)
{
	struct reader der = cert_der(one);
	const unsigned char *at = der.at;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.left);
	STACK_OF(X509) *chain = sk_X509_new_null();
	assert_true(sk_X509_push(chain, x509) > 0);
	PKCS12 *p12 = PKCS12_create("seal", NULL, NULL, NULL, chain, 0, 0, 0, rounds, 0);
	assert_non_null(p12);
	sk_X509_pop_free(chain, X509_free);
	return p12;
}

/* As others make them: encrypted, and without labels. */
static void files_of_others_are_read(void **state)
{
	(void)state;
	AUTO_DONE(bytes) other = { 0 };
	AUTO_DONE(cert_archive) a = { 0 };
	struct error err = { 0 };
	write_sealed(sealed_by_openssl(2048), &other);
	assert_true(cert_archive_read(bytes_reader(&other), "seal", &a, &err));
	assert_int_equal(a.count, 1);
	assert_true(cert_same(a.rows[0].cert, one));
	assert_string_equal(a.rows[0].label, "");
}

static void an_unsealed_file_is_refused(void **state)
{
	(void)state;
	AUTO_DONE(bytes) other = { 0 };
	write_sealed(sealed_by_openssl(-1), &other);
	refused(bytes_reader(&other), "seal", FAULT_UNTRUSTED);
}

/* So that a file cannot keep us busy before anything in it is believed. */
static void rounds_have_a_most(void **state)
{
	(void)state;
	AUTO_DONE(bytes) most = { 0 }, more = { 0 };
	AUTO_DONE(cert_archive) a = { 0 };
	write_sealed(sealed_by_openssl(1000000), &most);
	assert_true(cert_archive_read(bytes_reader(&most), "seal", &a, NULL));
	write_sealed(sealed_by_openssl(1000001), &more);
	refused(bytes_reader(&more), "seal", FAULT_LIMIT);
}

static void sizes_have_a_most(void **state)
{
	(void)state;
	AUTO_DONE(cert_archive) a = { 0 };
	struct error err = { 0 };
	char label[ARCHIVE_LABEL_SIZE + 1];
	uint8_t *large = calloc(1, ARCHIVE_BYTES + 1);
	refused(reader_of(large, ARCHIVE_BYTES + 1), "seal", FAULT_LIMIT);
	refused(reader_of(large, ARCHIVE_BYTES), "seal", FAULT_MALFORMED);
	free(large);
	memset(label, 'x', sizeof(label));
	label[ARCHIVE_LABEL_SIZE] = '\0';
	assert_false(cert_archive_add(&a, one, label, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	label[ARCHIVE_LABEL_SIZE - 1] = '\0';
	for (size_t i = 0; i < ARCHIVE_MAX; i++)
		assert_true(cert_archive_add(&a, one, label, NULL));
	assert_false(cert_archive_add(&a, one, "", &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_int_equal(a.count, ARCHIVE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(another_password_breaks_the_seal),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_or_means_nothing),
		cmocka_unit_test(files_of_others_are_read),
		cmocka_unit_test(an_unsealed_file_is_refused),
		cmocka_unit_test(rounds_have_a_most),
		cmocka_unit_test(sizes_have_a_most),
	};
	return cmocka_run_group_tests(tests, made, freed);
}
