#include "pki/crypto_fault_impl.h"

#include <openssl/err.h>

bool fail_openssl(struct error *err, enum fault fault, const char *sentence)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	if (reason == NULL)
		(void)fail(err, fault, "%s", sentence);
	else
		(void)fail(err, fault, "%s: %s", sentence, reason);
	ERR_clear_error();
	return false;
}

bool fail_crypto(struct error *err, const char *sentence)
{
	return fail_openssl(err, FAULT_CRYPTO, sentence);
}
