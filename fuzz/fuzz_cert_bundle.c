/* Certificates out of a file, written one after the other in PEM, are the same bundle again; a file
 * that is refused adds nothing. */
#include <stdlib.h>

#include "base/writer.h"
#include "pki/cert_bundle.h"
#include "target.h"

static void write_all(struct writer *w, const struct cert_bundle *bundle)
{
	for (size_t i = 0; i < bundle->count; i++) {
		char *pem = NULL;
		assert(cert_pem(bundle->certs[i], &pem, NULL));
		writer_text(w, pem);
		free(pem);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { 0 };
	AUTO_DONE(cert_bundle) once = { 0 };
	AUTO_DONE(cert_bundle) twice = { 0 };
	if (!cert_bundle_add(&once, reader_of(data, size), &err)) {
		assert(once.count == 0);
		return refused(&err);
	}
	assert(once.count >= 1 && once.count <= CERT_BUNDLE_MAX);
	AUTO_DONE(writer) w = writer_new(16 << 20);
	write_all(&w, &once);
	if (w.used > CERT_BUNDLE_BYTES)
		return 0;
	assert(w.ok && cert_bundle_add(&twice, writer_written(&w), &err));
	assert(once.count == twice.count);
	for (size_t i = 0; i < once.count; i++)
		assert(cert_same(once.certs[i], twice.certs[i]));
	return 0;
}
