#include "signer/operations_impl.h"

/* Only these two are ever written, docs/formats/signed-header.md#hash-codes */
static bool digest_for(enum hash_code hash, enum digest_kind *out, struct error *err)
{
	switch (hash) {
	case HASH_SHA1:
		*out = DIGEST_SHA1;
		return true;
	case HASH_SHA512:
		*out = DIGEST_SHA512;
		return true;
	case HASH_SHA256:
		break;
	}
	return fail(err, FAULT_REFUSED, "phones verify SHA-1 and SHA-512, %s was asked",
		hash_code_name(hash));
}

/* A key file that rotted must not speak to phones. That a faulty RSA signature gives its key away
 * is OpenSSL's care: it checks what the Chinese remainder theorem came to before it lets it out. */
static bool check_signature(struct key_store *keys, const struct stored_key *stored,
	const struct reader covered[2], enum digest_kind kind, struct reader signature,
	struct error *err)
{
	char text[KEY_TEXT_SIZE];
	if (!cert_verify(stored->cert, kind, covered, 2, signature, NULL))
		return fail(err, FAULT_CRYPTO,
			"key %s of %s makes wrong signatures: its file is damaged",
			key_text(stored->id, text), stored->unit);
	key_store_prove(keys, stored);
	return true;
}

bool sign_covered(struct key_store *keys, const struct stored_key *stored,
	const struct unsigned_file *what, struct bytes *out, struct error *err)
{
	enum digest_kind kind = DIGEST_SHA1;
	struct reader covered[2];
	AUTO_DONE(bytes) signature = { 0 };
	struct cert_key public = cert_key(stored->cert);
	if (!digest_for(what->header->hash, &kind, err))
		return false;
	if (!public.rsa || public.bits != 8 * what->header->modulus)
		return fail(err, FAULT_REFUSED,
			"the header leaves %zu bytes for the signature, the key is %s",
			what->header->modulus, public.name);
	const struct key *key = key_store_private(keys, stored, err);
	signed_header_covers(what->file, what->header, covered);
	if (key == NULL || !key_sign(key, kind, covered, COUNT(covered), &signature, err))
		return fail_in(err, "signing");
	if ((what->check_each || !key_store_proven(keys, stored)) &&
		!check_signature(keys, stored, covered, kind, bytes_reader(&signature), err))
		return false;
	*out = signature;
	signature = (struct bytes){ 0 };
	return true;
}
