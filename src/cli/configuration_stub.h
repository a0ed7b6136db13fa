#pragma once
/* The small configuration beside an encrypted one, which tells a phone to ask for that.
 * docs/formats/encrypted-file.md#stub */
#include "pki/cert.h"

/* `xml` is the full file, from which some elements are copied. FAULT_MALFORMED: no configuration
 * of a device; FAULT_CRYPTO where the machine forbids the hash. */
bool configuration_stub(struct reader xml, const struct cert *device, enum digest_kind hash,
	struct bytes *out, struct error *err) MUST_CHECK;
