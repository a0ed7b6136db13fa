#include "net/http_request.h"

#include <ctype.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <http_parser.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct reading { /* what the parser's callbacks work on */
	struct http_request request;
	const char *head;
	struct error why;
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

/* The parser takes some control bytes, and unfolds lines without a word (RFC 9112 5.2). */
static bool is_plain(struct reader head)
{
	uint8_t before = '\n';
	for (size_t i = 0; i < head.left; before = head.at[i++]) {
		uint8_t byte = head.at[i];
		bool blank = byte == ' ' || byte == '\t', line_end = byte == '\r' || byte == '\n';
		if ((byte < ' ' && !blank && !line_end) || byte == 0x7F ||
			(blank && before == '\n'))
			return false;
	}
	return true;
}

/* libevent takes "%zz" as it stands, and a NUL would end the text for some readers only. */
static bool is_encoded(const char *target)
{
	for (const char *at = strchr(target, '%'); at != NULL; at = strchr(at + 1, '%'))
		if (!isxdigit((unsigned char)at[1]) || !isxdigit((unsigned char)at[2]) ||
			(at[1] == '0' && at[2] == '0'))
			return false;
	return strchr(target, '\t') == NULL;
}

/* What a callback was shown, as text of its own. */
static char *text_of(struct reading *r, const char *at, size_t size)
{
	char *text = r->request.text + (at - r->head);
	text[size] = '\0';
	return text;
}

/* "/path", or "http://host/path" as proxies write it. */
static bool read_target(struct http_request *r, char *target, struct error *err)
{
	struct http_parser_url url = { 0 };
	if (!is_encoded(target))
		return fail(err, FAULT_MALFORMED, "a wrong percent-encoding in the target");
	bool fine = http_parser_parse_url(target, strlen(target), 0, &url) == 0;
	unsigned set = url.field_set;
	bool foreign = (set & 1 << UF_SCHEMA) != 0 && strncasecmp(target, "http", 4) != 0;
	char *path = target + url.field_data[UF_PATH].off;
	if (!fine || foreign || *path != '/' || (set & 1 << UF_FRAGMENT) != 0)
		return fail(err, FAULT_MALFORMED, "the target is no path on this server");
	path[url.field_data[UF_PATH].len] = '\0';
	r->path = evhttp_uridecode(path, 0, NULL);
	r->query = calloc(1, sizeof(*r->query));
	if (r->path == NULL || r->query == NULL)
		return fail_memory(err);
	bool asks = (set & 1 << UF_QUERY) != 0;
	if (evhttp_parse_query_str(asks ? target + url.field_data[UF_QUERY].off : "", r->query))
		return fail(err, FAULT_MALFORMED, "the query is not made of name=value");
	return true;
}

static int on_target(http_parser *parser, const char *at, size_t size)
{
	struct reading *r = parser->data;
	size_t line = (size_t)(at - r->head) + size + strlen(" HTTP/1.1");
	if (line > HTTP_LINE_MAX)
		return !fail(&r->why, FAULT_LIMIT, "a request line of %zu bytes, %d are allowed",
			line, HTTP_LINE_MAX);
	return !read_target(&r->request, text_of(r, at, size), &r->why);
}

static int on_name(http_parser *parser, const char *at, size_t size)
{
	struct reading *r = parser->data;
	if (r->request.field_count == HTTP_FIELDS_MAX)
		return !fail(&r->why, FAULT_LIMIT, "more than %d header fields", HTTP_FIELDS_MAX);
	if (memchr(at, ' ', size) != NULL)
		return !fail(&r->why, FAULT_MALFORMED, "a space in the name of header field %zu",
			r->request.field_count + 1);
	r->request.fields[r->request.field_count++].name = text_of(r, at, size);
	return 0;
}

static int on_value(http_parser *parser, const char *at, size_t size)
{
	struct reading *r = parser->data;
	while (size > 0 && (at[size - 1] == ' ' || at[size - 1] == '\t'))
		size--;
	/* An empty value is shown where the next field begins. */
	r->request.fields[r->request.field_count - 1].value = size > 0 ? text_of(r, at, size) : "";
	return 0;
}

static bool judge(const http_parser *parser, struct http_request *r, struct error *err)
{
	const char *expect = http_request_field(r, "Expect");
	bool bodiless = parser->method == HTTP_GET || parser->method == HTTP_HEAD ||
		parser->method == HTTP_DELETE;
	if (parser->http_major != 1 || parser->http_minor > 1)
		return fail(err, FAULT_MALFORMED, "the first line is not of HTTP/1.1 or HTTP/1.0");
	if (http_request_field(r, "Transfer-Encoding") != NULL)
		return fail(err, FAULT_REFUSED, "transfer encodings are not served");
	r->body = (parser->flags & F_CONTENTLENGTH) != 0 ? parser->content_length : 0;
	if (r->body > 0 && bodiless)
		return fail(err, FAULT_REFUSED, "a body with a request that has none");
	r->method = http_method_str((enum http_method)parser->method);
	r->keep = parser->http_minor == 1 && http_should_keep_alive(parser) != 0;
	r->expects = expect != NULL && text_same_nocase(expect, "100-continue");
	return true;
}

static int on_head(http_parser *parser)
{
	struct reading *r = parser->data;
	return judge(parser, &r->request, &r->why) ? 2 : -1; /* 2: stop behind the head */
}

static bool read_head(struct reading *r, struct reader head)
{
	static const http_parser_settings callbacks = { .on_url = on_target,
		.on_header_field = on_name,
		.on_header_value = on_value,
		.on_headers_complete = on_head };
	http_parser parser = { 0 };
	http_parser_init(&parser, HTTP_REQUEST);
	parser.data = r;
	size_t used = http_parser_execute(&parser, &callbacks, r->head, head.left);
	enum http_errno wrong = HTTP_PARSER_ERRNO(&parser);
	if (r->why.fault != FAULT_NONE)
		return false;
	if (wrong != HPE_OK)
		return fail(&r->why, FAULT_MALFORMED, "this is no HTTP request: %s",
			http_errno_description(wrong));
	if (!parser.upgrade || used != head.left)
		return fail(&r->why, FAULT_MALFORMED, "the head does not end with its empty line");
	return true;
}

bool http_request_parse(struct reader head, struct http_request *out, struct error *err)
{
	struct reading r = { .head = (const char *)head.at };
	if (!is_plain(head))
		return fail(err, FAULT_MALFORMED, "a control byte or a folded line in the head");
	r.request.text = malloc(head.left + 1);
	if (r.request.text == NULL)
		return fail_memory(err);
	struct reader bytes = head;
	reader_copy(&bytes, r.request.text, head.left);
	if (!read_head(&r, head)) {
		http_request_done(&r.request);
		return fail(err, r.why.fault, "%s", r.why.text);
	}
	*out = r.request;
	return true;
}

const char *http_request_field(const struct http_request *r, const char *name)
{
	for (size_t i = 0; i < r->field_count; i++)
		if (text_same_nocase(r->fields[i].name, name))
			return r->fields[i].value;
	return NULL;
}

void http_request_done(struct http_request *r)
{
	if (r->query != NULL)
		evhttp_clear_headers(r->query);
	free(r->query);
	free(r->path);
	free(r->text);
	*r = (struct http_request){ 0 };
}
