/* The operator's XML gets the cluster's security elements, or a sentence that says why not. */
#include "manager/manager_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* last: it takes the word `fail` for itself */

static const struct configuration_facts two = {
	.tvs_count = 2,
	.tvs = { { "127.0.10.1", 2445 }, { "127.0.10.2", 12445 } },
};

static char *merged(const char *xml)
{
	struct bytes out = { 0 };
	struct error err = { 0 };
	if (!configuration_merge(reader_of_text(xml), &two, &out, &err))
		fail_msg("%s", err.text);
	char *text = test_calloc(1, out.size + 1);
	memcpy(text, out.data, out.size);
	bytes_done(&out);
	return text;
}

static size_t times(const char *text, const char *part)
{
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
		count++;
	return count;
}

static void tvs_servers_come_in_order(void **state)
{
	(void)state;
	char *text = merged("<device><loadInformation>SIP</loadInformation></device>");
	const char *first = strstr(text, "<member priority=\"0\">");
	const char *second = strstr(text, "<member priority=\"1\">");
	assert_non_null(first);
	assert_non_null(second);
	assert_true(first < second);
	assert_non_null(strstr(first, "<port>2445</port>"));
	assert_non_null(strstr(first, "<address>127.0.10.1</address>"));
	assert_non_null(strstr(second, "<port>12445</port>"));
	assert_non_null(strstr(text, "<loadInformation>SIP</loadInformation>"));
	test_free(text);
}

static void what_was_there_of_tvs_is_replaced(void **state)
{
	(void)state;
	char *text = merged("<device><TVS><members><member priority=\"0\"><port>1</port>"
			    "<address>old.example</address></member></members></TVS></device>");
	assert_null(strstr(text, "old.example"));
	assert_int_equal(times(text, "<TVS>"), 1);
	test_free(text);
}

static void what_the_operator_set_stays(void **state)
{
	(void)state;
	char *text = merged("<device><deviceSecurityMode>3</deviceSecurityMode></device>");
	assert_non_null(strstr(text, "<deviceSecurityMode>3</deviceSecurityMode>"));
	assert_int_equal(times(text, "<deviceSecurityMode>"), 1);
	assert_non_null(strstr(text, "<encrConfig>false</encrConfig>"));
	test_free(text);
}

static void a_default_names_no_tvs(void **state)
{
	(void)state;
	char *text = merged("<Default><loadInformation>x</loadInformation></Default>");
	assert_null(strstr(text, "TVS"));
	assert_non_null(strstr(text, "<loadInformation>x</loadInformation>"));
	test_free(text);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	(void)state;
	char *once = merged("<device><a>1 &amp; 2</a></device>");
	char *twice = merged("<device><a>1 &amp; 2</a></device>");
	assert_string_equal(once, twice);
	assert_null(strstr(once, "DOCTYPE"));
	test_free(once);
	test_free(twice);
}

static void bad_input_is_refused_with_a_sentence(void **state)
{
	(void)state;
	static const struct {
		const char *xml;
		enum fault fault;
		const char *says;
	} bad[] = {
		{ "", FAULT_MALFORMED, "not well-formed" },
		{ "<device>", FAULT_MALFORMED, "line 1" },
		{ "<device>\n\n</devise>", FAULT_MALFORMED, "line 3" },
		{ "<phone/>", FAULT_MALFORMED, "root element" },
		{ "<!DOCTYPE device><device/>", FAULT_REFUSED, "DOCTYPE" },
		{ "<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><device>&x;</device>",
			FAULT_REFUSED, "DOCTYPE" },
		{ "plain text", FAULT_MALFORMED, "not well-formed" },
		{ "<device>\x01</device>", FAULT_MALFORMED, "not well-formed" },
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct bytes out = { 0 };
		struct error err = { 0 };
		assert_false(configuration_merge(reader_of_text(bad[i].xml), &two, &out, &err));
		assert_int_equal(err.fault, bad[i].fault);
		if (strstr(err.text, bad[i].says) == NULL)
			fail_msg("%zu: %s", i, err.text);
		assert_null(out.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tvs_servers_come_in_order),
		cmocka_unit_test(what_was_there_of_tvs_is_replaced),
		cmocka_unit_test(what_the_operator_set_stays),
		cmocka_unit_test(a_default_names_no_tvs),
		cmocka_unit_test(the_same_input_gives_the_same_bytes),
		cmocka_unit_test(bad_input_is_refused_with_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
