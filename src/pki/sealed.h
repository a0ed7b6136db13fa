#pragma once
/*
 * Bytes sealed for the holder of one RSA key, as CMS AuthEnvelopedData (RFC 5083): the content
 * under AES-256 in GCM, its key wrapped with RSAES-OAEP and SHA-256. Who opens it learns whether a
 * byte was changed; nothing says who sealed it. docs/formats/sealed-key.md
 */
#include "pki/cert.h"
#include "pki/key.h"

enum { SEALED_MAX = 64 * 1024 };

/* FAULT_REFUSED for a certificate whose key is not RSA of 2048 bits or more. */
bool seal_for(const struct cert *recipient, struct reader clear, struct bytes *out,
	struct error *err) MUST_CHECK;
/* The clear bytes are a secret: bytes_wipe. FAULT_UNTRUSTED when it is not for this key, or was
 * changed; FAULT_MALFORMED for anything else. */
bool seal_open(const struct key *key, struct reader sealed, struct bytes *out, struct error *err)
	MUST_CHECK;
