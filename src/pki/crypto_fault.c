#include "pki/crypto_fault_impl.h"

#include <openssl/err.h>

bool openssl_lacks_memory(void)
{
	bool lacks = false;
	for (unsigned long error; (error = ERR_get_error()) != 0;)
		lacks = lacks || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
	return lacks;
}

bool fail_openssl(struct error *err, enum fault fault, const char *sentence)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	if (openssl_lacks_memory())
		(void)fail_memory(err);
	else if (reason == NULL)
		(void)fail(err, fault, "%s", sentence);
	else
		(void)fail(err, fault, "%s: %s", sentence, reason);
	return false;
}

bool fail_crypto(struct error *err, const char *sentence)
{
	return fail_openssl(err, FAULT_CRYPTO, sentence);
}
