#include "net/http_request.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"

static const struct method_row {
	const char *name;
	enum http_method method;
	bool body;
} methods[] = {
	{ "GET", HTTP_GET, false },
	{ "HEAD", HTTP_HEAD, false },
	{ "POST", HTTP_POST, true },
	{ "PUT", HTTP_PUT, true },
	{ "DELETE", HTTP_DELETE, false },
};

size_t http_head_size(struct reader bytes, size_t *from)
{
	for (size_t i = *from; i < bytes.left; i++) {
		if (bytes.at[i] != '\n')
			continue;
		bool bare = i >= 1 && bytes.at[i - 1] == '\n';
		bool full = i >= 2 && bytes.at[i - 1] == '\r' && bytes.at[i - 2] == '\n';
		if (bare || full)
			return i + 1;
	}
	*from = bytes.left;
	return 0;
}

/* RFC 9110 5.6.2 */
static bool is_token(const char *text)
{
	static const char also[] = "!#$%&'*+-.^_`|~";
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
		bool digit = *text >= '0' && *text <= '9';
		if (!letter && !digit && strchr(also, *text) == NULL)
			return false;
	}
	return true;
}

/* Cuts the next line off *text; its end becomes a NUL. NULL: there is none. */
static char *next_line(char **text)
{
	char *line = *text;
	char *end = strchr(line, '\n');
	if (end == NULL)
		return NULL;
	*text = end + 1;
	if (end > line && end[-1] == '\r')
		end--;
	*end = '\0';
	return line;
}

/* Cuts at the first `mark`; what follows it, or NULL. */
static char *cut(char *text, char mark)
{
	char *at = strchr(text, mark);
	if (at == NULL)
		return NULL;
	*at = '\0';
	return at + 1;
}

static char *trim(char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	size_t size = strlen(text);
	while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
		text[--size] = '\0';
	return text;
}

/* Once, in place. A NUL would end the text early for some readers and not for others. */
static bool decode(char *text, bool plus_is_space)
{
	char *out = text;
	for (; *text != '\0'; text++) {
		uint8_t byte = (uint8_t)*text;
		if (byte == '%') {
			char digits[3] = { text[1], text[1] != '\0' ? text[2] : '\0', '\0' };
			if (!hex_read(digits, &byte, 1) || byte == 0)
				return false;
			text += 2;
		} else if (byte == '+' && plus_is_space) {
			byte = ' ';
		}
		*out++ = (char)byte;
	}
	*out = '\0';
	return true;
}

static bool parse_queries(char *query, struct http_request *r, struct error *err)
{
	while (query != NULL && *query != '\0') {
		char *rest = cut(query, '&');
		char *value = cut(query, '=');
		if (r->query_count == HTTP_QUERIES_MAX)
			return fail(
				err, FAULT_LIMIT, "more than %d query fields", HTTP_QUERIES_MAX);
		if (!decode(query, true) || (value != NULL && !decode(value, true)))
			return fail(err, FAULT_MALFORMED, "a wrong percent-encoding in the query");
		r->queries[r->query_count++] = (struct http_field){ .name = query,
			.value = value != NULL ? value : query + strlen(query) };
		query = rest;
	}
	return true;
}

/* "/path", or "http://host/path" as proxies write it. */
static char *path_of(char *target)
{
	static const char *const schemes[] = { "http://", "https://" };
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (strncmp(target, schemes[i], strlen(schemes[i])) == 0)
			return strchr(target + strlen(schemes[i]), '/');
	return target[0] == '/' ? target : NULL;
}

static bool parse_target(char *target, struct http_request *r, struct error *err)
{
	char *query = cut(target, '?');
	char *path = path_of(target);
	if (path == NULL || strchr(target, '#') != NULL)
		return fail(err, FAULT_MALFORMED, "the path does not start with a slash");
	if (!decode(path, false))
		return fail(err, FAULT_MALFORMED, "a wrong percent-encoding in the path");
	r->path = path;
	return parse_queries(query, r, err);
}

static bool parse_first_line(char *line, struct http_request *r, struct error *err)
{
	if (strlen(line) > HTTP_LINE_MAX)
		return fail(err, FAULT_LIMIT, "a request line of %zu bytes, %d are allowed",
			strlen(line), HTTP_LINE_MAX);
	char *target = cut(line, ' ');
	char *version = target != NULL ? cut(target, ' ') : NULL;
	if (version == NULL || !is_token(line))
		return fail(err, FAULT_MALFORMED, "the first line is no HTTP request");
	if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
		return fail(err, FAULT_MALFORMED, "the first line is not of HTTP/1.1 or HTTP/1.0");
	r->keep = strcmp(version, "HTTP/1.1") == 0;
	r->method = HTTP_OTHER;
	for (size_t i = 0; i < COUNT(methods); i++)
		if (strcmp(line, methods[i].name) == 0)
			r->method = methods[i].method;
	return parse_target(target, r, err);
}

static bool parse_field(char *line, struct http_request *r, struct error *err)
{
	if (r->field_count == HTTP_FIELDS_MAX)
		return fail(err, FAULT_LIMIT, "more than %d header fields", HTTP_FIELDS_MAX);
	char *value = cut(line, ':');
	if (value == NULL || !is_token(line)) /* a folded line has a space where the name starts */
		return fail(
			err, FAULT_MALFORMED, "header field %zu has no name", r->field_count + 1);
	r->fields[r->field_count++] = (struct http_field){ .name = line, .value = trim(value) };
	return true;
}

const char *http_request_field(const struct http_request *r, const char *name)
{
	for (size_t i = 0; i < r->field_count; i++)
		if (text_same_nocase(r->fields[i].name, name))
			return r->fields[i].value;
	return NULL;
}

static size_t field_times(const struct http_request *r, const char *name)
{
	size_t times = 0;
	for (size_t i = 0; i < r->field_count; i++)
		times += text_same_nocase(r->fields[i].name, name) ? 1 : 0;
	return times;
}

static bool takes_body(const struct http_request *r)
{
	for (size_t i = 0; i < COUNT(methods); i++)
		if (methods[i].method == r->method)
			return methods[i].body;
	return true; /* of what is not served: read past it */
}

static bool judge_fields(struct http_request *r, struct error *err)
{
	const char *length = http_request_field(r, "Content-Length");
	const char *connection = http_request_field(r, "Connection");
	const char *expect = http_request_field(r, "Expect");
	uint64_t body = 0;
	if (http_request_field(r, "Transfer-Encoding") != NULL)
		return fail(err, FAULT_REFUSED, "transfer encodings are not served");
	if (field_times(r, "Content-Length") > 1)
		return fail(err, FAULT_MALFORMED, "more than one Content-Length");
	if (length != NULL && !text_number(length, 0, SIZE_MAX, &body))
		return fail(err, FAULT_MALFORMED, "Content-Length is no number");
	if (body > 0 && !takes_body(r))
		return fail(err, FAULT_REFUSED, "a body with a request that has none");
	if (connection != NULL && text_same_nocase(connection, "close"))
		r->keep = false;
	r->body = (size_t)body;
	r->expects = expect != NULL && text_same_nocase(expect, "100-continue");
	return true;
}

static bool parse_text(struct http_request *r, struct error *err)
{
	char *text = r->text;
	char *line = next_line(&text);
	if (line != NULL && *line == '\0') /* RFC 9112 2.2: an empty line before is skipped */
		line = next_line(&text);
	if (line == NULL)
		return fail(err, FAULT_MALFORMED, "the request is empty");
	if (!parse_first_line(line, r, err))
		return false;
	for (line = next_line(&text); line != NULL && *line != '\0'; line = next_line(&text))
		if (!parse_field(line, r, err))
			return false;
	if (line == NULL || *text != '\0')
		return fail(err, FAULT_MALFORMED, "the head does not end with its empty line");
	return judge_fields(r, err);
}

/* NUL, CR without LF and other control bytes have no place in a head. */
static bool only_text(struct reader head)
{
	for (size_t i = 0; i < head.left; i++) {
		uint8_t byte = head.at[i];
		bool line_end = byte == '\n' ||
			(byte == '\r' && i + 1 < head.left && head.at[i + 1] == '\n');
		if ((byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7F)
			return false;
	}
	return true;
}

bool http_request_parse(struct reader head, struct http_request *out, struct error *err)
{
	struct http_request r = { 0 };
	if (!only_text(head))
		return fail(err, FAULT_MALFORMED, "a control byte in the head");
	r.text = malloc(head.left + 1);
	if (r.text == NULL)
		return fail_memory(err);
	struct reader bytes = head;
	reader_copy(&bytes, r.text, head.left);
	r.text[head.left] = '\0';
	if (!parse_text(&r, err)) {
		http_request_done(&r);
		return false;
	}
	*out = r;
	return true;
}

void http_request_done(struct http_request *r)
{
	free(r->text);
	*r = (struct http_request){ 0 };
}
