#pragma once
/* OpenSSL's refusals as our errors. Its queue is empty afterwards, so that the next caller, and the
 * TLS code that reads the same queue, never meets our leftovers. */
#include "base/error.h"

/* Always false. "sentence: OpenSSL's reason", FAULT_CRYPTO or the fault given. */
bool fail_crypto(struct error *err, const char *sentence);
bool fail_openssl(struct error *err, enum fault fault, const char *sentence);
