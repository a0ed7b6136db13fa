#pragma once
/* A distinguished name of a certificate as text: docs/formats/distinguished-name.md */
#include <openssl/x509.h>

#include "pki/cert.h"

/* FAULT_MALFORMED when an attribute is no text. free() what comes out. */
bool cert_name_text(const X509_NAME *name, enum name_form form, char **out, struct error *err)
	MUST_CHECK;
/* As RFC 4514 has it: like NAME_BUILDER, but the last RDN first. free() what comes out. */
bool cert_name_rfc4514(const X509_NAME *name, char **out, struct error *err) MUST_CHECK;
/* The first common name; "" when there is none or when it holds a NUL byte. free() it. */
bool cert_name_common(const X509_NAME *name, char **out, struct error *err) MUST_CHECK;
