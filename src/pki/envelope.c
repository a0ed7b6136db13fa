#include "pki/envelope.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "pki/cert_impl.h"
#include "pki/crypto_fault_impl.h"
#include "pki/key_impl.h"

enum { ENVELOPE_MAX = 1 << 30, WRAPPED_MAX = RSA_BITS_MAX / 8, PADDING_MIN = 11 };

bool content_key_make(struct content_key *out, struct error *err)
{
	struct content_key k;
	if (RAND_bytes(k.key, sizeof(k.key)) != 1 || RAND_bytes(k.iv, sizeof(k.iv)) != 1)
		return fail_crypto(err, "no random key could be had");
	*out = k;
	content_key_done(&k);
	return true;
}

void content_key_done(struct content_key *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
}

bool secret_same(struct reader a, struct reader b)
{
	return a.left == b.left && (a.left == 0 || CRYPTO_memcmp(a.at, b.at, a.left) == 0);
}

static bool encrypt_key(
	EVP_PKEY_CTX *context, const struct content_key *k, uint8_t *out, size_t *size)
{
	return context != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
		EVP_PKEY_encrypt(context, out, size, k->key, sizeof(k->key)) == 1;
}

bool content_key_wrap(const struct content_key *k, const struct cert *device, struct bytes *wrapped,
	struct error *err)
{
	const char *who = cert_subject(device, NAME_APPLIANCE);
	uint8_t blob[WRAPPED_MAX];
	size_t size = sizeof(blob);
	if (!cert_key(device).rsa)
		return fail(err, FAULT_REFUSED,
			"%s: a key of %s; files are encrypted for RSA keys alone", who,
			cert_key(device).name);
	EVP_PKEY *pkey = public_key_ready(cert_key_of(device), err);
	if (pkey == NULL)
		return fail_in(err, "%s", who);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
	bool ok = encrypt_key(context, k, blob, &size);
	EVP_PKEY_CTX_free(context);
	if (!ok)
		return fail_crypto(err, "the content key cannot be wrapped");
	return bytes_copy(wrapped, reader_of(blob, size), err);
}

/* The private key applied, without a look at what comes out. Zeros when the number is too large
 * for the modulus, which is then no key of ours either. */
static bool open_blob(EVP_PKEY *pkey, struct reader wrapped, uint8_t out[static WRAPPED_MAX])
{
	size_t size = WRAPPED_MAX;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
	bool ready = context != NULL && EVP_PKEY_decrypt_init(context) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1;
	if (ready && EVP_PKEY_decrypt(context, out, &size, wrapped.at, wrapped.left) != 1)
		OPENSSL_cleanse(out, WRAPPED_MAX);
	EVP_PKEY_CTX_free(context);
	if (ready)
		ERR_clear_error();
	return ready; /* if not, the queue says why */
}

/* 0xff when the byte is zero, else 0: without a branch. */
static uint8_t mask_of_zero(uint8_t byte)
{
	return (uint8_t)((byte - 1u) >> 8);
}

/* 00 02, bytes that are not zero, 00, the key: since its size is known there is nothing to search,
 * and every byte is looked at whatever the others are. */
static void choose_key(const uint8_t *opened, size_t size, uint8_t key[static CONTENT_KEY_SIZE])
{
	size_t separator = size - CONTENT_KEY_SIZE - 1;
	uint8_t wrong = opened[0] | (opened[1] ^ 2) | opened[separator];
	for (size_t i = 2; i < separator; i++)
		wrong |= mask_of_zero(opened[i]);
	volatile uint8_t good = mask_of_zero(wrong);
	for (size_t i = 0; i < CONTENT_KEY_SIZE; i++)
		key[i] = (uint8_t)((opened[separator + 1 + i] & good) | (key[i] & ~good));
}

bool content_key_unwrap(
	const struct key *device, struct reader wrapped, struct content_key *out, struct error *err)
{
	uint8_t opened[WRAPPED_MAX] = { 0 }, key[CONTENT_KEY_SIZE];
	EVP_PKEY *pkey = key_pkey(device);
	size_t size = key_signature_size(device);
	if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA)
		return fail(err, FAULT_REFUSED,
			"the device's key is not RSA: no file is encrypted for it");
	if (wrapped.left != size || size > WRAPPED_MAX || size < CONTENT_KEY_SIZE + PADDING_MIN)
		return fail(err, FAULT_UNTRUSTED,
			"encrypted for an RSA key of %zu bits, this one has %zu", 8 * wrapped.left,
			8 * size);
	if (RAND_bytes(key, sizeof(key)) != 1 || !open_blob(pkey, wrapped, opened))
		return fail_crypto(err, "the private key cannot be used");
	choose_key(opened, size, key);
	struct reader chosen = reader_of(key, sizeof(key));
	reader_copy(&chosen, out->key, sizeof(out->key));
	OPENSSL_cleanse(opened, sizeof(opened));
	OPENSSL_cleanse(key, sizeof(key));
	return true;
}

static bool run_cipher(EVP_CIPHER_CTX *context, struct reader from, uint8_t *to)
{
	int used = 0, last = 0;
	return EVP_CipherUpdate(context, to, &used, from.at, (int)from.left) == 1 &&
		EVP_CipherFinal_ex(context, to + used, &last) == 1 &&
		(size_t)(used + last) == from.left;
}

static bool cipher(const struct content_key *k, bool encrypt, struct reader from, struct bytes *out,
	struct error *err)
{
	if (from.left == 0 || from.left % CIPHER_BLOCK_SIZE != 0 || from.left > ENVELOPE_MAX)
		return fail(err, FAULT_MALFORMED, "%zu bytes are no whole blocks of %d", from.left,
			CIPHER_BLOCK_SIZE);
	struct bytes to = { malloc(from.left), from.left };
	if (to.data == NULL)
		return fail_memory(err);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	bool ok = context != NULL &&
		EVP_CipherInit_ex(context, EVP_aes_128_cbc(), NULL, k->key, k->iv, encrypt) == 1 &&
		EVP_CIPHER_CTX_set_padding(context, 0) == 1 && run_cipher(context, from, to.data);
	EVP_CIPHER_CTX_free(context);
	if (!ok) {
		bytes_wipe(&to);
		return fail_crypto(err, "AES-128-CBC failed");
	}
	*out = to;
	return true;
}

bool content_encrypt(
	const struct content_key *k, struct reader clear, struct bytes *out, struct error *err)
{
	return cipher(k, true, clear, out, err);
}

bool content_decrypt(
	const struct content_key *k, struct reader sealed, struct bytes *out, struct error *err)
{
	return cipher(k, false, sealed, out, err);
}
