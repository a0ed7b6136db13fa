#include "cli/list_describe.h"

#include <stdlib.h>

#include "base/hex.h"
#include "base/text.h"
#include "cli/output.h"
#include "cluster/role.h"
#include "pki/cert.h"

/* Values that are not there are null. Setting a NULL value fails, and so does the packing above. */

static json_t *text_value(struct reader text)
{
	if (!text.ok)
		return json_null();
	return json_stringn(text.left == 0 ? "" : (const char *)text.at, text.left);
}

static json_t *hex_value(struct reader bytes)
{
	if (bytes.left == 0)
		return json_null();
	char *text = malloc(2 * bytes.left + 1);
	if (text == NULL)
		return NULL;
	json_t *value = json_string(hex_write(bytes, text));
	free(text);
	return value;
}

static json_t *number_value(size_t number)
{
	return json_integer((json_int_t)number);
}

static json_t *time_value(bool has, int64_t seconds)
{
	char text[TIME_TEXT_SIZE];
	return has ? json_string(text_time(seconds, text)) : json_null();
}

static json_t *version_value(bool has, struct version version)
{
	return has ? json_sprintf("%u.%u", version.major, version.minor) : json_null();
}

json_t *digest_describe(enum digest_kind kind, struct reader bytes)
{
	uint8_t digest[DIGEST_MAX];
	if (!digest_of(kind, &bytes, 1, digest, NULL))
		return json_null(); /* MD5 where the machine forbids it */
	return hex_value(reader_of(digest, digest_size(kind)));
}

static json_t *address_value(struct reader address)
{
	if (address.left != 4)
		return json_null();
	return json_sprintf(
		"%u.%u.%u.%u", address.at[0], address.at[1], address.at[2], address.at[3]);
}

static json_t *pem_value(const struct cert *cert)
{
	char *text = NULL;
	if (!cert_pem(cert, &text, NULL))
		return NULL;
	json_t *value = json_string(text);
	free(text);
	return value;
}

json_t *header_describe(const struct signed_header *h)
{
	/* clang-format off */
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
		"version", version_value(true, h->version),
		"header_length", number_value(h->size),
		"signer_version", version_value(h->has_signer_version, h->signer_version),
		"signer_name", text_value(h->signer_name),
		"serial_number", hex_value(h->serial),
		"issuer_name", text_value(h->issuer_name),
		"hash", hash_code_name(h->hash),
		"algorithm", "RSA",
		"modulus_bits", number_value(8 * h->modulus),
		"signature", hex_value(h->signature),
		"signature_offset", number_value(h->signature_offset),
		"file_name", text_value(h->file_name),
		"timestamp", time_value(h->has_timestamp, h->timestamp),
		"padding", number_value(h->padding));
	/* clang-format on */
}

static json_t *describe_certificate(struct reader der)
{
	struct error err = { 0 };
	if (!der.ok)
		return json_null();
	json_t *size = number_value(der.left);
	json_t *sha1 = digest_describe(DIGEST_SHA1, der);
	json_t *sha256 = digest_describe(DIGEST_SHA256, der);
	AUTO(cert) cert = cert_parse(der, &err);
	if (cert == NULL)
		return json_pack("{s:o, s:o, s:o, s:s}", "size", size, "sha1", sha1, "sha256",
			sha256, "unreadable", err.text);
	struct cert_key key = cert_key(cert);
	/* clang-format off */
	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:b, s:s, s:o, s:o, s:o}",
		"size", size,
		"subject", cert_subject(cert, NAME_BUILDER),
		"issuer", cert_issuer(cert, NAME_BUILDER),
		"serial_number", hex_value(cert_serial(cert)),
		"not_before", time_value(true, cert_not_before(cert)),
		"not_after", time_value(true, cert_not_after(cert)),
		"key", key.name,
		"weak", key.weak,
		"signature_algorithm", cert_signature_algorithm(cert),
		"sha1", sha1,
		"sha256", sha256,
		"pem", pem_value(cert));
	/* clang-format on */
}

static json_t *describe_record(const struct trust_record *r, size_t number)
{
	const struct role_row *role = r->has_role ? role_find(r->role) : NULL;
	bool hashed = r->certificate_hash.ok;
	/* clang-format off */
	return json_pack("{s:o, s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s?}",
		"number", number_value(number),
		"offset", number_value(r->offset),
		"size", number_value(r->size),
		"role", r->has_role ? number_value(r->role) : json_null(),
		"role_name", role != NULL ? role->printed : NULL,
		"host_name", text_value(r->dns_name),
		"subject", text_value(r->subject),
		"issuer", text_value(r->issuer),
		"serial_number", hex_value(r->serial),
		"public_key", hex_value(r->public_key),
		"signature", hex_value(r->signature),
		"certificate", describe_certificate(r->certificate),
		"address", address_value(r->address),
		"certificate_hash", hex_value(r->certificate_hash),
		"hash", hashed ? hash_code_name(r->hash) : NULL);
	/* clang-format on */
}

json_t *list_describe(const char *source, struct reader file, const struct trust_list *list)
{
	json_t *records = json_array();
	for (size_t i = 0; i < list->count; i++)
		if (json_array_append_new(records, describe_record(&list->records[i], i + 1)) !=
			0) {
			json_decref(records);
			return NULL;
		}
	/* clang-format off */
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"schema_version", 1,
		"source", output_json_text(source),
		"size", number_value(file.left),
		"md5", digest_describe(DIGEST_MD5, file),
		"sha1", digest_describe(DIGEST_SHA1, file),
		"sha256", digest_describe(DIGEST_SHA256, file),
		"header", header_describe(&list->header),
		"records", records);
	/* clang-format on */
}
