/* Seeds of encrypted files, under a content key that the target knows, and under others. */
#include <stdio.h>
#include <stdlib.h>

#include "base/writer.h"
#include "device_key.h"
#include "pki/envelope.h"
#include "seed.h"
#include "wire/signed_header.h"

static const uint8_t zeros[128];

struct sealing {
	const char *name, *clear; /* whole blocks, padding with it */
	uint16_t padding;
	enum hash_code hash;
	struct reader wrapped;
	enum digest_kind digest;
};

static void must(bool fine, const char *what)
{
	if (!fine) {
		(void)fprintf(stderr, "fuzz-seeds: %s\n", what);
		exit(1);
	}
}

static struct signed_header header(const struct sealing *s, const uint8_t *digest)
{
	return (struct signed_header){
		.version = { 2, 0 },
		.signer_name = reader_of_text("CN=pub;O=lab"),
		.serial = reader_of("\x5a\1\2\3", 4),
		.issuer_name = reader_of_text("CN=pub;O=lab"),
		.hash = HASH_SHA1,
		.modulus = 64,
		.signature = reader_of(zeros, 64),
		.file_name = reader_of_text("SEP001122334455.cnf.xml.enc.sgn"),
		.has_timestamp = true,
		.timestamp = 0x6887b03e,
		.has_encryption = true,
		.encryption = { .iv = reader_of(zeros, CIPHER_BLOCK_SIZE),
			.padding = s->padding,
			.wrapped_key = s->wrapped,
			.hash = s->hash,
			.digest = reader_of(digest, hash_code_size(s->hash)) },
	};
}

static void save_one(const char *folder, const struct sealing *s)
{
	struct content_key k = { 0 };
	uint8_t digest[DIGEST_MAX];
	struct reader padded = reader_of_text(s->clear);
	struct reader clear = reader_of(padded.at, padded.left - s->padding);
	struct reader key = reader_of(content_key_bytes, sizeof(content_key_bytes));
	AUTO_DONE(bytes) body = { 0 };
	reader_copy(&key, k.key, sizeof(k.key));
	must(digest_of(s->digest, &clear, 1, digest, NULL), "no digest");
	must(content_encrypt(&k, padded, &body, NULL), "no cipher");
	struct signed_header h = header(s, digest);
	AUTO_DONE(writer) w = writer_new(65536);
	signed_header_write(&w, &h);
	writer_bytes(&w, bytes_reader(&body));
	must(w.ok, "does not fit");
	save(folder, "sealed_file", s->name, writer_written(&w));
}

void save_sealed(const char *folder)
{
	const struct reader known = reader_of(content_key_wrapped, sizeof(content_key_wrapped));
	const struct sealing all[] = {
		{ "sha1", "<device/>\r\r\r\r\r\r\r", 7, HASH_SHA1, known, DIGEST_SHA1 },
		{ "sha512-whole-block", "<device></device\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r", 16,
			HASH_SHA512, known, DIGEST_SHA512 },
		{ "sha256-odd-padding", "<device/>1234567", 7, HASH_SHA256, known, DIGEST_SHA256 },
		{ "empty", "\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r", 16, HASH_SHA1, known, DIGEST_SHA1 },
		{ "no-key-in-the-blob", "<device/>\r\r\r\r\r\r\r", 7, HASH_SHA1,
			reader_of(zeros, 128), DIGEST_SHA1 },
		{ "for-a-smaller-key", "<device/>\r\r\r\r\r\r\r", 7, HASH_SHA1,
			reader_of(zeros, 64), DIGEST_SHA1 },
	};
	for (size_t i = 0; i < COUNT(all); i++)
		save_one(folder, &all[i]);
}
