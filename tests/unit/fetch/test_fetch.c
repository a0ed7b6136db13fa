#include "fetch/fetch.h"

#include "lib/small_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 5000, LARGE = 100000 };

struct scene {
	struct key_ring *ring;
	struct elsewhere server;
};

static void filled(struct small_server *s, struct key_ring *ring)
{
	static uint8_t large[LARGE];
	(void)ring;
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (uint8_t)(i / 251 + i);
	small_server_put(s, "ITLFile.tlv", reader_of_text("a list"));
	small_server_put(s, "Desktops/List one.xml", reader_of_text("<list/>"));
	small_server_put(s, "empty", reader_of(NULL, 0));
	small_server_put(s, "large", reader_of(large, LARGE));
}

static int scene_made(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	const struct small_server_plan plan = { .address = "127.0.0.1", .tomcat = "tomcat-2048" };
	assert_non_null(s);
	s->ring = key_ring_new();
	(void)key_ring_get(s->ring, "tomcat-2048");
	small_server_elsewhere(s->ring, &plan, filled, &s->server);
	*state = s;
	return 0;
}

static int scene_freed(void **state)
{
	struct scene *s = *state;
	small_server_kill(&s->server);
	key_ring_free(s->ring);
	free(s);
	return 0;
}

enum { SCHEMES = 3 };

/* tftp, http, https */
static void url_of(const struct scene *s, size_t scheme, const char *name, char out[static 200])
{
	static const char *const names[SCHEMES] = { "tftp", "http", "https" };
	const uint16_t ports[SCHEMES] = { s->server.tftp, s->server.http, s->server.https };
	(void)snprintf(out, 200, "%s://127.0.0.1:%u/%s", names[scheme], ports[scheme], name);
}

static bool fetched(const struct scene *s, size_t scheme, const char *name, size_t limit,
	struct bytes *out, struct error *err)
{
	char url[200];
	url_of(s, scheme, name, url);
	return fetch_url(url, limit, TIMEOUT_MS, out, err);
}

static void a_file_comes_over_each_scheme(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} files[] = { { "ITLFile.tlv", "a list" }, { "Desktops/List one.xml", "<list/>" },
		{ "empty", "" } };
	for (size_t i = 0; i < COUNT(files) * SCHEMES; i++) {
		struct error err = { 0 };
		AUTO_DONE(bytes) file = { 0 };
		if (!fetched(*state, i % SCHEMES, files[i / SCHEMES].name, 1000, &file, &err))
			fail_msg("%s", err.text);
		assert_true(
			reader_same(bytes_reader(&file), reader_of_text(files[i / SCHEMES].text)));
	}
}

static void a_large_file_comes_whole_and_at_its_limit(void **state)
{
	for (size_t scheme = 0; scheme < SCHEMES; scheme++) {
		struct error err = { 0 };
		AUTO_DONE(bytes) file = { 0 };
		if (!fetched(*state, scheme, "large", LARGE, &file, &err))
			fail_msg("%s", err.text);
		assert_int_equal(file.size, LARGE);
		for (size_t i = 0; i < LARGE; i++)
			assert_int_equal(file.data[i], (uint8_t)(i / 251 + i));
		struct bytes none = { 0 };
		assert_false(fetched(*state, scheme, "large", LARGE - 1, &none, &err));
		assert_int_equal(err.fault, FAULT_LIMIT);
		assert_null(none.data);
	}
}

static void a_missing_file_is_missing(void **state)
{
	for (size_t scheme = 0; scheme < SCHEMES; scheme++) {
		struct error err = { 0 };
		struct bytes none = { 0 };
		assert_false(fetched(*state, scheme, "CTLFile.tlv", 1000, &none, &err));
		assert_int_equal(err.fault, FAULT_MISSING);
		assert_non_null(strstr(err.text, "CTLFile.tlv"));
		assert_null(none.data);
	}
}

static void refused(const char *url, enum fault fault)
{
	struct error err = { 0 };
	struct bytes none = { 0 };
	if (fetch_url(url, 1000, TIMEOUT_MS, &none, &err))
		fail_msg("fetched: %s", url);
	if (err.fault != fault)
		fail_msg("%s: %s: %s", url, fault_name(err.fault), err.text);
	assert_true(err.text[0] != '\0');
	if (fault != FAULT_IO)
		return;
	const char *once = strstr(err.text, url);
	assert_non_null(once);
	assert_null(strstr(once + strlen(url), "://")); /* where is said once */
}

static void what_is_no_url_is_refused(void **state)
{
	(void)state;
	refused("", FAULT_USAGE);
	refused("ITLFile.tlv", FAULT_USAGE);
	refused("ftp://127.0.0.1/ITLFile.tlv", FAULT_USAGE);
	refused("file:///etc/passwd", FAULT_USAGE);
	refused("tftp:/127.0.0.1/ITLFile.tlv", FAULT_USAGE);
	refused("tftp:///ITLFile.tlv", FAULT_USAGE);
	refused("tftp://127.0.0.1", FAULT_USAGE);
	refused("tftp://127.0.0.1/", FAULT_USAGE);
	refused("tftp://127.0.0.1:0/ITLFile.tlv", FAULT_USAGE);
	refused("tftp://127.0.0.1:65536/ITLFile.tlv", FAULT_USAGE);
	refused("tftp://127.0.0.1:x/ITLFile.tlv", FAULT_USAGE);
	refused("http://user:word@127.0.0.1/ITLFile.tlv", FAULT_USAGE);
	assert_true(fetch_is_url("tftp://127.0.0.1/x"));
	assert_false(fetch_is_url("../ITLFile.tlv"));
}

static void nobody_there_is_an_error_of_the_network(void **state)
{
	char url[100];
	struct scene *s = *state;
	/* the TCP port of HTTP serves no UDP, and the other way round */
	(void)snprintf(url, sizeof(url), "tftp://127.0.0.1:%u/ITLFile.tlv", s->server.http);
	refused(url, FAULT_IO);
	(void)snprintf(url, sizeof(url), "http://127.0.0.9:%u/ITLFile.tlv", s->server.http);
	refused(url, FAULT_IO);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/ITLFile.tlv", s->server.http);
	refused(url, FAULT_IO);
}

static void a_certificate_is_looked_at(void **state)
{
	struct scene *s = *state;
	struct error err = { 0 };
	AUTO_DONE(bytes) der = { 0 };
	assert_true(fetch_certificate("127.0.0.1", s->server.https, TIMEOUT_MS, &der, &err));
	assert_true(reader_same(
		bytes_reader(&der), cert_der(key_ring_get(s->ring, "tomcat-2048")->cert)));
	struct bytes none = { 0 };
	assert_false(fetch_certificate("127.0.0.1", s->server.http, 300, &none, &err));
	assert_non_null(strstr(err.text, "127.0.0.1"));
	assert_false(fetch_certificate("127.0.0.9", s->server.https, 300, &none, &err));
	assert_null(none.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_comes_over_each_scheme),
		cmocka_unit_test(a_large_file_comes_whole_and_at_its_limit),
		cmocka_unit_test(a_missing_file_is_missing),
		cmocka_unit_test(what_is_no_url_is_refused),
		cmocka_unit_test(nobody_there_is_an_error_of_the_network),
		cmocka_unit_test(a_certificate_is_looked_at),
	};
	return cmocka_run_group_tests(tests, scene_made, scene_freed);
}
