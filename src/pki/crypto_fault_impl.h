#pragma once
/* OpenSSL's refusals as our errors. Its queue is empty afterwards, so that the next caller, and the
 * TLS code that reads the same queue, never meets our leftovers. */
#include "base/error.h"

/* Always false. "sentence: OpenSSL's reason", FAULT_CRYPTO or the fault given; FAULT_MEMORY when
 * that was the reason, whatever OpenSSL took it for. */
bool fail_crypto(struct error *err, const char *sentence);
bool fail_openssl(struct error *err, enum fault fault, const char *sentence);
/* Empties the queue: did anything in it fail for lack of memory? */
bool openssl_lacks_memory(void);
