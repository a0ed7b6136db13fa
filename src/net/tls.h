#pragma once
/* TLS for phones: contexts of servers and clients. With pki/, the only place that sees OpenSSL. */
#include "pki/identity.h"

struct tls_server;

/* TLS 1.0 (7900 phones) to 1.3, no client certificate wanted. Sessions are resumed, by ticket or
 * from a cache, for two hours at most and never under another identity. `old_phones` false starts
 * at TLS 1.2. */
struct tls_server *tls_server_new(const struct identity *who, bool old_phones, struct error *err);
void tls_server_free(struct tls_server *s);
DEFINE_AUTO(tls_server, tls_server_free);
