#include <openssl/pem.h>

#include "base/writer.h"
#include "pki/crypto_fault_impl.h"
#include "pki/pem_impl.h"

BIO *pem_open(struct reader file, struct error *err)
{
	if (file.left > PEM_FILE_MAX) {
		(void)fail(err, FAULT_LIMIT, "a PEM file of %zu bytes, at most %d are accepted",
			file.left, PEM_FILE_MAX);
		return NULL;
	}
	BIO *in = BIO_new_mem_buf(file.left > 0 ? (const void *)file.at : "", (int)file.left);
	if (in == NULL)
		(void)fail_memory(err);
	return in;
}

bool pem_write(const char *label, struct reader der, char **out, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(PEM_FILE_MAX);
	struct bytes text = { 0 };
	const char *written = NULL;
	BIO *memory = BIO_new(BIO_s_mem());
	if (memory != NULL && PEM_write_bio(memory, label, "", der.at, (long)der.left) > 0) {
		long size = BIO_get_mem_data(memory, &written);
		writer_bytes(&w, reader_of(written, (size_t)size));
	} else {
		w.ok = false;
	}
	BIO_free(memory);
	writer_u8(&w, 0);
	if (!writer_take(&w, &text, err))
		return fail_crypto(err, "it cannot be written as PEM");
	*out = (char *)text.data;
	return true;
}
