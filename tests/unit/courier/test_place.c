#include "courier/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* base/error.h has one of its own */

static void urls_lead_somewhere(void **state)
{
	(void)state;
	static const struct {
		const char *url, *host;
		uint16_t port;
		bool numeric;
	} rows[] = {
		{ "http://hook.example", "hook.example", 80, false },
		{ "http://hook.example/", "hook.example", 80, false },
		{ "http://hook.example?a@b", "hook.example", 80, false },
		{ "http://hook.example#f", "hook.example", 80, false },
		{ "http://hook.example:1/x:y@z", "hook.example", 1, false },
		{ "http://hook.example:65535", "hook.example", 65535, false },
		{ "http://192.0.2.1:8080/a", "192.0.2.1", 8080, true },
		{ "http://[2001:db8::1]/a", "2001:db8::1", 80, true },
		{ "http://[::1]:8080", "::1", 8080, true },
		{ "http://a_b-c.example.", "a_b-c.example.", 80, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct place place;
		struct error err = { 0 };
		assert_true(place_of_url(rows[i].url, "http://", 80, &place, &err));
		assert_string_equal(place.host, rows[i].host);
		assert_int_equal(place.port, rows[i].port);
		assert_int_equal(place.numeric, rows[i].numeric);
	}
}

static void others_do_not(void **state)
{
	(void)state;
	static const char *const urls[] = { "", "http:", "http://", "http:///a", "http://:80",
		"https://a", "http://a:", "http://a:0", "http://a:65536", "http://a:1x",
		"http://a:123456789/", "http://me@a", "http://me:word@a", "http://[::1",
		"http://[]", "http://[::1]x", "http://[a]", "http://a b", "http://a..b",
		"http://.a", "http://a\nb", "http://\xc3\xa4.example", "http://[::1]:", "http://?",
		"http://#" };
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct place place = { .port = 7 };
		struct error err = { 0 };
		assert_false(place_of_url(urls[i], "http://", 80, &place, &err));
		assert_true(err.text[0] != '\0');
		assert_int_equal(place.port, 7);
	}
}

static void a_host_has_its_length(void **state)
{
	(void)state;
	char host[300], url[320];
	struct place place;
	for (size_t i = 0; i < sizeof(host); i++)
		host[i] = i % 50 == 49 ? '.' : 'a';
	host[PLACE_HOST_SIZE] = '\0';
	assert_false(place_of_host(host, 25, &place, NULL));
	(void)snprintf(url, sizeof(url), "http://%s/", host);
	assert_false(place_of_url(url, "http://", 80, &place, NULL));
	host[PLACE_HOST_SIZE - 1] = '\0';
	assert_true(place_of_host(host, 25, &place, NULL));
	(void)snprintf(url, sizeof(url), "http://%s/", host);
	assert_true(place_of_url(url, "http://", 80, &place, NULL));
	memset(host, 'a', 64);
	host[64] = '\0';
	assert_false(place_of_host(host, 25, &place, NULL));
	host[63] = '\0';
	assert_true(place_of_host(host, 25, &place, NULL));
	assert_false(place_of_host("", 25, &place, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_lead_somewhere),
		cmocka_unit_test(others_do_not),
		cmocka_unit_test(a_host_has_its_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
