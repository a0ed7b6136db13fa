/* Every certificate and key that other software made (../shared/data), cut at every length and with
 * every byte changed: refused with a kind and a sentence, or written back as what was read. */
#include "pki/cert.h"
#include "pki/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pki/vector_file.h"
#include "wire/mutation.h"

static const char *const certificates[] = { "vectors/sast.pem", "vectors/ccm.pem",
	"vectors/tftp.pem", "vectors/capf.pem", "vectors/tvs.pem", "vectors/app.pem",
	"vectors/httpsec.pem", "vectors/device.pem", "cisco-ca/ACT2SUDICA.pem", "cisco-ca/cmca.pem",
	"cisco-ca/cmca2.pem", "cisco-ca/crca2048.pem", "cisco-ca/crca2099.pem",
	"cisco-ca/crcam2.pem", "cisco-ca/hasudi.pem" };

static bool certificate_trip(struct reader der, struct error *err)
{
	AUTO(cert) c = cert_parse(der, err);
	if (c != NULL)
		assert_true(reader_same(cert_der(c), der));
	return c != NULL;
}

static bool pem_trip(struct reader pem, struct error *err)
{
	char *text = NULL;
	AUTO(cert) once = cert_parse_pem(pem, err);
	if (once == NULL)
		return false;
	assert_true(cert_pem(once, &text, err));
	AUTO(cert) twice = cert_parse_pem(reader_of_text(text), err);
	assert_true(twice != NULL && cert_same(once, twice));
	free(text);
	return true;
}

static bool key_trip(struct reader der, struct error *err)
{
	struct bytes written = { 0 };
	uint8_t one[DIGEST_SIZE], other[DIGEST_SIZE];
	AUTO(key) once = key_parse(der, err);
	if (once == NULL)
		return false;
	assert_true(key_write(once, &written, err));
	AUTO(key) twice = key_parse(bytes_reader(&written), err);
	assert_non_null(twice);
	key_id(once, one);
	key_id(twice, other);
	assert_memory_equal(one, other, sizeof(one));
	bytes_wipe(&written);
	return true;
}

static void change_every_byte(struct reader valid, uint8_t flip, round_trip *trip)
{
	AUTO_DONE(bytes) copy = { 0 };
	assert_true(bytes_copy(&copy, valid, NULL));
	for (size_t at = 0; at < copy.size; at++) {
		copy.data[at] ^= flip;
		(void)round_trip_copy(bytes_reader(&copy), trip);
		copy.data[at] ^= flip;
	}
}

static void certificates_in_pem(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(certificates); i++) {
		AUTO_DONE(bytes) file = { 0 };
		if (!vector_read(certificates[i], &file))
			skip();
		assert_true(pem_trip(bytes_reader(&file), NULL));
		/* what may be missing is the end of the last line */
		assert_true(every_truncation(bytes_reader(&file), pem_trip) <= 2);
		change_every_byte(bytes_reader(&file), 0x01, pem_trip);
	}
}

static void certificates_in_der(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(certificates); i++) {
		AUTO_DONE(bytes) file = { 0 };
		if (!vector_read(certificates[i], &file))
			skip();
		AUTO(cert) c = cert_parse_pem(bytes_reader(&file), NULL);
		assert_non_null(c);
		assert_int_equal(every_truncation(cert_der(c), certificate_trip), 0);
		change_every_byte(cert_der(c), 0x80, certificate_trip);
	}
}

static void the_devices_key(void **state)
{
	(void)state;
	AUTO_DONE(bytes) file = { 0 };
	if (!vector_read("vectors/device.key.der", &file))
		skip();
	assert_true(key_trip(bytes_reader(&file), NULL));
	assert_int_equal(every_truncation(bytes_reader(&file), key_trip), 0);
	change_every_byte(bytes_reader(&file), 0x01, key_trip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_in_pem),
		cmocka_unit_test(certificates_in_der),
		cmocka_unit_test(the_devices_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
