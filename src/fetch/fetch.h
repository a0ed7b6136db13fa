#pragma once
/* Looking at a server from outside, as any client would: one file, one answer; blocks. */
#include "base/bytes.h"
#include "base/limits.h"

/* tftp://host[:port]/NAME, http://host[:port]/NAME or https://… (any certificate is taken: what is
 * fetched is judged by its signature). Default ports 69, 6970, 6971. FAULT_USAGE: not such a URL;
 * FAULT_MISSING: the server has no such file; FAULT_LIMIT: more than `limit` bytes; FAULT_IO. */
bool fetch_url(const char *url, size_t limit, uint64_t timeout_ms, struct bytes *out,
	struct error *err) MUST_CHECK;

/* The same, and which certificate an https server showed (DER; empty for others): nobody has judged
 * it. */
bool fetch_url_shown(const char *url, size_t limit, uint64_t timeout_ms, struct bytes *out,
	struct bytes *certificate, struct error *err) MUST_CHECK;

/* Does this text look like one of those, rather than the name of a file? */
bool fetch_is_url(const char *text);

/* The certificate that a TLS server shows, DER: what serves there now. */
bool fetch_certificate(const char *host, uint16_t port, uint64_t timeout_ms, struct bytes *der,
	struct error *err) MUST_CHECK;
