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

static const struct curve *curve_of(const EVP_PKEY *pkey)
{
	char group[64] = "";
	if (spelt_out(pkey) ||
		EVP_PKEY_get_utf8_string_param(
			pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL) != 1)
		return NULL;
	for (size_t i = 0; i < COUNT(curves); i++)
		if (strcmp(curves[i].group, group) == 0)
			return &curves[i];
	return NULL;
}

struct key_shape key_shape_of_rsa(const BIGNUM *modulus, const BIGNUM *exponent)
{
	struct key_shape shape = {
		.what = { .rsa = true, .bits = (unsigned)BN_num_bits(modulus) },
		.exponent_bits = (unsigned)BN_num_bits(exponent),
		.exponent_sound = BN_is_odd(exponent) && !BN_is_one(exponent),
		.modulus_odd = BN_is_odd(modulus),
	};
	shape.what.weak =
		shape.what.bits < RSA_BITS_MIN || !shape.exponent_sound || !shape.modulus_odd;
	(void)snprintf(shape.what.name, sizeof(shape.what.name), "RSA-%u", shape.what.bits);
	return shape;
}

static bool rsa_shape(const EVP_PKEY *pkey, struct key_shape *out, struct error *err)
{
	BIGNUM *modulus = NULL;
	BIGNUM *exponent = NULL;
	bool ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
		EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1;
	if (ok)
		*out = key_shape_of_rsa(modulus, exponent);
	BN_free(modulus);
	BN_free(exponent);
	return ok || fail_crypto(err, "the RSA public key cannot be read");
}

/* A key of neither RSA nor EC, or on a curve that is not ours, is weak. */
bool key_shape_of(const EVP_PKEY *pkey, struct key_shape *out, struct error *err)
{
	int kind = EVP_PKEY_get_base_id(pkey);
	int bits = EVP_PKEY_get_bits(pkey);
	if (kind == EVP_PKEY_RSA)
		return rsa_shape(pkey, out, err);
	struct key_shape shape = { 0 };
	shape.what.weak = true;
	shape.what.bits = bits > 0 ? (unsigned)bits : 0;
	(void)openssl_lacks_memory(); /* of before */
	if (kind == EVP_PKEY_EC)
		shape.curve = curve_of(pkey);
	if (openssl_lacks_memory())
		return fail_memory(err);
	if (shape.curve != NULL) {
		shape.what.bits = shape.curve->bits;
		shape.what.weak = false;
		(void)snprintf(shape.what.name, sizeof(shape.what.name), "%s",
			key_kind_name(shape.curve->kind));
	} else if (kind == EVP_PKEY_EC) {
		(void)snprintf(shape.what.name, sizeof(shape.what.name), "EC-%u", shape.what.bits);
	} else {
		(void)snprintf(shape.what.name, sizeof(shape.what.name), "%.15s", OBJ_nid2sn(kind));
	}
	*out = shape;
	return true;
}

static bool rsa_check(const struct key_shape *shape, struct error *err)
{
	if (shape->what.bits < RSA_BITS_MIN || shape->what.bits > RSA_BITS_MAX)
		return fail(err, FAULT_REFUSED, "an RSA modulus of %u bits; %d to %d are accepted",
			shape->what.bits, RSA_BITS_MIN, RSA_BITS_MAX);
	if (!shape->modulus_odd)
		return fail(err, FAULT_REFUSED, "an even RSA modulus");
	if (!shape->exponent_sound || shape->exponent_bits > RSA_EXPONENT_BITS_MAX)
		return fail(err, FAULT_REFUSED,
			"an RSA exponent that is even, below 3 or not below 2^%d",
			RSA_EXPONENT_BITS_MAX);
	return true;
}

bool key_shape_check(const struct key_shape *shape, struct error *err)
{
	if (shape->what.rsa)
		return rsa_check(shape, err);
	if (shape->curve == NULL)
		return fail(err, FAULT_REFUSED,
			"a key (%s) that is neither RSA nor on P-256, P-384 or P-521",
			shape->what.name);
	return true;
}
