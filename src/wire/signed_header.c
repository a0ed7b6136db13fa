#include "wire/signed_header.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

enum header_tag {
	HEADER_VERSION = 1,
	HEADER_LENGTH = 2,
	HEADER_SIGNER = 3,
	HEADER_SIGNER_NAME = 4,
	HEADER_SERIAL = 5,
	HEADER_ISSUER_NAME = 6,
	HEADER_SIGNING = 7,
	HEADER_HASH = 8,
	HEADER_SCHEME = 9,
	HEADER_ALGORITHM = 10,
	HEADER_MODULUS = 11,
	HEADER_SIGNATURE = 12,
	HEADER_PADDING = 13,
	HEADER_FILE_NAME = 14,
	HEADER_TIMESTAMP = 15,
	HEADER_ENCRYPTION = 16,
	HEADER_CIPHER = 17,
	HEADER_CIPHER_KIND = 18,
	HEADER_IV = 19,
	HEADER_PAD_COUNT = 20,
	HEADER_WRAPPING = 21,
	HEADER_WRAP_KIND = 22,
	HEADER_WRAPPED_BITS = 23,
	HEADER_KEY_KIND = 24,
	HEADER_WRAPPED_KEY = 25,
	HEADER_CLEAR_HASH = 26,
	HEADER_CLEAR_DIGEST = 27,
	HEADER_SIGNER_VERSION = 28,
};

/* docs/formats/signed-header.md#tags */
/* clang-format off */
static const struct tag_rule header_rules[] = {
	[HEADER_VERSION]      = { TAG_VALUE,  true,  0,                  2, 2,            "version" },
	[HEADER_LENGTH]       = { TAG_VALUE,  true,  0,                  2, 2,            "header length" },
	[HEADER_SIGNER]       = { TAG_GROUP,  true,  0,                  0, 4096,         "signer" },
	[HEADER_SIGNER_NAME]  = { TAG_TEXT,   true,  HEADER_SIGNER,      1, LIMIT_TEXT,   "signer name" },
	[HEADER_SERIAL]       = { TAG_SERIAL, true,  HEADER_SIGNER,      1, LIMIT_SERIAL, "serial number" },
	[HEADER_ISSUER_NAME]  = { TAG_TEXT,   true,  HEADER_SIGNER,      1, LIMIT_TEXT,   "issuer name" },
	[HEADER_SIGNING]      = { TAG_GROUP,  true,  0,                 15, 15,           "signature info" },
	[HEADER_HASH]         = { TAG_VALUE,  true,  HEADER_SIGNING,     1, 1,            "hash" },
	[HEADER_SCHEME]       = { TAG_GROUP,  true,  HEADER_SIGNING,     8, 8,            "algorithm info" },
	[HEADER_ALGORITHM]    = { TAG_VALUE,  true,  HEADER_SCHEME,      1, 1,            "algorithm" },
	[HEADER_MODULUS]      = { TAG_VALUE,  true,  HEADER_SCHEME,      1, 1,            "modulus size" },
	[HEADER_SIGNATURE]    = { TAG_VALUE,  true,  0,                 64, 512,          "signature" },
	[HEADER_PADDING]      = { TAG_BARE,   false, 0,                  1, 3,            "padding" },
	[HEADER_FILE_NAME]    = { TAG_TEXT,   true,  0,                  2, LIMIT_TEXT,   "file name" },
	[HEADER_TIMESTAMP]    = { TAG_VALUE,  false, 0,                  4, 4,            "timestamp" },
	[HEADER_ENCRYPTION]   = { TAG_GROUP,  false, 0,                  0, 1024,         "encryption" },
	[HEADER_CIPHER]       = { TAG_GROUP,  true,  HEADER_ENCRYPTION, 28, 28,           "cipher" },
	[HEADER_CIPHER_KIND]  = { TAG_VALUE,  true,  HEADER_CIPHER,      1, 1,            "cipher kind" },
	[HEADER_IV]           = { TAG_VALUE,  true,  HEADER_CIPHER,     16, 16,           "IV" },
	[HEADER_PAD_COUNT]    = { TAG_VALUE,  true,  HEADER_CIPHER,      2, 2,            "pad count" },
	[HEADER_WRAPPING]     = { TAG_GROUP,  true,  HEADER_ENCRYPTION,  0, 1024,         "key wrapping" },
	[HEADER_WRAP_KIND]    = { TAG_VALUE,  true,  HEADER_WRAPPING,    1, 1,            "wrapping kind" },
	[HEADER_WRAPPED_BITS] = { TAG_VALUE,  true,  HEADER_WRAPPING,    2, 2,            "wrapped key bits" },
	[HEADER_KEY_KIND]     = { TAG_VALUE,  true,  HEADER_WRAPPING,    1, 1,            "key kind" },
	[HEADER_WRAPPED_KEY]  = { TAG_VALUE,  true,  HEADER_WRAPPING,   64, 512,          "wrapped key" },
	[HEADER_CLEAR_HASH]   = { TAG_VALUE,  false, 0,                  1, 1,            "clear hash" },
	[HEADER_CLEAR_DIGEST] = { TAG_VALUE,  false, 0,                 20, 64,           "clear digest" },
	[HEADER_SIGNER_VERSION] = { TAG_VALUE, false, 0,                 2, 2,            "signer version" },
};
/* clang-format on */

static const struct tag_table header_table = { header_rules, COUNT(header_rules) };

const struct tag_rule *signed_header_tag(uint8_t tag)
{
	bool known = tag < COUNT(header_rules) && header_rules[tag].shape != TAG_NONE;
	return known ? &header_rules[tag] : NULL;
}

/* Index is the code of tag 11. There is none for 3072 bits. */
static const uint16_t modulus_sizes[] = { 64, 128, 256, 512 };

static const struct version known_versions[] = { { 1, 0 }, { 1, 1 }, { 1, 2 }, { 2, 0 } };

enum {
	HEADER_OPENING = 10, /* tags 1 and 2, always first */
	ALGORITHM_RSA = 0,
	CIPHER_KIND = 0, /* the only values ever seen of tags 18, 22 and 24 */
	WRAPPING_KIND = 0,
	KEY_KIND = 1,
	PAD_COUNT_MAX = 16,
};

static bool hash_known(uint8_t code)
{
	return code >= HASH_SHA1 && code <= HASH_SHA512;
}

size_t hash_code_size(enum hash_code hash)
{
	switch (hash) {
	case HASH_SHA1:
		return 20;
	case HASH_SHA256:
		return 32;
	case HASH_SHA512:
		return 64;
	}
	return 0;
}

const char *hash_code_name(enum hash_code hash)
{
	switch (hash) {
	case HASH_SHA1:
		return "SHA-1";
	case HASH_SHA256:
		return "SHA-256";
	case HASH_SHA512:
		return "SHA-512";
	}
	return "unknown";
}

bool signed_header_recognise(struct reader file)
{
	struct reader version = reader_sub(&file, 5);
	struct reader length = reader_sub(&file, 5);
	return file.ok && memcmp(version.at, "\1\0\2", 3) == 0 &&
		memcmp(length.at, "\2\0\2", 3) == 0;
}

static bool read_size(struct reader file, size_t *size, struct error *err)
{
	if (file.left < HEADER_OPENING)
		return fail(err, FAULT_MALFORMED, "%zu bytes are too few for a header", file.left);
	if (!signed_header_recognise(file))
		return fail(err, FAULT_MALFORMED, "does not start with version and header length");
	size_t total = file.left;
	(void)reader_sub(&file, HEADER_OPENING - 2);
	*size = reader_u16(&file);
	if (*size <= HEADER_OPENING || *size > total)
		return fail(err, FAULT_MALFORMED, "header length of %zu in a file of %zu bytes",
			*size, total);
	if (*size % 4 != 0)
		return fail(
			err, FAULT_MALFORMED, "header length of %zu is no multiple of 4", *size);
	return true;
}

static uint8_t value_u8(const struct tag_values *values, enum header_tag tag)
{
	struct reader value = values->of[tag];
	return reader_u8(&value);
}

static uint16_t value_u16(const struct tag_values *values, enum header_tag tag)
{
	struct reader value = values->of[tag];
	return reader_u16(&value);
}

static struct version value_version(const struct tag_values *values, enum header_tag tag)
{
	uint16_t both = value_u16(values, tag);
	return (struct version){ (uint8_t)(both >> 8), (uint8_t)both };
}

static bool version_known(struct version version)
{
	for (size_t i = 0; i < COUNT(known_versions); i++)
		if (known_versions[i].major == version.major &&
			known_versions[i].minor == version.minor)
			return true;
	return false;
}

/* docs/formats/signed-header.md#file-name: a name as a phone asks, never a path of ours. */
static bool file_name_fits(struct reader name, struct error *err)
{
	if (name.at[0] == '/')
		return fail(err, FAULT_MALFORMED, "file name starts with a slash");
	for (size_t i = 0; i < name.left; i++) {
		if (name.at[i] == '\\')
			return fail(err, FAULT_MALFORMED, "backslash in the file name");
		bool starts = i == 0 || name.at[i - 1] == '/';
		bool dots = name.left - i >= 2 && name.at[i] == '.' && name.at[i + 1] == '.';
		bool ends = dots && (name.left - i == 2 || name.at[i + 2] == '/');
		if (starts && ends)
			return fail(err, FAULT_MALFORMED, "file name leads out of its folder");
	}
	return true;
}

static bool read_signer(const struct tag_values *values, struct signed_header *h, struct error *err)
{
	h->version = value_version(values, HEADER_VERSION);
	if (!version_known(h->version))
		return fail(err, FAULT_MALFORMED, "version %u.%u is unknown", h->version.major,
			h->version.minor);
	h->has_signer_version = values->of[HEADER_SIGNER_VERSION].ok;
	h->signer_version = value_version(values, HEADER_SIGNER_VERSION);
	h->signer_name = values->of[HEADER_SIGNER_NAME];
	h->serial = values->of[HEADER_SERIAL];
	h->issuer_name = values->of[HEADER_ISSUER_NAME];
	h->file_name = values->of[HEADER_FILE_NAME];
	h->padding = values->of[HEADER_PADDING].left;
	h->has_timestamp = values->of[HEADER_TIMESTAMP].ok;
	struct reader timestamp = values->of[HEADER_TIMESTAMP];
	h->timestamp = reader_u32(&timestamp);
	return file_name_fits(h->file_name, err);
}

static bool read_signature(
	const struct tag_values *values, struct signed_header *h, struct error *err)
{
	uint8_t hash = value_u8(values, HEADER_HASH);
	uint8_t algorithm = value_u8(values, HEADER_ALGORITHM);
	uint8_t modulus = value_u8(values, HEADER_MODULUS);
	if (!hash_known(hash))
		return fail(err, FAULT_MALFORMED, "hash code %u is unknown", hash);
	if (algorithm != ALGORITHM_RSA)
		return fail(err, FAULT_MALFORMED, "signature algorithm %u is unknown", algorithm);
	if (modulus >= COUNT(modulus_sizes))
		return fail(err, FAULT_MALFORMED, "modulus size code %u is unknown", modulus);
	h->hash = (enum hash_code)hash;
	h->modulus = modulus_sizes[modulus];
	h->signature = values->of[HEADER_SIGNATURE];
	if (h->signature.left != h->modulus)
		return fail(err, FAULT_MALFORMED,
			"signature of %zu bytes, but the key is said to have %zu",
			h->signature.left, h->modulus);
	return true;
}

static bool read_encryption(
	const struct tag_values *values, struct signed_header *h, struct error *err)
{
	bool any = values->of[HEADER_ENCRYPTION].ok;
	if (values->of[HEADER_CLEAR_HASH].ok != any || values->of[HEADER_CLEAR_DIGEST].ok != any)
		return fail(
			err, FAULT_MALFORMED, "tags 16, 26 and 27 stand together or not at all");
	if (!any)
		return true;
	if (h->version.major != 2)
		return fail(err, FAULT_MALFORMED, "version %u.%u has no encryption",
			h->version.major, h->version.minor);
	struct encryption e = {
		.iv = values->of[HEADER_IV],
		.padding = value_u16(values, HEADER_PAD_COUNT),
		.wrapped_key = values->of[HEADER_WRAPPED_KEY],
		.digest = values->of[HEADER_CLEAR_DIGEST],
	};
	uint8_t hash = value_u8(values, HEADER_CLEAR_HASH);
	if (value_u8(values, HEADER_CIPHER_KIND) != CIPHER_KIND ||
		value_u8(values, HEADER_WRAP_KIND) != WRAPPING_KIND ||
		value_u8(values, HEADER_KEY_KIND) != KEY_KIND)
		return fail(err, FAULT_MALFORMED, "encryption of an unknown kind");
	if (e.padding < 1 || e.padding > PAD_COUNT_MAX)
		return fail(err, FAULT_MALFORMED, "pad count of %u, must be 1 to 16", e.padding);
	if (value_u16(values, HEADER_WRAPPED_BITS) != 8 * e.wrapped_key.left)
		return fail(err, FAULT_MALFORMED,
			"wrapped key of %zu bytes is said to have %u bits", e.wrapped_key.left,
			value_u16(values, HEADER_WRAPPED_BITS));
	if (!hash_known(hash) || e.digest.left != hash_code_size((enum hash_code)hash))
		return fail(err, FAULT_MALFORMED, "clear digest of %zu bytes for hash code %u",
			e.digest.left, hash);
	e.hash = (enum hash_code)hash;
	h->has_encryption = true;
	h->encryption = e;
	return true;
}

bool signed_header_parse(struct reader *file, struct signed_header *out, struct error *err)
{
	struct signed_header h = { 0 };
	struct reader rest = *file;
	struct tag_values values;
	if (!read_size(rest, &h.size, err))
		return fail_in(err, "header");
	struct reader area = reader_sub(&rest, h.size);
	if (!tag_table_read(&header_table, area, 0, &values, err) ||
		!read_signer(&values, &h, err) || !read_signature(&values, &h, err) ||
		!read_encryption(&values, &h, err))
		return fail_in(err, "header");
	h.signature_offset = (size_t)(h.signature.at - file->at) - 3;
	*file = rest;
	*out = h;
	return true;
}

void signed_header_covers(
	struct reader file, const struct signed_header *header, struct reader out[static 2])
{
	out[0] = reader_sub(&file, header->signature_offset);
	(void)reader_sub(&file, 3 + header->modulus);
	out[1] = reader_rest(&file);
}

static void write_version(struct writer *w, enum header_tag tag, struct version version)
{
	tlv_write_u16(w, (uint8_t)tag, (uint16_t)(version.major << 8 | version.minor));
}

static void write_signer(struct writer *w, const struct signed_header *h)
{
	if (h->has_signer_version)
		write_version(w, HEADER_SIGNER_VERSION, h->signer_version);
	size_t signer = tlv_open(w, HEADER_SIGNER);
	tlv_write_text(w, HEADER_SIGNER_NAME, h->signer_name);
	tlv_write(w, HEADER_SERIAL, h->serial);
	tlv_write_text(w, HEADER_ISSUER_NAME, h->issuer_name);
	tlv_close(w, signer);
}

static void write_signature(struct writer *w, const struct signed_header *h, uint8_t modulus_code)
{
	size_t info = tlv_open(w, HEADER_SIGNING);
	tlv_write_u8(w, HEADER_HASH, (uint8_t)h->hash);
	size_t algorithm = tlv_open(w, HEADER_SCHEME);
	tlv_write_u8(w, HEADER_ALGORITHM, ALGORITHM_RSA);
	tlv_write_u8(w, HEADER_MODULUS, modulus_code);
	tlv_close(w, algorithm);
	tlv_close(w, info);
	if (h->signature.left > 0)
		tlv_write(w, HEADER_SIGNATURE, h->signature);
}

static void write_encryption(struct writer *w, const struct encryption *e)
{
	size_t encryption = tlv_open(w, HEADER_ENCRYPTION);
	size_t cipher = tlv_open(w, HEADER_CIPHER);
	tlv_write_u8(w, HEADER_CIPHER_KIND, CIPHER_KIND);
	tlv_write(w, HEADER_IV, e->iv);
	tlv_write_u16(w, HEADER_PAD_COUNT, e->padding);
	tlv_close(w, cipher);
	size_t wrapping = tlv_open(w, HEADER_WRAPPING);
	tlv_write_u8(w, HEADER_WRAP_KIND, WRAPPING_KIND);
	tlv_write_u16(w, HEADER_WRAPPED_BITS, (uint16_t)(8 * e->wrapped_key.left));
	tlv_write_u8(w, HEADER_KEY_KIND, KEY_KIND);
	tlv_write(w, HEADER_WRAPPED_KEY, e->wrapped_key);
	tlv_close(w, wrapping);
	tlv_close(w, encryption);
	tlv_write_u8(w, HEADER_CLEAR_HASH, (uint8_t)e->hash);
	tlv_write(w, HEADER_CLEAR_DIGEST, e->digest);
}

void signed_header_write(struct writer *w, const struct signed_header *header)
{
	uint8_t code = 0;
	while (code < COUNT(modulus_sizes) && modulus_sizes[code] != header->modulus)
		code++;
	bool sealed = header->signature.left > 0;
	if (code == COUNT(modulus_sizes) || (sealed && header->signature.left != header->modulus)) {
		w->ok = false;
		return;
	}
	size_t start = w->used;
	write_version(w, HEADER_VERSION, header->version);
	tlv_write_u16(w, HEADER_LENGTH, 0);
	write_signer(w, header);
	write_signature(w, header, code);
	tlv_write_text(w, HEADER_FILE_NAME, header->file_name);
	if (header->has_timestamp)
		tlv_write_u32(w, HEADER_TIMESTAMP, header->timestamp);
	if (header->has_encryption)
		write_encryption(w, &header->encryption);
	size_t cut_out = sealed ? 0 : 3 + header->modulus;
	while (w->ok && (w->used - start + cut_out) % 4 != 0)
		writer_u8(w, HEADER_PADDING);
	if (w->ok)
		writer_patch_u16(w, start + HEADER_OPENING - 2, w->used - start + cut_out);
}

static bool version_same(struct version a, struct version b)
{
	return a.major == b.major && a.minor == b.minor;
}

static bool encryption_same(const struct encryption *a, const struct encryption *b)
{
	return reader_same(a->iv, b->iv) && a->padding == b->padding &&
		reader_same(a->wrapped_key, b->wrapped_key) && a->hash == b->hash &&
		reader_same(a->digest, b->digest);
}

bool signed_header_same(const struct signed_header *a, const struct signed_header *b)
{
	return version_same(a->version, b->version) &&
		a->has_signer_version == b->has_signer_version &&
		(!a->has_signer_version || version_same(a->signer_version, b->signer_version)) &&
		reader_same(a->signer_name, b->signer_name) && reader_same(a->serial, b->serial) &&
		reader_same(a->issuer_name, b->issuer_name) && a->hash == b->hash &&
		a->modulus == b->modulus && reader_same(a->signature, b->signature) &&
		reader_same(a->file_name, b->file_name) && a->has_timestamp == b->has_timestamp &&
		(!a->has_timestamp || a->timestamp == b->timestamp) &&
		a->has_encryption == b->has_encryption &&
		(!a->has_encryption || encryption_same(&a->encryption, &b->encryption));
}
