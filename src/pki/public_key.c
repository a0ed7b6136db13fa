#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

#include "pki/crypto_fault_impl.h"
#include "pki/key_impl.h"

static const struct curve curves[] = {
	{ KEY_EC_256, "prime256v1", 256, DIGEST_SHA256 },
	{ KEY_EC_384, "secp384r1", 384, DIGEST_SHA384 },
	{ KEY_EC_521, "secp521r1", 521, DIGEST_SHA512 },
};

/* A curve spelt out in parameters instead of named is not ours, whatever it works out to. */
static bool spelt_out(const EVP_PKEY *pkey)
{
	int explicit_parameters = 0;
	return EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
		       &explicit_parameters) == 1 &&
		explicit_parameters != 0;
}

const struct curve *curve_of(const EVP_PKEY *pkey)
{
	char group[64] = "";
	if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC || spelt_out(pkey) ||
		EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group,
			sizeof(group), NULL) != 1)
		return NULL;
	for (size_t i = 0; i < COUNT(curves); i++)
		if (strcmp(curves[i].group, group) == 0)
			return &curves[i];
	return NULL;
}

struct rsa_shape {
	unsigned bits;
	unsigned exponent_bits;
	bool exponent_sound; /* odd, at least 3 */
	bool modulus_odd;
};

static bool rsa_shape_of(const EVP_PKEY *pkey, struct rsa_shape *out, struct error *err)
{
	BIGNUM *modulus = NULL;
	BIGNUM *exponent = NULL;
	bool ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
		EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1;
	if (ok)
		*out = (struct rsa_shape){
			.bits = (unsigned)BN_num_bits(modulus),
			.exponent_bits = (unsigned)BN_num_bits(exponent),
			.exponent_sound = BN_is_odd(exponent) && !BN_is_one(exponent),
			.modulus_odd = BN_is_odd(modulus),
		};
	BN_free(modulus);
	BN_free(exponent);
	return ok || fail_crypto(err, "the RSA public key cannot be read");
}

bool public_key_describe(const EVP_PKEY *pkey, struct cert_key *out, struct error *err)
{
	struct cert_key key = { .weak = true };
	struct rsa_shape shape = { 0 };
	const struct curve *curve = curve_of(pkey);
	int size = EVP_PKEY_get_bits(pkey);
	key.bits = size > 0 ? (unsigned)size : 0;
	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA) {
		if (!rsa_shape_of(pkey, &shape, err))
			return false;
		key.rsa = true;
		key.bits = shape.bits;
		key.weak = shape.bits < RSA_BITS_MIN || !shape.exponent_sound || !shape.modulus_odd;
		(void)snprintf(key.name, sizeof(key.name), "RSA-%u", shape.bits);
	} else if (curve != NULL) {
		key.bits = curve->bits;
		key.weak = false;
		(void)snprintf(key.name, sizeof(key.name), "%s", key_kind_name(curve->kind));
	} else if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC) {
		(void)snprintf(key.name, sizeof(key.name), "EC-%u", key.bits);
	} else {
		(void)snprintf(key.name, sizeof(key.name), "%.15s",
			OBJ_nid2sn(EVP_PKEY_get_base_id(pkey)));
	}
	*out = key;
	return true;
}

static bool rsa_check(const EVP_PKEY *pkey, struct error *err)
{
	struct rsa_shape shape = { 0 };
	if (!rsa_shape_of(pkey, &shape, err))
		return false;
	if (shape.bits < RSA_BITS_MIN || shape.bits > RSA_BITS_MAX)
		return fail(err, FAULT_REFUSED,
			"an RSA modulus of %u bits; %d to %d are accepted", shape.bits,
			RSA_BITS_MIN, RSA_BITS_MAX);
	if (!shape.modulus_odd)
		return fail(err, FAULT_REFUSED, "an even RSA modulus");
	if (!shape.exponent_sound || shape.exponent_bits > RSA_EXPONENT_BITS_MAX)
		return fail(err, FAULT_REFUSED,
			"an RSA exponent that is even, below 3 or not below 2^%d",
			RSA_EXPONENT_BITS_MAX);
	return true;
}

bool public_key_check(const EVP_PKEY *pkey, struct error *err)
{
	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA)
		return rsa_check(pkey, err);
	if (curve_of(pkey) == NULL)
		return fail(err, FAULT_REFUSED,
			"the key is neither RSA nor on P-256, P-384 or P-521");
	return true;
}
