#include "cli/configuration_stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"

#include "base/hex.h"
#include "lib/key_ring.h"

static int ring_made(void **state)
{
	*state = key_ring_new();
	return 0;
}

static int ring_freed(void **state)
{
	key_ring_free(*state);
	return 0;
}

static void stub_of(void **state, const char *xml, char *out, size_t size)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) stub = { 0 };
	if (!configuration_stub(reader_of_text(xml), key_ring_get(*state, "device")->cert,
		    DIGEST_SHA1, &stub, &err))
		fail_msg("%s", err.text);
	assert_true(stub.size < size);
	memcpy(out, stub.data, stub.size);
	out[stub.size] = '\0';
}

static void what_phones_need_is_copied_and_no_more(void **state)
{
	char stub[4096];
	stub_of(state,
		"<device><sshPassword>secret</sshPassword><capfList><capf><phonePort>3804</"
		"phonePort>"
		"</capf></capfList><!-- <loadInformation>no</loadInformation> -->"
		"<loadInformation>sip88xx</loadInformation><certHash>old</certHash>"
		"<inner><ipAddressMode>9</ipAddressMode></inner></device>",
		stub, sizeof(stub));
	assert_null(strstr(stub, "secret"));
	assert_null(strstr(stub, "old"));
	assert_null(strstr(stub, ">no<"));
	assert_null(strstr(stub, "ipAddressMode")); /* not the device's own */
	const char *load = strstr(stub, "  <loadInformation>sip88xx</loadInformation>\n");
	const char *list = strstr(stub, "<phonePort>3804</phonePort>");
	assert_non_null(load);
	assert_non_null(list);
	assert_true(load < list);
	assert_non_null(strstr(stub, "<fullConfig>false</fullConfig>"));
	assert_non_null(strstr(stub, "<encrConfig>true</encrConfig>\n</device>\n"));
}

static void the_certificate_is_named_by_its_digest(void **state)
{
	char stub[4096], digits[2 * DIGEST_MAX + 1];
	uint8_t digest[DIGEST_MAX];
	struct reader der = cert_der(key_ring_get(*state, "device")->cert);
	assert_true(digest_of(DIGEST_SHA1, &der, 1, digest, NULL));
	stub_of(state, "<device/>", stub, sizeof(stub));
	const char *hash = strstr(stub, "<certHash>");
	assert_non_null(hash);
	assert_memory_equal(
		hash + strlen("<certHash>"), hex_write(reader_of(digest, 20), digits), 40);
}

static void what_is_no_configuration_is_malformed(void **state)
{
	static const char *const rows[] = { "", "text", "<device>", "<other/>", "<Default/>",
		"<device></other>", "<!DOCTYPE device><device/>",
		"<!DOCTYPE device [<!ENTITY a \"b\">]><device><capfList>&a;</capfList></device>" };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };
		struct bytes out = { 0 };
		assert_false(configuration_stub(reader_of_text(rows[i]),
			key_ring_get(*state, "device")->cert, DIGEST_MD5, &out, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_null(out.data);
	}
}

static void a_configuration_has_a_limit(void **state)
{
	struct error err = { 0 };
	struct bytes out = { 0 };
	const struct cert *device = key_ring_get(*state, "device")->cert;
	char *xml = malloc(LIMIT_SIGNED_FILE + 1);
	assert_non_null(xml);
	memset(xml, ' ', LIMIT_SIGNED_FILE + 1);
	assert_false(configuration_stub(
		reader_of(xml, LIMIT_SIGNED_FILE + 1), device, DIGEST_MD5, &out, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_null(out.data);
	free(xml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_phones_need_is_copied_and_no_more),
		cmocka_unit_test(the_certificate_is_named_by_its_digest),
		cmocka_unit_test(what_is_no_configuration_is_malformed),
		cmocka_unit_test(a_configuration_has_a_limit),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}
