/* A certificate that is read keeps its bytes and answers every question within bounds. What becomes
 * of it in PEM is asked by fuzz_pem.c. */
#include <string.h>

#include "base/limits.h"
#include "pki/cert.h"
#include "target.h"

static const size_t text_max = 4 * (size_t)LIMIT_CERTIFICATE;

static void ask_everything(const struct cert *c)
{
	struct error err = { 0 };
	struct reader der = cert_der(c);
	struct reader serial = cert_serial(c);
	struct cert_key key = cert_key(c);
	assert(serial.left >= 1 && serial.left <= LIMIT_SERIAL);
	assert(serial.left == 1 || serial.at[0] != 0 || (serial.at[0] & 0x80) != 0);
	assert(key.name[0] != '\0' && (key.weak || cert_public_key(c).left > 0));
	for (int form = NAME_APPLIANCE; form <= NAME_BUILDER; form++)
		assert(strlen(cert_subject(c, (enum name_form)form)) < text_max &&
			strlen(cert_issuer(c, (enum name_form)form)) < text_max);
	assert(strlen(cert_common_name(c)) < text_max);
	assert(cert_signature(c).at + cert_signature(c).left == der.at + der.left);
	if (!cert_verify(c, DIGEST_SHA1, &der, 1, cert_signature(c), &err))
		(void)refused(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { 0 };
	AUTO(cert) c = cert_parse(reader_of(data, size), &err);
	if (c == NULL)
		return refused(&err);
	assert(reader_same(cert_der(c), reader_of(data, size)));
	ask_everything(c);
	return 0;
}
