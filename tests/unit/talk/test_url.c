#include "talk/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct url_scheme schemes[] = { { "tftp", 69 }, { "http", 6970 }, { "https", 6971 } };

static void parts_are_found(void **state)
{
	(void)state;
	static const struct {
		const char *text, *scheme, *host;
		uint16_t port;
		const char *path;
	} rows[] = {
		{ "tftp://192.0.2.1/ITLFile.tlv", "tftp", "192.0.2.1", 69, "/ITLFile.tlv" },
		{ "http://192.0.2.1:80/a/b.xml", "http", "192.0.2.1", 80, "/a/b.xml" },
		{ "HTTPS://pub.example.net", "https", "pub.example.net", 6971, "/" },
		{ "https://pub.example.net:8443", "https", "pub.example.net", 8443, "/" },
		{ "http://[2001:db8::1]:65535/x", "http", "2001:db8::1", 65535, "/x" },
		{ "http://[::1]/", "http", "::1", 6970, "/" },
		{ "http://x/a?b=c", "http", "x", 6970, "/a?b=c" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct url url;
		struct error err = { 0 };
		if (!url_parse(rows[i].text, schemes, COUNT(schemes), &url, &err))
			fail_msg("%s", err.text);
		assert_string_equal(url.scheme, rows[i].scheme);
		assert_string_equal(url.host, rows[i].host);
		assert_int_equal(url.port, rows[i].port);
		assert_string_equal(url.path, rows[i].path);
	}
}

static void what_is_no_url_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "x", "ftp://x/y", "http", "http:", "http:/x",
		"http://", "http:///x", "http://:80/x", "http://x:/y", "http://x:0/y",
		"http://x:65536/y", "http://x:8o/y", "http://x:+1/y", "http://a@b/c",
		"http://a:b@c/d", "http://[::1/x", "http://[]/x", "http://[::1]x/y", "http://x?y",
		"http://x#y", "http://x/a\nb", "http://\x01/x", "tftps://x/y" };
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct url url = { .port = 7 };
		struct error err = { 0 };
		if (url_parse(texts[i], schemes, COUNT(schemes), &url, &err))
			fail_msg("%s is taken", texts[i]);
		assert_int_equal(err.fault, FAULT_USAGE);
		assert_true(err.text[0] != '\0');
		assert_int_equal(url.port, 7);
	}
}

static void sizes_are_bounded(void **state)
{
	(void)state;
	char text[1000] = "http://";
	struct url url;
	struct error err = { 0 };
	memset(text + 7, 'x', HOST_NAME_SIZE - 1);
	assert_true(url_parse(text, schemes, COUNT(schemes), &url, &err));
	text[7 + HOST_NAME_SIZE - 1] = 'x';
	assert_false(url_parse(text, schemes, COUNT(schemes), &url, &err));
	memset(text + 7, 0, sizeof(text) - 7);
	memset(text + 7, 'x', LIMIT_FILE_NAME);
	text[8] = '/';
	assert_true(url_parse(text, schemes, COUNT(schemes), &url, &err));
	assert_int_equal(strlen(url.path), LIMIT_FILE_NAME - 1);
	text[7 + LIMIT_FILE_NAME] = 'x';
	assert_false(url_parse(text, schemes, COUNT(schemes), &url, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_found),
		cmocka_unit_test(what_is_no_url_is_refused),
		cmocka_unit_test(sizes_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
