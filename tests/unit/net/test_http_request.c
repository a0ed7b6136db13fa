#include "scene.h"

#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_request.h"

static bool parse(const char *text, struct http_request *out, struct error *err)
{
	*err = (struct error){ 0 };
	bool fine = http_request_parse(reader_of_text(text), out, err);
	assert_true(fine || (err->fault != FAULT_NONE && err->text[0] != '\0'));
	return fine;
}

static void a_phone_without_a_space_behind_host_is_understood(void **state)
{
	(void)state;
	struct http_request r;
	struct error err;
	assert_true(
		parse("GET /SEP001122334455.cnf.xml.sgn HTTP/1.1\r\nHost:192.0.2.1:6970\r\n\r\n",
			&r, &err));
	assert_string_equal(r.method, "GET");
	assert_string_equal(r.path, "/SEP001122334455.cnf.xml.sgn");
	assert_string_equal(http_request_field(&r, "host"), "192.0.2.1:6970");
	assert_null(http_request_field(&r, "Ho"));
	assert_true(r.keep);
	assert_int_equal(r.body, 0);
	http_request_done(&r);
	http_request_done(&r);
}

static void requests_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text, *path, *method;
		bool keep;
		size_t body;
	} rows[] = {
		{ "GET / HTTP/1.0\r\n\r\n", "/", "GET", false, 0 },
		{ "GET / HTTP/1.1\n\n", "/", "GET", true, 0 },
		{ "\r\nGET /a HTTP/1.1\r\n\r\n", "/a", "GET", true, 0 },
		{ "HEAD /a%20b HTTP/1.1\r\nConnection: Close\r\n\r\n", "/a b", "HEAD", false, 0 },
		{ "POST /v1 HTTP/1.1\r\nContent-Length: 17\r\n\r\n", "/v1", "POST", true, 17 },
		{ "PUT /v1 HTTP/1.1\r\ncontent-length:0\r\n\r\n", "/v1", "PUT", true, 0 },
		{ "DELETE /v1 HTTP/1.1\r\n\r\n", "/v1", "DELETE", true, 0 },
		{ "PATCH /pot HTTP/1.1\r\nContent-Length: 3\r\n\r\n", "/pot", "PATCH", true, 3 },
		{ "GET  /two  HTTP/1.1\r\n\r\n", "/two", "GET", true, 0 },
		{ "GET //a/b HTTP/1.1\r\n\r\n", "//a/b", "GET", true, 0 },
		{ "GET /k HTTP/1.1\r\nConnection: te, close\r\n\r\n", "/k", "GET", false, 0 },
		{ "GET /k HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "/k", "GET", false, 0 },
		{ "GET /u HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "/u", "GET",
			true, 0 },
		{ "POST /n HTTP/1.1\r\nContent-Length: 18446744073709551609 \r\n\r\n", "/n", "POST",
			true, 18446744073709551609u },
		{ "GET /%2e%2E/%252e HTTP/1.1\r\n\r\n", "/../%2e", "GET", true, 0 },
		{ "GET /a+b HTTP/1.1\r\n\r\n", "/a+b", "GET", true, 0 },
		{ "GET http://192.0.2.1:6970/x.tlv HTTP/1.1\r\n\r\n", "/x.tlv", "GET", true, 0 },
		{ "GET /x HTTP/1.1\r\nX: \t \r\nY:a:b \r\n\r\n", "/x", "GET", true, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_request r;
		struct error err;
		assert_true(parse(rows[i].text, &r, &err));
		assert_string_equal(r.path, rows[i].path);
		assert_string_equal(r.method, rows[i].method);
		assert_int_equal(r.keep, rows[i].keep);
		assert_int_equal(r.body, rows[i].body);
		http_request_done(&r);
	}
}

static void blanks_around_a_value_are_no_part_of_it(void **state)
{
	(void)state;
	struct http_request r;
	struct error err;
	assert_true(
		parse("GET / HTTP/1.1\r\nA:\r\nB: \t \r\nC:\t c: d \t\r\nD:\r\n\r\n", &r, &err));
	static const struct http_field wanted[] = { { "A", "" }, { "B", "" }, { "C", "c: d" },
		{ "D", "" } };
	assert_int_equal(r.field_count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_string_equal(r.fields[i].name, wanted[i].name);
		assert_string_equal(r.fields[i].value, wanted[i].value);
	}
	http_request_done(&r);
}

static void queries_are_decoded_once(void **state)
{
	(void)state;
	struct http_request r;
	struct error err;
	assert_true(parse("GET /a?node=pub&unit=Call%4danager&b=%2B+%2525&empty= HTTP/1.1\r\n\r\n",
		&r, &err));
	static const struct http_field wanted[] = { { "node", "pub" }, { "unit", "CallManager" },
		{ "b", "+ %25" }, { "empty", "" } };
	const struct evkeyval *field = r.query->tqh_first;
	for (size_t i = 0; i < COUNT(wanted); i++, field = field->next.tqe_next) {
		assert_non_null(field);
		assert_string_equal(field->key, wanted[i].name);
		assert_string_equal(field->value, wanted[i].value);
	}
	assert_null(field);
	http_request_done(&r);
}

static void what_two_readers_could_read_differently_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"\r\n\r\n",
		"GET /\r\n\r\n",
		"BREW /pot HTTP/1.1\r\n\r\n",
		"CONNECT host:443 HTTP/1.1\r\n\r\n",
		"GET /\ta HTTP/1.1\r\n\r\n",
		"GET /\fa HTTP/1.1\r\n\r\n",
		"GET /?bare HTTP/1.1\r\n\r\n",
		"GET /?=a HTTP/1.1\r\n\r\n",
		"GET /?a=b&&c=d HTTP/1.1\r\n\r\n",
		"GET /a b HTTP/1.1\r\n\r\n",
		" GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1 \r\n\r\n",
		"GET / HTTP/2.0\r\n\r\n",
		"GET / HTTP/1.2\r\n\r\n",
		"GET / http/1.1\r\n\r\n",
		"G{T / HTTP/1.1\r\n\r\n",
		"GET a HTTP/1.1\r\n\r\n",
		"GET * HTTP/1.1\r\n\r\n",
		"GET http://host HTTP/1.1\r\n\r\n",
		"GET ftp://host/a HTTP/1.1\r\n\r\n",
		"GET /a#b HTTP/1.1\r\n\r\n",
		"GET /% HTTP/1.1\r\n\r\n",
		"GET /%4 HTTP/1.1\r\n\r\n",
		"GET /%4g HTTP/1.1\r\n\r\n",
		"GET /%00 HTTP/1.1\r\n\r\n",
		"GET /?a=%00 HTTP/1.1\r\n\r\n",
		"GET /?%zz HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nnoname\r\n\r\n",
		"GET / HTTP/1.1\r\n: value\r\n\r\n",
		"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
		"GET / HTTP/1.1\r\nA:\r\n folded\r\n\r\n",
		"GET / HTTP/1.1\r\nA:\n\tfolded\r\n\r\n",
		"GET / HTTP/1.1\r\n folded: a\r\n\r\n",
		"GET / HTTP/1.1\r\nA: \x01z\r\n\r\n",
		"GET / HTTP/1.1\r\nA: \x7f\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\x01\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1,1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b",
		"GET / HTTP/1.1\r\nA: b\r\n",
		"GET / HTTP/1.1\r\n\r\nmore",
		"",
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct http_request r = { .body = 77 };
		struct error err;
		assert_false(parse(texts[i], &r, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_int_equal(r.body, 77); /* untouched */
	}
}

static void what_is_not_served_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
		"HEAD / HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
		"DELETE / HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct http_request r;
		struct error err;
		assert_false(parse(texts[i], &r, &err));
		assert_int_equal(err.fault, FAULT_REFUSED);
	}
}

/* "GET /" + filler … so that the first line has `size` bytes. */
static char *line_of(size_t size)
{
	static const char start[] = "GET /", end[] = " HTTP/1.1";
	char *text = malloc(size + 5);
	memset(text, 'x', size);
	memcpy(text, start, sizeof(start) - 1);
	memcpy(text + size - (sizeof(end) - 1), end, sizeof(end) - 1);
	memcpy(text + size, "\r\n\r\n", 5);
	return text;
}

static void limits_hold_to_the_byte(void **state)
{
	(void)state;
	struct http_request r;
	struct error err;
	char *text = line_of(HTTP_LINE_MAX);
	assert_true(parse(text, &r, &err));
	http_request_done(&r);
	free(text);
	text = line_of(HTTP_LINE_MAX + 1);
	assert_false(parse(text, &r, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	free(text);

	char fields[2000] = "GET / HTTP/1.1\r\n";
	for (unsigned i = 0; i < HTTP_FIELDS_MAX; i++)
		memcpy(fields + strlen(fields), "a: b\r\n", 7);
	size_t used = strlen(fields);
	memcpy(fields + used, "\r\n", 3);
	assert_true(parse(fields, &r, &err));
	http_request_done(&r);
	memcpy(fields + used, "c: d\r\n\r\n", 9);
	assert_false(parse(fields, &r, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
}

static void the_end_of_a_head_is_found_however_it_arrives(void **state)
{
	(void)state;
	static const char *const heads[] = { "GET / HTTP/1.1\r\nA: b\r\n\r\n",
		"GET / HTTP/1.1\nA: b\n\n", "\r\nGET / HTTP/1.1\r\n\r\n" };
	for (size_t i = 0; i < COUNT(heads); i++) {
		char text[64];
		size_t size = strlen(heads[i]), from = 0;
		(void)snprintf(text, sizeof(text), "%sbody\r\n\r\n", heads[i]);
		for (size_t cut = 0; cut < size; cut++)
			assert_int_equal(http_head_size(reader_of(text, cut), &from), 0);
		assert_int_equal(http_head_size(reader_of_text(text), &from), size);
	}
}

static void no_part_of_a_head_is_a_head(void **state)
{
	(void)state;
	static const char good[] = "POST /v1/x%20y?a=%41 HTTP/1.1\r\nHost:h\r\nA: b\r\n\r\n";
	for (size_t size = 0; size < sizeof(good) - 1; size++) {
		struct http_request r;
		struct error err = { 0 };
		char *part = malloc(size > 0 ? size : 1); /* so that reading beyond it is seen */
		memcpy(part, good, size);
		assert_false(http_request_parse(reader_of(part, size), &r, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
		assert_true(err.text[0] != '\0');
		free(part);
	}
}

static void no_change_of_a_byte_is_trusted_blindly(void **state)
{
	(void)state;
	static const char good[] =
		"POST /v1/x%20y?a=%41 HTTP/1.1\r\nHost:h\r\nContent-Length: 12\r\n\r\n";
	for (size_t i = 0; i < sizeof(good) - 1; i++)
		for (unsigned byte = 0; byte < 256; byte++) {
			char text[sizeof(good)];
			struct http_request r;
			struct error err = { 0 };
			memcpy(text, good, sizeof(good));
			text[i] = (char)byte;
			struct reader head = reader_of(text, sizeof(good) - 1);
			if (!http_request_parse(head, &r, &err)) {
				assert_int_not_equal(err.fault, FAULT_NONE);
				assert_true(err.text[0] != '\0');
				continue;
			}
			assert_true(r.path[0] == '/');
			assert_string_equal(r.method, "POST");
			assert_true(r.field_count <= 2);
			http_request_done(&r);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_phone_without_a_space_behind_host_is_understood),
		cmocka_unit_test(requests_are_read),
		cmocka_unit_test(blanks_around_a_value_are_no_part_of_it),
		cmocka_unit_test(queries_are_decoded_once),
		cmocka_unit_test(what_two_readers_could_read_differently_is_refused),
		cmocka_unit_test(what_is_not_served_is_refused),
		cmocka_unit_test(limits_hold_to_the_byte),
		cmocka_unit_test(the_end_of_a_head_is_found_however_it_arrives),
		cmocka_unit_test(no_part_of_a_head_is_a_head),
		cmocka_unit_test(no_change_of_a_byte_is_trusted_blindly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
