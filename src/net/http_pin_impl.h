#pragma once
/* The one certificate that an HTTPS question accepts, and the one that was shown. With tls.c the
 * only file of net/ that sees OpenSSL. */
#include "base/bytes.h"
#include "pki/digest.h"

struct http_pin {
	bool wanted; /* else any certificate will do */
	uint8_t digest[DIGEST_SIZE];
	bool failed;        /* another one was shown */
	struct bytes shown; /* DER */
};

/* Makes libcurl's SSL_CTX judge by the pin alone. `pin` must outlive the transfer. */
void http_pin_guard(void *ssl_ctx, struct http_pin *pin);
