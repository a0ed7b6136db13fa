#pragma once
/* Extensions, wherever they stand: in a certificate, or in a request for one. */
#include <openssl/x509.h>

#include "pki/cert_facts.h"

/* NULL is none. Into facts that have none yet. */
bool cert_facts_extensions(
	struct cert_facts *facts, const X509_EXTENSIONS *extensions, struct error *err) MUST_CHECK;
