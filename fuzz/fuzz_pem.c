/* A certificate or private key out of PEM is written and read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "pki/cert.h"
#include "pki/key.h"
#include "target.h"

static void certificate(struct reader pem)
{
	struct error err = { 0 };
	char *text = NULL;
	AUTO(cert) once = cert_parse_pem(pem, &err);
	if (once == NULL) {
		(void)refused(&err);
		return;
	}
	assert(cert_pem(once, &text, &err));
	AUTO(cert) twice = cert_parse_pem(reader_of_text(text), &err);
	assert(twice != NULL && cert_same(once, twice));
	free(text);
}

static void private_key(struct reader pem)
{
	struct error err = { 0 };
	struct bytes der = { 0 };
	uint8_t one[DIGEST_SIZE], other[DIGEST_SIZE];
	AUTO(key) once = key_parse_pem(pem, &err);
	if (once == NULL) {
		(void)refused(&err);
		return;
	}
	assert(key_write(once, &der, &err));
	AUTO(key) twice = key_parse(bytes_reader(&der), &err);
	assert(twice != NULL);
	key_id(once, one);
	key_id(twice, other);
	assert(memcmp(one, other, sizeof(one)) == 0);
	bytes_wipe(&der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	certificate(reader_of(data, size));
	private_key(reader_of(data, size));
	return 0;
}
