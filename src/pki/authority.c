#include "pki/authority.h"

#include <string.h>

#include "base/hex.h"

enum { KEY_ID_SIZE = 20 };

/* docs/formats/cisco-authorities.md */
static const struct authority rows[] = {
	{ "Cisco Root CA 2048", "8327bc8c9d69947b3de3c27511537267f59c21b9fa7b613fafbccd53b7024000",
		"27f3c8151e6e9a020916ad2ba089605fda7b2faa",
		"the root above Cisco Manufacturing CA and ACT2 SUDI CA", true },
	{ "Cisco Root CA M2", "cd85167b3935e27bcc3b0f5fa24c8457882d0bb994f88269a7f72829d957eae9",
		"c900f91f8a1fc266bda5d26d650e222e34c305a0",
		"the root above Cisco Manufacturing CA SHA2", true },
	{ "Cisco Root CA 2099", "e7e12793643f18bee5b8e53ab5803bb3d59d8e63d14ce6346c004b0dfa34fecc",
		"3895570f34234ef3a12620ba1491c741881da35b", "the root above High Assurance SUDI CA",
		true },
	{ "Cisco Manufacturing CA",
		"c74d4b4a14519dd065191d96845e8d4ec851436bc559c4a45e24ca5c7c01fcd3",
		"d0c52226ab4f4660ecae0591c7dc5ad1b047f76c",
		"issues the manufacturing certificates of older phones", false },
	{ "Cisco Manufacturing CA SHA2",
		"95a0e58a998e802ac77ad529b9add8e5b40cf90af39a856db514a36346501ec5",
		"7ad77995cabb482bb85514fda3c00fbca70f9619",
		"issues the manufacturing certificates of 7800 and 8800 phones", false },
	{ "ACT2 SUDI CA", "65fab04aef298be3b942e60e1a9417b9c0c6a18ee045f2d1114d5567426583fb",
		"48d8f1f1c270d55bbb7c730993afb8b83003f87f",
		"issues the device identities (SUDI) of newer hardware", false },
	{ "High Assurance SUDI CA",
		"addb9f882c9931eb35aad51f08ebfc5030652c19a10129c0d6173ed8be704c2a",
		"ea6ba3b9c113977e1bfb3a8d686007395f8748fa",
		"issues device identities (SUDI) under the root of 2099", false },
};

const struct authority *authority_rows(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

const struct authority *authority_of(const struct cert *c)
{
	char digest[DIGEST_HEX_SIZE];
	(void)hex_write(reader_of(cert_digest(c), DIGEST_SIZE), digest);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].sha256, digest) == 0)
			return &rows[i];
	return NULL;
}

const struct authority *authority_named(struct reader key_id)
{
	char digits[2 * KEY_ID_SIZE + 1];
	if (key_id.left != KEY_ID_SIZE)
		return NULL;
	(void)hex_write(key_id, digits);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].key_id, digits) == 0)
			return &rows[i];
	return NULL;
}
