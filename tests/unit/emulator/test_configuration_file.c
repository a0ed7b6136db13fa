#include "emulator/configuration_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pki/vector_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); /* fuzz/fuzz_configuration_file.c */

static bool reads(const char *xml, struct phone_configuration *out, struct error *err)
{
	*err = (struct error){ 0 };
	return configuration_file_read(reader_of_text(xml), out, err);
}

static void what_the_brain_needs_is_read(void **state)
{
	(void)state;
	struct error err;
	struct phone_configuration c;
	assert_true(reads(
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n"
		"<fullConfig>true</fullConfig>"
		"<TVS><members>"
		"<member priority=\"2\"><port>2446</port><address>192.0.2.3</address></member>"
		"<member priority=\"0\"><address> 192.0.2.1\n</address></member>"
		"<member priority=\"1\"><port>2445</port><address>sub.example.net</address>"
		"</member></members></TVS>"
		"<loadInformation> sip88xx.14-2 </loadInformation>"
		"<servicesURL>http://192.0.2.1:6970/plain.xml</servicesURL>"
		"<secureDirectoryURL>https://192.0.2.1:6971/Directory.xml</secureDirectoryURL>"
		"</device>",
		&c, &err));
	assert_int_equal(c.tvs_count, 3);
	assert_string_equal(c.tvs[0].address, "192.0.2.1");
	assert_int_equal(c.tvs[0].port, 2445);
	assert_string_equal(c.tvs[1].address, "sub.example.net");
	assert_string_equal(c.tvs[2].address, "192.0.2.3");
	assert_int_equal(c.tvs[2].port, 2446);
	assert_string_equal(c.load, "sip88xx.14-2");
	assert_string_equal(c.service_url, "https://192.0.2.1:6971/Directory.xml");
}

static void little_is_enough(void **state)
{
	(void)state;
	struct error err;
	struct phone_configuration c;
	assert_true(reads("<device/>", &c, &err));
	assert_int_equal(c.tvs_count, 0);
	assert_string_equal(c.load, "");
	assert_string_equal(c.service_url, "");
	assert_true(reads("<Default><loadInformation/><TVS/></Default>", &c, &err));
	assert_true(reads("<device><TVS><members><member priority=\"0\"><address/></member>"
			  "</members></TVS></device>",
		&c, &err));
	assert_int_equal(c.tvs_count, 0);
	assert_true(reads("<device><servicesURL>http://x/</servicesURL></device>", &c, &err));
	assert_string_equal(c.service_url, "");
}

static void refused(const char *xml, enum fault fault, const char *words)
{
	struct error err;
	struct phone_configuration c = { .tvs_count = 77 };
	if (reads(xml, &c, &err))
		fail_msg("read: %s", xml);
	assert_int_equal(c.tvs_count, 77);
	assert_int_equal(err.fault, fault);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" says nothing of \"%s\"", err.text, words);
}

#define TVS(member) "<device><TVS><members>" member "</members></TVS></device>"

static void what_is_no_configuration_is_refused(void **state)
{
	(void)state;
	refused("", FAULT_MALFORMED, "not well-formed");
	refused("<device>", FAULT_MALFORMED, "not well-formed");
	refused("<device></Device>", FAULT_MALFORMED, "not well-formed");
	refused("{\"device\": 1}", FAULT_MALFORMED, "not well-formed");
	refused("<html/>", FAULT_MALFORMED, "neither <device>");
	refused("<!DOCTYPE device SYSTEM \"http://192.0.2.1/x\"><device/>", FAULT_REFUSED,
		"DOCTYPE");
	refused("<!DOCTYPE device [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>"
		"<device><loadInformation>&a;</loadInformation></device>",
		FAULT_REFUSED, "DOCTYPE");
	refused(TVS("<member><address>192.0.2.1</address></member>"), FAULT_MALFORMED, "priority");
	refused(TVS("<member priority=\"5\"><address>x</address></member>"), FAULT_MALFORMED,
		"priority");
	refused(TVS("<member priority=\"-1\"><address>x</address></member>"), FAULT_MALFORMED,
		"priority");
	refused(TVS("<member priority=\"0\"><port>0</port><address>x</address></member>"),
		FAULT_MALFORMED, "<port>");
	refused(TVS("<member priority=\"0\"><port>65536</port><address>x</address></member>"),
		FAULT_MALFORMED, "<port>");
	refused(TVS("<member priority=\"0\"><port>http</port><address>x</address></member>"),
		FAULT_MALFORMED, "<port>");
	refused("<device><loadInformation>a\tb</loadInformation></device>", FAULT_MALFORMED,
		"<loadInformation>");
}

#define ONE "<member priority=\"0\"><address>192.0.2.1</address></member>"

static void bounds_hold(void **state)
{
	(void)state;
	struct error err;
	struct phone_configuration c;
	assert_true(reads(TVS(ONE ONE ONE ONE ONE), &c, &err));
	assert_int_equal(c.tvs_count, PHONE_TVS);
	refused(TVS(ONE ONE ONE ONE ONE ONE), FAULT_LIMIT, "TVS");
	char xml[1024];
	for (int size = 50; size <= 51; size++) {
		(void)snprintf(xml, sizeof(xml),
			TVS("<member priority=\"0\"><address>%0*d</address></member>"), size, 7);
		assert_int_equal(reads(xml, &c, &err), size == 50);
	}
	for (size_t size = sizeof(c.load) - 1; size <= sizeof(c.load); size++) {
		(void)snprintf(xml, sizeof(xml),
			"<device><loadInformation>%0*d</loadInformation></device>", (int)size, 7);
		assert_int_equal(reads(xml, &c, &err), size < sizeof(c.load));
	}
	for (size_t size = PHONE_URL_SIZE - 1; size <= PHONE_URL_SIZE; size++) {
		(void)snprintf(xml, sizeof(xml),
			"<device><servicesURL>https://%0*d</servicesURL></device>", (int)size - 8,
			7);
		assert_int_equal(reads(xml, &c, &err), size < PHONE_URL_SIZE);
	}
	assert_false(
		configuration_file_read(reader_of(xml, (size_t)LIMIT_SIGNED_FILE + 1), &c, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
}

/* No cut of a sound file is taken for a sound file. */
static void every_cut_is_refused(void **state)
{
	(void)state;
	static const char whole[] = TVS(ONE);
	for (size_t size = 0; size < sizeof(whole) - 1; size++) {
		struct error err = { 0 };
		struct phone_configuration c;
		assert_false(configuration_file_read(reader_of(whole, size), &c, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
	}
}

/* The fuzz target asserts what is owed: a sentence, or a configuration that reads the same again.
 */
static void cut_and_change(struct reader whole)
{
	AUTO_DONE(bytes) copy = { 0 };
	assert_true(bytes_copy(&copy, whole, NULL));
	for (size_t at = 0; at < copy.size; at++) {
		(void)LLVMFuzzerTestOneInput(copy.data, at);
		for (unsigned flip = 1; flip < 256; flip <<= 1) {
			copy.data[at] ^= (uint8_t)flip;
			(void)LLVMFuzzerTestOneInput(copy.data, copy.size);
			copy.data[at] ^= (uint8_t)flip;
		}
	}
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	cut_and_change(reader_of_text("<?xml version=\"1.0\" encoding=\"UTF-8\"?><device>"
				      "<loadInformation>sip&amp;88</loadInformation><TVS><members>"
				      "<member priority=\"0\"><port>2445</port><address>pub"
				      "</address></member>" ONE "</members></TVS><servicesURL>"
				      "https://pub:6971/</servicesURL></device>"));
}

static void a_configuration_of_others_survives_cuts_and_changes(void **state)
{
	(void)state;
	struct phone_configuration c;
	AUTO_DONE(bytes) file = { 0 };
	if (!vector_read("vectors/SEP001122334455.plain.xml", &file))
		skip();
	assert_true(configuration_file_read(bytes_reader(&file), &c, NULL));
	cut_and_change(bytes_reader(&file));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_brain_needs_is_read),
		cmocka_unit_test(little_is_enough),
		cmocka_unit_test(what_is_no_configuration_is_refused),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(a_configuration_of_others_survives_cuts_and_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
