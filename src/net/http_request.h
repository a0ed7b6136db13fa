#pragma once
/*
 * The head of an HTTP/1 request, bytes to struct, read by libhttp-parser: strict where two readers
 * could differ (lengths, encodings, line ends inside values), lenient where phones are sloppy
 * ("Host:" without a space, no Host at all). Pure. docs/formats/provisioning.md#http
 */
#include "base/error.h"
#include "base/reader.h"

enum { HTTP_LINE_MAX = 2048, HTTP_FIELDS_MAX = 64 };

struct evkeyvalq;
struct http_field { /* both inside http_request.text */
	const char *name, *value;
};

struct http_request {
	const char *method; /* "GET"; never freed */
	bool keep;          /* the connection stays open after the answer */
	bool expects;       /* 100-continue */
	size_t body;        /* Content-Length */
	char *path;         /* owned; percent-decoded once, starts with '/' */
	size_t field_count;
	struct http_field fields[HTTP_FIELDS_MAX];
	struct evkeyvalq *query; /* owned; values decoded */
	char *text;              /* owned */
};

/* Bytes of the head at the front of `bytes`, its empty line included; 0 when it is not whole.
 * `from` is where to go on looking: what an earlier call left there. */
size_t http_head_size(struct reader bytes, size_t *from);

/* FAULT_MALFORMED; FAULT_LIMIT for too long a line or too many fields; FAULT_REFUSED for what is
 * well-formed and not served (transfer encodings, a body with GET). */
bool http_request_parse(struct reader head, struct http_request *out, struct error *err) MUST_CHECK;
const char *http_request_field(const struct http_request *r, const char *name); /* or NULL */
void http_request_done(struct http_request *r); /* copes with twice */
