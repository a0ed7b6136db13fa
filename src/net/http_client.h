#pragma once
/* An HTTP client in the loop (libcurl's multi interface): for the emulated phone, fetch and the
 * CLI. No redirects, no proxies, no environment. */
#include "base/bytes.h"
#include "net/loop.h"

struct http_client;
struct http_client *http_client_new(struct loop *l, struct error *err);
void http_client_free(struct http_client *c); /* ends what is under way without calling fn */
DEFINE_AUTO(http_client, http_client_free);

struct http_question {
	const char *method; /* "GET", "POST", … */
	const char *url;
	const char *unix_socket; /* path, or NULL */
	const char *source;      /* local address, or NULL */
	struct reader body;      /* JSON; empty: none */
	bool unnamed;            /* sentences do not begin with the URL: the caller says where */
	uint64_t timeout_ms;
	size_t limit;         /* bytes of the answer's body at most */
	const char *resolved; /* "host:port:address,…" for a name in the URL, or NULL */
	/* https: PEM; the server's chain must end in one of them and its name be the URL's. They
	 * outlive the answer. Empty: the pin says who is meant. */
	struct reader authorities;
	/* https: the only certificate that is accepted, as SHA-256 of its DER; NULL accepts any and
	 * leaves the judgement to the caller (answer.certificate). */
	const uint8_t *pin;
};

struct http_reply {
	int status; /* HTTP status */
	struct reader body;
	struct reader certificate; /* DER of the server's, https only */
};

/* One call of fn: reply (err NULL), or what went wrong. FAULT_MISSING is never used: a 404 is a
 * reply. FAULT_UNTRUSTED: another server than the pin or the authorities allow. */
typedef void http_reply_fn(const struct http_reply *reply, const struct error *err, void *context);
bool http_ask(struct http_client *c, const struct http_question *question, http_reply_fn *fn,
	void *context, struct error *err) MUST_CHECK;
